"""Parsers of foreign bytes, as functions that take any bytes and raise only if something is wrong with us.

Hypothesis calls them in `make test` (test_fuzz.py), a coverage-guided fuzzer in `make fuzz` (fuzz.py).
"""

from __future__ import annotations

import gc
import gzip
import importlib
import io
import json
import struct
import sys
import tempfile
import zipfile
import zlib
from binascii import crc32
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from ridethrough import BadInput, Board, Rule, Scenario, World, run_scenario
from ridethrough.devices.recording import Recording
from ridethrough.guests.chip.uf2 import read_uf2
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.headend import client
from ridethrough.images import EMULATED, inspect_image
from ridethrough.images.commands import next_command
from ridethrough.reports import verdict_file
from ridethrough.reports.page import Page
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rollout.plan_file import load_plan, plans
from ridethrough.rules.conditions import Condition
from ridethrough.rules.explain import explain
from ridethrough.rules.forms import EXAMPLES
from ridethrough.rules.words import lasting, time_us, times
from ridethrough.scenarios import names
from ridethrough.support.text import message
from ridethrough.sweep import saved
from ridethrough.sweep.crash_states import Memory, State
from ridethrough.sweep.flash import Flash
from ridethrough.sweep.joined import Rest, pack_rests
from ridethrough.sweep.packing import BadPack, pack, unpack
from ridethrough.sweep.result import Result
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.readers import open_source
from ridethrough.traces.readers import vcd as vcd_reader
from ridethrough.traces.readers.vcd_body import Asked
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.world.site import Site
from support import PICO, REFERENCE, ROOT, S, image, run_steps

GOOD = image()
WG = Rule.load("mp102-wg-2020-04")
CORPUS = Path(__file__).with_name("corpus")


@lru_cache
def firmware(name: str):
    """A module of firmware/ that needs no board, loaded into this process."""
    gc.threshold = lambda *amount: -1  # type: ignore[attr-defined]  MicroPython's
    path = str(ROOT / "firmware")
    if path not in sys.path:
        sys.path.append(path)
    return importlib.import_module(name)


def host_image(data: bytes) -> None:
    """`image inspect`: a report, and nothing accepted that is not signed."""
    report = inspect_image(data, EMULATED.supplier.public, EMULATED.maker.public)
    assert report.status in (0, 1, 2)
    assert report.status != 0 or data[60:] == GOOD[60:]


def board_image(data: bytes) -> None:
    """The board's own parser and verifier."""
    module = firmware("esme.image")
    try:
        img = module.Image(io.BytesIO(data), len(data))
        img.fits(PICO.hardware)
        img.verify(EMULATED.maker.public, EMULATED.supplier.public, lambda: None)
    except module.BadImage:
        return
    assert data[60:] == GOOD[60:]


def boot_record(data: bytes) -> bool:
    """/boot.rec: believed only if every byte is as it was written. True if it is."""
    bootrec, store = firmware("esme.bootrec"), firmware("esme.store")
    real, store.load = store.load, lambda path, limit: data if len(data) <= limit else None
    try:
        record = bootrec.load()
    finally:
        store.load = real
    if record is not None:
        assert record.active in (0, 1) and record.phase in range(4)
        written = []
        store_replace, store.replace = store.replace, lambda path, saved: written.append(saved)
        try:
            record.save()
        finally:
            store.replace = store_replace
        assert written == [data]
    return record is not None


class _Console:
    """A board that stays up and takes one line after the other."""

    def __init__(self) -> None:
        self.site = Site(PICO, World(), CPythonGuest(), fresh_flash(REFERENCE, PICO))
        self.site.run(6 * S)

    def say(self, line: bytes) -> list[str]:
        before = len(self.site.mcu.console.log)
        self.site.mcu.type_in(line + b"\n")
        self.site.run(self.site.clock.now_us + 3 * S)
        return [text for _, text in self.site.mcu.console.log[before:]]


@lru_cache
def _console() -> _Console:
    return _Console()


def console_line(data: bytes) -> None:
    """Any bytes at the console: answers, no reset, nothing verified, nothing activated."""
    board = _console()
    data = data.replace(b"\x03", b"").replace(b"reset", b"")[:4000]
    said = board.say(data)
    trace = board.site.trace
    assert [e.data["kind"] for e in trace.events("reset")] == ["power-up"], data
    assert not any(line.startswith(("OK verified", "OK outcome", "OK pending")) for line in said), data
    codes = {e.data["code"] for e in trace.events("gbcs")}
    assert not codes & {"E002", "8F72", "8F43"}, data
    del board.site.mcu.console.log[:]


