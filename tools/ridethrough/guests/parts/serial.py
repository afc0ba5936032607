# machine.UART and machine.SPI: what was sent is answered by the scenario.
def _bytes(buf):
    # a text is a buffer, too
    return bytes(buf, "utf-8") if isinstance(buf, str) else bytes(buf)


class UART(Strict):
    _owner = "machine.UART"
    RTS, CTS = 2, 1

    def __init__(self, id, baudrate=9600, bits=8, parity=None, stop=1, **how):
        if id not in (0, 1) and not (PORT == "esp32" and id == 2):
            raise ValueError("UART(%s) doesn't exist" % id)
        self._id = id
        self.init(baudrate, bits, parity, stop, **how)

    def init(self, baudrate=9600, bits=8, parity=None, stop=1, *, tx=None, rx=None, timeout=0, **how):
        refuse_given(self._owner, how)
        self._baud = whole(baudrate)
        self._timeout_ms = whole(timeout)

    def deinit(self):
        pass

    def any(self):
        return link.call("uart_any", self._id)

    def write(self, buf):
        data = _bytes(buf)
        link.call("uart_write", self._id, data.hex(), self._baud)
        return len(data)

    def read(self, nbytes=None):
        # what is there, after a wait for what is not: None if that was in vain
        most = 4096 if nbytes is None else whole(nbytes)
        waited_ms = 0
        while not self.any():
            if waited_ms >= self._timeout_ms:
                return None
            link.call("sleep_us", 1000)
            waited_ms += 1
        return bytes.fromhex(link.call("uart_read", self._id, most))

    def readinto(self, buf, nbytes=None):
        data = self.read(len(buf) if nbytes is None else min(whole(nbytes), len(buf)))
        if data is None:
            return None
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            c = self.read(1)
            if c is None:
                break
            line += c
        return line or None


class SPI(Strict):
    _owner = "machine.SPI"
    LSB, MSB = 0, 1

    def __init__(self, id, baudrate=1000000, **how):
        if id not in (0, 1) and not (PORT == "esp32" and id == 2):
            raise ValueError("SPI(%s) doesn't exist" % id)
        self._id = id
        self.init(baudrate, **how)

    def init(self, baudrate=1000000, *, polarity=0, phase=0, bits=8, sck=None, mosi=None, miso=None, **how):
        if how.get("firstbit") == SPI.MSB:
            how.pop("firstbit")
        refuse_given(self._owner, how)
        self._baud = whole(baudrate)

    def deinit(self):
        pass

    def write(self, buf):
        link.call("spi_write", self._id, _bytes(buf).hex(), self._baud)

    def read(self, nbytes, write=0):
        return bytes.fromhex(link.call("spi_read", self._id, whole(nbytes), self._baud))

    def readinto(self, buf, write=0):
        buf[:] = self.read(len(buf))

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self.write(write_buf)
        read_buf[:] = self.read(len(read_buf))
