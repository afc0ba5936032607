"""A board's facts, read from `boards/<name>/board.toml`. Every figure there says where it comes from.

Adding a board touches no Python here: see docs/boards.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ridethrough.boards.bare import bare
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import FOLDER_BYTES_MAX, read_bounded
from ridethrough.support.paths import BOARDS
from ridethrough.support.patterns import safe_pattern
from ridethrough.support.toml import Table, merged

ROLES = (
    "ch_enable", "enable_sense", "ac_ok", "mains", "ch_present_n", "running_n", "ch_sense",
    "latch_set", "latch_clear", "latch_q", "metrology_scl", "metrology_sda",
)  # fmt: skip
FLASH_BYTES_MAX = 64 * 1024 * 1024
HOLDS = ("none", "pull", "latch", "pad")
PORTS = ("rp2", "esp32", "stm32")
"""The MicroPython ports whose `machine` is simulated."""
RESET_PULLS = ("down", "none")
CONSOLES = ("usb", "uart")
RADIO_GPIO = 64
"""Stands for the radio's own pin 0 (EXT_GPIO0 of the rp2 port): no pin of a chip has so high a number."""
BUDGET = ("update_heap_bytes", "resident_heap_bytes", "resident_py_bytes", "resident_mpy_bytes", "flash_years")


@dataclass(frozen=True)
class PinFacts:
    """One pin and what hangs on it. `gpio` on the stm32 port: 16 for each letter, so PB8 is 24."""

    gpio: int
    pull_up_ohm: int = 0
    divider: int = 1
    label: str = ""
    """Where it is on the board, as printed there."""


