"""The pytest plugin of Ridethrough.

pytest loads this module wherever Ridethrough is installed, so it imports nothing of it until
somebody asks. docs/testing.md says what it offers.
"""

import select
import subprocess
import sys

import pytest

_PATIENCE_S = 60
_LINES_MOST = 8
_GUESTS = ("cpython", "micropython")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """The marker, and Hypothesis's profile if it is asked for by name."""
    config.addinivalue_line("markers", "every_guest: run the test once on each guest, with the fixture `guest`")
    if config.getoption("--hypothesis-profile", None) == "ridethrough":
        import ridethrough.testing  # noqa: F401  (registers it)


def pytest_generate_tests(metafunc):
    """`every_guest` makes two tests of one."""
    if metafunc.definition.get_closest_marker("every_guest"):
        metafunc.parametrize("guest", _GUESTS, scope="session")


@pytest.fixture(scope="session")
def make_board():
    """A function: `make_board(name_or_directory)` -> Board."""
    from ridethrough import Board

    return lambda name="rpi_pico": Board.load(str(name))


@pytest.fixture(scope="session")
def make_world():
    """`make_world(**figures)` -> World."""
    from ridethrough import World

    return World


@pytest.fixture(scope="session")
def make_bench():
    """A function: `make_bench(board, firmware, guest=...)` -> Bench. The last one's trace is left beside the
    report of a test that fails."""
    from ridethrough.testing import Bench

    return Bench


@pytest.fixture(scope="session")
def virtual_board(tmp_path_factory):
    """A function: `virtual_board(board, firmware=...)` -> the port of a board that is served until the tests end,
    as fast as it goes. Needs Linux or macOS."""
    served = []

    def serve(board="rpi_pico", *, firmware=None):
        link = tmp_path_factory.mktemp("board") / "board"
        command = [sys.executable, "-m", "ridethrough", "board", "serve", "--link", str(link), "--speed", "max"]
        command += ["--board", str(board), *(["--firmware", str(firmware)] if firmware else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        served.append(process)
        if not select.select([process.stdout], [], [], _PATIENCE_S)[0] or not process.stdout.readline():
            process.kill()
            pytest.fail(f"no board was served: {process.communicate()[1].strip()}")
        return link

    yield serve
    for process in served:
        process.terminate()
        process.communicate(timeout=_PATIENCE_S)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What a test's benches did not do, for the summary; of a failed test also its timeline, its VCD, and the line
    that runs it again."""
    outcome = yield
    report = outcome.get_result()
    benches = sys.modules.get("ridethrough.testing.bench")
    bench = benches.Bench.last if benches else None
    if report.when != "call" or bench is None:
        return
    machines = _machines()
    # plain lines: with pytest-xdist a report travels between processes
    report.ridethrough = [f"{name}: {line}" for name, tally in machines.ran.items() for line in tally.lines()]
    if report.failed:
        report.sections.append(("ridethrough", "\n".join(_of_a_failure(item, bench))))
    elif bench is not machines.last:
        report.ridethrough += _cut(bench.unsaid())


def _machines():
    # there once a bench was made: the package imports all of the kit
    return sys.modules["ridethrough.testing.stateful"].HostileWorld


def _cut(lines):
    more = [f"and {len(lines) - _LINES_MOST} more"] if len(lines) > _LINES_MOST else []
    return lines[:_LINES_MOST] + more


def _of_a_failure(item, bench):
    from ridethrough.reports.timeline import Glyphs, happenings, strip
    from ridethrough.support.errors import BadInput
    from ridethrough.traces.vcd_out import write_vcd

    trace = bench.trace
    vcd = item.config.rootpath / "build" / f"{item.name[:80].replace('/', '_')}.vcd"
    lines = [line.plain for line in (*strip(trace, 100, Glyphs.for_encoding("ascii")), *happenings(trace))]
    try:
        write_vcd(trace, vcd)
        lines.append(f"trace  {vcd}")
    except BadInput as e:
        lines.append(f"no trace was written: {e}")
    undone = [*(f"pending: {line}" for line in bench.pending()), *(f"no effect: {line}" for line in bench.no_effect())]
    return [*lines, *_cut(undone), *bench.not_checked(), f"again: pytest '{item.nodeid}'"]


def pytest_terminal_summary(terminalreporter):
    """How often each rule of a state machine took effect, and what tests that passed asked for in vain."""
    reports = [r for group in terminalreporter.stats.values() for r in group if getattr(r, "ridethrough", None)]
    if reports:
        terminalreporter.section("ridethrough: what was asked for, and what took effect")
    for report in reports:
        for line in report.ridethrough:
            terminalreporter.line(f"{report.nodeid}: {line}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Nothing of one test is shown for another."""
    if "ridethrough.testing.stateful" in sys.modules:
        machines = _machines()
        machines.last = sys.modules["ridethrough.testing.bench"].Bench.last = None
        machines.ran.clear()
