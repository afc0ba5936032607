# The activation command: signed by the supplier, addressed to one board, naming one image.
#   "RTHAC2\r\n" | SHA-256 of the board's id 32 | counter u32 | SHA-256 of the Manufacturer Image 32 | date u64
# and r||s 64; little-endian; the signature is over all that stands before it. date: seconds since 1970 UTC,
# 0 for now, CANCEL to withdraw a stored one.
# Version 1 has "RTHACT\r\n" and, for the board, its id: taken where an id has the 8 bytes that there is room for.
import machine
import micropython
from esme import bootrec, build, events, holdup, image, signed, start
from esme.signed import Refused

FORM = "<8s32sI32sQ"
MAGIC = b"RTHAC2\r\n"
OLD_FORM = "<8s8sI32sQ"
OLD_MAGIC = b"RTHACT\r\n"
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


def _old_fields(data):
    found, digest = signed.unpacked(data, OLD_FORM)
    if len(machine.unique_id()) != 8 or found[1] != machine.unique_id():
        raise Refused("for another board")
    return found[2:], digest


class Activation:
    def __init__(self, rec, running, rail, wdt, shut_down):
        self._rec = rec
        self._running = running  # the Slot that runs; None in recovery
        self._rail = rail
        self._wdt = wdt
        self._shut_down = shut_down  # called before the reset, with every file to be closed

    def command(self, data, feed):
        # Returns the answer to one command; does not return if it activates. Refused: nothing changed.
        rec = self._rec
        if data[: len(OLD_MAGIC)] == OLD_MAGIC:
            (counter, image_hash, date), digest = _old_fields(data)
        else:
            (counter, image_hash, date), digest = signed.fields(data, MAGIC, FORM)
        if counter == rec.command_counter and digest == rec.command_digest:
            return answer(rec)
        if counter <= rec.command_counter:
            raise Refused("counter %d, last was %d" % (counter, rec.command_counter))
        if rec.phase in (bootrec.ARMED, bootrec.TRIAL):
            raise Refused("busy an activation is on trial")
        signed.check(data, digest, feed)
        if not date:
            outcome = self._held(rec.other(), image_hash)[0]
            if outcome != bootrec.SUCCESS:
                # what somebody may have done to the slot since must not spend the command
                return "outcome=%d version=%d counter=%d" % (outcome, self._version(), counter)
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

    def _version(self):
        return self._running.version if self._running else 0

    def _answer(self, outcome):
        rec = self._rec
        rec.outcome = outcome
        rec.answer_version = self._version()
        rec.reported = bootrec.REPORTED
        start.save(rec)
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
                if build.REPL:
                    micropython.kbd_intr(3)
                rec.phase = bootrec.CONFIRMED
                rec.intent = bootrec.NO_INTENT
            outcome = bootrec.ACTIVATION_FAILURE
        events.log(events.DATED_COMMAND_FAILED if rec.date else events.HOLD_REFUSED, why)
        events.notice("phase idle")
        self._answer(outcome)

    @staticmethod
    def _held(slot, image_hash):
        if slot.state < bootrec.VERIFIED:
            return bootrec.NO_IMAGE_HELD, "no image held"
        if slot.digest != image_hash:
            return bootrec.HASH_MISMATCH, "hash mismatch"
        return bootrec.SUCCESS, None

    def _fitness(self, slot, image_hash):
        outcome, why = self._held(slot, image_hash)
        if outcome != bootrec.SUCCESS:
            return outcome, why
        try:
            with open(slot.path, "rb") as f:
                img = image.Image(f, slot.offset + slot.length + image.TAIL_BYTES)
                img.follows(self._version() if self._running else img.follows_from, self._rec.least_counter)
        except (OSError, image.BadImage) as e:
            return bootrec.ACTIVATION_FAILURE, str(e)
        return bootrec.SUCCESS, None
