"""The reference firmware as a whole: what it does with good and bad images, commands and applications."""

import struct

import pytest
from ridethrough import Firmware, HubParams, World
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.headend import client
from ridethrough.headend.head_end import HeadEnd
from ridethrough.images import EMULATED, activation_command
from ridethrough.images.layout import COMMAND, COMMAND_MAGIC, DATE_CANCEL
from ridethrough.scenarios import Step
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.world import Trouble
from support import (
    BARE,
    LATCH,
    PICO,
    REFERENCE,
    S,
    application,
    codes,
    guests,
    image,
    lines,
    outcomes,
    resets,
    run_steps,
    running_version,
    update,
    with_main,
)

GOOD = "def run(meter):\n    meter.confirm()\n    while True:\n        meter.poll(50)\n"


def faults(trace):
    return [dict(e.data) for e in trace.events("fault")]


# --- the plain update, board by board ---


@pytest.mark.parametrize("board", [PICO, LATCH], ids=lambda b: b.name)
def test_a_held_board_rides_through(board):
    trace = update(image(board), board)
    assert trace.dark_us() == 0 and trace.events("ad1") == []
    assert resets(trace) == ["power-up", "activation"]
    assert outcomes(trace) == [("0", "2")]
    assert codes(trace) == ["E003", "8F72", "8F43"]
    assert trace.wires["ac_lost"] == [(0, 1), (300_000, 0)]
    assert trace.wires["ch_enable"] == [(0, 0), (trace.wires["ch_enable"][1][0], 1)]
    assert faults(trace) == []


def test_the_latch_stands_from_the_first_statements_of_board_py_on():
    site_latch = {}
    trace = run_with_probe(LATCH, image(LATCH), lambda site: site.mcu.wiring.latch, site_latch)
    boot = trace.events("boot")[0].t_us
    before = [v for t, v in site_latch.items() if t < boot]
    after = [v for t, v in site_latch.items() if t > boot + 60_000]
    assert before and not any(before)
    assert len(after) > 1000 and all(after)


def test_a_watchdog_bite_between_updates_does_not_drop_a_held_rail():
    for board, held in ((PICO, True), (LATCH, True), (BARE, False)):
        trace = run_steps(Step("hard reset", 20 * S), board=board)
        low = [b - a for a, b in trace.voltages["ch_mv"].below(10_800, trace.end_us) if a > 10 * S]
        assert (low == []) == held, board.name


def run_with_probe(board, push, probe, seen, seconds=25):
    """An update in which `probe(site)` is sampled every 10 ms into `seen`."""
    from ridethrough.guests.cpython import CPythonGuest
    from ridethrough.world.clock import Order
    from ridethrough.world.site import Site

    site = Site(board, World(), CPythonGuest(), fresh_flash(REFERENCE, board))
    HeadEnd(site, (Step("push", 3 * S), Step("activate")), push)
    for t_us in range(0, seconds * S, 10_000):
        site.clock.at(t_us, Order.WORLD, lambda t_us=t_us: seen.__setitem__(t_us, probe(site)))
    site.run(seconds * S)
    trace = site.finish()
    site.close()
    return trace


def test_a_board_without_a_hold_refuses():
    trace = update(image(BARE), BARE)
    assert trace.dark_us() == 0
    assert outcomes(trace) == [("3", "1")]
    assert resets(trace) == ["power-up"]
    assert running_version(trace) == 1


def test_a_bare_board_that_is_reset_all_the_same_reboots_its_hub():
    """The gap that the refusal avoids: no AD1, but the worst hub falls to 0 V and boots again."""
    hub = HubParams(capacitance_uf=470, average_mw=5000)
    trace = run_steps(Step("hard reset", 40 * S), board=BARE, seconds=80, hub=hub)
    assert trace.events("ad1") == []
    assert trace.dark_us() > 5_000
    states = [state for t_us, state in trace.texts["hub"] if t_us > 39 * S]
    assert states[0] == "store" and "boot" in states
    assert min(trace.voltages["hub_mv"].mv_at(t) for t in range(40 * S, 40 * S + 60_000, 100)) < 1_000


