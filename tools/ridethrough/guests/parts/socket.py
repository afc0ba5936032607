# socket: a client's stream to a web server that the scenario's files answer.
from io import IOBase as _IOBase

AF_INET, SOCK_STREAM, SOCK_DGRAM = 2, 1, 2
SOL_SOCKET, SO_REUSEADDR, IPPROTO_TCP = 4095, 4, 6
_names = []


def getaddrinfo(host, port, *how):
    # each name gets an address of its own, by which the server knows it again
    if host not in _names:
        _names.append(host)
    return [(AF_INET, SOCK_STREAM, 0, "", ("10.0.1.%d" % (_names.index(host) + 1), whole(port)))]


def _name_of(address):
    if address.startswith("10.0.1."):
        at = int(address[7:]) - 1
        if at < len(_names):
            return _names[at]
    return address


# first the base in C: the VM takes from the first what makes it a stream, which json.load() wants
class socket(_IOBase, Strict):
    _owner = "socket.socket"

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=IPPROTO_TCP):
        if type != SOCK_STREAM:
            missing("socket", "IPPROTO_UDP")
        self._to = None
        self._sent = b""
        self._came = b""

    def connect(self, address):
        if RADIO and link.call("wifi_state") != 3:
            raise OSError(113)
        self._to = (_name_of(address[0]), address[1])

    def write(self, buf):
        if self._to is None:
            raise OSError(128)
        data = bytes(buf, "utf-8") if isinstance(buf, str) else bytes(buf)
        self._sent += data
        self._serve()
        return len(data)

    send = write

    def sendall(self, buf):
        self.write(buf)

    def _serve(self):
        # answers a request once it is whole: its head, and as much body as that promises
        head, mark, body = self._sent.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        named = {}
        for line in lines[1:]:
            key, _, value = line.partition(b":")
            named[key.strip().lower()] = value.strip()
        if not mark or len(body) < int(named.get(b"content-length", b"0")):
            return
        self._sent = b""
        words = lines[0].split()
        if len(words) != 3:
            self._came += b"HTTP/1.0 400 Bad Request\r\n\r\n"
            return
        host = str(named.get(b"host", bytes(self._to[0], "utf-8")), "utf-8")
        scheme = "https" if self._to[1] == 443 else "http"
        answer = link.call("fetch", scheme + "://" + host + str(words[1], "utf-8"))
        if answer is None:
            raise OSError(104)
        status, body = answer[0], bytes.fromhex(answer[1])
        self._came += b"HTTP/1.0 %d %s\r\nContent-Length: %d\r\n\r\n" % (
            status,
            b"OK" if status == 200 else b"Error",
            len(body),
        )
        if words[0] != b"HEAD":
            self._came += body

    def read(self, nbytes=-1):
        n = len(self._came) if nbytes < 0 else nbytes
        found, self._came = self._came[:n], self._came[n:]
        return found

    recv = read

    def readinto(self, buf, nbytes=None):
        data = self.read(len(buf) if nbytes is None else min(nbytes, len(buf)))
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        at = self._came.find(b"\n") + 1
        return self.read(at or -1)

    def makefile(self, *how):
        return self

    def close(self):
        self._to = None

    def settimeout(self, value):
        pass

    def setblocking(self, flag):
        pass

    def setsockopt(self, *how):
        pass
