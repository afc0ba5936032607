# What boot.py runs once the rail is held: account for the reset, choose a slot, check its digest.
import board
import machine
from esme import bootrec, events, image, outage, trust

TRIAL_BOOTS = 3  # boots that a new slot has to confirm itself
DARK_BUDGET_MS = 60_000  # of the 180 s after which the hub alerts


class Choice:
    # `slot` is the bootrec.Slot to run, None for recovery (console only).
    def __init__(self, rec, slot, trial):
        self.rec = rec
        self.slot = slot
        self.trial = trial


def rebuild(feed):
    # No record can be read: believe only signatures, newest valid image wins.
    # What both parties signed counts as proven: nothing is left that could say otherwise.
    rec = bootrec.Record()
    maker, supplier = trust.anchors()
    best = None
    for i, slot in enumerate(rec.slots):
        try:
            with open(slot.path, "rb") as f:
                img = image.Image(f, f.seek(0, 2))
                img.fits(board.HARDWARE)
                slot.hold(img, img.verify(maker, supplier, feed))
                slot.state = bootrec.PROVEN
        except (OSError, image.BadImage):
            continue
        if best is None or slot.version > best.version:
            best = slot
            rec.active = i
    if best:
        rec.least_counter = best.counter
    events.log(events.RECORD_REBUILT, "version %d" % (best.version if best else 0))
    save(rec)
    return rec


def save(rec):
    # A record that cannot be written must not keep the meter from running and holding the rail.
    try:
        rec.save()
    except OSError as e:
        events.notice("record lost %s" % e)


def sound(rec, slot, feed):
    # Does the slot hold exactly the Manufacturer Image that was verified? If not, it must come anew.
    if slot.state < bootrec.VERIFIED:
        return False
    if image.digest_of(slot.path, slot.offset, slot.length, feed) == slot.digest:
        return True
    events.log(events.BOOT_VERIFICATION_FAILED, slot.path)
    slot.clear()
    rec.receive_size = 0
    save(rec)
    return False


def account(rec):
    # After a hard reset: what was it, and was the hub dark? True if the record changed.
    powered_up = machine.reset_cause() == machine.PWRON_RESET
    intended = rec.intent != bootrec.NO_INTENT
    held_phase = rec.phase in (bootrec.ARMED, bootrec.TRIAL)
    if powered_up:
        outage.restored()
    else:
        outage.over()  # what began before this reset ends in nobody's sight
        if not intended:
            # RP2040: a deliberate reset reads as a watchdog's too; the intent is what tells them apart
            events.log(events.WATCHDOG_RESET)
    rec.intent = bootrec.NO_INTENT
    if held_phase:
        rec.phase = bootrec.TRIAL
        rec.attempts = min(rec.attempts + 1, TRIAL_BOOTS + 1)  # resets before the rollback is written must not wrap it
        if not powered_up and not board.held_at_boot:
            rec.dark_ms += board.BOOT_US // 1000
        return True
    if powered_up:
        changed = intended or rec.failures > 0
        rec.failures = 0
        return changed
    if not intended:
        rec.fail()
    return True


def roll_back(rec, why):
    rec.phase = bootrec.CONFIRMED
    rec.attempts = 0
    rec.outcome = bootrec.ACTIVATION_FAILURE
    rec.answer_version = rec.slots[rec.active].version
    rec.reported = bootrec.UNREPORTED
    events.log(events.ROLLED_BACK, why)
    if rec.date:
        events.log(events.DATED_COMMAND_FAILED)


def report(rec):
    # Says how the last activation ended, and logs it; marked as done only then, so that a power cut in
    # between has it said twice rather than never. Only where the console is there.
    if rec.reported == bootrec.REPORTED:
        return
    events.notice("phase idle")
    events.notice("outcome %d version=%d" % (rec.outcome, rec.answer_version))
    if rec.reported == bootrec.UNREPORTED:
        log_outcome(rec)
    rec.reported = bootrec.REPORTED
    save(rec)


def log_outcome(rec):
    if rec.outcome == bootrec.SUCCESS:
        events.log(events.VERSION_CHANGED, "version %d after %d" % (rec.answer_version, rec.other().version))
        if rec.date:
            events.log(events.DATED_COMMAND_DONE)


def choose(feed):
    rec = bootrec.load()
    if rec is None:
        rec = rebuild(feed)
    elif not board.soft_reset and account(rec):
        save(rec)
    if rec.phase in (bootrec.ARMED, bootrec.TRIAL):
        if rec.attempts > TRIAL_BOOTS:
            roll_back(rec, "not confirmed in %d boots" % TRIAL_BOOTS)
        elif rec.dark_ms >= DARK_BUDGET_MS:
            roll_back(rec, "dark %d ms" % rec.dark_ms)
        elif sound(rec, rec.other(), feed):
            events.notice("phase trial")
            return Choice(rec, rec.other(), True)
        else:
            roll_back(rec, "digest")
        save(rec)
    return Choice(rec, confirmed(rec, feed), False)


def confirmed(rec, feed):
    # The slot to run when nothing is on trial. Automatic fallback may go back in version, but only to an
    # image that has confirmed itself before: nobody has commanded any other.
    slot, other = rec.slots[rec.active], rec.other()
    tired = rec.failures >= bootrec.FAILED_BOOTS
    if not tired and sound(rec, slot, feed):
        return slot
    if other.state == bootrec.PROVEN and sound(rec, other, feed):
        if rec.reported == bootrec.UNREPORTED:
            log_outcome(rec)  # while `other` still is the version before
            rec.reported = bootrec.LOGGED
        rec.active = 1 - rec.active
        rec.failures = 0
        rec.receive_size = 0
        save(rec)
        events.log(events.FALLBACK, "version %d" % other.version)
        return other
    return None