def command(data: bytes) -> None:
    """Any bytes as an activation command."""
    import base64

    console_line(b"command " + base64.b64encode(data[:900]))


def _parsed(data: bytes, name: str, load) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        (Path(folder) / "board.py").write_bytes(b"")
        try:
            load(path)
        except BadInput as e:
            # a rule's error shows the line, and points at the place
            assert message(str(e)).count("\n") in ((0, 2) if name == "r.toml" else (0,)), e


def scenario(data: bytes) -> None:
    """A scenario file."""
    _parsed(data, "s.toml", lambda path: Scenario.load(str(path)))


def board(data: bytes) -> None:
    """A board.toml."""
    _parsed(data, "board.toml", lambda path: Board.load(str(path.parent)))


def a_plan(data: bytes) -> None:
    """A roll-out's plan."""
    _parsed(data, "p.toml", lambda path: load_plan(str(path)))


def uf2_file(data: bytes) -> None:
    """A build for the chip, also with the fuzzer's bytes behind magic numbers of blocks, which it would not find."""
    blocks = [data[at : at + 500].ljust(500, b"\0") for at in range(0, len(data), 500)]
    head, tail = struct.pack("<2I", 0x0A324655, 0x9E5D5157), struct.pack("<I", 0x0AB16F30)
    for whole in (data, b"".join(head + block + tail for block in blocks)):
        _parsed(whole, "b.uf2", lambda path: read_uf2(path).words())


def rule(data: bytes) -> None:
    """A rule file."""
    _parsed(data, "r.toml", lambda path: explain(Rule.load(str(path))))


def _capture(data: bytes, name: str) -> None:
    probes = ProbeMap({}, assumed={"mains": 1})

    def check(path: Path) -> None:
        capture = load_capture(path, probes, WG.levels_mv)
        verdict = WG.check(capture)
        # whatever was judged can be shown
        page = Page(name)
        page.timeline(capture, verdict, sorted(WG.levels_mv), name)
        assert page.html() and list(strip(capture, 80, Glyphs.for_encoding("ascii")))

    _parsed(data, name, check)


def vcd(data: bytes) -> None:
    """A capture as VCD; and each of its channels, change by change and several at once."""
    _capture(data, "t.vcd")
    ways = []
    for several in (True, False):
        found: dict[str, list] = {}
        with pytest.MonkeyPatch.context() as patch:
            if not several:
                patch.setattr(vcd_reader, "Asked", lambda code, said, take, several: Asked(code, said, take))
            _parsed(data, "t.vcd", lambda path, found=found: _every_change(path, found))
        ways.append(found)
    assert repr(ways[0]) == repr(ways[1])


class _Heard:
    def __init__(self, found: list) -> None:
        self.take = lambda t_us, value: found.append((t_us, value))
        self.several = lambda times_us, values: found.extend(zip(times_us, values, strict=True))


def _every_change(path: Path, found: dict[str, list]) -> None:
    source = open_source(path)
    told: dict[str, list] = {name: [] for name, channel in source.channels.items() if channel.what != "voltage"}
    source.feed({name: _Heard(heard) for name, heard in told.items()}, lambda done: None)
    found.update(told)


def table_of_samples(data: bytes) -> None:
    """A capture as CSV."""
    _capture(data, "t.csv")


def sigrok(data: bytes) -> None:
    """A capture as a sigrok session."""
    _capture(data, "t.sr")


def witness_lines(data: bytes) -> None:
    """What comes from a witness's port: also lines with a right check, which the fuzzer would not find."""
    recording = Recording()
    try:
        for line in data.decode("latin-1").split("\n"):
            recording.feed(line)
            recording.feed(f"{line} {crc32(line.encode()) & 0xFFFF:04x}")
        with tempfile.TemporaryDirectory() as folder:
            recording.write_vcd(Path(folder) / "w.vcd")
            load_capture(Path(folder) / "w.vcd", ProbeMap(), [10_800])
    except BadInput as e:
        assert "\n" not in message(str(e))