def test_the_same_reset_on_a_held_board_is_not_noticed():
    hub = HubParams(capacitance_uf=470, average_mw=5000)
    trace = run_steps(Step("hard reset", 40 * S), board=PICO, seconds=60, hub=hub)
    assert trace.dark_us() == 0 and resets(trace) == ["power-up", "watchdog"]
    assert "81B3" in codes(trace)


@pytest.mark.parametrize("board", [PICO, LATCH], ids=lambda b: b.name)
def test_a_hold_that_is_broken_beforehand_is_found_by_test(board):
    """The numbers say that the board holds; only trying shows that it does not."""
    trace = update(image(board), board, troubles=(Trouble("hold fails", at_us=2 * S),))
    assert outcomes(trace) == [("3", "1")]
    assert any("enable falls when undriven" in x or "does not read back" in x for x in lines(trace))
    assert trace.dark_us() == 0


def test_rail_and_ac_lost_are_driven_before_any_other_file_is_opened(monkeypatch):
    from ridethrough.guests.cpython import files

    order = []
    opened = files.LfsFile.__init__

    def spy(self, owner, path, mode):
        order.append(path)
        opened(self, owner, path, mode)

    from ridethrough.world.pins import Pins

    configured = Pins.configure

    def pin_spy(self, gpio, *how):
        order.append(gpio)
        configured(self, gpio, *how)

    monkeypatch.setattr(files.LfsFile, "__init__", spy)
    monkeypatch.setattr(Pins, "configure", pin_spy)
    run_steps(seconds=4)
    assert order[: order.index(17) + 1] == ["/boot.py", "/board.py", 16, 18, 17]


def test_no_preflight_without_a_hub():
    """No hub fitted: there is nothing to hold, so even the bare board may update."""
    trace = update(image(BARE), BARE, hub_fitted=((0, False),))
    assert outcomes(trace) == [("0", "2")]


def test_an_activation_while_mains_is_lost_is_refused():
    """The supply outlives mains by 100 ms: the command is verified within them, and must not arm."""
    push = image()
    plain = run_steps(Step("push", 3 * S), Step("activate", 10 * S), push=push, seconds=14)
    lost_us = plain.events("command")[0].t_us - 50_000
    mains = ((0, True), (lost_us, False), (lost_us + 80_000, True))
    trace = run_steps(Step("push", 3 * S), Step("activate", 10 * S), push=push, seconds=30, mains=mains)
    assert outcomes(trace) == [("3", "1")]
    assert any("mains lost" in line for line in lines(trace))
    assert resets(trace) == ["power-up"] and trace.dark_us() == 0


# --- applications that misbehave ---

BAD_APPLICATIONS = {
    "raises at import": "1 / 0\ndef run(meter):\n    pass\n",
    "raises": "def run(meter):\n    raise ValueError('no')\n",
    "returns": "def run(meter):\n    pass\n",
    "exits": "import sys\ndef run(meter):\n    sys.exit()\n",
    "has no run": "x = 1\n",
    "hangs": "def run(meter):\n    while True:\n        pass\n",
    "sleeps for ever": "import time\ndef run(meter):\n    while True:\n        time.sleep(100)\n",
    "swallows everything": "def run(meter):\n    while True:\n        try:\n            1 / 0\n        except:\n"
    "            pass\n",
    "never confirms": "def run(meter):\n    while True:\n        meter.poll(50)\n",
    "feeds for ever": "import time\ndef run(meter):\n    while True:\n        meter.feed()\n        time.sleep(1)\n",
    "feeds by itself": "import time\nfrom machine import WDT\nw = WDT(timeout=8000)\n"
    "def run(meter):\n    while True:\n        w.feed()\n        time.sleep(1)\n",
    "soft-resets": "import machine\ndef run(meter):\n    machine.soft_reset()\n",
    "eats the heap": "def run(meter):\n    raise MemoryError\n",
    "syntax": "def run(meter:\n",
}


@pytest.mark.parametrize("name", BAD_APPLICATIONS)
def test_a_bad_application_is_rolled_back(name):
    trace = update(image(files=application(BAD_APPLICATIONS[name])), seconds=220)
    assert outcomes(trace)[-1] == ("3", "1")
    assert running_version(trace) == 1
    assert "E001" in codes(trace)
    assert trace.dark_us() == 0 and trace.events("ad1") == []
    boots_on_trial = [r for r in resets(trace) if r != "power-up"]
    assert len(boots_on_trial) <= 5


