"""What the port has and the emulator does not: asking for it says so, on every guest in the same words, instead of
pretending that it does not exist. Whatever the port does not have either is missing as on the board.

The names are those of the port's stubs (micropython-rp2-stubs); a test holds the two together, and
docs/simulated.md is made of them.
"""

from __future__ import annotations

from ridethrough.boards import Board
from ridethrough.guests.part_files import MODULES
from ridethrough.world.mcu import Mcu

NOT_SIMULATED: dict[str, frozenset[str]] = {
    module: frozenset(names.split())
    for module, names in {
        "machine": """ADCBlock ADCWiPy ATTN_0DB DEEPSLEEP DEEPSLEEP_RESET HARD_RESET I2CTarget I2S ID_T IDLE
            PIN_WAKE RTC_WAKE SDCard SLEEP SOFT_RESET SoftI2C SoftSPI USBDevice WLAN_WAKE
            bitstream bootloader deepsleep dht_readinto mem16 mem8 time_pulse_us""",
        "machine.Pin": """ALT_GPCK ALT_OPEN_DRAIN ALT_PWM ALT_SIO ALT_SPI ALT_UART ALT_USB ALT_I2C ALT_PIO0 ALT_PIO1
            ANALOG DRIVE_0 DRIVE_1 DRIVE_2 DRIVE_3 IRQ_HIGH_LEVEL IRQ_LOW_LEVEL PULL_HOLD board cpu drive mode
            pull""",
        "machine.ADC": """ATTN_0DB ATTN_11DB ATTN_2_5DB ATTN_6DB CORE_TEMP CORE_VBAT CORE_VREF VREF WIDTH_9BIT
            WIDTH_10BIT WIDTH_11BIT WIDTH_12BIT WIDTH_13BIT atten read width""",
        "machine.WDT": "",
        "machine.Timer": "",
        "machine.Signal": "",
        "machine.PWM": "",
        "machine.UART": "IDLE IRQ_BREAK IRQ_RX IRQ_RXIDLE IRQ_TXIDLE INV_RX INV_TX flush irq sendbreak txdone",
        "machine.SPI": "CONTROLLER",
        "machine.RTC": "ALARM0 alarm alarm_cancel alarm_left cancel deinit init irq memory now",
        "machine.I2C": """deinit init readfrom readfrom_into readinto scan start stop write writeto writeto_mem
            writevto""",
        "time": "time_ns",
        "os": "VfsFat VfsLfs1 VfsLfs2 dupterm dupterm_notify",
        "sys": "ps1 ps2",
        "builtins": "execfile help input",
        "vfs": "AbstractBlockDev VfsFat VfsLfs2",
        "select": "select",
        "hashlib": "",
        "micropython": "Const_T RingIO asm_thumb asm_xtensa mem_info qstr_info stack_use",
        "gc": "",
        "random": "",
        "asyncio": "Stream StreamReader StreamWriter ThreadSafeFlag open_connection start_server Loop core funcs",
        "network": "AbstractNIC LAN WLANWiPy country hostname ipconfig route",
        "network.WLAN": "IF_AP PM_NONE PM_PERFORMANCE PM_POWERSAVE deinit ioctl ipconfig scan send_ethernet",
        "socket": """AF_INET6 IPPROTO_IP IPPROTO_SEC IPPROTO_UDP IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP MSG_DONTWAIT
            MSG_PEEK SOCK_RAW SO_BROADCAST Socket TCP_NODELAY callback print_pcbs reset""",
        "socket.socket": "accept bind listen recvfrom sendto",
        "requests": "request head post put patch delete",
        "ssl": "MBEDTLS_VERSION",
        "ssl.SSLContext": "get_ciphers load_cert_chain load_verify_locations set_ciphers verify_callback",
    }.items()
}
PARAMETERS: dict[str, frozenset[str]] = {
    owner: frozenset(names.split())
    for owner, names in {
        "machine.Pin": "drive alt",
        "machine.Pin.irq": "priority wake",
        "machine.ADC": "sample_ns atten",
        "machine.freq": "hz",
        "machine.PWM": "invert duty_ns",
        "machine.UART": "flow invert txbuf rxbuf timeout_char cts rts",
        "machine.SPI": "firstbit",
        "ssl": "server_side key cert cadata",
        "ssl.SSLContext": "server_side",
    }.items()
}
"""Parameters that the port has and the emulator does not simulate: refused when they are used, not passed over."""

_COMMON = "_thread cmath cryptolib deflate dht framebuf neopixel onewire platform uctypes"
_NETWORKED = "tls lwip bluetooth aioble ntptime mip webrepl websocket urllib"
_MODULES = {
    "rp2": f"{_COMMON} _onewire _rp2 ds18x20 rp2",
    "esp32": f"{_COMMON} _onewire apa106 ds18x20 esp esp32 espnow flashbdev btree",
    "stm32": f"{_COMMON} pyb stm btree lcd160cr",
}
FROZEN = frozenset(
    "asyncio uasyncio onewire ds18x20 dht neopixel mip ntptime ssl requests urequests webrepl aioble".split()
)
"""Modules that the port's build has in Python: a file in /lib does not come before them."""
_NETWORK = ("network", "socket", "requests", "ssl")
"""Modules of a port with a network, which are simulated."""


def has_network(mcu: Mcu) -> bool:
    """Has the board a radio, or its scenario a network for it?"""
    return mcu.board.wifi or bool(mcu.peripherals.network.answers)


def part_modules(mcu: Mcu) -> list[str]:
    """The modules of this board that are parts."""
    return [name for name in MODULES if name not in _NETWORK or has_network(mcu)]


def modules_not_simulated(board: Board, networked: bool) -> frozenset[str]:
    """The modules that a board's port has and the emulator lacks."""
    return frozenset(f"{_MODULES[board.port]} {_NETWORKED if networked else ''}".split())


def refusal(mcu: Mcu, owner: str, name: str) -> tuple[str, str]:
    """The exception for `owner.name`, by its name, and its text. `owner`: "" for a module `name`; "machine.Pin()" for a
    parameter. What the port has is noted in the trace: code that goes on without it was not tried with it."""
    if not owner:
        found, what = name in modules_not_simulated(mcu.board, has_network(mcu)), f"the module {name}"
        otherwise = ("ImportError", f"no module named '{name}'")
    elif owner.endswith("()"):
        found, what = name in PARAMETERS.get(owner[:-2], ()), f"{owner[:-2]}({name}=...)"
        otherwise = ("TypeError", "extra keyword arguments given")
    else:
        found, what = name in NOT_SIMULATED.get(owner, ()), f"{owner}.{name}"
        otherwise = ("AttributeError", f"'{owner}' has no attribute '{name}'")
    if not found:
        return otherwise
    trace = mcu.trace
    if all(event.data.get("what") != what for event in trace.events("fault")):
        trace.add_event(mcu.clock.now_us, "fault", kind="not simulated", what=what)
    return "NotImplementedError", f"the port has {what}; it is not simulated here: docs/simulated.md"
