"""Whatever a bench or a hostile world was asked to do is done, or is said not to be."""

import json

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from ridethrough import BadInput, World
from ridethrough.testing import Bench, Effect, HostileWorld
from ridethrough.testing.tally import rules_of
from ridethrough.world.hub_params import HubParams
from ridethrough.world.world import ClockError, Trouble
from support import ROOT, S

EXAMPLE = ROOT / "docs" / "examples" / "own_meter"
FEW = settings(
    max_examples=8, stateful_step_count=4, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
)

# a console that answers as the dictionary ANSWERS says, by the first word of a line
CONSOLE = """
import sys
print("* application 1")
line = b""
while True:
    c = sys.stdin.buffer.read(1)
    if c != b"\\n":
        line += c
        continue
    words, line = line.decode().split(), b""
    text = ANSWERS.get(words[0], "") if words else ""
    if text:
        print(text % (int(words[1]) + 1024) if "%d" in text else text)
"""
ANSWERS = {"answer": "OK none", "receive": "OK next=0", "block": "OK next=%d", "verify": "OK verified version=2"}
DEAF = "import time\nprint('* application 1')\nwhile True:\n    time.sleep(1)\n"


@pytest.fixture
def theirs(tmp_path):
    """A function: a bench with firmware that takes images and has this main.py."""

    def make(main):
        (tmp_path / "esme").mkdir()
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "application.py").write_text("\n")
        (tmp_path / "main.py").write_text(main)
        return Bench("rpi_pico", tmp_path)

    return make


def answering(answers):
    return f"ANSWERS = {answers!r}\n{CONSOLE}"


def versions(bench):
    return [e.data["version"] for e in bench.trace.events("application")]


def undone(bench):
    return bench.pending() + bench.no_effect()


# --- a push ---


def after_a_minute(bench):
    bench.wait(60)


def before_the_first_boot(bench):
    pass


def long_after_an_outage(bench):
    bench.wait(20)
    bench.mains(False)
    bench.wait(200)
    bench.mains(True)
    bench.wait(100)


def in_the_middle_of_a_start(bench):
    bench.wait(60)
    bench.press_reset()
    bench.wait(0.2)


@pytest.mark.parametrize(
    "before", [after_a_minute, before_the_first_boot, long_after_an_outage, in_the_middle_of_a_start]
)
@pytest.mark.parametrize("board", ["rpi_pico", "latch_pico"])
def test_a_push_arrives_whenever_it_is_asked_for(before, board):
    bench = Bench(board)
    before(bench)
    bench.push(2)
    assert [line.partition(" at ")[0] for line in bench.pending()] == ["push(2)"]
    bench.wait(60)
    assert versions(bench)[-1] == "2" and "* outcome 0 version=2" in bench.console
    assert any(line.startswith("OK next=8192") for line in bench.console)
    assert undone(bench) == [] and bench.broken() == []


@pytest.mark.parametrize("after_s", [0.5, 1, 2.4, 3.8, 4.6, 6])
def test_a_push_outlives_an_outage_in_its_middle(after_s):
    bench = Bench()
    bench.wait(60)
    bench.push(2)
    bench.wait(after_s)
    bench.mains(False)
    bench.wait(170)
    (line,) = bench.pending()
    assert line.startswith("push(2) at 60 s: "), line
    bench.converges()
    bench.wait(120)
    assert versions(bench)[-1] == "2" and undone(bench) == [] and bench.broken() == []


def test_a_push_without_power_waits_for_it():
    bench = Bench()
    bench.mains(False)
    bench.push(2)
    bench.wait(300)
    assert bench.pending() == ["push(2) at 0 us: no application runs"] and not bench.powered
    bench.mains(True)
    bench.wait(60)
    assert versions(bench) == ["1", "2"] and undone(bench) == []


