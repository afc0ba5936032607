# Runs the application of the slot that boot.py chose (`wdt` and `choice` are its globals: the port
# executes both files in one namespace).
from esme import supervisor

supervisor.run(wdt, choice)  # noqa: F821
