# Runs the chosen slot's application and stands over it: watchdog, rail, console, stored activations,
# and the trial's end. An application gets the Supervisor as its only argument (`meter`).
import gc
import sys
from time import ticks_diff, ticks_ms

import board
import machine
import micropython
import vfs
from esme import bench, bootrec, build, commands, events, holdup, outage, rail, romfs, start
from esme import activation as _activation
from esme import clock as _clock
from esme import console as _console
from esme import image as _image
from esme import quota as _quota
from esme import receiver as _receiver
from esme.signed import Refused

TRIAL_MS = 120_000  # a new slot that has not confirmed itself by then is rolled back
_NET_MS = 1_000  # how often that is looked at even if the application never calls us
RECOVERY_MS = 120_000  # without an application for so long, the one that failed is tried again
_DARK_STEP_MS = 1_000  # darkness is written to the record in such steps
TURN_MS = 30_000  # an application that gives console or register no turn for so long is reset
STEADY_MS = 3_600_000  # failures are forgotten after so long without one
_MARKS_MAX = 6  # of outages, and one more every so often: mains that flickers must not wear the flash
_MARK_MS = 10_000
_COUNTING = 2  # images for an older resident library do not know that they have to count


class Supervisor:
    def __init__(self, wdt, choice):
        self.rec = choice.rec
        self.slot = choice.slot
        self.trial = choice.trial
        self.clock = _clock.Clock()
        self.quota = _quota.Quota(self.rec)
        self.rail = rail.Rail()
        self.console = _console.Console(self._ctrl_c)
        self.receiver = _receiver.Receiver(self.rec, self.slot, self.quota)
        self.activation = _activation.Activation(self.rec, self.slot, self.rail, wdt, self.receiver.close)
        self.net = None
        self._ending = False  # a reset is on its way: the net has nothing to add
        self.counting = False  # must the application show that it counts energy?
        self._wdt = wdt
        self._began_ms = self._turn_ms = self._counted_ms = ticks_ms()
        self._marked_ms = self._began_ms
        self._marks = _MARKS_MAX
        self._dark_noted_us = 0
        self._hub_gone = board.ch_present_n.value()
        self._mains = board.mains.value()
        commands.serve(self)

    def _ctrl_c(self):
        # Before the application runs it stops nothing, and counts from now on; on trial it is refused.
        if build.REPL and not self.trial:
            raise KeyboardInterrupt

    @staticmethod
    def interruptible():
        # From here on Ctrl-C ends the application, in a build that has a prompt.
        if build.REPL:
            micropython.kbd_intr(3)

    def version(self):
        return self.slot.version if self.slot else 0

    def _neglected(self, now_ms):
        # What has had no turn for too long; None if all is well.
        if ticks_diff(now_ms, self._turn_ms) >= TURN_MS:
            return "console"
        if self.counting and ticks_diff(now_ms, self._counted_ms) >= TURN_MS:
            return "register"
        return None

    def feed(self):
        # For long work: keeps the watchdog quiet, as long as nothing is neglected, and AC lost true. Cheap.
        now_ms = ticks_ms()
        self._feed_watchdog(now_ms)
        self._watch_mains(self.rail.poll(), now_ms)
        if self.trial:
            self._watch_trial()

    def _feed_watchdog(self, now_ms):
        if self._neglected(now_ms) is None:
            self._wdt.feed()

    def keep_awake(self):
        # For bench mode, where a person is there and nobody has to have a turn.
        self._wdt.feed()
        self.rail.poll()

    def counted(self):
        # The application says that it has seen to the energy register, or has tried.
        self._counted_ms = ticks_ms()

    def look(self):
        # From a timer, for an application that feeds a watchdog of its own and never comes back to us.
        self.rail.poll()
        if self._ending:
            return
        if self.trial:
            self._watch_trial()
        neglected = self._neglected(ticks_ms())
        if neglected:
            self.failed("no turn for the %s in %d ms" % (neglected, TURN_MS))

    def poll(self, wait_ms):
        # For the application's main loop, at least every few seconds; waits up to `wait_ms` for input. A meter spends
        # its life here: AC lost is put right before the wait, which may be long, and after it; the rest is looked
        # at once a turn.
        self.feed()
        self.console.poll(wait_ms)
        now_ms = self._turn_ms = ticks_ms()
        self._feed_watchdog(now_ms)
        self._watch_mains(self.rail.follow(), now_ms)
        if self.trial:
            self._watch_trial()
        self.rail.fault()
        self._watch_hub()
        self.quota.turn(now_ms)
        self._watch_failures()
        now_s = self.clock.turn(now_ms)
        if self.rec.phase == bootrec.SCHEDULED and now_s and now_s >= self.rec.date:
            self.activation.activate()

    def _watch_hub(self):
        gone = board.ch_present_n.value()
        if gone != self._hub_gone:
            self._hub_gone = gone
            events.log(events.HUB_DISCONNECTED if gone else events.HUB_CONNECTED)

    def _watch_mains(self, mains, now_ms):
        # A loss that the supply outlived; after a longer one start.py logs that power is back.
        if ticks_diff(now_ms, self._marked_ms) >= _MARK_MS:
            self._marked_ms = now_ms
            self._marks = min(self._marks + 1, _MARKS_MAX)
        if self._mains and not mains and self._marks:
            self._marks -= 1
            outage.begins()
        elif mains and not self._mains:
            outage.over()
            events.log(events.SUPPLY_INTERRUPTED)
        self._mains = mains

    def _watch_failures(self):
        # A confirm alone proves nothing that lasts.
        if self.rec.failures and ticks_diff(ticks_ms(), self._began_ms) >= STEADY_MS:
            self.rec.failures = 0
            start.save(self.rec)

    def _watch_trial(self):
        rec = self.rec
        if ticks_diff(ticks_ms(), self._began_ms) >= TRIAL_MS:
            self.roll_back("not confirmed in %d ms" % TRIAL_MS)
        new_ms = (self.rail.dark_us - self._dark_noted_us) // 1000
        if new_ms >= _DARK_STEP_MS:
            self._dark_noted_us += new_ms * 1000
            rec.dark_ms += new_ms
            start.save(rec)
        if rec.dark_ms >= start.DARK_BUDGET_MS:
            self.roll_back("dark %d ms" % rec.dark_ms)

    def confirm(self):
        # The application says it is healthy. On trial this makes its slot the one that runs.
        rec = self.rec
        if self.trial:
            self.trial = False
            rec.active = 1 - rec.active
            rec.phase = bootrec.CONFIRMED
            rec.attempts = 0
            rec.least_counter = max(rec.least_counter, self.slot.counter)
            rec.outcome = bootrec.SUCCESS
            rec.answer_version = self.slot.version
            rec.reported = bootrec.UNREPORTED
            rec.receive_size = 0  # the slot to be written to is another one now
            self.slot.state = bootrec.PROVEN
            rec.save()
            events.notice("confirm")
            start.report(self.rec)
            self.interruptible()  # not before it is written down: a Ctrl-C in between would undo it
        elif self.slot.state != bootrec.PROVEN:
            self.slot.state = bootrec.PROVEN
            rec.save()

    def roll_back(self, why):
        # Ends the trial: the old slot comes back with the next boot.
        self._ending = True
        start.roll_back(self.rec, why)
        self.reset(bootrec.ROLLBACK, "rollback")

    def commanded_reset(self):
        if self.trial:
            raise Refused("busy an activation is on trial")
        self.quota.take()  # before the preflight: that one lets the pin go for a moment
        reason = holdup.preflight(self.rail)
        if reason:
            raise Refused("hold: %s" % reason)
        self.reset(bootrec.COMMANDED, "commanded")

    def reset(self, intent, name):
        # Writes the intent, closes what is open, sets the hold once more, resets.
        micropython.kbd_intr(-1)  # what is announced happens: a Ctrl-C would leave the intent behind
        self.receiver.close()
        self.rec.intent = intent
        start.save(self.rec)
        events.notice("shutdown %s" % name)
        board.hold_set()
        holdup.reset(self._wdt)

    def failed(self, why):
        # The application ended, which it must not.
        self._ending = True
        events.log(events.APPLICATION_FAILED, why)
        if self.trial:
            self.roll_back(why)
        self.rec.fail()
        self.reset(bootrec.CRASH, "crash")


