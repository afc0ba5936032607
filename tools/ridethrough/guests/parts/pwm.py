# machine.PWM.
class PWM(Strict):
    _owner = "machine.PWM"

    def __init__(self, dest, *, freq=None, duty_u16=None, **how):
        self._gpio = Pin(dest)._gpio
        self._freq_hz = self._duty = 0
        self.init(freq=freq, duty_u16=duty_u16, **how)

    def init(self, *, freq=None, duty_u16=None, **how):
        refuse_given(self._owner, how)
        if freq is not None:
            self.freq(freq)
        if duty_u16 is not None:
            self.duty_u16(duty_u16)

    def freq(self, *value):
        if not value:
            return self._freq_hz
        freq_hz = whole(value[0])
        # what the rp2 port's divider reaches
        if freq_hz < 8:
            raise ValueError("freq too small")
        if freq_hz > 62500000:
            raise ValueError("freq too large")
        self._freq_hz = freq_hz
        self._tell()

    def duty_u16(self, *value):
        if not value:
            return self._duty
        self._duty = max(0, min(65535, whole(value[0])))
        self._tell()

    def duty_ns(self, *value):
        if not value:
            return self._duty * 1000000000 // 65535 // self._freq_hz if self._freq_hz else 0
        self.duty_u16(whole(value[0]) * self._freq_hz * 65535 // 1000000000)

    def deinit(self):
        link.call("pwm_off", self._gpio)

    def _tell(self):
        if self._freq_hz:
            link.call("pwm", self._gpio, self._freq_hz, self._duty)
