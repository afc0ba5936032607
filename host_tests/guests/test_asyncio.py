"""Firmware on asyncio runs in virtual time, on the cpython guest; the VM says that it cannot."""

import pytest
from support import guests, lines, run_steps, with_main

SOURCE = """
import asyncio

log = []

def note(what):
    print(what)

async def ticker(name, ms, n):
    for i in range(n):
        await asyncio.sleep_ms(ms)
        note("%s %d" % (name, i))
    return name

async def fails():
    await asyncio.sleep_ms(1)
    raise ValueError("as it must")

async def waits(event):
    await event.wait()
    note("event")

async def locked(lock, name):
    async with lock:
        note("in " + name)
        await asyncio.sleep_ms(5)
        note("out " + name)

async def main():
    note(await asyncio.gather(ticker("a", 30, 3), ticker("b", 50, 2)))
    try:
        await fails()
    except ValueError as e:
        note("caught %s" % e)
    event = asyncio.Event()
    task = asyncio.create_task(waits(event))
    await asyncio.sleep(1)
    event.set()
    await task
    try:
        await asyncio.wait_for(asyncio.sleep(100), 2)
    except asyncio.TimeoutError:
        note("late")
    sleeper = asyncio.create_task(asyncio.sleep(1000))
    await asyncio.sleep_ms(1)
    sleeper.cancel()
    try:
        await sleeper
    except asyncio.CancelledError:
        note("cancelled")
    lock = asyncio.Lock()
    await asyncio.gather(locked(lock, "x"), locked(lock, "y"))
    return "end"

note(asyncio.run(main()))
"""
EXPECTED = [
    "a 0", "b 0", "a 1", "a 2", "b 1", "['a', 'b']", "caught as it must", "event", "late", "cancelled",
    "in x", "out x", "in y", "out y", "end",
]  # fmt: skip


def test_asyncio_in_virtual_time():
    trace = run_steps(firmware=with_main(SOURCE), seconds=10)
    assert lines(trace) == EXPECTED
    at = {line: t_us for t_us, line in trace.notes["console"]}
    assert 2_900_000 < at["late"] - at["a 0"] < 3_300_000


def test_a_failed_task_that_nobody_awaits_is_said():
    source = (
        "import asyncio\nasync def bad():\n    raise ValueError('x')\nasync def main():\n"
        "    asyncio.create_task(bad())\n    await asyncio.sleep(1)\n    print('went on')\nasyncio.run(main())\n"
    )
    said = lines(run_steps(firmware=with_main(source), seconds=5))
    assert "Task exception wasn't retrieved" in said and said[-1] == "went on"


def test_a_reset_ends_firmware_on_asyncio():
    source = (
        "import asyncio\nfrom machine import WDT\nw = WDT(timeout=1000)\nasync def main():\n"
        "    while True:\n        try:\n            await asyncio.sleep(10)\n        except:\n            pass\n"
        "asyncio.run(main())\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=5)
    assert [e.data["kind"] for e in trace.events("reset")].count("watchdog") >= 3


@pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")
def test_the_vm_says_that_it_cannot():
    said = lines(run_steps(firmware=with_main("import asyncio"), seconds=2, guest_name="micropython"))
    assert any("counts real time" in line for line in said)
