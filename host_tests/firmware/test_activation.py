"""Images and commands: what is taken, what is refused, what is answered, and when it is done."""

import hashlib

import pytest
from ridethrough.images import EMULATED
from ridethrough.images.layout import COMMAND, COMMAND_MAGIC, DATE_CANCEL
from ridethrough.scenarios import Step
from support import PICO, REFERENCE, S, application, codes, image, lines, outcomes, resets, run_steps, update
from update_runs import (
    BAD_APPLICATIONS,
    GOOD,
    Talk,
    clock_line,
    command_line,
    flash_after,
    pushed,
    refusal,
    signed_command,
)


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
        "ERR length 147, 148 expected",
        "ERR not signed for that",
        "ERR length 0, 148 expected",
        "OK none",
    ]


def test_the_command_is_what_the_docs_say():
    signed = signed_command(image(), 7)
    magic, board_id, counter, _, date = COMMAND.unpack(signed[:-64])
    assert (magic, board_id, counter, date) == (COMMAND_MAGIC, hashlib.sha256(PICO.unique_id).digest(), 7, 0)


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


def test_a_dated_command_waits_for_a_clock_that_was_set():
    """The board's clock starts in 2021: a date in 2020 is past by it, and still nothing happens."""
    push = image()
    date = 1_580_000_000
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, date=date)),
        "status",
        clock_line(date - 5),
        "status",
        seconds=40,
    )
    assert talk.answers[1] == "OK pending counter=1"
    assert "phase=scheduled" in talk.answers[2] and "phase=scheduled" in talk.answers[4]
    assert outcomes(talk.trace) == [("0", "2")]


def test_an_overdue_command_is_acted_on_as_soon_as_the_clock_is_set():
    push = image()
    date = 1_900_000_000
    talk = Talk(pushed(push), command_line(signed_command(push, 1, date=date)), clock_line(date + 100), seconds=40)
    assert outcomes(talk.trace) == [("0", "2")]
    assert codes(talk.trace)[-2:] == ["8F43", "8F66"]


def test_a_dated_activation_that_fails_says_so():
    push = image(files=application(BAD_APPLICATIONS["raises"]))
    dated = command_line(signed_command(push, 1, date=1_900_000_000))
    talk = Talk(pushed(push), dated, clock_line(1_900_000_000), seconds=60)
    assert outcomes(talk.trace) == [("3", "1")]
    assert "8F67" in codes(talk.trace)


def test_a_dated_command_can_be_cancelled():
    push = image()
    date = 1_900_000_000
    talk = Talk(
        pushed(push),
        command_line(signed_command(push, 1, date=date)),
        command_line(signed_command(push, 2, date=DATE_CANCEL)),
        clock_line(date + 100),
        seconds=40,
    )
    assert talk.answers[2] == "OK outcome=0 version=1 counter=2"
    assert resets(talk.trace) == ["power-up"]


def test_a_cancelled_activation_is_idle_again():
    push = image()
    dated, cancel = (signed_command(push, n, date=d) for n, d in ((1, 1_900_000_000), (2, DATE_CANCEL)))
    talk = Talk(pushed(push), command_line(dated), command_line(cancel))
    assert [phase for _, phase in talk.trace.texts["phase"]][-2:] == ["scheduled", "idle"]


def test_a_pushed_image_is_not_taken_for_the_one_in_the_other_slot():
    push = image()
    talk = Talk(pushed(push), command_line(signed_command(push)), command_line(signed_command(push)), pushed(push))
    assert talk.answers[3].startswith("verified version=2")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"hardware": 0x0102}, "for hardware 0102"),
        ({"follows": (2, 9)}, "follows versions 2..9, running 1"),
        ({"counter": 0}, "security counter 0, least allowed 1"),
        ({"resident": 3}, "needs resident library 3"),
    ],
)
def test_an_image_that_must_not_follow_is_refused(spec, why):
    trace = update(image(**spec), seconds=15)
    assert "8F1C" in codes(trace) and "8F72" not in codes(trace)
    assert any(why in x for x in lines(trace)), lines(trace)
    # the command finds no image: that is answered, and costs nothing
    assert dict(trace.notes["answers"])["activate"] == "outcome=1 version=1 counter=1" and outcomes(trace) == []


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
        lambda talk: refusal(pushed(earlier)(talk)),
        seconds=60,
    )
    assert talk.answers[2] == "OK outcome=0 version=3 counter=1"
    assert talk.answers[3] == "8F1C security counter 4, least allowed 5"


def test_slot_bytes_programmed():
    push = image(files=REFERENCE.application | {"data.bin": bytes(60_000)})
    trace = update(push, seconds=30)
    # with the compaction of the root folder, which comes when it is due: now in the middle of the transfer
    assert trace.notes["programmed_bytes"]["/slot_b.img"] <= 1.06 * len(push)
    _, fs = flash_after(trace)
    assert fs.read_file("/slot_b.img") == push