@pytest.mark.parametrize("numbers", [(2, 3), (2, 3, 7), (5, 6)])
@pytest.mark.parametrize("apart_s", [0, 1.5, 30])
def test_pushes_come_one_after_the_other(numbers, apart_s):
    bench = Bench()
    bench.wait(60)
    for number in numbers:
        bench.push(number)
        bench.wait(apart_s)
    if apart_s < 30:
        assert bench.pending()[1] == f"push({numbers[1]}) at {60 + apart_s:g} s: " + (
            f"comes after version {numbers[0]}"
        )
    bench.wait(60)
    assert versions(bench) == ["1", *map(str, numbers)] and undone(bench) == [] and bench.broken() == []


def test_an_image_that_was_only_sent_is_activated_by_a_second_push():
    bench = Bench()
    bench.wait(60)
    bench.push(2, activate=False)
    assert bench.pending() == ["push(2, activate=False) at 60 s: not begun"]
    bench.wait(30)
    assert versions(bench) == ["1"] and undone(bench) == [] and "* phase verified" in bench.console
    bench.push(2)
    bench.wait(30)
    assert versions(bench) == ["1", "2"] and undone(bench) == []


@pytest.mark.parametrize("typed", [b"status\n", b"no such command\n", b"register\n"])
def test_a_push_bears_somebody_else_at_the_console(typed):
    bench = Bench()
    bench.wait(60)
    bench.push(2)
    for pause_s in (1.01, 1.03, 20):
        bench.type(typed)
        bench.wait(pause_s)
    assert versions(bench) == ["1", "2"] and undone(bench) == []


def test_an_older_version_is_refused_and_that_is_said():
    bench = Bench()
    bench.push(3)
    bench.wait(60)
    bench.push(2)
    bench.wait(60)
    (line,) = bench.no_effect()
    assert line.startswith("push(2) at 60 s: refused: 8F1C ") and bench.pending() == []
    bench.push(4)
    bench.wait(60)
    assert versions(bench) == ["1", "3", "4"] and len(undone(bench)) == 1


@pytest.mark.parametrize(
    "answers, said",
    [
        (dict.fromkeys(("answer", "receive"), "ERR go away"), "refused: go away"),
        (ANSWERS | {"verify": "ERR 8F1C hash"}, "refused: 8F1C hash"),
        (ANSWERS | {"verify": "OK whatever"}, "refused: the answer to verify is 'whatever'"),
        (ANSWERS | {"answer": "OK counter=99999999999"}, "refused: a counter of 99999999999"),
        (ANSWERS | {"receive": "OK"}, "refused: an answer without next=: "),
        (ANSWERS | {"command": "OK done"}, "refused: the answer to the activation is 'done'"),
        (
            ANSWERS | {"command": "OK outcome=3 version=1 counter=1"},
            "not activated: outcome=3 version=1 counter=1",
        ),
    ],
)
def test_what_a_console_refuses_has_no_effect(answers, said, theirs):
    bench = theirs(answering(answers))
    bench.wait(30)
    bench.push(2)
    bench.wait(60)
    assert bench.no_effect() == [f"push(2) at 30 s: {said}"] and bench.pending() == []


def mains_away_before_it_is_armed(bench):
    bench.wait(3.7)
    bench.mains(False)


def off_for_good(bench):
    bench.wait(1)
    bench.hold_fails()


@pytest.mark.parametrize(
    "board, then",
    [("bare_pico", before_the_first_boot), ("rpi_pico", mains_away_before_it_is_armed), ("rpi_pico", off_for_good)],
)
def test_an_activation_that_the_board_refuses_has_no_effect(board, then):
    bench = Bench(board)
    bench.wait(60)
    bench.push(2)
    then(bench)
    bench.wait(60)
    bench.converges()
    assert bench.no_effect() == ["push(2) at 60 s: not activated: outcome=3 version=1 counter=1"]
    assert versions(bench)[-1] == "1" and bench.pending() == []