def foreign_board(data: bytes) -> None:
    """What answers at a board's port, to whoever pushes an image and activates it."""
    answers = iter(data.decode("utf-8", "replace").split("\n"))
    try:
        hello = client.words(_spoken(client.ask("hello"), answers))
        signed = next_command(GOOD, hello, EMULATED.supplier)
        _spoken(client.push(GOOD, max(64, int(hello["block"]))), answers)
        int(client.words(_spoken(client.await_outcome(signed), answers))["outcome"])
    except BadInput as e:
        assert "\n" not in message(str(e))
    except (client.Refused, client.NoAnswer, KeyError, ValueError):
        return


def _spoken(operation: client.Operation, answers: Iterator[str]) -> str:
    request = next(operation)
    for _ in range(2_000):
        assert "\n" not in request.line
        try:
            request = operation.send(next(answers, None))
        except StopIteration as done:
            return str(done.value)
    raise AssertionError("it goes on for ever")


def condition(data: bytes) -> None:
    """The words of a condition, a limit, a time."""
    text = data.decode("utf-8", "replace")
    for parse in (Condition.parse, lasting, times, time_us):
        try:
            parse(text)
        except BadInput as e:
            assert "\n" not in message(str(e))


def a_verdict_file(data: bytes) -> None:
    """A verdict that somebody else has filed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.json"
        path.write_bytes(data)
        try:
            verdict_file.load(path)
        except BadInput as e:
            assert "\n" not in message(str(e))


def _kept(**parts: bytes) -> bytes:
    # a sweep as --resume keeps it, with some parts of somebody else's
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in (_KEPT | parts).items():
            packed.writestr(name.replace("_", "/").replace("-", "."), content)
    return out.getvalue()


_KEPT = {
    "sweep-json": json.dumps({"level": 1, "new": [[0]], "result": Result().to_json()}).encode(),
    "known-bin": b"\x11\x01" + bytes(17 + 8),
    "rests-bin": pack_rests({bytes(16): Rest(5, 1, frozenset({"boot"}))}),
    "states_0": (19).to_bytes(4, "little") + b"\x11\x00" + bytes(17) + pack([State(Flash({1: b"x"}), Memory(), 7)]),
}


def a_sweep_in_a_file(data: bytes) -> None:
    """A file for --resume: as it is, and each of its parts in a zip that is well."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.zip"
        for content in (data, *(_kept(**{name: data}) for name in _KEPT)):
            path.write_bytes(content)
            try:
                saved.load(path, {})
            except BadInput as e:
                assert "\n" not in message(str(e)), e
    try:
        unpack(zlib.compress(data))
    except BadPack:
        pass


TARGETS = (
    host_image, board_image, boot_record, console_line, command, scenario, board, rule, vcd, table_of_samples, sigrok,
    condition, witness_lines, foreign_board, a_verdict_file,
    a_sweep_in_a_file, a_plan, uf2_file,
)  # fmt: skip


def named(name: str) -> Callable[[bytes], object]:
    """The target of that name."""
    return next(target for target in TARGETS if target.__name__ == name)


def corpus(target: str) -> tuple[bytes, ...]:
    """Inputs that broke something once."""
    return tuple(path.read_bytes() for path in sorted((CORPUS / target).glob("*")))


