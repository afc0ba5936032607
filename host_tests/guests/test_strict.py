"""The simulated modules are the port's: names and parameters as in its stubs, and nothing MicroPython lacks."""

import ast
import inspect

import pytest
from ridethrough.guests.cpython.catalogue import members, page, simulated
from ridethrough.guests.cpython.modules import BUILTINS
from ridethrough.guests.missing import NOT_SIMULATED
from support import ROOT, guests, lines, run_steps, with_main

STUBS = ROOT / ".stubs"
SIMULATED = simulated()
# the stub of `os` is CPython's own with MicroPython's added: it can only say what is too much
EXACT = ("machine", "time", "vfs", "select", "hashlib", "micropython", "gc", "random", "network", "socket")
STUB_ONLY = {"rom_ioctl"}  # of a build with ROMFS: a stock Pico's has none

pytestmark = pytest.mark.skipif(not STUBS.is_dir(), reason="the stubs are installed by make test")


def stub(module: str) -> ast.Module:
    for path in (f"{module}.pyi", f"stdlib/{module}/__init__.pyi", f"stdlib/{module}.pyi"):
        if (STUBS / path).is_file():
            return ast.parse((STUBS / path).read_text())
    raise AssertionError(module)


def names(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node)
    return {n: v for n, v in found.items() if not n.startswith("_")}


def parameters(nodes: list[ast.stmt]) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            a = node.args
            found |= {p.arg for p in [*a.posonlyargs, *a.args, *a.kwonlyargs]}
            found |= {p.arg for p in (a.vararg, a.kwarg) if p}
    return found


@pytest.mark.parametrize("module", EXACT)
def test_a_module_has_the_names_of_its_stub(module):
    ours = set(SIMULATED[module]) | NOT_SIMULATED.get(module, frozenset())
    assert ours == set(names(stub(module).body)) - STUB_ONLY
    assert not set(SIMULATED[module]) & NOT_SIMULATED.get(module, frozenset())


def test_os_has_no_name_that_its_stub_does_not_have():
    assert set(SIMULATED["os"]) - {"sep", "sync", "uname", "mount", "umount"} <= set(names(stub("os").body)) | {
        "statvfs"
    }


CLASSES = [n for n, v in SIMULATED["machine"].items() if isinstance(v, type)]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_members_of_its_stub(name):
    (node,) = names(stub("machine").body)[name]
    theirs = set(names(node.body))
    ours = set(members(SIMULATED["machine"][name]))
    missing = NOT_SIMULATED[f"machine.{name}"]
    assert ours <= theirs, ours - theirs
    assert theirs - ours <= missing, theirs - ours - missing


def test_parameters_are_named_as_in_the_stubs():
    checked = 0
    for module in EXACT:
        top = names(stub(module).body)
        for name, value in SIMULATED[module].items():
            owners = {name: (value, top[name])}
            if isinstance(value, type) and module == "machine":
                inner = names(top[name][0].body)
                init = [n for n in top[name][0].body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
                owners = {f"{name}.{m}": (f, inner[m]) for m, f in members(value).items() if callable(f)}
                owners[name] = (value.__init__, init)
            for where, (function, nodes) in owners.items():
                theirs = parameters(nodes)
                if not callable(function) or not theirs:
                    continue
                ours = inspect.signature(function).parameters
                if not any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in ours.values()):
                    assert theirs - {"self"} <= set(ours), f"{module}.{where} lacks {theirs - set(ours)}"
                for p in ours.values():
                    loose = p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
                    assert loose or p.name in theirs | {"self"}, f"{module}.{where}: {p.name}, theirs: {theirs}"
                    checked += 1
    assert checked > 40


def test_the_page_is_of_this_version():
    assert (ROOT / "docs" / "simulated.md").read_text() == "\n".join(page()) + "\n", "run make table"


def said(source: str, guest_name: str = "cpython") -> list[str]:
    return lines(run_steps(firmware=with_main(source), seconds=2, guest_name=guest_name))


