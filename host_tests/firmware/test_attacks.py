"""What bytes from outside, a faulty application and years can do to the reference, and what they cannot."""

import base64
import hashlib
from dataclasses import replace

import pytest
from ridethrough import Board, World
from ridethrough.boards.firmware import BUILD, PRODUCT
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.headend import client
from ridethrough.images import EMULATED, layout
from ridethrough.images.commands import old_command, permits
from ridethrough.scenarios import Step
from ridethrough.support.errors import BadInput
from ridethrough.world.site import Site
from support import (
    LATCH,
    PICO,
    REFERENCE,
    ROOT,
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
)
from update_runs import GOOD, Talk, clock_line, command_line, flash_after, pushed, refusal, signed_command

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PYBD = Board.load("pybd_sf2")
ESP32 = Board.load("esp32_devkit")
WITHOUT_REPL = replace(REFERENCE, files=REFERENCE.files | {BUILD: PRODUCT})
V3 = image(files=application(GOOD), version=3, counter=3)


def line_of(signed):
    return base64.b64encode(signed).decode()


def receive(size, ident, permit=b""):
    return f"receive {size} {ident} {line_of(permit)}".rstrip()


def permit_of(push, counter, board=PICO, key=EMULATED.supplier):
    return permits(push, board.unique_id, key)(counter)


# --- Ctrl-C ---


@pytest.mark.parametrize("us_per_byte", [0, 12_000], ids=["drained", "not-drained"])
@pytest.mark.parametrize("board", [PICO, LATCH, ESP32, PYBD], ids=lambda b: b.name)
def test_a_flood_of_ctrl_c_does_nothing_to_a_product_build(board, us_per_byte):
    """In every phase of an update; and where nobody drains the console each line out takes half a second."""
    slow = replace(board, cost=replace(board.cost, console_us_per_byte=us_per_byte or board.cost.console_us_per_byte))
    typed = tuple((t, b"\x03" * 29) for t in range(2 * S, 250 * S, 100_000))
    # the line in is as fast as it was
    fast = World(typed=typed)
    site = Site(slow, fast, CPythonGuest(), fresh_flash(WITHOUT_REPL, slow))
    end = client_at(site, board)
    site.run(250 * S)
    trace = site.finish()
    assert end["answer"].startswith("outcome=0 version=2"), (end, site.mcu.console.log[-5:])
    assert [e.data["kind"] for e in trace.events("reset")] == ["power-up", "activation"] and trace.dark_us() == 0
    assert "E005" not in codes(trace)
    site.close()


def client_at(site, board):
    """The head-end, from 3 s on, whose bytes come at the board's own speed."""
    from ridethrough.headend.head_end import HeadEnd

    push = image(board)
    end = {"answer": ""}

    def operation():
        yield from client.push(push)
        end["answer"] = yield from client.await_outcome(signed_command(push, board_id=board.unique_id))
        return ""

    HeadEnd(site, (), b"").start(operation(), 3 * S)
    return end


@pytest.mark.parametrize("board", [PICO, ESP32], ids=lambda b: b.name)
def test_a_flood_on_trial_at_a_host_that_does_not_drain(board):
    push = image(board)
    slow = replace(board, cost=replace(board.cost, console_us_per_byte=12_000))
    plain = update(push, board, seconds=40)
    from_us = plain.events("reset")[-1].t_us
    steps = (Step("push", 3 * S), Step("activate"))
    typed = tuple((t, b"\x03" * 29) for t in range(from_us, from_us + 8 * S, 100_000))
    site = Site(board, World(typed=typed), CPythonGuest(), fresh_flash(REFERENCE, board))
    from ridethrough.headend.head_end import HeadEnd

    HeadEnd(site, steps, push)
    site.run(from_us)
    site.mcu.board = slow
    site.run(from_us + 40 * S)
    trace = site.finish()
    assert [e.data["outcome"] for e in trace.events("outcome")][:1] == ["0"]
    # from the confirm on Ctrl-C counts, and a person has the board
    confirmed_us = trace.events("confirm")[0].t_us
    assert [e.data["kind"] for e in trace.events("reset") if e.t_us < confirmed_us] == ["power-up", "activation"]
    site.close()