@dataclass(frozen=True)
class PinSignal:
    """A pin that says something: when it goes to `level`, the event `name` with `data` happens."""

    name: str
    gpio: int
    level: int
    data: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cost:
    """What the emulator charges for things that take a real board time; us."""

    hal_us: int
    """A call of machine or time that has no figure of its own."""
    pin_us: int
    adc_us: int
    poll_us: int
    import_py_us: int
    """Each file of source that is opened, beside its bytes."""
    import_py_ns_per_byte: int
    import_reader_ns_per_byte: int
    """The same from a file system that is written in Python."""
    import_mpy_us: int
    import_mpy_ns_per_byte: int
    sha256_us_per_kib: int
    ecdsa_verify_us: int
    i2c_us: int
    console_us_per_byte: int
    """On the line, and for writing."""
    console_read_us: int
    """Each byte that firmware reads."""

    @classmethod
    def read(cls, table: Table) -> Cost:
        """[cost] of a board.toml. A wait that asks again and again must take time: such calls cost 1 us or more."""
        found = {}
        for key in cls.__dataclass_fields__:
            if key.endswith("_ns_per_byte"):
                found[key] = table.thousandths(key.replace("_ns_", "_us_"), most=10**6)
            else:
                found[key] = table.number(key, least=int(key in ("hal_us", "pin_us", "adc_us", "poll_us")), most=10**8)
        return cls(**found)

    @classmethod
    def none(cls) -> Cost:
        """For a guest whose own time is the cost."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, 0))

    def compile_us(self, size_bytes: int, compiled_reader: bool = True) -> int:
        """Reading and compiling so much source, in a file that is open."""
        return size_bytes * (self.import_py_ns_per_byte if compiled_reader else self.import_reader_ns_per_byte) // 1000


@dataclass(frozen=True)
class Board:
    """Everything the world has to know of a board. Times in us, voltages in mV."""

    name: str
    title: str
    directory: Path
    pins: dict[str, PinFacts]
    hold: str
    unique_id: bytes
    hardware: int
    slot_bytes: int
    io_mv: int
    high_mv: int
    pull_down_ohm: int
    port: str
    reset_pull: str
    """What the chip puts on a pin in reset: see RESET_PULLS."""
    output_enables: int
    """Address of the register in which each GPIO below 32 whose output is on has its bit; 0 where reset_cause()
    tells a soft reset."""
    glitching: dict[int, str]
    """GPIOs that something else takes over for a moment, and what."""
    rom_us: int
    boot_us: int
    wdt_ms_max: int
    clock_start: int
    block_bytes: int
    blocks: int
    page_bytes: int
    program_page_us: int
    erase_us: int
    endurance_cycles: int
    """Erases that a block is good for."""
    flash_reports_errors: bool
    metrology_clock: bool
    """Has the metrology part a clock that runs through an outage?"""
    converter_mv: int
    soft_start_us: int
    fall_us: int
    supply_holdup_us: int
    supply_start_us: int
    cost: Cost
    budget: dict[str, int]
    """Limits that `make budget` holds the firmware to; see BUDGET."""
    vm_heap_bytes: int
    """The heap of the VM that plays this board."""
    signals: dict[str, re.Pattern[str]]
    """Console line -> what it means: a trace text (`phase`) or event, its named groups the data."""
    pin_signals: tuple[PinSignal, ...] = ()
    """The same for pins."""
    console: str = "uart"
    """On "usb" what boot.py prints after a hard reset is lost: the port starts USB after it."""
    wifi: bool = False
    led_gpio: int | None = None
    """What `Pin("LED")` is: a GPIO, or RADIO_GPIO for one behind the radio; None: the port knows none."""

    def says(self, signal: str) -> bool:
        """Has it a line or a pin that means `signal`?"""
        return signal in self.signals or any(s.name == signal for s in self.pin_signals)

    @property
    def unheld_us(self) -> int:
        """For how long after power-on nobody drives its pins, and the rail is off."""
        return 0 if self.hold == "pull" else self.start_us

    @property
    def start_us(self) -> int:
        """From a reset to boot.py."""
        return self.rom_us + self.boot_us

    @property
    def back_us(self) -> int:
        """From mains lost for a moment to the rail being up again, at worst: the supply holds up, is gone just as mains
        returns, starts, and the board with it."""
        return self.supply_holdup_us + self.supply_start_us + self.start_us + self.soft_start_us

    @property
    def flash_bytes(self) -> int:
        """The size of its flash chip."""
        return self.block_bytes * self.blocks

    @property
    def board_py(self) -> Path:
        return self.directory / "board.py"

    def files(self) -> dict[str, bytes]:
        """Its boot.py and board.py, by absolute path on the board, without comments. BadInput if one is missing: only
        firmware of somebody else's can do without, and where board.py is empty, no firmware of ours is meant."""
        board_py = self._read("board.py")
        boot_py = {"/boot.py": self._read("boot.py")} if board_py.strip() else {}
        return {path: bare(data) for path, data in (boot_py | {"/board.py": board_py}).items()}

    def read_board_py(self) -> bytes:
        """board.py alone. BadInput if there is none."""
        return self._read("board.py")

    def _read(self, name: str) -> bytes:
        path = self.directory / name
        if not path.is_file():
            raise BadInput(f"{self.directory}: no {name}: the firmware needs one (see docs/boards.md)")
        return read_bounded(path, FOLDER_BYTES_MAX, name)

    @classmethod
    def load(cls, name: str) -> Board:
        """The board of that name, or in that directory. BadInput if there is none or it is not sound."""
        directory = BOARDS / name if "/" not in name else Path(name)
        path = directory / "board.toml"
        if not path.is_file():
            known = board_names()
            if "/" not in name and (Path(name) / "board.toml").is_file():
                raise BadInput(f"no board '{name}'; the folder is ./{name}")
            raise BadInput(f"no board '{name}' ({path} does not exist){suggestion(name, known)}")
        top = Table.load(path)
        base, seen = top.text("extends", ""), {directory.resolve()}
        while base:
            if not re.fullmatch(r"[a-z0-9_]+", base):
                raise top.fail("extends", f"'{base}' is no board's name")
            if BOARDS / base in seen:
                raise top.fail("extends", f"'{base}' extends itself")
            seen.add(BOARDS / base)
            below = Table.load(BOARDS / base / "board.toml").everything()
            above = {key: value for key, value in top.everything().items() if key != "extends"}
            base = below.get("extends", "")
            top = Table(path, merged(below, above), text=top.source_text)
            top.has("extends")
        return _read(directory, top)


