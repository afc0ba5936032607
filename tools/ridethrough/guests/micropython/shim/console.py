# The board's serial console: standard input and output, `select.poll` and `print`.
import io

import link

BOARD = link.board


class Poll:
    def __init__(self):
        self._registered = False

    def register(self, stream, eventmask=5):
        if stream is not STDIN and stream is not STDIN.buffer:
            raise OSError(22)
        self._registered = True

    def modify(self, stream, eventmask):
        pass

    def unregister(self, stream):
        self._registered = False

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))

    def poll(self, timeout=-1):
        if not self._registered:
            link.call("sleep_us", 1000000000000 if timeout < 0 else timeout * 1000)
            return []
        ms = 1000000 if timeout < 0 else timeout
        if link.taken < len(link.rx):
            if link.passes(BOARD["poll_us"]):
                return READY
        elif not link.more and link.passes(BOARD["poll_us"] + ms * 1000000000 // BOARD["rate"]):
            return []
        return READY if link.call("stdin_poll", ms) else []


class Raw:
    def readinto(self, buf, n=None):
        if type(buf) is bytearray:
            return self._fill(buf, len(buf) if n is None else n)
        # an array of anything takes bytes as well
        return io.BytesIO(self.read(len(bytes(buf)) if n is None else n)).readinto(buf)

    @staticmethod
    def _fill(buf, n):
        for i in range(n):
            if link.taken < len(link.rx) and not link.busy:
                buf[i] = link.rx[link.taken]
                link.taken += 1
            else:
                buf[i] = link.call("stdin_read")
            link.spend(BOARD["console_read_us"])
        return n

    def read(self, n=1):
        buf = bytearray(n)
        self._fill(buf, n)
        return bytes(buf)

    def write(self, data, n=None):
        if n is not None:
            data = memoryview(data)[:n]
        link.call("stdout_bytes", bytes(data).hex())
        return len(data)


class Text:
    # As a stream of text: \n goes out as \r\n.
    def __init__(self, raw):
        self.buffer = raw

    def read(self, n=1):
        return str(self.buffer.read(n), "utf-8")

    def readinto(self, buf, n=None):
        return self.buffer.readinto(buf, n)

    def write(self, text):
        link.call("stdout_write", text if isinstance(text, str) else str(text, "utf-8"))
        return len(text)


def say(*values, sep=" ", end="\n", file=None):
    link.call("stdout_write", sep.join(str(v) for v in values) + end)


STDIN = Text(Raw())
READY = [(STDIN, 1)]
