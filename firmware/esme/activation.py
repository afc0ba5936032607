# The activation command: signed by the supplier, addressed to one board, naming one image.
#   "RTHACT\r\n" | board id 8 | counter u32 | SHA-256 of the Manufacturer Image 32 | date u64 | r||s 64
# little-endian; the signature is over all that stands before it. date: seconds since 1970 UTC,
# 0 for now, CANCEL to withdraw a stored one.
import hashlib
import struct

import machine
import micropython
from esme import bootrec, events, holdup, image, p256, trust
from esme.receiver import Refused

_FORM = "<8s8sI32sQ"
_SIGNED_BYTES = 60
COMMAND_BYTES = _SIGNED_BYTES + 64
MAGIC = b"RTHACT\r\n"
CANCEL = 0xFFFFFFFFFFFFFFFF


def answer(rec):
    # The stored answer: what a repetition of the command gets, before and after the reboot.
    if rec.outcome == bootrec.NO_OUTCOME:
        return "none"
    if rec.outcome == bootrec.PENDING:
        return "pending counter=%d" % rec.command_counter
    return "outcome=%d version=%d counter=%d" % (
        rec.outcome,
        rec.answer_version,
        rec.command_counter,
    )


class Activation:
    def __init__(self, rec, running, rail, wdt, shut_down):
        self._rec = rec
        self._running = running  # the Slot that runs; None in recovery
        self._rail = rail
        self._wdt = wdt
        self._shut_down = shut_down  # called before the reset, with every file to be closed

    def command(self, data, feed):
        # Returns the answer to one command; does not return if it activates. Refused: nothing changed.
        if len(data) != COMMAND_BYTES:
            raise Refused("length %d, a command has %d" % (len(data), COMMAND_BYTES))
        rec = self._rec
        digest = hashlib.sha256(data).digest()
        magic, ident, counter, image_hash, date = struct.unpack(_FORM, data[:_SIGNED_BYTES])
        if counter == rec.command_counter and digest == rec.command_digest:
            return answer(rec)
        if magic != MAGIC:
            raise Refused("not an activation command")
        # chips have 6, 8 or 12 bytes; a command has room for 8
        if ident != (machine.unique_id() + bytes(8))[:8]:
            raise Refused("for another board")
        if counter <= rec.command_counter:
            raise Refused("counter %d, last was %d" % (counter, rec.command_counter))
        if rec.phase in (bootrec.ARMED, bootrec.TRIAL):
            raise Refused("busy an activation is on trial")
        signed = hashlib.sha256(data[:_SIGNED_BYTES]).digest()
        if not p256.verify(trust.anchors()[1], signed, data[_SIGNED_BYTES:], feed):
            raise Refused("signature")
        events.notice("command %d" % counter)
        rec.command_counter = counter
        rec.command_digest = digest
        rec.command_hash = image_hash
        if date == CANCEL:
            rec.phase = bootrec.CONFIRMED
            rec.date = 0
            events.notice("phase idle")
            self._answer(bootrec.SUCCESS)
        elif date:
            rec.phase = bootrec.SCHEDULED
            rec.date = date
            rec.outcome = bootrec.PENDING
            rec.save()
            events.notice("phase scheduled")
        else:
            rec.date = 0
            self.activate()
        return answer(rec)

    def _answer(self, outcome):
        rec = self._rec
        rec.outcome = outcome
        rec.answer_version = self._running.version if self._running else 0
        rec.reported = bootrec.REPORTED
        rec.save()
        events.notice("outcome %d version=%d" % (outcome, rec.answer_version))

    def activate(self):
        # Arms and resets, or stores why not.
        rec = self._rec
        rec.phase = bootrec.CONFIRMED
        outcome, why = self._fitness(rec.other(), rec.command_hash)
        if outcome == bootrec.SUCCESS:
            why = holdup.preflight(self._rail)
            if why is None:
                rec.outcome = bootrec.PENDING
                self._shut_down()
                micropython.kbd_intr(-1)  # from here to the reset nothing may interrupt
                why = "hold does not read back"
                try:
                    holdup.arm(rec, self._wdt)
                except OSError as e:
                    why = "record %s" % e
                micropython.kbd_intr(3)
                rec.phase = bootrec.CONFIRMED
                rec.intent = bootrec.NO_INTENT
            outcome = bootrec.ACTIVATION_FAILURE
        events.log(events.DATED_COMMAND_FAILED if rec.date else events.HOLD_REFUSED, why)
        events.notice("phase idle")
        self._answer(outcome)

    def _fitness(self, slot, image_hash):
        if slot.state < bootrec.VERIFIED:
            return bootrec.NO_IMAGE_HELD, "no image held"
        if slot.digest != image_hash:
            return bootrec.HASH_MISMATCH, "hash mismatch"
        try:
            with open(slot.path, "rb") as f:
                img = image.Image(f, slot.offset + slot.length + image.TAIL_BYTES)
                img.follows(self._running.version if self._running else img.follows_from, self._rec.least_counter)
        except (OSError, image.BadImage) as e:
            return bootrec.ACTIVATION_FAILURE, str(e)
        return bootrec.SUCCESS, None