def test_without_a_prompt_ctrl_c_is_no_byte_at_all():
    trace = run_steps(firmware=WITHOUT_REPL, seconds=12, typed=((8 * S, b"sta\x03tus\n"), (9 * S, b"\x03\x03\x04")))
    assert any(line.startswith("OK phase=idle") for line in lines(trace))
    assert resets(trace) == ["power-up"] and "E005" not in codes(trace)


# --- one command, one board ---


@pytest.mark.parametrize("size", [6, 8, 12])
@pytest.mark.parametrize("guest_name", guests())
def test_a_command_is_for_one_board_however_alike_two_ids_are(size, guest_name):
    """Ids with a common prefix and suffix of every length."""
    ident = bytes(range(1, size + 1))
    board = replace(PICO, unique_id=ident)
    others = [ident[:i] + bytes([ident[i] ^ 1]) + ident[i + 1 :] for i in range(size)]
    others += [ident + b"\0", ident[:-1], ident.ljust(12, b"\0") + b"\0", b""]
    steps = [f"command {line_of(signed_command(V3, board_id=other))}" for other in others]
    typed = tuple((4 * S + i * S, line.encode() + b"\n") for i, line in enumerate(steps))
    trace = run_steps(board=board, typed=typed, seconds=5 + len(steps), guest_name=guest_name)
    said = [line for line in lines(trace) if line[:3] in ("OK ", "ERR")]
    assert said == ["ERR for another board"] * len(others)


def test_a_command_of_version_1_counts_for_ids_of_8_bytes_alone():
    push = image()
    old = old_command(push, PICO.unique_id, 1, EMULATED.supplier)
    talk = Talk(pushed(push), command_line(old), "answer", seconds=40)
    assert outcomes(talk.trace) == [("0", "2")]
    for size in (6, 12):
        board = replace(PICO, unique_id=bytes(range(size)))
        old = layout.OLD_COMMAND.pack(
            layout.OLD_COMMAND_MAGIC, board.unique_id[:8].ljust(8, b"\0"), 1, hashlib.sha256(b"").digest(), 0
        )
        typed = ((5 * S, command_line(old + EMULATED.supplier.sign(old)).encode() + b"\n"),)
        assert "ERR for another board" in lines(run_steps(board=board, typed=typed, seconds=8))
    with pytest.raises(BadInput, match="by 8 of their 12 bytes of id"):
        old_command(push, bytes(12), 1, EMULATED.supplier)


@pytest.mark.parametrize("first_twin", [False, True])
def test_the_twin_of_a_signature_gets_the_same_answer(first_twin):
    """(r, n - s) holds as well as (r, s): whoever sends it first does not shut the command out."""
    push = image()
    good = signed_command(push)
    s = int.from_bytes(good[-32:], "big")
    twin = good[:-32] + (ORDER - s).to_bytes(32, "big")
    first, second = (twin, good) if first_twin else (good, twin)
    talk = Talk(pushed(push), command_line(first), command_line(second), command_line(first), seconds=60)
    assert talk.answers[2] == talk.answers[3] == "OK outcome=0 version=2 counter=1"
    assert resets(talk.trace) == ["power-up", "activation"]


# --- the fallback ---


def test_an_unsigned_line_does_not_clear_a_proven_slot():
    talk = Talk(
        pushed(image()),
        command_line(signed_command(image())),
        command_line(signed_command(image())),
        receive(300, "ff" * 16),
        receive(300, "ff" * 16, permit_of(V3, 1, key=EMULATED.maker)),
        receive(300, "ff" * 16, permit_of(V3, 1, replace(PICO, unique_id=bytes(8)))),
        receive(300, "ff" * 16, signed_command(V3, 9)),
        "status",
        seconds=70,
    )
    assert talk.answers[3:7] == [
        "ERR permit counter=0 the slot holds a verified image",
        "ERR signature",
        "ERR for another board",
        "ERR length 148, 140 expected",
    ]
    assert "a=proven:1 b=proven:2" in talk.answers[7]


