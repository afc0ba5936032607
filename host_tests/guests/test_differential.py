"""`os`, `vfs` and files of the cpython guest against the real VM: the same operations, the same answers."""

import random

import pytest
from support import guests, lines, run_steps, with_main

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")

PATHS = ["/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/f", "a", "d/a", "../a", "/none/x", "/d/../a", "."]
MODES = ["r", "rb", "w", "wb", "a", "ab", "r+", "rb+", "w+b", "x", "q"]

RUNNER = """
import os
FILES = {}

def act(name, *a):
    try:
        if name == "open":
            if a[0] in FILES:
                FILES.pop(a[0])[0].close()
            FILES[a[0]] = (open(a[1], a[2]), a[2])
            return "opened"
        if name == "listdir":
            return sorted(os.listdir(*a))
        if name == "stat":
            st = os.stat(*a)
            return (st[0], st[6] if st[0] == 0x8000 else 0)
        if name == "ilistdir":
            return sorted((e[0], e[1]) for e in os.ilistdir(*a))
        if name in ("chdir", "mkdir", "remove", "rmdir", "rename"):
            return getattr(os, name)(*a)
        if name == "getcwd":
            return os.getcwd()
        f, mode = FILES[a[0]]
        # littlefs does not look at the mode: what a board does then is nothing to rely on
        if name in ("read", "readline", "readinto") and not set(mode) & set("r+"):
            return "not asked"
        if name == "write" and not set(mode) & set("wax+"):
            return "not asked"
        if name == "close":
            del FILES[a[0]]
        if name == "readinto":
            buf = bytearray(a[1])
            return f.readinto(buf), bytes(buf)
        return getattr(f, name)(*a[1:])
    except Exception as e:
        return type(e).__name__, e.args[0] if e.args and isinstance(e.args[0], int) else ""

for i, sequence in enumerate(SEQUENCES):
    for f, mode in FILES.values():
        f.close()
    FILES.clear()
    os.chdir("/")
    for p in ("/d/e/f", "/d/a", "/d/b", "/d/e", "/d", "/a", "/b"):
        for remove in (os.remove, os.rmdir):
            try:
                remove(p)
            except OSError:
                pass
    for step in sequence:
        print(i, step, "->", act(*step))
for f, mode in FILES.values():
    f.close()
"""


def sequence(chance: random.Random) -> list[tuple]:
    steps = []
    for _ in range(chance.randrange(4, 16)):
        kind = chance.random()
        path, n = chance.choice(PATHS), chance.randrange(2)
        if kind < 0.25:
            steps.append(("open", n, path, chance.choice(MODES)))
        elif kind < 0.55:
            action = chance.choice(["read", "write", "seek", "tell", "close", "flush", "readline", "readinto"])
            arguments = {
                "read": chance.choice([(), (3,), (0,), (-1,)]),
                "write": (chance.choice([b"hello\nworld", "text\n", b"", b"x" * 700]),),
                "seek": chance.choice([(0,), (2,), (0, 2), (1, 1), (100,)]),
                "readinto": (5,),
            }.get(action, ())
            steps.append((action, n, *arguments))
        elif kind < 0.65:
            steps.append(("rename", path, chance.choice(PATHS)))
        else:
            action = chance.choice(
                ["listdir", "stat", "ilistdir", "chdir", "mkdir", "mkdir", "remove", "rmdir", "getcwd"]
            )
            steps.append((action,) if action == "getcwd" else (action, path))
    return steps


@pytest.mark.parametrize("seed", range(6))
def test_the_same_answers(seed):
    chance = random.Random(seed)
    sequences = [sequence(chance) for _ in range(25)]
    firmware = with_main(f"SEQUENCES = {sequences!r}\n" + RUNNER)
    ours, theirs = (
        lines(run_steps(firmware=firmware, seconds=60, guest_name=name)) for name in ("cpython", "micropython")
    )
    assert len(theirs) > 100
    for a, b in zip(ours, theirs, strict=True):
        assert a == b, f"seed {seed}: cpython says {a}, the VM says {b}"