def test_hanging_costs_watchdog_resets_and_then_the_old_slot_comes_back():
    trace = update(image(files=application(BAD_APPLICATIONS["hangs"])), seconds=80)
    assert resets(trace) == ["power-up", "activation", "watchdog", "watchdog", "watchdog"]
    assert any("not confirmed in 3 boots" in x for x in lines(trace))


def test_the_confirmed_slot_is_given_up_after_repeated_failures():
    """An application that confirmed itself and then only crashes: the other slot takes over."""
    source = (
        "import os\ndef run(meter):\n    try:\n        os.stat('/seen')\n"
        "    except OSError:\n        open('/seen', 'w').close()\n        meter.confirm()\n    raise ValueError\n"
    )
    trace = update(image(files=application(source)), seconds=60)
    assert "E006" in codes(trace)
    assert running_version(trace) == 1


# --- flash contents that are not what they should be ---


def damaged(board=PICO, after=None, **changes):
    """A reference firmware whose fresh flash has other contents: path -> bytes, None to leave it out."""
    files = {k: v for k, v in (dict(REFERENCE.fresh_board(board)) | changes).items() if v is not None}
    return Firmware("damaged", files, {})


def flash_after(trace):
    chip = FlashChip(ChipParams.of(PICO))
    chip.data[:] = trace.notes["flash"]
    fs = FlashFs(chip)
    fs.mount()
    return chip, fs


def run_on_flash(flash, seconds=20, operation=None):
    from ridethrough.guests.cpython import CPythonGuest
    from ridethrough.world.site import Site

    site = Site(PICO, World(), CPythonGuest(), flash)
    if operation:
        HeadEnd(site, (), b"").start(operation, 5 * S)
    site.run(seconds * S)
    trace = site.finish()
    site.close()
    trace.notes.update(console=site.mcu.console.log, flash=bytes(site.mcu.chip.data))
    return trace


def test_a_slot_that_changed_since_it_was_verified_is_not_run():
    trace = update(image(), seconds=25)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})
    again = run_on_flash(bytes(chip.data))
    assert "8F1B" in codes(again) and "E006" in codes(again)
    assert running_version(again) == 1


def test_the_record_is_rebuilt_from_signatures_and_the_newest_wins():
    trace = update(image(), seconds=25)
    chip, fs = flash_after(trace)
    fs.write_files({"/boot.rec": b"gone"})
    again = run_on_flash(bytes(chip.data))
    assert "E003" in codes(again)
    assert running_version(again) == 2


def test_without_any_image_the_console_still_takes_one():
    firmware = Firmware("empty", {k: v for k, v in damaged().files.items() if k != "/slot_a.img"}, {})
    push = image()
    trace = run_steps(Step("push", 3 * S), Step("activate"), firmware=firmware, push=push, seconds=30)
    assert outcomes(trace) == [("0", "2")]
    assert trace.dark_us() == 0


def test_a_flash_that_does_not_mount_is_formatted_by_the_port_and_the_rail_stays_on():
    trace = run_on_flash(b"\x00" * (PICO.block_bytes * PICO.blocks), seconds=10)
    assert faults(trace) == [{"kind": "format"}]
    assert trace.wires["ch_enable"][-1][1] == 1  # by the pull-up alone


def test_a_missing_key_means_that_nothing_verifies():
    firmware = damaged(**{"/esme/supplier.pub": None})
    trace = run_steps(firmware=firmware, seconds=10)
    assert running_version(trace) == 0


# --- commands ---


class Talk:
    """A head-end that says given lines and keeps the answers."""

    def __init__(self, *said, push=b"", board=PICO, seconds=40, **world):
        self.answers = []

        def operation():
            for line in said:
                if callable(line):
                    self.answers.append((yield from line(self)))
                else:
                    self.answers.append((yield client.Request(line, 6 * S)))
            return ""

        self.trace = self._run(operation, board, seconds, world)

    def _run(self, operation, board, seconds, world):
        from ridethrough.guests.cpython import CPythonGuest
        from ridethrough.world.site import Site

        site = Site(board, World(**world), CPythonGuest(), fresh_flash(REFERENCE, board))
        end = HeadEnd(site, (), b"")
        end.start(operation(), 3 * S)
        site.run(seconds * S)
        trace = site.finish()
        site.close()
        trace.notes.update(console=site.mcu.console.log)
        return trace


