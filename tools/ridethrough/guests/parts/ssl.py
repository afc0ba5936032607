# ssl: a stream over TLS is the stream itself, because the scenario answers with nobody in between.
PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = 0, 1
CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = 0, 1, 2


class SSLContext(Strict):
    _owner = "ssl.SSLContext"

    def __init__(self, protocol):
        self._protocol = protocol
        self.verify_mode = CERT_NONE if protocol == PROTOCOL_TLS_SERVER else CERT_REQUIRED

    def wrap_socket(self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None):
        refuse_given(self._owner, {"server_side": server_side or None})
        return sock


def wrap_socket(
    sock,
    server_side=False,
    key=None,
    cert=None,
    cert_reqs=CERT_NONE,
    cadata=None,
    server_hostname=None,
    do_handshake=True,
):
    refuse_given("ssl", {"server_side": server_side or None, "key": key, "cert": cert, "cadata": cadata})
    return sock