def test_a_permit_gives_up_the_slot_once_and_for_its_image():
    first, permit = image(), permit_of(V3, 1)
    ident = hashlib.sha256(V3).hexdigest()[:32]
    other = image(files=application(GOOD), version=4, counter=4)
    talk = Talk(
        pushed(first),
        command_line(signed_command(first)),
        command_line(signed_command(first)),
        receive(len(V3), ident, permit),
        "status",
        receive(len(V3), ident, permit),  # until something is verified there it holds for this transfer
        lambda talk: refusal(client.push(other)),
        pushed(V3),
        receive(len(V3), "11" * 16, permit),  # played again
        "status",
        seconds=120,
    )
    assert talk.answers[3] == "OK next=0" and "a=partial:0 b=proven:2" in talk.answers[4]
    assert talk.answers[5] == "OK next=0"
    assert talk.answers[6] == "permit counter=1 is for another image"
    assert talk.answers[7].startswith("verified version=3")
    assert talk.answers[8] == "ERR permit counter=1 counter 1 was used"
    assert "a=verified:3 b=proven:2" in talk.answers[9]


def test_a_recorded_permit_makes_no_line_cheaper():
    """It was used for one transfer: with other names it is as good as none."""
    permit = permit_of(V3, 1)
    first = image()
    ident = hashlib.sha256(V3).hexdigest()[:32]
    talk = Talk(
        pushed(first),
        command_line(signed_command(first)),
        command_line(signed_command(first)),
        receive(len(V3), ident, permit),
        *(receive(len(V3), f"{i:032x}", permit) for i in range(30)),
        seconds=200,
    )
    assert talk.answers[3:].count("OK next=0") <= 9 and "too many unsigned requests" in talk.answers[-1]


def test_a_command_whose_image_is_gone_costs_nothing():
    """It is answered, and works once the image is there."""
    push = image()
    command = command_line(signed_command(push))
    talk = Talk(command, "answer", pushed(push), command, command, seconds=60)
    assert talk.answers[0] == "OK outcome=1 version=1 counter=1" and talk.answers[1] == "OK none"
    assert talk.answers[3] is None and talk.answers[4] == "OK outcome=0 version=2 counter=1"


# --- time ---


def test_nobody_but_the_supplier_moves_the_time_of_a_stored_activation():
    push, date = image(), 1_900_000_000
    past = date + 100
    other = replace(PICO, unique_id=bytes(8))
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, date=date)),
        f"clock {past}",
        clock_line(past, key=EMULATED.maker),
        clock_line(past, other.unique_id),
        clock_line(date - 1000),
        clock_line(date - 5000),  # an old one that is played again
        "clock",
        "status",
        seconds=60,
    )
    assert all(answer.startswith("ERR") for answer in talk.answers[2:5])
    told = int(talk.answers[7].split()[1])
    assert date - 1000 <= told < date - 980 and "phase=scheduled" in talk.answers[8]
    assert outcomes(talk.trace) == []


@pytest.mark.parametrize("drift_ppm", [0, 50_000])
def test_signed_time_runs_on_over_the_wrap_of_the_ticks(drift_ppm):
    from ridethrough.world.world import ClockError

    typed = ((5 * S, clock_line(1_900_000_000).encode() + b"\n"), (605 * S, b"clock\n"))
    clock = ClockError(drift_ppm=drift_ppm, tick_origin_us=1_073_741_500_000)
    trace = run_steps(typed=typed, seconds=610, clock=clock)
    told = [int(line.split()[1]) - 1_900_000_000 for line in lines(trace) if line.endswith(" set")]
    assert abs(told[-1] - 600 * (1 + drift_ppm / 1e6)) < 4, told


# --- an application that confirms, and then fails ---