def board_names() -> list[str]:
    """Those that come with the project."""
    return [path.parent.name for path in sorted(BOARDS.glob("*/board.toml"))]


def _read(directory: Path, top: Table) -> Board:
    head, chip, hold = top.table("board"), top.table("chip"), top.table("hold")
    flash, power, cost, budget = (top.table(name) for name in ("flash", "power", "cost", "budget"))
    ident = head.text("unique_id")
    if not re.fullmatch(r"([0-9a-f]{4}){3,6}", ident):
        raise head.fail("unique_id", "12 to 24 hexadecimal digits expected, as many as the chip has")
    pins = _pins(top.table("pins"))
    board = Board(
        name=directory.name,
        title=head.text("title"),
        directory=directory,
        pins=pins,
        hold=hold.choice("kind", HOLDS),
        unique_id=bytes.fromhex(ident),
        hardware=head.number("hardware", most=0xFFFF),
        slot_bytes=flash.number("slot_bytes", least=4096, most=2**24),
        io_mv=chip.number("io_mv", least=1000, most=5500),
        high_mv=chip.number("high_mv", least=500, most=5500),
        pull_down_ohm=chip.number("pull_down_ohm", least=1000, most=10**6),
        port=chip.choice("port", PORTS),
        reset_pull=chip.choice("reset_pull", RESET_PULLS),
        output_enables=chip.number("output_enables", 0, most=2**32 - 1),
        glitching=_glitching(chip.table("glitching")),
        rom_us=chip.number("rom_us", least=1, most=10**7),
        boot_us=chip.number("boot_us", least=1, most=10**7),
        wdt_ms_max=chip.number("wdt_ms_max", least=1, most=10**7),
        clock_start=chip.number("clock_start_unix_s", most=2**32),
        block_bytes=flash.number("block_bytes", least=256, most=2**17),
        blocks=flash.number("blocks", least=8, most=2**16),
        page_bytes=flash.number("page_bytes", least=1, most=4096),
        program_page_us=flash.number("program_page_us", least=1, most=10**6),
        erase_us=flash.number("erase_us", least=1, most=10**7),
        endurance_cycles=flash.number("endurance_cycles", least=1, most=10**9),
        flash_reports_errors=flash.flag("reports_errors", False),
        metrology_clock=power.flag("metrology_clock", False),
        converter_mv=power.number("converter_mv", least=1000, most=30_000),
        soft_start_us=power.number("soft_start_us", least=1, most=10**7),
        fall_us=power.number("fall_us", least=1, most=10**7),
        supply_holdup_us=power.number("supply_holdup_us", least=1, most=10**8),
        supply_start_us=power.number("supply_start_us", least=1, most=10**8),
        cost=Cost.read(cost),
        budget={key: budget.number(key, least=1, most=2**24) for key in BUDGET},
        vm_heap_bytes=budget.number("vm_heap_bytes", least=32_768, most=2**24),
        signals=_signals(top.table("signals")),
        pin_signals=_pin_signals(top.table("signals"), pins),
        console=chip.choice("console", CONSOLES),
        wifi=chip.flag("wifi", False),
        led_gpio=_led(chip),
    )
    for table in (top, head, chip, hold, flash, power, cost, budget):
        table.done()
    if board.page_bytes & (board.page_bytes - 1) or board.block_bytes % board.page_bytes:
        raise flash.fail("page_bytes", "a power of two that divides block_bytes expected")
    if board.block_bytes & (board.block_bytes - 1) or board.flash_bytes > FLASH_BYTES_MAX:
        raise flash.fail("block_bytes", f"a power of two, and at most {FLASH_BYTES_MAX} bytes in all, expected")
    needed = {"ch_enable", "ac_ok", "mains", "ch_present_n", "running_n", "ch_sense"}
    if board.hold == "latch":
        needed |= {"latch_set", "latch_clear", "latch_q", "enable_sense"}
    for role in sorted(needed - board.pins.keys()):
        raise BadInput(f"{top.source}: pins.{role} is missing")
    return board


