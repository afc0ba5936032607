"""A boot is ended where another one has gone on from the same: nothing that it would have shown is lost."""

import random

import pytest
from ridethrough import Scenario, World
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.cpython.ram import digest
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.headend.client import ask
from ridethrough.headend.head_end import HeadEnd
from ridethrough.scenarios import Step
from ridethrough.sweep.crash_states import Memory
from ridethrough.sweep.explore import fresh_state
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.joined import APART_US, Rest, moment_key, pack_rests, unpack_rests
from ridethrough.sweep.recovery import recover
from ridethrough.sweep.setting import Setting
from ridethrough.sweep.watch import Watch
from ridethrough.world.mcu import Ticks
from ridethrough.world.site import Site
from support import PICO, REFERENCE, S

UP, BITE = Fault("power-up"), Fault("watchdog")


@pytest.fixture(scope="module")
def here():
    return Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE)


@pytest.fixture(scope="module")
def boots(here):
    """Some states one cut away, each with a boot from it that went on until it was at rest."""
    first = recover(here, fresh_state(here.scenario), UP)
    states = random.Random(3).sample(list(first.states.values()), 24)
    return [(state, fault, recover(here, state, fault)) for state in states for fault in (UP, BITE)]


def test_a_boot_that_is_ended_would_have_shown_nothing_new(here, boots):
    rests, shown, ended = {}, {}, 0
    for state, fault, whole in boots:
        again = recover(here, state, fault, rests=rests)
        if again.end is None:
            ended += 1
            # what it left out, the one that went on has shown: the same states, the same time, as many boots
            missing = whole.states.keys() - again.states.keys()
            assert missing <= shown.keys(), (state.path, fault)
            assert again.states.keys() < whole.states.keys() or not missing
            assert (again.boots, again.broken, again.heard) == (whole.boots, [], whole.heard)
            # but for what the same work took sooner or later in another boot, far less than what a bound is kept away
            assert abs(again.took_us - whole.took_us) < S < APART_US
            assert again.operations < whole.operations or not missing
        else:
            assert (again.states.keys(), again.took_us) == (whole.states.keys(), whole.took_us)
        shown |= again.states
        rests |= {key: rest for key, rest in again.rests.items() if key not in rests}
    assert ended > len(boots) // 10 and len(rests) > 5
    assert unpack_rests(pack_rests(rests)) == rests


def test_a_rest_that_would_pass_a_bound_is_run(here, boots):
    state, fault, whole = next(boot for boot in boots if boot[2].rests)
    plan = here.scenario.sweep
    near_us = plan.within_us - APART_US
    for rest in (Rest(near_us, 1, frozenset()), Rest(0, plan.boots, frozenset())):
        again = recover(here, state, fault, rests=dict.fromkeys(whole.rests, rest))
        assert again.end is not None and again.took_us == whole.took_us
    for took_us in (0, near_us - whole.took_us - S):
        quick = recover(here, state, fault, rests=dict.fromkeys(whole.rests, Rest(took_us, 0, frozenset())))
        assert quick.end is None


def test_what_broke_is_no_rest(here, monkeypatch):
    """Nobody goes by a boot in which something broke, also at its very end."""
    assert recover(here, fresh_state(here.scenario), UP).rests
    monkeypatch.setattr(Watch, "boot_log", lambda self, trace: self.report("log", "broke"))
    broken = recover(here, fresh_state(here.scenario), UP)
    assert [b.invariant for b in broken.broken] == ["log"] and broken.rests == {}


class Running:
    """A board that runs, and what moment_key is asked of it."""

    def __init__(self):
        self.site = Site(PICO, World(), CPythonGuest(), fresh_flash(REFERENCE, PICO))
        self.head_end = HeadEnd(self.site, (Step("ask", line="status"),), b"", again=True)
        self.site.run(5 * S)
        self.what, self.content, self.log, self.unstable = "reset watchdog", (b"content", (7, 3)), (20, 0), frozenset()
        self.memory, self.ram = Memory(), b"ram"

    def key(self):
        arguments = (self.what, self.content, self.log, self.unstable, self.memory, self.site, self.head_end, self.ram)
        return moment_key(*arguments)


CHANGES = {
    "what happens": {"what": "reset activation"},
    "files": {"content": (b"other", (7, 3))},
    "pages left": {"content": (b"content", (7, 2))},
    "length of the log": {"log": (22, 0)},
    "a block that reads unstably": {"unstable": frozenset({4})},
    "answers": {"memory": Memory(answers=((1, "0 version=2"),))},
    "least counter": {"memory": Memory(least_high=2)},
    "last command": {"memory": Memory(command_high=1)},
    "log entries": {"memory": Memory(logged=frozenset({"8F72"}))},
    "boots on trial": {"memory": Memory(trials=1)},
    "RAM": {"ram": b"other"},
}


@pytest.fixture(scope="module")
def running():
    return Running()


@pytest.mark.parametrize("change", CHANGES)
def test_moments_differ_where_anything_does(running, change):
    before = running.key()
    assert before is not None and before == running.key()
    was = dict(vars(running))
    vars(running).update(CHANGES[change])
    assert running.key() not in (before, None)
    vars(running).update(was)
    assert running.key() == before


def test_moments_differ_by_what_is_wired_and_who_waits():
    here = Running()
    before = here.key()
    here.site.mcu.wiring.latch = True
    latched = here.key()
    here.site.mcu.wiring.latch = False
    here.site.mcu.pin_configure(9, 1, 0, 1)
    pinned = here.key()
    here.site.run(here.site.clock.now_us + S)
    here.head_end.start(ask("status"), here.site.clock.now_us)
    here.site.run(here.site.clock.now_us + 2000)
    assert len({before, latched, pinned, here.key()}) == 4