def pushed(data):
    def operation(talk):
        return (yield from client.push(data))

    return operation


def command_line(signed):
    import base64

    return "command " + base64.b64encode(signed).decode()


def signed_command(push, counter=1, board_id=PICO.unique_id, date=0, key=EMULATED.supplier):
    return activation_command(push, board_id, counter, key, date)


def test_outcome_1_without_an_image_and_2_for_another_hash():
    push = image()
    talk = Talk(command_line(signed_command(push)), pushed(push), command_line(signed_command(image(version=3), 2)))
    assert talk.answers[0] == "OK outcome=1 version=1 counter=1"
    assert talk.answers[2] == "OK outcome=2 version=1 counter=2"
    assert resets(talk.trace) == ["power-up"]


def test_a_repeated_command_gets_the_stored_answer_and_an_older_one_none():
    push = image()
    second = command_line(signed_command(push, 2))
    talk = Talk(pushed(push), second, second, second, command_line(signed_command(push, 1)), "answer", seconds=60)
    assert talk.answers[1] is None  # it resets instead of answering
    assert talk.answers[2] == talk.answers[3] == "OK outcome=0 version=2 counter=2"
    assert talk.answers[4] == "ERR counter 1, last was 2"
    assert talk.answers[5] == "OK outcome=0 version=2 counter=2"
    assert resets(talk.trace) == ["power-up", "activation"]


def test_another_command_with_the_same_counter_is_refused():
    push = image()
    first, other = (signed_command(push, 3, date=date) for date in (1_900_000_000, 1_900_000_001))
    talk = Talk(pushed(push), command_line(first), command_line(other), command_line(first))
    assert talk.answers[1:] == ["OK pending counter=3", "ERR counter 3, last was 3", "OK pending counter=3"]


def test_commands_that_are_refused_change_nothing():
    push = image()
    good = signed_command(push, 1)
    broken = good[:-1] + bytes([good[-1] ^ 1])
    other_signer = signed_command(push, 1, key=EMULATED.maker)
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, board_id=b"12345678")),
        command_line(broken),
        command_line(other_signer),
        command_line(good[:-1]),
        command_line(b"x" * len(good)),
        "command ???",
        "answer",
        seconds=40,
    )
    assert talk.answers[1:] == [
        "ERR for another board",
        "ERR signature",
        "ERR signature",
        "ERR length 123, a command has 124",
        "ERR not an activation command",
        "ERR length 0, a command has 124",
        "OK none",
    ]


def test_a_dated_command_waits_for_a_clock_that_was_set():
    """The board's clock starts in 2021: a date in 2020 is past by it, and still nothing happens."""
    push = image()
    date = 1_580_000_000
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, date=date)),
        "status",
        f"clock {date - 5}",
        "status",
        seconds=40,
    )
    assert talk.answers[1] == "OK pending counter=1"
    assert "phase=scheduled" in talk.answers[2] and "phase=scheduled" in talk.answers[4]
    assert outcomes(talk.trace) == [("0", "2")]


def test_an_overdue_command_is_acted_on_as_soon_as_the_clock_is_set():
    push = image()
    date = 1_900_000_000
    talk = Talk(pushed(push), command_line(signed_command(push, 1, date=date)), f"clock {date + 100}", seconds=40)
    assert outcomes(talk.trace) == [("0", "2")]
    assert codes(talk.trace)[-2:] == ["8F43", "8F66"]


def test_a_dated_activation_that_fails_says_so():
    push = image(files=application(BAD_APPLICATIONS["raises"]))
    dated = command_line(signed_command(push, 1, date=1_900_000_000))
    talk = Talk(pushed(push), dated, "clock 1900000000", seconds=60)
    assert outcomes(talk.trace) == [("3", "1")]
    assert "8F67" in codes(talk.trace)


def test_a_dated_command_can_be_cancelled():
    push = image()
    date = 1_900_000_000
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, date=date)),
        command_line(signed_command(push, 2, date=DATE_CANCEL)),
        f"clock {date + 100}",
        seconds=40,
    )
    assert talk.answers[2] == "OK outcome=0 version=1 counter=2"
    assert resets(talk.trace) == ["power-up"]