SENTENCE = "NotImplementedError: the port has {}; it is not simulated here: docs/simulated.md"
WHOLE = "TypeError: can't convert float to int"
REFUSED = [
    ("import machine\nmachine.I2S", SENTENCE.format("machine.I2S")),
    ("from machine import SoftSPI", SENTENCE.format("machine.SoftSPI")),
    ("import machine\nhasattr(machine, 'deepsleep')", SENTENCE.format("machine.deepsleep")),
    ("import machine\nmachine.Pin(3).mode()", SENTENCE.format("machine.Pin.mode")),
    ("import machine\nmachine.Pin(3, alt=1)", SENTENCE.format("machine.Pin(alt=...)")),
    ("import machine\nmachine.freq(250000000)", SENTENCE.format("machine.freq(hz=...)")),
    ("import machine\nmachine.UART(0, flow=1)", SENTENCE.format("machine.UART(flow=...)")),
    ("import machine\nmachine.PWM(3, invert=1)", SENTENCE.format("machine.PWM(invert=...)")),
    ("import rp2", SENTENCE.format("the module rp2")),
    ("from neopixel import NeoPixel", SENTENCE.format("the module neopixel")),
    ("try:\n    import _thread\nexcept ImportError:\n    print('went on')", SENTENCE.format("the module _thread")),
    ("import network", "ImportError: no module named 'network'"),
    ("import bluetooth", "ImportError: no module named 'bluetooth'"),
    ("from machine import nothing", "ImportError"),
    ("import time\ntime.sleep_ms(2.5)", WHOLE),
    ("import time\ntime.sleep_us(1.0)", WHOLE),
    ("import time\ntime.ticks_diff(1.5, 0)", WHOLE),
    ("import time\ntime.sleep_ms(None)", "TypeError: can't convert NoneType to int"),
    ("import machine\nmachine.WDT(timeout=500.0)", WHOLE),
    ("import machine\nmachine.WDT(1)", "ValueError: WDT(1) doesn't exist"),
    ("import machine\nmachine.Timer(period=1e3)", WHOLE),
    ("import machine\nmachine.Timer(freq=-1)", "NotImplementedError: a timer of less than 20 us"),
    ("import machine\nmachine.Timer(freq=1e6)", "NotImplementedError: a timer of less than 20 us"),
    ("import machine\nmachine.Timer(period=0)", "NotImplementedError: a timer of less than 20 us"),
    ("import machine\nmachine.ADC(26.0)", WHOLE),
    ("import machine\nmachine.ADC(4)", SENTENCE.format("machine.ADC.CORE_TEMP")),
    ("import machine\nmachine.Pin('LAMP')", "ValueError: unknown named pin"),
    ("import machine\nmachine.PWM(3, freq=1)", "ValueError: freq too small"),
    ("import machine\nmachine.PWM(3, freq=50, duty_u16=0.5)", WHOLE),
    ("import machine\nmachine.UART(2)", "ValueError: UART(2) doesn't exist"),
    ("import machine\nmachine.I2C(-1)", "ValueError: I2C(-1) doesn't exist"),
    ("input('name? ')", SENTENCE.format("builtins.input")),
    ("import sys\nsys.atexit", "AttributeError: 'sys' has no attribute 'atexit'"),
    ("from math import nothing", "ImportError: can't import name nothing"),
    ("from .beside import one", "ImportError: can't perform relative import"),
    ("import json\njson.loads('')", "ValueError: syntax error in JSON"),
    ("import math\nconst(3)", "NameError"),
    ("import gc\nif gc.mem_free() > 30000:\n    raise ValueError('enough')", "ValueError: enough"),
    ("import machine\nmachine.lightsleep(0.5)", WHOLE),
    ("import random\nrandom.getrandbits(33)", "ValueError: bits must be 32 or less"),
    ("import random\nrandom.shuffle([])", "AttributeError: 'random' has no attribute 'shuffle'"),
    ("import machine\nmachine.nothing", "AttributeError: 'machine' has no attribute 'nothing'"),
    ("import machine\nmachine.Pin(3).hold()", "AttributeError: 'machine.Pin' has no attribute 'hold'"),
    ("import machine\nmachine.WDT(timeout=8389)", "ValueError: timeout exceeds 8388"),
    ("import machine\nmachine.Timer(0)", "ValueError: Timer doesn't exist"),
    ("import machine\nmachine.Pin(30)", "ValueError: invalid pin"),
    ("import machine\nmachine.ADC(5)", "ValueError: Pin doesn't have ADC capabilities"),
    ("import machine\nmachine.mem32[0x40000000]", "NotImplementedError: mem32[0x40000000] is not simulated"),
    ("import time\ntime.monotonic()", "AttributeError: 'time' has no attribute 'monotonic'"),
    ("import os\nos.path", "AttributeError: 'os' has no attribute 'path'"),
    ("import os\nos.environ", "AttributeError: 'os' has no attribute 'environ'"),
    ("import vfs\nvfs.AbstractBlockDev", SENTENCE.format("vfs.AbstractBlockDev")),
    ("import select\nselect.epoll()", "AttributeError: 'select' has no attribute 'epoll'"),
    ("import hashlib\nhashlib.sha512()", "AttributeError: 'hashlib' has no attribute 'sha512'"),
    ("import hashlib\nhashlib.sha256().hexdigest()", "AttributeError"),
    ("import hashlib\nhashlib.sha256(3)", "TypeError"),
    ("import select, sys\nselect.poll().register(3)", "OSError"),
    ("import typing", "ImportError: no module named 'typing'"),
    ("import pathlib", "ImportError"),
    ("import dataclasses", "ImportError"),
    ("import threading", "ImportError"),
    ("breakpoint()", "NameError"),
    ("vars()", "NameError"),
    ("ascii('x')", "NameError"),
    ("open('/etc/passwd')", "OSError"),
    ("open('/x')", "OSError: [Errno 2] ENOENT"),
    ("import os\nos.mkdir('/esme')", "OSError: [Errno 17] EEXIST"),
    ("import os\nos.remove('/nothing')", "OSError: [Errno 2] ENOENT"),
    ("import os\nos.rmdir('/esme')", "OSError"),
    ("import os\nos.listdir('/nothing')", "OSError: [Errno 2] ENOENT"),
    ("import vfs\nvfs.umount('/nothing')", "OSError: [Errno 22] EINVAL"),
]


