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
        # pieces that nobody puts together: a long answer takes much of the heap as it is
        self._came = []
        self._at = 0

    def connect(self, address):
        if RADIO and link.state("wifi_state") != 3:
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
            self._came.append(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return
        host = str(named.get(b"host", bytes(self._to[0], "utf-8")), "utf-8")
        scheme = "https" if self._to[1] == 443 else "http"
        answer = link.call("fetch", scheme + "://" + host + str(words[1], "utf-8"))
        if answer is None:
            raise OSError(104)
        status, body = answer[0], bytes.fromhex(answer[1])
        reason = b"OK" if status == 200 else b"Error"
        self._came.append(b"HTTP/1.0 %d %s\r\nContent-Length: %d\r\n\r\n" % (status, reason, len(body)))
        if body and words[0] != b"HEAD":
            self._came.append(body)

    def read(self, nbytes=-1):
        found = b""
        while self._came and (nbytes < 0 or len(found) < nbytes):
            first = self._came[0]
            end = len(first) if nbytes < 0 else min(len(first), self._at + nbytes - len(found))
            piece = first[self._at : end]
            found = found + piece if found else piece
            self._at = end
            if end == len(first):
                self._came.pop(0)
                self._at = 0
        return found

    recv = read

    def readinto(self, buf, nbytes=None):
        data = self.read(len(buf) if nbytes is None else min(nbytes, len(buf)))
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        if not self._came:
            return b""
        end = self._came[0].find(b"\n", self._at) + 1
        return self.read((end or len(self._came[0])) - self._at)

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
