# Bench mode: someone is at the REPL, by Ctrl-C or by a soft reset into the raw one (mpremote does that). A
# started RP2040 watchdog cannot be stopped, so a timer feeds it for as long as a person may reasonably
# need, then lets it bite.
import board
import machine
from esme import events

BENCH_MS = 30 * 60 * 1000
_FEED_MS = 50  # also how stale AC lost may be


class Bench:
    def __init__(self, feed):
        self._feed = feed
        self._left = BENCH_MS // _FEED_MS
        self._timer = machine.Timer(board.TIMER, mode=machine.Timer.PERIODIC, period=_FEED_MS, callback=self._tick)

    def _tick(self, timer):
        self._left -= 1
        if self._left <= 0:
            self.leave()
            events.log(events.BENCH_MODE, "over: the watchdog will bite")
        else:
            self._feed()

    def leave(self):
        self._timer.deinit()


_bench = None


def stand_by(feed):
    # From a soft reset until main.py runs, if it does.
    global _bench
    _bench = Bench(feed)


def leave():
    global _bench
    if _bench:
        _bench.leave()
        _bench = None


def enter(meter):
    # On trial Ctrl-C never gets here: start.choose() switched it off.
    global _bench
    meter.receiver.close()
    if meter.net:
        meter.net.deinit()  # nobody gives console and register their turns now
    board.running(False)
    events.log(events.BENCH_MODE, "for %d s" % (BENCH_MS // 1000))
    _bench = Bench(meter.keep_awake)
