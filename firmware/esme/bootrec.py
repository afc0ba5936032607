# /boot.rec: which slot runs, on trial or confirmed, what the last command was answered, and why the
# board was last reset (machine.reset_cause() says "watchdog" for a deliberate reset too).
import binascii
import struct

from esme import store

PATH = "/boot.rec"
MAGIC = b"RTBR"

CONFIRMED, SCHEDULED, ARMED, TRIAL = 0, 1, 2, 3  # phase
EMPTY, PARTIAL, VERIFIED, PROVEN = 0, 1, 2, 3  # slot state; PROVEN: it has confirmed itself once
NO_INTENT, ACTIVATION, ROLLBACK, COMMANDED, CRASH = 0, 1, 2, 3, 4  # reset intent
SUCCESS, NO_IMAGE_HELD, HASH_MISMATCH, ACTIVATION_FAILURE = 0, 1, 2, 3  # outcome
PENDING, NO_OUTCOME = 0xFE, 0xFF
UNREPORTED, REPORTED, LOGGED = 0, 1, 2  # LOGGED: not yet on the console

FAILED_BOOTS = 3  # bites and crashes, less than an hour apart, after which a confirmed slot is given up

QUOTA_MAX = 8  # of unsigned requests that cost flash, at once: quota.py

SLOT_PATHS = ("/slot_a.img", "/slot_b.img")

_HEAD = "<4sHBBBBBBBBIIII32s32sQ16sI"
_SLOT = "<BxHIII32s"
_MORE = "<I32sB3x"  # not in a record of form 1, which boards have that were flashed before
_OLD_BYTES = struct.calcsize(_HEAD) + 2 * struct.calcsize(_SLOT) + 4
_BYTES = _OLD_BYTES + struct.calcsize(_MORE)


class Slot:
    # `offset` and `length` locate the Manufacturer Image in the slot's file, `digest` is its SHA-256.
    def __init__(self, path):
        self.path = path
        self.clear()

    def clear(self):
        self.state = EMPTY
        self.offset = 0
        self.length = 0
        self.version = 0
        self.counter = 0
        self.digest = bytes(32)

    def hold(self, img, digest):
        # `img` (an image.Image) was verified in this slot.
        self.state = VERIFIED
        self.offset = img.offset
        self.length = img.length
        self.version = img.version
        self.counter = img.counter
        self.digest = digest


class Record:
    def __init__(self):
        self.phase = CONFIRMED
        self.active = 0  # the confirmed slot; the one on trial is the other
        self.attempts = 0  # boots of the trial so far
        self.intent = NO_INTENT
        self.failures = 0  # bites and crashes of the confirmed application; forgotten after an hour without
        self.outcome = NO_OUTCOME
        self.reported = REPORTED  # has the outcome been told?
        self.least_counter = 0  # anti-rollback: raised at confirm, never before
        self.command_counter = 0
        self.answer_version = 0
        self.dark_ms = 0  # over all boots of this update
        self.command_digest = bytes(32)  # of what was signed: the signature itself has a twin that holds, too
        self.command_hash = bytes(32)  # the image that a stored activation names
        self.date = 0  # of the last activation if it was dated, seconds since 1970 UTC
        self.receive_id = bytes(16)
        self.receive_size = 0
        self.permit_counter = 0
        self.permit_hash = bytes(32)  # the image that the other slot may take; zeros: none was permitted yet
        self.quota = QUOTA_MAX
        self.slots = (Slot(SLOT_PATHS[0]), Slot(SLOT_PATHS[1]))

    def other(self):
        return self.slots[1 - self.active]

    def fail(self):
        # More than too many is still too many.
        self.failures = min(self.failures + 1, FAILED_BOOTS + 1)

    def save(self):
        data = struct.pack(
            _HEAD,
            MAGIC,
            2,
            self.phase,
            self.active,
            self.attempts,
            self.intent,
            self.failures,
            self.outcome,
            self.reported,
            0,
            self.least_counter,
            self.command_counter,
            self.answer_version,
            self.dark_ms,
            self.command_digest,
            self.command_hash,
            self.date,
            self.receive_id,
            self.receive_size,
        )
        for s in self.slots:
            data += struct.pack(_SLOT, s.state, s.offset, s.length, s.version, s.counter, s.digest)
        data += struct.pack(_MORE, self.permit_counter, self.permit_hash, self.quota)
        store.replace(PATH, data + struct.pack("<I", binascii.crc32(data)))


def load():
    # The record; None if there is none that can be believed.
    data = store.load(PATH, _BYTES)
    if data is None or len(data) not in (_OLD_BYTES, _BYTES):
        return None
    if struct.unpack("<I", data[-4:])[0] != binascii.crc32(data[:-4]):
        return None
    rec = Record()
    (
        magic,
        form,
        rec.phase,
        rec.active,
        rec.attempts,
        rec.intent,
        rec.failures,
        rec.outcome,
        rec.reported,
        _,
        rec.least_counter,
        rec.command_counter,
        rec.answer_version,
        rec.dark_ms,
        rec.command_digest,
        rec.command_hash,
        rec.date,
        rec.receive_id,
        rec.receive_size,
    ) = struct.unpack(_HEAD, data[: struct.calcsize(_HEAD)])
    if magic != MAGIC or form != (1 if len(data) == _OLD_BYTES else 2) or rec.active > 1 or rec.phase > TRIAL:
        return None
    at = struct.calcsize(_HEAD)
    for s in rec.slots:
        part = data[at : at + struct.calcsize(_SLOT)]
        s.state, s.offset, s.length, s.version, s.counter, s.digest = struct.unpack(_SLOT, part)
        if s.state > PROVEN:
            return None
        at += len(part)
    if form > 1:
        rec.permit_counter, rec.permit_hash, rec.quota = struct.unpack(_MORE, data[at:-4])
        rec.quota = min(rec.quota, QUOTA_MAX)
    return rec