def test_the_command_is_what_the_docs_say():
    signed = signed_command(image(), 7)
    magic, board_id, counter, _, date = COMMAND.unpack(signed[:-64])
    assert (magic, board_id, counter, date) == (COMMAND_MAGIC, PICO.unique_id, 7, 0)


HOSTILE = [
    "clock -1", "clock 9223372036854775807", "clock " + "9" * 40, "clock x", "block -5 0 AAAA", "block 0 0 AAAA",
    "receive 99999999999999999999 00", "receive -1 " + "0" * 32, "receive 4000 zz", "command", "command " + "A" * 1300,
    "verify now", "reset now and then", "log " + "x" * 900, "help", "\x00\x01\x02", "caf\u00e9", "x" * 3000, " ",
    "answer",
]  # fmt: skip


@pytest.mark.parametrize("guest_name", guests())
def test_hostile_lines_change_nothing(guest_name):
    typed = tuple((4 * S + i * 100_000, line.encode() + b"\n") for i, line in enumerate(HOSTILE) if "reset" not in line)
    trace = run_steps(seconds=12, guest_name=guest_name, typed=typed)
    assert resets(trace) == ["power-up"] and "E002" not in codes(trace)
    assert sum(line.startswith("ERR") for line in lines(trace)) >= 13


# --- what an attack on the firmware has found ---

CONFIRMS_AND_CRASHES = (
    "def run(meter):\n    meter.confirm()\n    for _ in range(100):\n        meter.poll(50)\n    raise ValueError\n"
)


def test_fallback_goes_only_to_an_image_that_has_confirmed_itself():
    """An image was pushed but never commanded; then the running application only crashes."""
    once = (
        "import os\ndef run(meter):\n    try:\n        os.stat('/seen')\n    except OSError:\n"
        "        open('/seen', 'w').close()\n        meter.confirm()\n"
        "        for _ in range(400):\n            meter.poll(50)\n    raise ValueError\n"
    )
    first, second = image(files=application(once)), image(files=application(GOOD), version=3, counter=3)
    talk = Talk(pushed(first), command_line(signed_command(first)), pushed(second), seconds=120)
    assert talk.answers[2].startswith("verified version=3")
    versions = [e.data["version"] for e in talk.trace.events("application")]
    assert versions.count("2") >= 4 and versions[-1] == "0" and "3" not in versions


def test_an_image_that_does_not_match_any_more_can_be_sent_again():
    trace = update(image(), seconds=25)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})
    again = run_on_flash(bytes(chip.data), operation=client.push(image()))
    assert "8F1B" in codes(again)
    assert "OK next=0" in lines(again) and any("OK verified version=2" in line for line in lines(again))


@pytest.mark.parametrize("guest_name", guests())
def test_the_boots_of_a_trial_are_counted_no_further_than_matters(guest_name):
    """The count is a byte, and a reset before the rollback is written counts once more each time."""
    source = (
        "from esme import bootrec, start\nrec = bootrec.Record()\nrec.phase = bootrec.TRIAL\n"
        "for i in range(300):\n    start.account(rec)\nrec.save()\nprint(bootrec.load().attempts)\n"
    )
    said = lines(run_steps(firmware=with_main(source), seconds=30, guest_name=guest_name))
    assert said[-1] == "4", said[-3:]


def test_an_image_that_changed_before_its_trial_can_be_sent_again():
    push = image()
    trace = run_steps(Step("push", 3 * S), push=push, seconds=12)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})

    def operation():
        yield from client.await_outcome(signed_command(push))
        return (yield from client.push(push))

    again = run_on_flash(bytes(chip.data), seconds=40, operation=operation())
    assert outcomes(again) == [("3", "1")] and "8F1B" in codes(again)
    assert "OK next=0" in lines(again) and any("OK verified version=2" in line for line in lines(again))


def test_ac_lost_follows_mains_while_the_firmware_boots():
    """Nothing polls during the imports and hashes of a boot: the interrupt does it."""
    off_us = 20 * S + 200_000
    mains = ((0, True), (off_us, False), (off_us + 90_000, True))
    trace = run_steps(Step("hard reset", 20 * S), seconds=30, mains=mains)
    (high,) = [i for i in trace.when("ac_lost", 1) if i[0] > S]
    assert 0 <= high[0] - off_us < 1_000 and 0 <= high[1] - off_us - 90_000 < 1_000
    assert resets(trace) == ["power-up", "watchdog"]