def _mount(slot):
    # Mounts the slot's payload at /app; returns the resident library that it was made for.
    f = open(slot.path, "rb")
    f.seek(slot.offset + _image.RESIDENT_AT)
    resident = int.from_bytes(f.read(4), "little")
    base = slot.offset + _image.PAYLOAD_AT
    vfs.mount(romfs.RomFs(f, base, slot.length - _image.PAYLOAD_AT), "/app")
    sys.path.insert(0, "/app")
    return resident


def _run(meter):
    events.notice("application %d" % meter.version())
    if meter.slot is None:
        start.report(meter.rec)
        began_ms = ticks_ms()
        while ticks_diff(ticks_ms(), began_ms) < RECOVERY_MS:
            meter.poll(20)
        meter.rec.failures = 0
        meter.reset(bootrec.CRASH, "crash")
    meter.counting = _mount(meter.slot) >= _COUNTING
    meter.net = machine.Timer(board.TIMER, mode=machine.Timer.PERIODIC, period=_NET_MS, callback=lambda t: meter.look())
    board.running(True)
    start.report(meter.rec)
    gc.collect()  # compiling wants kilobytes in one piece
    import application

    application.run(meter)


def run(wdt, choice):
    # Runs the application until it ends; then the reset that puts it right. Returns only for bench mode.
    bench.leave()
    events.tell()
    meter = Supervisor(wdt, choice)
    try:
        if not meter.trial:
            meter.interruptible()
        _run(meter)
        why = "returned"
    except KeyboardInterrupt:
        if not meter.trial:
            bench.enter(meter)
            return
        why = "KeyboardInterrupt"
    except BaseException as e:
        why = "%s: %s" % (type(e).__name__, e)
    board.running(False)
    gc.collect()
    meter.failed(why)
