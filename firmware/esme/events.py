# The event log: text that `mpremote cat /events.log` shows, bounded to two files of LIMIT bytes.
# One entry a line: sequence number, GBCS code, text. The same line goes to the console as a notice.
# Whoever is at the console, or pulls at the hub, can make some of these again and again: such an entry is counted
# instead of repeated ("8F1C payload hash differs (17)"), so that it does not push out what stands before it, and is
# written once a minute at most: a reset can lose those of the last one.
import os
from time import ticks_diff, ticks_ms

from esme import store

LIMIT = 4096
_LINE_BYTES = 160  # an entry is shorter
PATH = "/events.log"
OLD = "/events.old"

# GBCS codes (docs/console.md says which source each was read in)
POWER_RESTORED = 0x8F35
POWER_RESTORED_LONG = 0x8F36
SUPPLY_INTERRUPTED = 0x8F57
IMAGE_VERIFIED = 0x8F72
IMAGE_REFUSED = 0x8F1C
BOOT_VERIFICATION_FAILED = 0x8F1B
VERSION_CHANGED = 0x8F43
DATED_COMMAND_DONE = 0x8F66
DATED_COMMAND_FAILED = 0x8F67
HUB_CONNECTED = 0x81A2
HUB_DISCONNECTED = 0x81A3
WATCHDOG_RESET = 0x81B3
# Ours: E000 to E0FF is not GBCS
ROLLED_BACK = 0xE001
APPLICATION_FAILED = 0xE002
RECORD_REBUILT = 0xE003
RAIL_FAULT = 0xE004
BENCH_MODE = 0xE005
FALLBACK = 0xE006
HOLD_REFUSED = 0xE007
REGISTER_FAILED = 0xE008

COUNTED = (
    SUPPLY_INTERRUPTED,
    IMAGE_REFUSED,
    HUB_CONNECTED,
    HUB_DISCONNECTED,
    WATCHDOG_RESET,
    APPLICATION_FAILED,
    RAIL_FAULT,
    BENCH_MODE,
    HOLD_REFUSED,
    REGISTER_FAILED,
)
_EVERY_MS = 60_000  # so often at most is one of them written, with the number of those in between
_written = {}  # type: dict
_LOOKED_AT = 4  # of so many newest entries

_next = 0
_KEPT_MAX = 32  # a boot has fewer notices, also with a flash that takes nothing
_kept = []  # type: list[str]
_there = False  # is the console?


def _plain(text, length):
    # One line of ASCII, whatever an application's exception says.
    return "".join([c if " " <= c <= "~" else "?" for c in text[:length]])


def notice(text):
    # An unasked line: a person reads it, and `[signals]` in board.toml turns it into trace events.
    if _there:
        print("*", text)
    elif len(_kept) < _KEPT_MAX:
        _kept.append(text)


def tell():
    # The console is there. On boards whose port starts USB after boot.py, what was printed sooner is lost.
    global _there
    _there = True
    while _kept:
        notice(_kept.pop(0))


def entry(back=0):
    # The newest entry or, with `back`, one so many before it; "" if there is none that can be read.
    for path in (PATH, OLD):
        data = _tail(path, LIMIT if back else _LINE_BYTES)
        lines = data.rstrip().split(b"\n") if data else []
        if back < len(lines):
            try:
                return str(lines[-1 - back].rstrip(), "utf-8")
            except UnicodeError:
                return ""
        back -= len(lines)
    return ""


def _tail(path, length):
    # At most `length` bytes from the end.
    whole = store.size(path)
    if not whole:
        return b""
    with open(path, "rb") as f:
        f.seek(max(0, whole - length))
        return f.read(length)


def _count(line, more):
    # Puts `line` in the place of one with its code among the newest entries, with a count; False if there is none.
    tail = _tail(PATH, _LOOKED_AT * _LINE_BYTES)
    lines = tail.split(b"\n")[:-1][-_LOOKED_AT:]
    for i, old in enumerate(lines):
        if old[7:11] == line[7:11] and old[:6].isdigit():
            break
    else:
        return False
    rest = b"".join([one + b"\n" for one in lines[i + 1 :]])
    count = 1 + more
    seen = old.rstrip()
    if seen[-1:] == b")" and b" (" in seen:
        digits = seen[seen.rfind(b" (") + 2 : -1]
        if digits.isdigit():
            count = int(digits) + more
    new = line + b" (%d)" % count
    # nothing truncates a file here: what is shorter than before is filled up
    new += b" " * (len(old) - len(new))
    with open(PATH, "r+b") as f:
        f.seek(store.size(PATH) - len(rest) - len(old) - 1)
        f.write(rest + new + b"\n")
    return True


def _soon(code):
    # Was such an entry written less than a minute ago? Then it is only counted, and written with the next one.
    if code not in COUNTED:
        return False
    now_ms = ticks_ms()
    last = _written.get(code)
    if last and 0 <= ticks_diff(now_ms, last[0]) < _EVERY_MS:
        last[1] += 1
        return True
    _written[code] = [now_ms, 0]
    return False


def log(code, text=""):
    global _next
    text = _plain(text, 120)
    notice("log %04X %s" % (code, text))
    owed = _written[code][1] if code in _written else 0
    if _soon(code):
        return
    # A log that cannot be read or written must not keep the meter from holding the rail.
    try:
        if not _next:
            try:
                _next = int(entry().split(" ")[0])
            except ValueError:
                pass
        _next = (_next + 1) % 1_000_000
        line = bytes("%06d %04X %s" % (_next, code, text), "utf-8")
        if code not in COUNTED or not _count(line, 1 + owed):
            if store.size(PATH) > LIMIT - _LINE_BYTES:
                os.rename(PATH, OLD)
            with open(PATH, "ab") as f:
                f.write(line + b"\n")
    except OSError as e:
        notice("log lost %s" % e)
