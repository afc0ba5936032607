# machine.Signal.
class Signal(Strict):
    _owner = "machine.Signal"

    def __init__(self, pin_obj, *arguments, invert=False, **how):
        # a pin, or what makes one
        self._pin = Pin(pin_obj, *arguments, **how) if arguments or how or not isinstance(pin_obj, Pin) else pin_obj
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
