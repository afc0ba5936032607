# What machine.Pin.irq() returns: one object for each pin, however often it is asked for.
_irqs = {}


class _Irq(Strict):
    _owner = "machine.Pin.irq"

    def __init__(self, gpio):
        self._gpio = gpio
        self._edges = 0

    def trigger(self):
        return self._edges

    def flags(self):
        # handlers run at once, so the level still says which edge it was
        return self._edges if self._edges in (4, 8) else 8 if link.call("pin_read", self._gpio) else 4


def of(gpio, edges):
    """The object of a pin, told its new edges; None: they stay."""
    found = _irqs.setdefault(gpio, _Irq(gpio))
    if edges is not None:
        found._edges = edges
    return found
