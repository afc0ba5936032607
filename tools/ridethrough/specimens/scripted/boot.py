# A meter that does what /script says: one step a line, from the line after which it was reset. It stands for
# meters whose firmware nobody has, so it does nothing that the script does not say.
from machine import Pin

try:
    with open("/at") as f:
        at = int(f.read())
except OSError:
    at = -1  # nothing to do until a command comes
with open("/script") as f:
    script = [line.partition("#")[0].split() for line in f.read().split("\n")]
script = [words for words in script if words]

first = script[at][0] if 0 <= at < len(script) else ""
# what begins in the dark stays dark through the reset, as far as the hardware lets it
ch_enable = Pin(16, Pin.OUT, value=0 if first == "off" else 1)
ac_ok = Pin(17, Pin.OUT, value=0 if first == "ac_lost" else 1)
