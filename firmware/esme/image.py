# An OTA image: Zigbee OTA header | Manufacturer Image | 0x0040 big-endian | r||s of the supplier.
# The Manufacturer Image: inner header | r||s of the maker over that header | ROMFS payload.
# Only what a signature covers is believed; the outer header must agree with it (docs/image-format.md).
import hashlib
import struct

from esme import RESIDENT_VERSION, p256

OUTER = "<IHHHHHIH32sI"
OUTER_BYTES = 56
INNER = "<8sHHIIIIIIII32s"
INNER_BYTES = 76
INNER_MAGIC = b"RTHIMG\r\n"
PAYLOAD_AT = INNER_BYTES + 64
RESIDENT_AT = 32  # of the inner header: which resident library the image needs
TAIL_BYTES = 66
_CHUNK = 1024


class BadImage(Exception):
    pass


class Image:
    # What the headers say. `offset` and `length` locate the Manufacturer Image in the file.
    def __init__(self, f, size):
        self._f = f
        head = self._bytes(0, min(size, OUTER_BYTES + 13))
        if len(head) < OUTER_BYTES + 4:
            raise BadImage("shorter than its header")
        (ident, form, self.offset, control, _, _, outer_version, _, _, total) = struct.unpack(OUTER, head[:OUTER_BYTES])
        if ident != 0x0BEEF11E or form != 0x0100:
            raise BadImage("no Zigbee OTA header")
        expected = OUTER_BYTES + (control & 1) + (control & 2) * 4 + (control & 4)
        if control > 7 or not control & 4 or self.offset != expected:
            raise BadImage("header length %d" % self.offset)
        if total != size:
            raise BadImage("header says %d bytes, file has %d" % (total, size))
        self.length = size - self.offset - TAIL_BYTES
        if self.length <= PAYLOAD_AT:
            raise BadImage("no room for a Manufacturer Image")
        least_hw, most_hw = struct.unpack("<HH", head[self.offset - 4 : self.offset])
        self.inner = self._bytes(self.offset, INNER_BYTES)
        (
            magic,
            form,
            inner_bytes,
            self.version,
            self.hardware,
            self.counter,
            self.follows_from,
            self.follows_to,
            self.resident,
            self.payload_bytes,
            spare,
            self.payload_sha256,
        ) = struct.unpack(INNER, self.inner)
        if magic != INNER_MAGIC or form != 1 or inner_bytes != INNER_BYTES or spare:
            raise BadImage("not a Manufacturer Image of this maker")
        if self.payload_bytes != self.length - PAYLOAD_AT:
            raise BadImage("payload length %d" % self.payload_bytes)
        if outer_version != self.version:
            raise BadImage("header version %d, inside %d" % (outer_version, self.version))
        if not least_hw <= self.hardware <= most_hw:
            raise BadImage("header hardware %04X..%04X, inside %04X" % (least_hw, most_hw, self.hardware))

    def _bytes(self, at, n):
        self._f.seek(at)
        return self._f.read(n)

    def fits(self, hardware):
        # Raises BadImage unless this image can run on `hardware` with this resident library.
        if self.hardware != hardware:
            raise BadImage("for hardware %04X, this is %04X" % (self.hardware, hardware))
        if self.resident > RESIDENT_VERSION:
            raise BadImage("needs resident library %d, this has %d" % (self.resident, RESIDENT_VERSION))

    def follows(self, running, least_counter):
        # Raises BadImage unless this image may be activated while version `running` runs.
        if self.counter < least_counter:
            raise BadImage("security counter %d, least allowed %d" % (self.counter, least_counter))
        if not self.follows_from <= running <= self.follows_to:
            raise BadImage("follows versions %d..%d, running %d" % (self.follows_from, self.follows_to, running))

    def verify(self, maker, supplier, feed):
        # Checks both hashes and both signatures; returns the Manufacturer Image's SHA-256.
        whole = hashlib.sha256()
        payload = hashlib.sha256()
        buf = bytearray(_CHUNK)
        view = memoryview(buf)
        self._f.seek(self.offset)
        left = self.length
        skip = PAYLOAD_AT
        while left:
            feed()
            n = self._f.readinto(view[: min(left, _CHUNK)])
            if not n:
                raise BadImage("file ends early")
            whole.update(view[:n])
            if n > skip:
                payload.update(view[skip:n])
            skip = max(0, skip - n)
            left -= n
        digest = whole.digest()
        if payload.digest() != self.payload_sha256:
            raise BadImage("payload hash differs")
        tail = self._bytes(self.offset + self.length, TAIL_BYTES)
        if tail[:2] != b"\x00\x40":
            raise BadImage("no signature marker")
        if not p256.verify(supplier, digest, tail[2:], feed):
            raise BadImage("supplier's signature")
        inner = hashlib.sha256(self.inner).digest()
        if not p256.verify(maker, inner, self._bytes(self.offset + INNER_BYTES, 64), feed):
            raise BadImage("maker's signature")
        return digest


def digest_of(path, offset, length, feed):
    # SHA-256 of `length` bytes at `offset`; None if the file does not hold them.
    sha = hashlib.sha256()
    view = memoryview(bytearray(_CHUNK))
    try:
        with open(path, "rb") as f:
            f.seek(offset)
            while length:
                feed()
                n = f.readinto(view[: min(length, _CHUNK)])
                if not n:
                    return None
                sha.update(view[:n])
                length -= n
    except OSError:
        return None
    return sha.digest()
