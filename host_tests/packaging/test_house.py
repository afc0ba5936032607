"""The house rules: floors, rooms, sizes, and the cost of an import. docs/architecture.md has the table of floors."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import ridethrough
from ridethrough import Board
from ridethrough.boards.board import HOLDS, PORTS

PACKAGE = Path(ridethrough.__file__).parent
ROOT = PACKAGE.parents[1]
TESTS = ROOT / "host_tests"
LOOSE = {"runner", "version", "__init__", "__main__"}
APART = {"specimens", "shim"}  # MicroPython's own Python
NO_MIRROR = {"benchmarks", "fuzz", "lint", "packaging", "firmware"}


def floors():
    """Folder -> floor, as docs/architecture.md has it."""
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    return {room: int(n) for n, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if not APART & set(parts):
            yield path, ".".join(("ridethrough", *parts)).removesuffix(".__init__")


def imports(path, name, known):
    """The modules of the package that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            yield from (f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in known else node.module
                        for a in node.names)  # fmt: skip


def graph():
    every = {name: path for path, name in modules()}
    return {name: {m for m in imports(path, name, every) if m != name} for name, path in every.items()}


def room(name):
    return [*name.split("."), ""][1]


def test_no_import_runs_upwards():
    floor = floors()
    upwards = [
        (name, other)
        for name, others in graph().items()
        for other in others
        if room(name) not in ("", "__main__") and room(name) != room(other) and floor[room(other)] >= floor[room(name)]
    ]
    assert upwards == []


def test_every_folder_has_a_floor_and_nothing_lies_loose():
    rooms = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    loose = {p.stem for p in PACKAGE.glob("*.py")}
    assert loose == LOOSE
    assert rooms | (LOOSE - {"__init__", "__main__"}) == set(floors())


def test_no_module_imports_itself_in_a_circle():
    # a package and a module of its own are no circle: the package's names are asked for late
    edges = {name: {o for o in others if not name.startswith(f"{o}.")} for name, others in graph().items()}
    while leaves := {name for name, others in edges.items() if not others & edges.keys()}:
        edges = {name: others for name, others in edges.items() if name not in leaves}
    assert not edges, f"in a circle, or on the way to one: {sorted(edges)}"


def test_modules_are_short():
    lines = {name: len(path.read_text().splitlines()) for path, name in modules() if path.read_text().strip()}
    assert max(lines.values()) <= 400, max(lines, key=lines.get)
    assert statistics.median(lines.values()) <= 100


def test_the_tests_mirror_the_package():
    rooms = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    assert {p.parent.name for p in TESTS.glob("*/test_*.py")} <= rooms | NO_MIRROR
    assert not list(TESTS.glob("test_*.py"))


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda p: p.stem)
def test_no_test_file_imports_another(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        assert not [n for n in names if n.rpartition(".")[2].startswith("test_")]


def functions(path):
    """Each function of a board.py, without comments."""
    return {node.name: ast.dump(node) for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_the_boards_have_one_tail():
    """Each board.py is all that runs before any other file is opened, so they repeat each other: word for word."""
    found = [(Board.load(p.parent.name), functions(p)) for p in sorted(ROOT.glob("boards/*/board.py"))]
    assert len(found) >= 6
    assert len({(tail["_follow_mains"], tail["running"]) for _, tail in found}) == 1
    for kind in HOLDS:
        tails = [tail for board, tail in found if board.hold == kind]
        assert len({(tail["hold_set"], tail["hold_is_set"]) for tail in tails}) == 1, kind
    for port in PORTS:
        tails = [tail for board, tail in found if board.port == port]
        assert len({tail["ch_mv"] for tail in tails}) == 1, port


def loaded(*arguments):
    """The modules that a command has loaded when it is through."""
    program = (
        "import contextlib, io, sys\n"
        "from ridethrough.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({list(arguments)!r})\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def ours(names):
    return {n for n in names if n.startswith("ridethrough")}


def theirs(names):
    known = sys.stdlib_module_names | {"ridethrough"}
    # what an editable installation or a coverage tool brings along is not asked for by us
    bare = set(subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True,
                              check=True).stdout.split())  # fmt: skip
    return {n for n in names - bare if n.partition(".")[0] not in known and not n.startswith("__")}


def test_help_costs_the_command_line_alone():
    names = loaded("--help")
    assert theirs(names) == set()
    assert ours(names) <= {"ridethrough", "ridethrough.version", "ridethrough.cli", "ridethrough.cli.commands",
                           "ridethrough.support", "ridethrough.support.errors", "ridethrough.support.lazy"}  # fmt: skip
    assert not {"dataclasses", "inspect", "typing", "tomllib"} & names


def test_a_list_of_rules_costs_no_judge():
    names = loaded("rules", "list")
    assert theirs(names) == set()
    assert "ridethrough.rules.keys" in names and not {"ridethrough.rules.rule", "ridethrough.traces"} & names
    assert not {"dataclasses", "inspect"} & names


def test_a_capture_is_judged_without_the_emulator(tmp_path):
    (tmp_path / "t.csv").write_text("time [s],ch_mv\n" + "".join(f"{i},{12_000 - i % 2}\n" for i in range(9)))
    names = loaded("check", str(tmp_path / "t.csv"), "--at", "activation=1s", "--assume", "mains on", "--json")
    assert "ridethrough.traces.load" in names
    assert not {"greenlet", "littlefs", "mpremote", "cryptography", "hypothesis", "ridethrough.world.site"} & names