@pytest.mark.parametrize("guest_name", guests())
@pytest.mark.parametrize(("source", "expected"), REFUSED)
def test_what_a_board_refuses_is_refused_here(source, expected, guest_name):
    out = said(source + "\nprint('went on')\n", guest_name)
    assert "went on" not in out
    assert any(line.startswith(expected) for line in out), out


def test_builtins_are_the_ports():
    """As the VM lists them; what only boards have beside is made per board."""
    assert {"print", "open", "__import__"}.isdisjoint(BUILTINS)
    for lacking in ("vars", "ascii", "breakpoint", "format", "aiter", "anext", "exit", "quit", "copyright"):
        assert lacking not in BUILTINS


def loose_poll(modules):
    class Poll:
        def register(self, stream, eventmask=5):
            pass

    modules["select"].poll = Poll


LAXITIES = {
    "machine": (
        lambda m: setattr(m["machine"], "WDT", lambda timeout: None),
        "import machine\nmachine.WDT(timeout=8389)",
    ),
    "time": (lambda m: setattr(m["time"], "monotonic", lambda: 0), "import time\ntime.monotonic()"),
    "os": (lambda m: setattr(m["os"], "remove", lambda path: None), "import os\nos.remove('/nothing')"),
    "vfs": (lambda m: setattr(m["vfs"], "umount", lambda point: None), "import vfs\nvfs.umount('/nothing')"),
    "select": (loose_poll, "import select, sys\nselect.poll().register(3)"),
    "hashlib": (lambda m: setattr(m["hashlib"], "sha256", lambda data: None), "import hashlib\nhashlib.sha256(3)"),
}


@pytest.mark.parametrize("module", LAXITIES)
def test_a_laxity_in_a_module_is_caught(module, monkeypatch):
    """With one thing let pass that a board refuses, the check above for that very line fails."""
    from ridethrough.guests.cpython import guest

    loosen, source = LAXITIES[module]
    (expected,) = [e for s, e in REFUSED if s == source]
    make = guest.make_modules

    def loose(*arguments):
        modules, parts = make(*arguments)
        loosen(modules)
        return modules, parts

    test_what_a_board_refuses_is_refused_here(source, expected, "cpython")
    monkeypatch.setattr(guest, "make_modules", loose)
    with pytest.raises(AssertionError):
        test_what_a_board_refuses_is_refused_here(source, expected, "cpython")