def test_ac_lost_that_an_application_drives_wrongly_is_put_right():
    source = (
        "import board\ndef run(meter):\n    meter.confirm()\n    for _ in range(100):\n        meter.poll(50)\n"
        "    board.ac_ok.value(0)\n    while True:\n        meter.poll(50)\n"
    )
    trace = update(image(files=application(source)), seconds=25)
    (high,) = [i for i in trace.when("ac_lost", 1) if i[0] > S]
    assert high[1] - high[0] < 1_000


def test_a_pushed_image_is_not_taken_for_the_one_in_the_other_slot():
    push = image()
    talk = Talk(pushed(push), command_line(signed_command(push)), command_line(signed_command(push)), pushed(push))
    assert talk.answers[3].startswith("verified version=2")


def test_recovery_ends_and_tries_again():
    """One image only, and it crashes: the console is served for a while, then it gets another chance."""
    crashing = image(files=application(BAD_APPLICATIONS["raises"]), version=1)
    firmware = Firmware("crashing", dict(REFERENCE.fresh_board(PICO)) | {"/slot_a.img": crashing}, {})
    trace = run_steps(firmware=firmware, seconds=650)
    versions = [e.data["version"] for e in trace.events("application")]
    assert versions[:6] == ["1", "1", "1", "1", "0", "1"]


def test_a_crash_on_the_latch_board_is_held_too():
    crashing = (
        "def run(meter):\n    meter.confirm()\n    for _ in range(400):\n        meter.poll(50)\n    raise ValueError\n"
    )
    push = image(LATCH, files=application(crashing))
    trace = update(push, LATCH, seconds=40, hub=HubParams(capacitance_uf=470, average_mw=5000))
    assert "crash" in resets(trace)
    assert trace.dark_us() == 0


def test_a_trial_that_lets_go_of_the_rail_ends_at_the_budget():
    for keep in ("meter.feed()", "w.feed()"):
        source = (
            "import time, board\nfrom machine import WDT, Pin\nw = WDT(timeout=8000)\ndef run(meter):\n"
            "    while True:\n        board.ch_enable.init(Pin.OUT, value=0)\n"
            f"        {keep}\n        time.sleep_ms(500)\n"
        )
        trace = update(image(files=application(source)), seconds=150)
        assert outcomes(trace) == [("3", "1")], keep
        assert 55 * S < trace.dark_us() < 66 * S, keep
        assert any("dark 6" in line for line in lines(trace)), keep


def test_a_metrology_part_that_is_silent_for_a_while_is_no_crash(monkeypatch):
    from ridethrough.world.metrology import Metrology

    read = Metrology.read
    silent = range(15 * S, 25 * S)
    monkeypatch.setattr(Metrology, "read", lambda self, *a: None if self._clock.now_us in silent else read(self, *a))
    trace = update(image(), seconds=40)
    assert "E002" not in codes(trace) and "crash" not in resets(trace)
    assert codes(trace).count("E008") <= 2 and "E008" in codes(trace)


@pytest.mark.parametrize("after_ms", [1, 30, 100, 200, 300, 450])
def test_ctrl_c_during_a_boot_does_nothing(after_ms):
    reset_us = 10 * S
    trace = run_steps(Step("hard reset", reset_us), seconds=30, typed=((reset_us + after_ms * 1000, b"\x03"),))
    assert resets(trace) == ["power-up", "watchdog"]
    assert len(trace.events("application")) == 2


def test_a_cancelled_activation_is_idle_again():
    push = image()
    dated, cancel = (signed_command(push, n, date=d) for n, d in ((1, 1_900_000_000), (2, DATE_CANCEL)))
    talk = Talk(pushed(push), command_line(dated), command_line(cancel))
    assert [phase for _, phase in talk.trace.texts["phase"]][-2:] == ["scheduled", "idle"]


# --- versions, counters, orders, hardware ---


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"hardware": 0x0102}, "for hardware 0102"),
        ({"follows": (2, 9)}, "follows versions 2..9, running 1"),
        ({"counter": 0}, "security counter 0, least allowed 1"),
        ({"resident": 2}, "needs resident library 2"),
    ],
)
def test_an_image_that_must_not_follow_is_refused(spec, why):
    trace = update(image(**spec), seconds=15)
    assert "8F1C" in codes(trace) and "8F72" not in codes(trace)
    assert any(why in x for x in lines(trace)), lines(trace)
    assert outcomes(trace) == [("1", "1")]


