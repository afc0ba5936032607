# machine.Signal.
class Signal(Strict):
    _owner = "machine.Signal"

    def __init__(self, pin, *arguments, invert=False, **how):
        self._pin = pin if isinstance(pin, Pin) and not arguments and not how else Pin(pin, *arguments, **how)
        self._invert = bool(invert)

    def value(self, *x):
        if not x:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(x[0]) ^ self._invert)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)