def test_no_moment_where_the_hub_or_mains_may_matter():
    here = Running()
    assert here.key() is not None
    here.site.trace.set_wire("ac_lost", here.site.clock.now_us - 5, 1)
    assert here.key() is None
    here = Running()
    here.site.set_mains(False)
    here.site.run(here.site.clock.now_us + 1000)
    assert here.key() is None
    here.site.run(here.site.clock.now_us + 20 * S)
    here.site.set_mains(True)
    here.site.run(here.site.clock.now_us + 20 * S)
    # all is there again, but the hub was dark, and its store remembers
    seen = here.site.finish()
    assert seen.dark() and seen.wire_at("ac_lost", seen.end_us) == 0 and seen.texts["hub"][-1][1] == "joining"
    assert here.key() is None


def test_whose_cuts_are_wanted_goes_by_no_boot_whose_cuts_nobody_looked_at(here):
    start = fresh_state(here.scenario)
    unseen, seen = recover(here, start, UP, record=False), recover(here, start, UP)
    assert unseen.rests and seen.rests and not unseen.rests.keys() & seen.rests.keys()
    assert recover(here, start, UP, rests=unseen.rests).end is not None
    assert recover(here, start, UP, record=False, rests=unseen.rests).end is None
    assert recover(here, start, UP, record=False, rests=seen.rests).end is None


def test_other_faults_go_on_to_the_end(here):
    rests = recover(here, fresh_state(here.scenario), UP).rests
    assert rests
    for fault in (Fault("power-up", "bad", 3), Fault("power-up", "off", 8000), Fault("watchdog", "hold")):
        again = recover(here, fresh_state(here.scenario), fault, rests=rests)
        assert again.end is not None and again.rests == {}


def test_wrong_clocks_go_on_as_such(here):
    """A boot with a wrong clock is ended where one with the same has gone on, and by no other."""
    start = fresh_state(here.scenario)
    fast = recover(here, start, Fault("power-up", "fast"))
    assert fast.rests and recover(here, start, Fault("power-up", "fast"), rests=fast.rests).end is None
    for other in ("", "slow", "wrap"):
        assert recover(here, start, Fault("power-up", other), rests=fast.rests).end is not None


# --- RAM ---


def ram(source, kept=None):
    """The digest of a module with that source, executed as firmware is."""
    import types

    module = types.ModuleType("mine")
    module.__dict__.update(__name__="mine", Ticks=Ticks, kept=kept)
    exec(compile(source, "mine.py", "exec"), module.__dict__)
    return digest({"mine": module}, module.__dict__.get("frame"), {"mine.py"})


CLASS = """
class Slot:
    best = 1
    def __init__(self, n, other=None):
        self.n, self.other = n, other
    def gives(self):
        yield self.n
        yield 2
"""


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("x = 1", "x = 1", True),
        ("x = 1", "x = 2", False),
        ("x = 1", "x = True", False),
        ("x = 1", "y = 1", False),
        ("x = b'ab'", "x = bytearray(b'ab')", False),
        ("x = bytearray(b'ab')", "x = bytearray(b'ac')", False),
        # ticks are no part of it; what was computed from them is
        ("x = Ticks(5)", "x = Ticks(900)", True),
        ("x = Ticks(9) - Ticks(5)", "x = Ticks(9) - Ticks(6)", False),
        ("x = {'a': [Ticks(5), 0]}", "x = {'a': [Ticks(7), 0]}", True),
        ("x = {'a': [Ticks(5), 0]}", "x = {'a': [Ticks(5), 1]}", False),
        # objects, what they share, and who holds whom
        (CLASS + "a = Slot(1); b = Slot(1)", CLASS + "a = Slot(1); b = Slot(2)", False),
        (CLASS + "a = Slot(1); b = Slot(1)", CLASS + "a = Slot(1); b = a", False),
        (CLASS + "a = Slot(1); a.other = a", CLASS + "a = Slot(1); a.other = Slot(1, Slot(1))", False),
        (CLASS + "Slot.best = 2", CLASS + "Slot.best = 1", False),
        (CLASS + "a = Slot(1).gives", CLASS + "a = Slot(2).gives", False),
        (CLASS + "a = Slot(1).gives(); next(a)", CLASS + "a = Slot(1).gives()", False),
        (CLASS + "a = Slot(1).gives(); next(a)", CLASS + "a = Slot(1).gives(); next(a)", True),
        # functions by where they stand, and what they close over
        ("f = lambda: 1", "f = lambda: 1", True),
        ("def f(n):\n    return lambda: n\ng = f(1)", "def f(n):\n    return lambda: n\ng = f(2)", False),
        ("def f(n=1): pass", "def f(n=2): pass", False),
        ("x = {1, 2, 3}", "x = {3, 2, 1}", True),
        ("x = [(1, None)]", "x = [(1, 0)]", False),
        # where each function stands
        ("import sys\ndef f(n):\n    m = n\n    return sys._getframe()\nframe = f(1)",
         "import sys\ndef f(n):\n    m = n\n    return sys._getframe()\nframe = f(2)", False),
    ],
)  # fmt: skip
def test_ram_is_equal_where_what_the_firmware_holds_is(one, other, equal):
    assert (ram(one) == ram(other)) == equal


@pytest.mark.parametrize(
    "source",
    [
        "x = []\nfor _ in range(100000):\n    x = [x]",
        "class A: pass\nx = {A(), A()}",
        "class A:\n    __slots__ = ('n',)\nx = A()",
        "def f():\n    def g():\n        return later\n    yield g\n    later = 1\nx = next(f())",
    ],
)
def test_ram_that_nobody_can_follow_is_not_known(source):
    assert ram(source) is None
