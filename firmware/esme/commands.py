# The console's commands that live as long as the board: see docs/console.md.
import binascii
import sys

import board
import machine
from esme import activation, events
from esme.receiver import BLOCK_BYTES

_PHASES = ("idle", "scheduled", "armed", "trial")
_HELP = "hello status receive block verify command answer clock log reset help"


def serve(meter):
    # Binds every command to the supervisor `meter`.
    serve = meter.console.serve
    rec, receiver = meter.rec, meter.receiver

    def hello(words):
        release = sys.implementation.version
        return (
            "ridethrough protocol=2 board=%s hardware=%04X version=%d counter=%d block=%d port=%s micropython=%d.%d.%d"
            % (
                str(binascii.hexlify(machine.unique_id()), "ascii"),
                board.HARDWARE,
                meter.version(),
                rec.command_counter,
                BLOCK_BYTES,
                sys.platform,
                release[0],
                release[1],
                release[2],
            )
        )

    def status(words):
        slots = " ".join(
            "%s=%s:%d" % ("ab"[i], ("empty", "partial", "verified", "proven")[s.state], s.version)
            for i, s in enumerate(rec.slots)
        )
        return "phase=%s version=%d %s ch_mv=%d mains=%d attempts=%d dark_ms=%d" % (
            _PHASES[rec.phase],
            meter.version(),
            slots,
            board.ch_mv(),
            board.mains.value(),
            rec.attempts,
            rec.dark_ms,
        )

    def receive(words):
        ident = binascii.unhexlify(words[1])
        if len(ident) != 16:
            raise ValueError
        permit = binascii.a2b_base64(words[2]) if len(words) > 2 else b""
        return "next=%d" % receiver.begin(int(words[0]), ident, permit, meter.feed)

    def block(words):
        data = binascii.a2b_base64(words[2])
        return "next=%d" % receiver.block(int(words[0]), int(words[1], 16), data)

    def verify(words):
        slot = receiver.verify(meter.feed)
        return "verified version=%d hash=%s" % (
            slot.version,
            str(binascii.hexlify(slot.digest), "ascii"),
        )

    def command(words):
        return meter.activation.command(binascii.a2b_base64(words[0]), meter.feed)

    def answer(words):
        return activation.answer(rec)

    def clock(words):
        # A stored activation goes by it; only the supplier can set it.
        if words:
            meter.clock.set(binascii.a2b_base64(words[0]), meter.feed)
        now_s = meter.clock.now()
        return "%d %s" % (now_s, "set" if now_s else "not set")

    def log(words):
        return events.entry(int(words[0]) if words else 0)

    def reset(words):
        meter.commanded_reset()

    def help(words):
        return _HELP

    serve("hello", hello)
    serve("status", status)
    serve("receive", receive)
    serve("block", block)
    serve("verify", verify)
    serve("command", command)
    serve("answer", answer)
    serve("clock", clock)
    serve("log", log)
    serve("reset", reset)
    serve("help", help)
