# Runs the chosen slot's application and stands over it: watchdog, rail, console, stored activations,
# and the trial's end. An application gets the Supervisor as its only argument (`meter`).
import gc
import sys
from time import ticks_diff, ticks_ms

import board
import machine
import micropython
import vfs
from esme import bench, bootrec, commands, events, holdup, rail, romfs, start
from esme import activation as _activation
from esme import console as _console
from esme import image as _image
from esme import receiver as _receiver

TRIAL_MS = 120_000  # a new slot that has not confirmed itself by then is rolled back
_NET_MS = 1_000  # how often that is looked at even if the application never calls us
RECOVERY_MS = 120_000  # without an application for so long, the one that failed is tried again
_DARK_STEP_MS = 1_000  # darkness is written to the record in such steps


class Supervisor:
    def __init__(self, wdt, choice):
        self.rec = choice.rec
        self.slot = choice.slot
        self.trial = choice.trial
        self.clock_set = False
        self.rail = rail.Rail()
        self.console = _console.Console(self._ctrl_c)
        self.receiver = _receiver.Receiver(self.rec, self.slot)
        self.activation = _activation.Activation(self.rec, self.slot, self.rail, wdt, self.receiver.close)
        self._wdt = wdt
        self._began_ms = ticks_ms()
        self._dark_noted_us = 0
        self._hub_gone = board.ch_present_n.value()
        self._mains = board.mains.value()
        commands.serve(self)

    def _ctrl_c(self):
        # Before the application runs it stops nothing, and counts from now on; on trial it is refused.
        if not self.trial:
            raise KeyboardInterrupt

    def version(self):
        return self.slot.version if self.slot else 0

    def feed(self):
        # For long work: keeps the watchdog quiet and AC lost true. Cheap.
        self._wdt.feed()
        self.rail.poll()
        if self.trial:
            self._watch_trial()

    def look(self):
        # As feed(), but leaves the watchdog to the application: for the timer that stands over a trial.
        self.rail.poll()
        self._watch_trial()

    def poll(self, wait_ms):
        # For the application's main loop, at least every few seconds; waits up to `wait_ms` for input.
        self.feed()
        self.console.poll(wait_ms)
        self.feed()
        self.rail.fault()
        self._watch_hub()
        self._watch_mains()
        if self.rec.phase == bootrec.SCHEDULED and self.clock_set:
            if commands.unix_time() >= self.rec.date:
                self.activation.activate()

    def _watch_hub(self):
        gone = board.ch_present_n.value()
        if gone != self._hub_gone:
            self._hub_gone = gone
            events.log(events.HUB_DISCONNECTED if gone else events.HUB_CONNECTED)

    def _watch_mains(self):
        # A loss that the supply outlived; after a longer one start.py logs that power is back.
        mains = board.mains.value()
        if mains and not self._mains:
            events.log(events.SUPPLY_INTERRUPTED)
        self._mains = mains

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
            micropython.kbd_intr(3)  # not before it is written down: a Ctrl-C in between would undo it
        elif rec.failures or self.slot.state != bootrec.PROVEN:
            rec.failures = 0
            self.slot.state = bootrec.PROVEN
            rec.save()

    def roll_back(self, why):
        # Ends the trial: the old slot comes back with the next boot.
        start.roll_back(self.rec, why)
        self.reset(bootrec.ROLLBACK, "rollback")

    def commanded_reset(self):
        if self.trial:
            raise _receiver.Refused("busy an activation is on trial")
        reason = holdup.preflight(self.rail)
        if reason:
            raise _receiver.Refused("hold: %s" % reason)
        self.reset(bootrec.COMMANDED, "commanded")

    def reset(self, intent, name):
        # Writes the intent, closes what is open, sets the hold once more, resets.
        self.receiver.close()
        self.rec.intent = intent
        start.save(self.rec)
        events.notice("shutdown %s" % name)
        board.hold_set()
        self._wdt.feed()
        machine.reset()

    def failed(self, why):
        # The application ended, which it must not.
        events.log(events.APPLICATION_FAILED, why)
        if self.trial:
            self.roll_back(why)
        self.rec.fail()
        self.reset(bootrec.CRASH, "crash")


def _mount(slot):
    f = open(slot.path, "rb")
    base = slot.offset + _image.PAYLOAD_AT
    vfs.mount(romfs.RomFs(f, base, slot.length - _image.PAYLOAD_AT), "/app")
    sys.path.insert(0, "/app")


def _run(meter):
    events.notice("application %d" % meter.version())
    if meter.slot is None:
        start.report(meter.rec)
        began_ms = ticks_ms()
        while ticks_diff(ticks_ms(), began_ms) < RECOVERY_MS:
            meter.poll(20)
        meter.rec.failures = 0
        meter.reset(bootrec.CRASH, "crash")
    _mount(meter.slot)
    net = None
    if meter.trial:
        # For an application that feeds the watchdog by itself and never comes back to poll().
        net = machine.Timer(
            board.TIMER,
            mode=machine.Timer.PERIODIC,
            period=_NET_MS,
            callback=lambda t: meter.trial and meter.look(),
        )
    board.running(True)
    start.report(meter.rec)
    gc.collect()  # compiling wants kilobytes in one piece
    import application

    application.run(meter)
    if net:
        net.deinit()


def run(wdt, choice):
    # Runs the application until it ends; then the reset that puts it right. Returns only for bench mode.
    bench.leave()
    events.tell()
    meter = Supervisor(wdt, choice)
    try:
        if not meter.trial:
            micropython.kbd_intr(3)
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
