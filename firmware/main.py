# Runs the application of the slot that boot.py chose (`wdt` and `choice` are its globals: the port
# executes both files in one namespace).
import micropython

if choice.trial:  # noqa: F821
    micropython.kbd_intr(-1)  # the port switches Ctrl-C on for each file; nothing typed may stop a trial

from esme import supervisor

supervisor.run(wdt, choice)  # noqa: F821