@pytest.mark.parametrize(
    "main, said",
    [
        (DEAF, "no answer to 'answer'"),
        (answering({}), "no answer to 'answer'"),
        (answering({"answer": "OK none"}), "no answer to 'receive 8192 "),
        (answering(ANSWERS), "the activation is not answered"),
        ("import time\nwhile True:\n    time.sleep(1)\n", "no application runs"),
    ],
)
def test_what_is_never_answered_is_pending(main, said, theirs):
    bench = theirs(main)
    bench.wait(30)
    bench.push(2)
    bench.wait(100)
    assert bench.pending()[0].startswith(f"push(2) at 30 s: {said}") and bench.no_effect() == []


# --- the other calls ---


def ask(*calls):
    """Each call's name and arguments, one after the other."""

    def do(bench):
        for name, *arguments in calls:
            getattr(bench, name)(*arguments)

    return do


OFF = (("wait", 10), ("mains", False), ("wait", 10))
TWICE_OFF = (("mains", False), ("mains", False))
IDLE = {
    "mains on at the start": ((), ("mains", True), "mains is on already"),
    "mains on later": ((("wait", 10),), ("mains", True), "mains is on already"),
    "mains off in an outage": (OFF, ("mains", False), "mains is off already"),
    "a hub that was never off": ((), ("hub", True), "the hub is fitted already"),
    "a hub that is off": ((("hub", False),), ("hub", False), "the hub is off already"),
    "a hub that is back": ((("hub", False), ("wait", 1), ("hub", True)), ("hub", True), "the hub is fitted already"),
    "a brown-out before the start": ((), ("brown_out",), "the board has no supply"),
    "a brown-out in an outage": (OFF, ("brown_out",), "the board has no supply"),
    "a brown-out before the supply is up": (
        (*OFF, ("mains", True), ("wait", 0.01)),
        ("brown_out",),
        "the board has no supply",
    ),
    "the button before the start": ((), ("press_reset",), "the board has no supply"),
    "the button in an outage": (OFF, ("press_reset",), "the board has no supply"),
    "the button on a board that never had mains": (
        (("mains", False), ("wait", 10)),
        ("press_reset",),
        "the board has no supply",
    ),
    "a hold that has failed": ((("hold_fails",),), ("hold_fails",), "it has failed already"),
    "a hold that has failed long ago": (
        (("wait", 5), ("hold_fails",), ("wait", 5)),
        ("hold_fails",),
        "it has failed already",
    ),
    "a clock that stays": ((("wait", 10),), ("step_clock", 0), "a step of 0 s"),
    "a clock without supply": (OFF, ("step_clock", 5), "no firmware runs, and a start sets the clock anew"),
    "a clock in a start": (
        (("wait", 10), ("press_reset",), ("wait", 0.005)),
        ("step_clock", 5),
        "no firmware runs, and a start sets the clock anew",
    ),
    "typing before the start": ((), ("type", b"a\n"), "the board has no supply"),
    "typing in an outage": (OFF, ("type", b"a\n"), "the board has no supply"),
    "typing nothing": ((("wait", 10),), ("type", b""), "no bytes"),
    "a wait that is too short": ((), ("wait", 1e-9), "shorter than a microsecond"),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_changes_nothing_is_said_to_have_no_effect(name):
    before, call, why = IDLE[name]
    bench = Bench()
    ask(*before)(bench)
    assert undone(bench) == []
    ask(call)(bench)
    (line,) = bench.no_effect()
    shown = f"{call[0]}({', '.join(map(repr, call[1:]))})"
    assert line.startswith(f"{shown} at ") and line.endswith(f": {why}")
    assert bench.asked[-1].outcome() == (Effect.NONE, why) and bench.asked[-1].t_us == bench.now_us
    bench.wait(60)
    assert bench.no_effect() == [line] and bench.pending() == []


@pytest.mark.parametrize("board, failed", [("bare_pico", False), ("rpi_pico", True), ("esp32_devkit", True)])
def test_a_hold_that_is_not_there_cannot_fail(board, failed):
    world = World(troubles=(Trouble("hold fails", at_us=5 * S),)) if failed else World()
    bench = Bench(board, world=world)
    bench.wait(10)
    bench.hold_fails()
    why = "it has failed already" if failed else "the board has no hold"
    assert bench.no_effect() == [f"hold_fails() at 10 s: {why}"]


def test_what_does_something_is_done():
    bench = Bench()
    bench.wait(10)
    ask(("hub", False), ("hub", True), ("press_reset",), ("wait", 5), ("brown_out",), ("wait", 5))(bench)
    ask(("step_clock", -5), ("hold_fails",), ("type", b"status\n"), ("wait", 1), ("mains", False))(bench)
    # the supply outlives mains for a moment
    ask(("press_reset",), ("wait", 60), ("mains", True), ("wait", 30))(bench)
    assert undone(bench) == [] and all(asked.outcome() == (Effect.DONE, "") for asked in bench.asked)
    assert [e.data["kind"] for e in bench.trace.events("reset")][:3] == ["power-up", "button", "brown-out"]
    bench.converges()
    assert undone(bench) == [], "what converges() does is not asked for"


@pytest.mark.parametrize("call, wire", [(("mains", False), "mains"), (("hub", False), "ch_present")])
@pytest.mark.parametrize("wait_s", [0, 1, 60])
def test_what_is_asked_for_first_comes_after_the_worlds_first_moment(call, wire, wait_s):
    bench = Bench()
    bench.wait(wait_s)
    ask(call)(bench)
    bench.wait(60)
    since_us, until_us = bench.trace.when(wire, 0)[-1]
    assert since_us == wait_s * S and until_us == bench.now_us


@pytest.mark.parametrize("wait_s", [1, 20, 60])
def test_what_is_asked_for_comes_after_what_the_world_does_at_that_moment(wait_s):
    bench = Bench(world=World(mains=((0, True), (wait_s * S, False))))
    bench.wait(wait_s)
    assert not bench.powered
    bench.mains(True)
    bench.wait(10)
    assert bench.powered and undone(bench) == []


@pytest.mark.parametrize("seconds", [-1, -1e-9, float("nan"), float("inf")])
def test_time_does_not_run_backwards(seconds):
    bench = Bench()
    with pytest.raises(BadInput, match="a time of 0 s or more expected"):
        bench.wait(seconds)
    bench.wait(1)
    assert bench.now_us == bench.trace.end_us == S


@pytest.mark.parametrize("data", ["read\n", 5, None])
def test_only_bytes_are_typed(data):
    with pytest.raises(BadInput, match="bytes expected"):
        Bench().type(data)


# --- bytes that nobody reads ---


@pytest.mark.parametrize("data", [b"a", b"status\n", b"x" * 300])
def test_bytes_that_nobody_has_read_are_pending_until_a_reset_drops_them(data, theirs):
    bench = theirs(DEAF)
    bench.wait(30)
    bench.type(data)
    bench.wait(60)
    count = len(data)
    assert bench.pending() == [f"type({data!r}) at 30 s: {count} of {count} bytes are not read yet"]
    bench.press_reset()
    bench.wait(1)
    assert bench.no_effect() == [
        f"type({data!r}) at 30 s: {count} of {count} bytes were dropped before anybody read them"
    ]
    assert bench.pending() == []


@pytest.mark.parametrize("count", [1, 3, 5])
def test_of_some_bytes_it_is_said_how_many_were_read(count, theirs):
    bench = theirs(f"import sys\nsys.stdin.buffer.read({count})\n" + DEAF)
    bench.wait(30)
    bench.type(b"abc")
    bench.type(b"def")
    left = [max(0, min(3, 3 + 3 * i - count)) for i in range(2)]
    expected = [f"{n} of 3 bytes are not read yet" for n in left if n]
    assert [line.partition(" s: ")[2] for line in bench.pending()] == ["3 of 3 bytes are not read yet"] * 2
    bench.wait(1)
    assert [line.partition(" s: ")[2] for line in bench.pending()] == expected
    bench.mains(False)
    bench.wait(60)
    dropped = [f"{n} of 3 bytes were dropped before anybody read them" for n in left if n]
    assert [line.partition(" s: ")[2] for line in bench.no_effect()] == dropped and bench.pending() == []


@pytest.mark.every_guest
def test_what_firmware_reads_is_done_on_every_guest(guest):
    bench = Bench(guest=guest)
    bench.wait(10)
    bench.type(b"status\n")
    assert len(bench.pending()) == 1
    bench.wait(1)
    assert undone(bench) == []
    bench.close()


# --- the world's plan ---


@pytest.mark.parametrize(
    "world, what",
    [
        (World(mains=((0, True), (90 * S, False))), "'mains off': planned for 90 s"),
        (World(hub_fitted=((0, True), (90 * S, False))), "'hub out': planned for 90 s"),
        (World(converter=((90 * S, 11_000),)), "'converter 11000 mV': planned for 90 s"),
        (World(typed=((90 * S, b"status\n"),)), "'typed b'status\\n'': planned for 90 s"),
        (World(clock=ClockError(steps=((90 * S, 7),))), "'clock +7 s': planned for 90 s"),
        (World(troubles=(Trouble("hub out", at_us=90 * S, for_us=S),)), "'hub out': planned for 90 s"),
    ],
)
def test_what_the_world_has_planned_for_later_is_pending(world, what):
    bench = Bench(world=world)
    bench.wait(60)
    assert bench.pending() == [f"the world's {what}"] and bench.no_effect() == []
    bench.wait(30)
    assert undone(bench) == []


@pytest.mark.parametrize("phase", ["receive", "armed", "trial"])
def test_a_trouble_that_waits_for_a_phase_is_pending(phase):
    bench = Bench(world=World(troubles=(Trouble("hub out", when=phase, for_us=S),)))
    bench.wait(60)
    assert bench.pending() == [f"the world's 'hub out': phase '{phase}' has not come"]
    bench.push(2)
    bench.wait(60)
    assert undone(bench) == [] and len(bench.trace.when("ch_present", 0)) == 1


# --- a version that was not pushed ---


def test_a_version_can_be_declared_without_a_push(theirs, tmp_path):
    tmp_path = tmp_path / "own"
    tmp_path.mkdir()
    (tmp_path / "main.py").write_text(DEAF.replace("application 1", "application 7"))
    silent = Bench("rpi_pico", tmp_path)
    silent.wait(30)
    assert any(line.startswith("version: ") for line in silent.not_checked())
    assert not any(line.startswith("version") for line in silent.broken())
    for declared, broken in ((7, []), ("7", []), (2, ["version: 7 runs, which nobody has sent"])):
        bench = Bench("rpi_pico", tmp_path)
        bench.sent(declared)
        bench.wait(30)
        assert not any(line.startswith("version") for line in bench.not_checked())
        assert [line for line in bench.broken() if line.startswith("version")] == broken
    # what ran before it was sent has run unsent
    silent.sent(7)
    silent.wait(30)
    assert "version: 7 runs, which nobody has sent" in silent.broken()


@pytest.mark.parametrize("declared, broken", [((7,), False), (("7", 9), False), ((2,), True)])
def test_a_hostile_world_declares_versions_too(declared, broken, tmp_path):
    main = (EXAMPLE / "firmware" / "main.py").read_text()
    (tmp_path / "main.py").write_text(main.replace("application 1", "application 7"))

    class Theirs(HostileWorld):
        board, firmware, versions = EXAMPLE / "board", tmp_path, declared

    if broken:
        with pytest.raises(AssertionError, match="version: 7 runs, which nobody has sent"):
            run_state_machine_as_test(Theirs, settings=FEW)
    else:
        run_state_machine_as_test(Theirs, settings=FEW)


# --- a failure is told once, with one figure ---


@pytest.mark.parametrize("more_s", [1, 20, 300])
def test_a_figure_is_the_same_when_it_is_told_again(more_s):
    # the usual hub's capacitor would carry it over the 24 ms
    bench = Bench("bare_pico", world=World(hub=HubParams(capacitance_uf=470)))
    bench.wait(60)
    bench.press_reset()
    bench.wait(0.024)
    (first,) = bench.broken()
    assert first.startswith("darkness: ")
    us = bench.longest_dark_us()
    for _ in range(3):
        bench.press_reset()
        bench.wait(0.005)
    bench.wait(more_s)
    assert bench.longest_dark_us() > us and bench.broken() == [first]


@pytest.mark.parametrize("level", [0, 1])
def test_the_figure_of_ac_lost_is_the_same_too(level, theirs):
    bench = theirs(f"from machine import Pin\nPin(17, Pin.OUT, value={level})\n" + DEAF)
    bench.wait(10)
    if level:
        bench.mains(False)
    bench.wait(0.2)
    told = [line for line in bench.broken() if line.startswith("ac-lost: ")]
    bench.wait(60)
    assert [line for line in bench.broken() if line.startswith("ac-lost: ")] == told and (told or level)


def told(machine):
    """Every message of the failure, and of whatever stands behind it."""
    with pytest.raises(AssertionError) as error:
        run_state_machine_as_test(machine, settings=FEW)
    seen, found = error.value, []
    while seen is not None:
        found.append(str(seen))
        seen = seen.__context__
    return found


class Dark(HostileWorld):
    """Dark from the first reset on, and for longer at the end."""

    board = "bare_pico"

    @rule()
    def reset_now(self):
        dark(self)


class Mine(HostileWorld):
    """Fails in a rule, and would fail at the end."""

    @rule()
    def fails(self):
        self.bench.hold_fails()
        dark(self)
        raise AssertionError("mine")


class MineHolds(HostileWorld):
    """Fails in an invariant of its own, and would fail at the end."""

    board = "bare_pico"

    @invariant()
    def a_first_one(self):
        if hasattr(self, "bench"):
            dark(self)
            raise AssertionError("mine too")


@pytest.mark.parametrize("machine, text", [(Dark, "darkness: the hub"), (Mine, "mine"), (MineHolds, "mine too")])
def test_a_failure_is_told_once(machine, text):
    (found,) = told(machine)
    assert found.startswith(text) and found.count("darkness") == (machine is Dark)
    # and at the end it has the figure of the step
    (broken,) = HostileWorld.last.broken()
    assert broken.startswith("darkness: the hub") and (broken == found or machine is not Dark)
    # a step that failed was tried
    assert machine is not Mine or machine.effects()["fails"][1] > 0


@pytest.mark.parametrize("more", ["", "running = ", "if mwh < 0:\n    "])
def test_a_failure_of_the_end_is_told_once(more, tmp_path):
    main = (EXAMPLE / "firmware" / "main.py").read_text()
    shown = "Pin(19, Pin.OUT, value=0)"
    assert main.count(shown) == 1
    (tmp_path / "main.py").write_text(main.replace(shown, more + shown.replace("value=0", "value=1")))

    class Stuck(HostileWorld):
        board, firmware = EXAMPLE / "board", tmp_path

    assert told(Stuck) == ["converges: no application runs 2 min after the last trouble"]


def dark(machine):
    for _ in range(20):
        machine.bench.press_reset()
        machine.bench.wait(0.01)


def register_back(machine):
    for mwh in ("5", "4"):
        machine.bench.trace.add_event(machine.bench.now_us, "register", mwh=mwh)


def unsent_version(machine):
    machine.bench.trace.add_event(machine.bench.now_us, "application", version="9")


def origin(spoil, judge):
    """What Hypothesis tells failures apart by, of one that is found by this method of a machine."""
    found = []

    @settings(max_examples=1, deadline=None, database=None)
    @given(st.just(Dark))
    def drive(kind):
        machine = kind()
        machine.power_up(0)
        spoil(machine)
        with pytest.raises(AssertionError) as error:
            getattr(machine, judge)()
        last = error.traceback[-1]
        found.append((error.type, last.path, last.lineno))

    drive()
    return found[0]


def test_hypothesis_takes_each_invariant_for_one_failure_wherever_it_breaks():
    origins = {spoil: origin(spoil, "nothing_is_broken") for spoil in (dark, register_back, unsent_version)}
    assert len(set(origins.values())) == 3
    assert {spoil: origin(spoil, "teardown") for spoil in origins} == origins
    # as it is shown, it is an AssertionError
    assert {(kind.__module__, kind.__name__) for kind, _, _ in origins.values()} == {("builtins", "AssertionError")}


# --- how often each rule took effect ---


class Counted(HostileWorld):
    """With rules of its own that do something, nothing, and cannot be chosen."""

    says, asks = (b"status\n",), (b"register\n",)
    hold_off = False

    @rule()
    def already(self):
        self.bench.mains(self.bench.powered)

    @rule()
    def idle(self):
        pass

    @rule()
    def both(self):
        self.bench.hub(not self._fitted)
        self.bench.hub(self._fitted)

    @rule()
    def half(self):
        self.bench.step_clock(5)
        self.bench.step_clock(0)

    @precondition(lambda self: False)
    @rule(n=st.integers())
    def never_chosen(self, n):
        pass


STEPS = [
    *(("already", {}), ("idle", {}), ("half", {}), ("both", {}), ("idle", {}), ("hub_in_or_out", {})),
    *(("press_reset", {}), ("mains_off", {"ms": 10_000}), ("press_reset", {}), ("already", {}), ("wait", {"ms": 0})),
    *(("noise", {"noise": b"a"}), ("mains_on", {}), ("wait", {"ms": 20_000})),
]


def driven(kind):
    """Runs one machine through STEPS, as Hypothesis would."""

    @settings(max_examples=1, deadline=None, database=None)
    @given(st.just(kind))
    def drive(kind):
        machine = kind()
        machine.power_up(0)
        rules = {rule_.function.__name__: rule_.function for rule_ in rules_of(kind)}
        for name, arguments in STEPS:
            rules[name](machine, **arguments)
            machine.nothing_is_broken()
        machine.teardown()

    drive()
    return kind


@pytest.fixture(scope="module")
def counted():
    return driven(Counted)


def test_a_machine_reports_how_often_each_rule_took_effect(counted):
    assert counted.effects() == {
        **{"already": (0, 2), "both": (1, 1), "half": (0, 1), "idle": (0, 2), "never_chosen": (0, 0)},
        **{"brown_out": (0, 0), "dip": (0, 0), "hub_in_or_out": (1, 1), "mains_off": (1, 1), "mains_on": (1, 1)},
        **{"noise": (0, 1), "press_reset": (1, 2), "say": (0, 0), "wait": (1, 2), "asks": (10, 15)},
    }


def test_a_rule_that_never_took_effect_is_named(counted):
    assert list(counted._tally().lines()) == [
        "took effect: both 1 of 1, hub_in_or_out 1 of 1, mains_off 1 of 1, mains_on 1 of 1, press_reset 1 of 2, "
        "wait 1 of 2, asks 10 of 15",
        "never took effect: already 0 of 2 (mains(False) at 82.8 s: mains is off already)",
        "never took effect: half 0 of 1 (step_clock(0) at 60.4 s: a step of 0 s)",
        "never took effect: idle 0 of 2 (it asked nothing of the bench, and no time passed)",
        "never took effect: noise 0 of 1 (type(b'a\\n') at 83.2 s: the board has no supply)",
        "never took effect, as it was never tried: brown_out, dip, never_chosen, say",
    ]


def test_each_machine_is_counted_for_itself(counted):
    class Quiet(counted):
        says, asks, updates = (), (), True

    before = counted.effects()
    driven(driven(Quiet))
    assert counted.effects() == before
    assert set(Quiet.effects()) - set(before) == {"push"} and set(before) - set(Quiet.effects()) == {"say", "asks"}
    assert all(tried == 2 * before[name][1] for name, (_, tried) in Quiet.effects().items() if name != "push")


class Updated(HostileWorld):
    """Only pushes and waits."""

    updates = True


def test_a_hostile_world_really_pushes():
    run_state_machine_as_test(Updated, settings=settings(FEW, stateful_step_count=8))
    took, tried = Updated.effects()["push"]
    assert 0 < took == tried


# --- what pytest shows ---

TESTS = """
from hypothesis import settings
from hypothesis.stateful import precondition, rule
from ridethrough.testing import Bench, HostileWorld

class Machine(HostileWorld):
    @precondition(lambda self: False)
    @rule()
    def eclipse(self):
        pass

    def teardown(self):
        self.bench.mains(self.bench.powered)
        super().teardown()

TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=2, stateful_step_count=2, deadline=None, derandomize=True)

def test_natural_order_without_patience(make_bench):
    bench = make_bench()
    bench.wait(60)
    bench.mains(True)
    bench.push(2)

def test_all_is_done():
    Bench().wait(60)

def test_that_knows():
    bench = Bench()
    bench.mains(True)
    assert bench.no_effect()

def test_that_fails():
    bench = Bench()
    bench.push(3)
    bench.press_reset()
    assert not bench.pending()
"""
pytest_plugins = "pytester"


@pytest.fixture
def inner(pytester):
    """`pytester`; its tests run in this process, and leave a bench."""
    yield pytester
    Bench.last = None


def test_the_summary_and_a_failing_tests_report_say_what_was_not_done(inner):
    inner.makepyfile(TESTS)
    result = inner.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=4, failed=1)
    text = result.stdout.str()
    failed, summary = text.split("ridethrough: what was asked for, and what took effect")
    summary = summary.partition("short test summary")[0]
    summary = [line.partition("::")[2] for line in summary.splitlines() if "::" in line]
    assert "test_natural_order_without_patience: pending: push(2) at 60 s: not begun" in summary
    assert "test_natural_order_without_patience: no effect: mains(True) at 60 s: mains is on already" in summary
    (took,) = [line for line in summary if line.startswith("TestMachine::runTest: Machine: took effect: ")]
    (never,) = [line for line in summary if "Machine: never took effect, as it was never tried: " in line]
    assert "eclipse" in never and "eclipse" not in took
    # of a machine's last bench its rules speak
    assert {line.partition(":")[0] for line in summary} == {"TestMachine", "test_natural_order_without_patience"}
    assert not any("runTest: no effect" in line for line in summary)
    assert "pending: push(3) at 0 us: not begun" in failed
    assert "no effect: press_reset() at 0 us: the board has no supply" in failed


def test_what_a_report_carries_is_plain(inner):
    # with pytest-xdist it is sent from one process to another
    inner.makepyfile(TESTS)
    found = []
    plugin = type("Plugin", (), {"pytest_runtest_logreport": lambda self, report: found.append(report)})()
    inner.inline_run("-p", "no:cacheprovider", plugins=[plugin])
    carried = [report.ridethrough for report in found if getattr(report, "ridethrough", None)]
    assert len(carried) == 2 and json.loads(json.dumps(carried)) == carried


def test_long_lists_are_cut(inner):
    inner.makepyfile(
        """
        from ridethrough.testing import Bench

        def test_it():
            bench = Bench()
            for _ in range(20):
                bench.mains(True)
        """
    )
    result = inner.runpytest_inprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*test_it: and 12 more"])
    assert result.stdout.str().count("mains is on already") == 8
