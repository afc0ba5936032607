"""The pytest plugin of Ridethrough.

pytest loads this module wherever Ridethrough is installed, so it imports nothing of it until
somebody asks. docs/testing.md says what it offers.
"""

import select
import subprocess
import sys

import pytest

_PATIENCE_S = 60
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
def make_bench(request):
    """A function: `make_bench(board, firmware, guest=...)` -> Bench. The last one's trace is left beside the
    report of a test that fails."""
    from ridethrough.testing import Bench

    def make(*what, **how):
        bench = Bench(*what, **how)
        request.config.stash[_LAST] = bench
        return bench

    return make


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


_LAST = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test's timeline, its VCD, and the line that runs it again."""
    outcome = yield
    report = outcome.get_result()
    bench = item.config.stash.get(_LAST, None) or _last_of_a_machine()
    if report.when != "call" or not report.failed or bench is None:
        return
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
    lines += bench.not_checked()
    lines.append(f"again: pytest '{item.nodeid}'")
    report.sections.append(("ridethrough", "\n".join(lines)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Nothing of one test is shown for another."""
    item.config.stash[_LAST] = None
    if "ridethrough.testing.stateful" in sys.modules:
        sys.modules["ridethrough.testing.stateful"].HostileWorld.last = None


def _last_of_a_machine():
    # the last run of a state machine is the one that Hypothesis has shrunk
    stateful = sys.modules.get("ridethrough.testing.stateful")
    return stateful.HostileWorld.last if stateful else None
