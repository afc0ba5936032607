# Runs the application of the slot that boot.py chose (`wdt` and `choice` are its globals: the port
# executes both files in one namespace).
from micropython import kbd_intr

kbd_intr(-1)  # the port switches Ctrl-C on for each file; the supervisor does when it is ready for it

import gc

gc.collect()  # compiling wants kilobytes in one piece, and verifying has left its numbers everywhere

from esme import supervisor

supervisor.run(wdt, choice)  # noqa: F821