@lru_cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Good inputs to begin with."""
    tools = ROOT / "tools" / "ridethrough"
    if target in ("host_image", "board_image"):
        return (GOOD, GOOD[:200], GOOD[:60])
    if target == "boot_record":
        trace = run_steps(seconds=8)
        flash = trace.notes["flash"]
        size, at = firmware("esme.bootrec")._BYTES, 0
        found = []
        while (at := flash.find(b"RTBR", at)) >= 0:
            found.append(flash[at : at + size])
            at += 1
        return (*found, b"RTBR\x01\x00", b"RTBR\x02\x00")
    if target == "console_line":
        return (
            b"hello",
            b"status",
            b"receive 4000 " + b"0" * 32,
            b"block 0 00000000 AAAA",
            b"clock 1700000000",
            b"log",
        )
    if target == "command":
        return (b"RTHACT\r\n" + PICO.unique_id + bytes(108), bytes(124))
    if target == "scenario":
        files = {name.partition(":")[0] for name in names()}
        return tuple((tools / "scenarios" / f"{name}.toml").read_bytes() for name in sorted(files))
    if target == "uf2_file":
        block = (
            struct.pack("<6I", 0x2000, 0x1000_0000, 256, 0, 1, 0xE48BFF56)
            + b"v1.28.0 on 2026-04-06; Raspberry Pi Pico "
        )
        return (block + b"with RP2040\0", (block * 2).ljust(500, b"\0") * 2)
    if target == "a_plan":
        return tuple((tools / "rollout" / "plans" / f"{name}.toml").read_bytes() for name in plans())
    if target == "board":
        return tuple(p.read_bytes() for p in sorted((ROOT / "boards").glob("*/board.toml")))
    if target == "vcd":
        trace = run_scenario(Scenario.load("chatter"))
        with tempfile.TemporaryDirectory() as folder:
            write_vcd(trace, Path(folder) / "t.vcd")
            ours = (Path(folder) / "t.vcd").read_bytes()
        other = b"$timescale 1 ms $end\n$var real 64 ! ch_mv $end\n$enddefinitions $end\n#0\nr12.0 !\n#9\nrx !\n"
        witness = b"$comment a witness, ab: samples at most 900 us apart, voltages within 400 mV $end\n" + other
        words = (
            b"$timescale 10 ns $end $scope module a $end $var wire 1 ! mains $end $var wire 1 ! w $end $upscope $end\n"
            b"$var reg 14 #1 ch_mv [13:0] $end $var string 0 $ t $end $var event 1 e e $end $enddefinitions $end\n"
            b"$dumpvars 1! b10111011100000 #1 $end #5 0! $comment #7 $end sa\\040b $ 1e\n#9\r\nHL! #1 bx10 #1\n"
            b"sone two $\n#12.5 b11\n#1 -! $dumpoff x! $end\n"
        )
        ports = b"$timescale 1 ns $end $var port 1 <0 ch_mv $end $enddefinitions $end\n#0\npD 6 6 <0\n"
        return (ours[:4000], other, witness, gzip.compress(other), words, ports)
    if target == "table_of_samples":
        rows = b"".join(b"%d.5,%d,%d\n" % (i, 12_000 * (i % 2), i % 2) for i in range(20))
        return (b"time [s],ch_mv,reset\n" + rows, b"t_ms;ch_mv\n" + rows.replace(b",", b";").replace(b".", b","))
    if target == "sigrok":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as zf:
            metadata = "[device 1]\ncapturefile=logic-1\nsamplerate=1 kHz\nprobe1=reset\nanalog2=ch_mv\nunitsize=1\n"
            zf.writestr("metadata", metadata)
            zf.writestr("logic-1-1", bytes(i % 2 for i in range(40)))
            zf.writestr("analog-1-2-1", struct.pack("<40f", *(12.0 * (i % 3) for i in range(40))))
        return (out.getvalue(),)
    if target == "witness_lines":
        return (b"h 0 0 1 ab\nv 1 1000 11000 500\na 2 1500 1\n. 4 101000 11000 0 0 500 3\nn 5 99 0\nh 0 3 1 ab",)
    if target == "foreign_board":
        hello = b"OK ridethrough protocol=2 board=0011223344556677 hardware=0101 version=1 counter=0 block=1024"
        blocks = b"\n".join(b"OK next=%d" % min(at, len(GOOD)) for at in range(0, len(GOOD) + 1024, 1024))
        return (hello + b"\n" + blocks + b"\nOK verified\nOK outcome=0 version=2 counter=1", hello + b"\nERR busy")
    if target == "a_sweep_in_a_file":
        return (_kept(), *_KEPT.values(), zlib.decompress(pack([State(Flash({1: b"x"}), Memory(), 7)])))
    if target == "a_verdict_file":
        entry = {"capture": "c.vcd", "capture_sha256": "0", "rule": "r.toml", "rule_sha256": "0", "status": "pass"}
        data = {
            "format": verdict_file.FORMAT,
            "tool": "t",
            "options": {"map": ["a=b"], "scale": 6.0},
            "verdicts": [entry],
        }
        return (json.dumps(data).encode(), b'{"format": "ridethrough-verdict-1"}')
    if target == "condition":
        texts = (
            *EXAMPLES,
            "no mains lost in the last 3 min and CH up for 2 s",
            "three minutes or more",
            "≥ 3 min",
            "twice",
        )
        return tuple(text.encode() for text in texts)
    return tuple(p.read_bytes() for p in sorted((tools / "rules" / "library").glob("*.toml")))