def _led(chip: Table) -> int | None:
    # led = 25, or "radio"
    if not chip.has("led"):
        return None
    return RADIO_GPIO if chip.raw("led") == "radio" else chip.number("led", most=63)


def _pins(table: Table) -> dict[str, PinFacts]:
    pins: dict[str, PinFacts] = {}
    used: dict[int, str] = {}
    for role in table.everything():
        if role not in ROLES:
            raise table.fail(role, f"unknown pin{suggestion(role, ROLES)}")
        one = table.table(role)
        pins[role] = PinFacts(
            one.number("gpio", most=63),
            one.number("pull_up_ohm", 0, most=10**7),
            one.number("divider", 1, most=1000),
            one.text("label", ""),
        )
        one.done()
        twin = used.setdefault(pins[role].gpio, role)
        if twin != role:
            raise table.fail(role, f"gpio {pins[role].gpio} is already {twin}'s")
    return pins


def _glitching(table: Table) -> dict[int, str]:
    found = {}
    for gpio in table.everything():
        if not re.fullmatch("[0-9]{1,2}", gpio):
            raise table.fail(gpio, "the number of a GPIO expected, such as 15")
        found[int(gpio)] = table.text(gpio)
    return found


_GROUPS = {
    "phase": {"phase"},
    "shutdown": {"kind"},
    "application": {"version"},
    "outcome": {"outcome", "version"},
    "gbcs": {"code", "text"},
    "command": {"counter"},
    "answer": {"outcome", "version", "counter"},
    "register": {"mwh"},
    "refused": {"text"},
}
"""What the patterns of these signals must name."""


_WORLDS = ("reset", "boot", "ad1", "missed_ad1", "fault")
"""Events that are seen on the board, and not said by it."""


def _signals(table: Table) -> dict[str, re.Pattern[str]]:
    signals = {}
    for name, value in table.everything().items():
        if not re.fullmatch("[a-z][a-z0-9_]{0,30}", name) or name in _WORLDS:
            raise table.fail(name, f"no event of a board: small letters, and none of {', '.join(_WORLDS)}")
        if isinstance(value, dict):
            continue
        try:
            signals[name] = safe_pattern(table.text(name))
        except ValueError as e:
            raise table.fail(name, str(e)) from e
        for group in sorted(_GROUPS.get(name, set()) - signals[name].groupindex.keys()):
            raise table.fail(name, f"(?P<{group}>...) is missing in it")
    return signals


def _pin_signals(table: Table, pins: dict[str, PinFacts]) -> tuple[PinSignal, ...]:
    # application = { pin = "running_n", level = 0, version = "1" }
    found = []
    for name, value in table.everything().items():
        if not isinstance(value, dict):
            continue
        one = table.table(name)
        role = one.text("pin")
        if role not in pins:
            raise one.fail("pin", f"no pin '{role}' in [pins]{suggestion(role, pins)}")
        level = one.number("level", most=1)
        data = {key: one.text(key) for key in value if key not in ("pin", "level")}
        for group in sorted(_GROUPS.get(name, set()) - data.keys()):
            raise one.fail(group, "is missing: the event has it")
        found.append(PinSignal(name, pins[role].gpio, level, tuple(sorted(data.items()))))
        one.done()
    return tuple(found)