def test_crashes_after_a_confirm_count_and_the_proven_slot_comes_back():
    source = "import time\ndef run(meter):\n    meter.confirm()\n    time.sleep(1)\n    raise ValueError\n"
    trace = update(image(files=application(source)), seconds=300)
    assert running_version(trace) == 1 and codes(trace).count("E002") == 3 and "E006" in codes(trace)
    assert len(resets(trace)) < 7


@pytest.mark.parametrize("feeds", ["meter.feed()", "w.feed()", "meter.feed(); meter.counted()"])
def test_a_loop_that_only_feeds_after_its_confirm_is_ended(feeds):
    source = (
        "import time\nfrom machine import WDT\n"
        "def run(meter):\n    w = WDT(timeout=8000)\n    meter.poll(50)\n    meter.confirm()\n"
        f"    while True:\n        {feeds}\n        time.sleep_ms(500)\n"
    )
    trace = update(image(files=application(source)), seconds=200)
    assert running_version(trace) == 1 and "E006" in codes(trace)
    said = [line for line in lines(trace) if "no turn for the" in line]
    assert len(said) == 3, lines(trace)[-10:]


def test_an_application_that_forgets_the_register_is_bitten():
    source = "def run(meter):\n    meter.confirm()\n    while True:\n        meter.poll(50)\n"
    trace = update(image(files=application(source)), seconds=250)
    assert running_version(trace) == 1 and any("no turn for the register" in line for line in lines(trace))
    # one that was built for the library of before does not know that it has to count
    trace = update(image(files=application(source), resident=1), seconds=250)
    assert running_version(trace) == 2 and resets(trace) == ["power-up", "activation"]


def test_failures_are_forgotten_after_an_hour_without():
    steps = [Step("hard reset", t * S) for t in (60, 120, 3800, 3860)]
    trace = run_steps(*steps, seconds=3900)
    # two, an hour and more of peace, two
    assert running_version(trace) == 1 and "E006" not in codes(trace)
    trace = run_steps(*(Step("hard reset", t * S) for t in (60, 120, 180)), seconds=240)
    assert running_version(trace) == 0  # there is no other slot: recovery


# --- flash ---


@pytest.mark.parametrize("line", ["receive", "reset"])
def test_unsigned_lines_that_cost_flash_are_few(line):
    """One every 3 s for ten minutes: eight at once, and then one with each day."""
    typed = tuple(
        (t * S, (receive(300, f"{t:032x}") if line == "receive" else "reset").encode() + b"\n")
        for t in range(10, 600, 3)
    )
    trace = run_steps(typed=typed, seconds=610)
    done = sum(x == "OK next=0" for x in lines(trace)) if line == "receive" else resets(trace).count("commanded")
    assert done == 8
    erases = sum(trace.notes["erases"].values())
    assert erases < 60, erases


def test_a_flood_of_refused_images_does_not_push_the_log_out():
    """190 in eleven minutes wiped it once."""
    bad = bytearray(image())
    bad[-1] ^= 1

    def again(talk):
        return refusal(client.push(bytes(bad)))

    talk = Talk(*[again] * 8, "log", pushed(image()), "log", seconds=200)
    assert talk.answers[:8] == ["8F1C supplier's signature"] * 8
    assert talk.answers[8].endswith("8F1C supplier's signature") and " 8F72 " in talk.answers[-1]
    log = flash_after(talk.trace)[1].read_file("/events.log").decode()
    assert "E003" in log and "8F72" in log and log.count("8F1C") == 1


def test_mains_that_flickers_does_not_wear_the_flash_or_the_log():
    """Ten times a second for a minute, each time shorter than the supply's hold-up."""
    mains = (
        (0, True),
        *(
            (t, on)
            for i in range(600)
            for t, on in ((30 * S + i * 100_000, False), (30 * S + i * 100_000 + 50_000, True))
        ),
    )
    trace = run_steps(mains=mains, seconds=100)
    assert resets(trace) == ["power-up"] and codes(trace).count("8F57") > 300
    assert sum(trace.notes["erases"].values()) < 60
    log = flash_after(trace)[1].read_file("/events.log").decode()
    assert "E003" in log and log.count("8F57") == 1


