"""Slots, records and keys that are not what they should be, and applications that only crash: what runs then."""

import zlib

import pytest
from ridethrough import Firmware, World
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import FlashFs
from ridethrough.headend import client
from ridethrough.images import EMULATED
from ridethrough.images.commands import permits
from ridethrough.scenarios import Step
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.site import Site
from support import PICO, REFERENCE, S, application, codes, image, lines, outcomes, run_steps, running_version, update
from update_runs import (
    BAD_APPLICATIONS,
    GOOD,
    Talk,
    command_line,
    faults,
    flash_after,
    pushed,
    run_on_flash,
    signed_command,
)


def test_the_confirmed_slot_is_given_up_after_repeated_failures():
    """An application that confirmed itself and then only crashes: the other slot takes over."""
    source = (
        "import os\ndef run(meter):\n    try:\n        os.stat('/seen')\n"
        "    except OSError:\n        open('/seen', 'w').close()\n        meter.confirm()\n    raise ValueError\n"
    )
    trace = update(image(files=application(source)), seconds=60)
    assert "E006" in codes(trace)
    assert running_version(trace) == 1


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
    assert versions.count("2") == 3 and versions[-1] == "0" and "3" not in versions


def test_recovery_ends_and_tries_again():
    """One image only, and it crashes: the console is served for a while, then it gets another chance."""
    crashing = image(files=application(BAD_APPLICATIONS["raises"]), version=1)
    firmware = Firmware("crashing", dict(REFERENCE.fresh_board(PICO)) | {"/slot_a.img": crashing}, {})
    trace = run_steps(firmware=firmware, seconds=650)
    versions = [e.data["version"] for e in trace.events("application")]
    assert versions[:6] == ["1", "1", "1", "0", "1", "1"]


def damaged(board=PICO, after=None, **changes):
    """A reference firmware whose fresh flash has other contents: path -> bytes, None to leave it out."""
    files = {k: v for k, v in (dict(REFERENCE.fresh_board(board)) | changes).items() if v is not None}
    return Firmware("damaged", files, {})


def test_a_slot_that_changed_since_it_was_verified_is_not_run():
    trace = update(image(), seconds=25)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})
    again = run_on_flash(bytes(chip.data))
    assert "8F1B" in codes(again) and "E006" in codes(again)
    assert running_version(again) == 1


def test_an_image_that_does_not_match_any_more_can_be_sent_again():
    trace = update(image(), seconds=25)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})
    again = run_on_flash(bytes(chip.data), operation=client.push(image()))
    assert "8F1B" in codes(again)
    assert "OK next=0" in lines(again) and any("OK verified version=2" in line for line in lines(again))


def test_an_image_that_changed_before_its_trial_can_be_sent_again():
    push = image()
    trace = run_steps(Step("push", 3 * S), push=push, seconds=12)
    chip, fs = flash_after(trace)
    slot = bytearray(fs.read_file("/slot_b.img"))
    slot[len(slot) // 2] ^= 1
    fs.write_files({"/slot_b.img": bytes(slot)})

    def operation():
        yield from client.await_outcome(signed_command(push))
        return (yield from client.push(push, permit=permits(push, PICO.unique_id, EMULATED.supplier)))

    again = run_on_flash(bytes(chip.data), seconds=40, operation=operation())
    assert outcomes(again) == [("3", "1")] and "8F1B" in codes(again)
    assert "OK next=0" in lines(again) and any("OK verified version=2" in line for line in lines(again))


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


@pytest.mark.parametrize("cut_ms", [700, 900, 1100, None])
def test_an_outcome_of_a_slot_that_is_given_up_is_told_whenever_the_board_is_reset(cut_ms):
    """The fallback comes before the console is there: what is logged then is told by a later boot, if need be."""
    chip = FlashChip(ChipParams.of(PICO), bytearray(update(image()).notes["flash"]))
    flash = FlashFs(chip)
    flash.mount()
    record, slot = bytearray(flash.read_file("/boot.rec")), bytearray(flash.read_file("/slot_b.img"))
    assert record[7] == 1 and record[11:13] == b"\0\1"  # active; outcome and reported
    record[12] = 0
    slot[2000] ^= 1
    flash.write_files(
        {"/boot.rec": bytes(record[:-4]) + zlib.crc32(record[:-4]).to_bytes(4, "little"), "/slot_b.img": bytes(slot)}
    )
    logged = flash.read_file("/events.log").count(b"8F43")
    site = Site(PICO, World(duration_us=20 * S), CPythonGuest(), bytes(chip.data))
    if cut_ms:
        site.run(300_000 + cut_ms * 1000)
        told_first = any("outcome" in line for _, line in site.mcu.console.log)
        site.mcu.reset("power-up")
    site.run(20 * S)
    said = [line for _, line in site.mcu.console.log]
    assert "* outcome 0 version=2" in said and "* application 1" in said
    assert cut_ms is None or not told_first
    fs = FlashFs(site.mcu.chip)
    fs.mount()
    log = fs.read_file("/events.log")
    assert log.count(b"8F43 version 2 after 1") in (logged + 1, logged + 2) and b"after 2" not in log
    site.close()
