"""What the port has and the emulator does not: asking for it says so, instead of pretending that it does
not exist. Whatever the port does not have either is an AttributeError, as on the board.

The names are those of the port's stubs (micropython-rp2-stubs); a test holds the two together, and
docs/simulated.md is made of them.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

NOT_SIMULATED: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "machine": """ADCBlock ADCWiPy ATTN_0DB DEEPSLEEP DEEPSLEEP_RESET HARD_RESET I2CTarget I2S ID_T IDLE
            PIN_WAKE PWM RTC_WAKE SDCard SLEEP SOFT_RESET SPI Signal SoftI2C SoftSPI UART USBDevice WLAN_WAKE
            bitstream bootloader deepsleep dht_readinto lightsleep mem16 mem8 time_pulse_us""",
        "machine.Pin": """ALT_GPCK ALT_OPEN_DRAIN ALT_PWM ALT_SIO ALT_SPI ALT_UART ALT_USB ALT_I2C ALT_PIO0 ALT_PIO1
            ANALOG DRIVE_0 DRIVE_1 DRIVE_2 DRIVE_3 IRQ_HIGH_LEVEL IRQ_LOW_LEVEL PULL_HOLD board cpu drive mode pull
            toggle""",
        "machine.ADC": """ATTN_0DB ATTN_11DB ATTN_2_5DB ATTN_6DB CORE_TEMP CORE_VBAT CORE_VREF VREF WIDTH_9BIT
            WIDTH_10BIT WIDTH_11BIT WIDTH_12BIT WIDTH_13BIT atten read width""",
        "machine.WDT": "",
        "machine.Timer": "",
        "machine.RTC": "ALARM0 alarm alarm_cancel alarm_left cancel deinit init irq memory now",
        "machine.I2C": """deinit init readfrom readfrom_into readinto scan start stop write writeto writeto_mem
            writevto""",
        "time": "ticks_cpu time_ns",
        "vfs": "AbstractBlockDev VfsFat VfsLfs2 rom_ioctl",
        "select": "select",
        "hashlib": "md5 sha1",
        "micropython": """Const_T RingIO alloc_emergency_exception_buf asm_thumb asm_xtensa mem_info opt_level qstr_info
            schedule stack_use""",
        "gc": "disable enable isenabled",
    }.items()
}


def refuse(owner: str, name: str) -> Exception:
    """The exception for `owner.name`, which is not simulated or does not exist."""
    if name in NOT_SIMULATED.get(owner, ()):
        return NotImplementedError(f"{owner}.{name} is in the port, but the emulator does not simulate it")
    return AttributeError(f"'{owner}' has no attribute '{name}'")


class StrictModule(ModuleType):
    """A module with nothing in it but what is simulated."""

    def __getattr__(self, name: str) -> Any:
        raise refuse(self.__name__, name)


class Strict:
    """A base for simulated classes of `machine`."""

    def __getattr__(self, name: str) -> Any:
        raise refuse(f"machine.{type(self).__name__}", name)