@pytest.mark.parametrize("fails", ["/events.log", "/boot.rec"])
def test_a_file_that_cannot_be_read_does_not_keep_the_board_from_starting(fails, monkeypatch):
    from ridethrough.guests.cpython.files import LfsFile

    real = LfsFile.__init__
    bad = [False]

    def opened(self, owner, path, mode):
        if bad[0] and path == fails:
            self._closed = True  # nothing to close
            raise OSError(5)
        real(self, owner, path, mode)

    monkeypatch.setattr(LfsFile, "__init__", opened)
    site = Site(PICO, World(), CPythonGuest(), fresh_flash(REFERENCE, PICO))
    site.run(10 * S)
    bad[0] = True
    site.mcu.reset("watchdog")
    site.run(30 * S)
    assert [e.data["kind"] for e in site.trace.events("reset")] == ["power-up", "watchdog"]
    assert site.trace.wire_at("running_n", 30 * S) == 0
    site.close()


# --- outages ---


def test_a_flicker_before_an_outage_does_not_hide_it():
    mains = ((0, True), (20 * S, False), (20 * S + 60_000, True), (25 * S, False), (1025 * S, True))
    trace = run_steps(mains=mains, seconds=1040)
    assert codes(trace) == ["E003", "8F57", "8F36"]


@pytest.mark.parametrize(
    ("away_s", "code"), [(20, "8F35"), (178, "8F35"), (180, "8F36"), (200, "8F36"), (4000, "8F36")]
)
@pytest.mark.parametrize("board", [PICO, ESP32, PYBD], ids=lambda b: b.name)
def test_an_outage_of_three_minutes_is_reported_as_one(away_s, code, board):
    """It is measured until the firmware reads the clock, up to 1.3 s after mains is back."""
    mains = ((0, True), (20 * S, False), ((20 + away_s) * S, True))
    trace = run_steps(board=board, mains=mains, seconds=20 + away_s + 10)
    (said,) = [e.data for e in trace.events("gbcs") if e.data["code"] in ("8F35", "8F36")]
    begin, end = (int(word.split("=")[1]) for word in said["text"].split())
    assert said["code"] == code and 0 <= end - begin - away_s <= 2


def test_without_a_clock_the_length_is_not_known_and_a_reboot_is_no_outage():
    blind = replace(PICO, metrology_clock=False)
    trace = run_steps(board=blind, mains=((0, True), (20 * S, False), (220 * S, True)), seconds=240)
    assert "* log 8F35 length unknown" in lines(trace)
    trace = update(image(), seconds=40)
    assert not {"8F35", "8F36"} & set(codes(trace))
    # a mark that is left from one outage says nothing of the next, which nobody saw begin
    typed = ((30 * S, b"reset\n"),)
    trace = run_steps(mains=((0, True), (20 * S, False), (20 * S + 50_000, True)), typed=typed, seconds=40)
    assert codes(trace) == ["E003", "8F57"]


def test_the_flash_lasts_a_meter_s_life(monkeypatch):
    """Twenty years at rest; and unsigned lines wear it at most ten times as fast (host_tests/benchmarks/wear.py)."""
    monkeypatch.syspath_prepend(ROOT / "host_tests" / "benchmarks")
    import wear

    def constant(path, name):
        text = (ROOT / "firmware" / path).read_text()
        return int(
            next(line for line in text.splitlines() if line.startswith(f"{name} = ")).split()[2].replace("_", "")
        )

    day_ms = 86_400_000
    assert wear.PERSISTS_A_DAY * constant("app/application.py", "PERSIST_MS") == day_ms
    assert wear.UNSIGNED_A_DAY * constant("esme/quota.py", "REFILL_MS") == day_ms
    said, over = wear.lines(PICO)
    assert len(said) == 2 and over == []