def test_an_image_that_is_too_large_for_the_slot_is_refused_by_name():
    trace = update(image(files=REFERENCE.application | {"big.bin": bytes(300_000)}), seconds=15)
    assert trace.notes["answers"][0][1].endswith(f"the slot holds {PICO.slot_bytes}")


def test_the_least_counter_rises_at_confirm_and_then_binds():
    later = image(files=application(GOOD), version=3, counter=5)
    earlier = image(files=application(GOOD), version=4, counter=4)
    talk = Talk(
        pushed(later),
        command_line(signed_command(later, 1)),
        command_line(signed_command(later, 1)),
        lambda talk: refused(pushed(earlier)(talk)),
        seconds=60,
    )
    assert talk.answers[2] == "OK outcome=0 version=3 counter=1"
    assert talk.answers[3] == "8F1C security counter 4, least allowed 5"


def refused(operation):
    try:
        return (yield from operation)
    except client.Refused as e:
        return str(e)


# --- the register ---


def test_the_register_counts_on_through_the_reset_and_never_goes_back():
    talk = Talk("register", pushed(image()), command_line(signed_command(image())), "register", "register")
    readings = [int(a.split("=")[1]) for a in talk.answers if a and "mwh" in a]
    assert readings == sorted(readings)


def test_no_energy_is_lost_over_an_update():
    trace = update(image(), seconds=33)
    _, fs = flash_after(trace)
    log = fs.read_file("/register.log")
    entries = [struct.unpack_from("<QI", log, i) for i in range(0, len(log), 12)]
    totals = [total for total, _ in entries]
    assert totals == sorted(totals)
    # all that flowed since the first reading, as far as it is persisted, by the part's own counter
    assert totals[-1] == entries[-1][1] - entries[0][1]
    assert trace.notes["supplied_mwh"] - totals[-1] < 500 * 14_000_000 // 3_600_000


# --- bench mode ---


def test_ctrl_c_does_not_end_in_a_watchdog_bite():
    trace = run_steps(Step("interrupt", 6 * S), seconds=120)
    assert resets(trace) == ["power-up"]
    assert "E005" in codes(trace)
    assert trace.dark_us() == 0


def test_bench_mode_is_bounded():
    trace = run_steps(Step("interrupt", 6 * S), seconds=1900)
    assert resets(trace)[:2] == ["power-up", "watchdog"]
    assert trace.events("reset")[1].t_us > 1800 * S


def test_ac_lost_stays_true_in_bench_mode():
    trace = run_steps(Step("interrupt", 6 * S), seconds=40, mains=((0, True), (20 * S, False), (20 * S + 90_000, True)))
    assert trace.when("mains", 0)[-1] == (20 * S, 20 * S + 90_000)
    assert resets(trace) == ["power-up"]


def test_ctrl_c_does_nothing_on_trial():
    slow = (
        "def run(meter):\n    for _ in range(200):\n        meter.poll(50)\n"
        "    meter.confirm()\n    while True:\n        meter.poll(50)\n"
    )
    push = image(files=application(slow))
    plain = update(push, seconds=40)
    at_us = plain.events("application")[-1].t_us + S
    steps = (Step("push", 3 * S), Step("activate"))
    talk = run_steps(*steps, push=push, seconds=40, typed=((at_us, b"\x03"), (at_us + S, b"\x03\x03")))
    assert outcomes(talk) == outcomes(plain) == [("0", "2")]
    assert resets(talk) == resets(plain)
    assert "E005" not in codes(talk)
    assert lines(talk).count("ERR busy bench mode is refused on trial") == 3


# --- the image's own bytes on flash ---


def test_slot_bytes_programmed():
    push = image(files=REFERENCE.application | {"data.bin": bytes(60_000)})
    trace = update(push, seconds=30)
    assert trace.notes["programmed_bytes"]["/slot_b.img"] <= 1.05 * len(push)
    _, fs = flash_after(trace)
    assert fs.read_file("/slot_b.img") == push
