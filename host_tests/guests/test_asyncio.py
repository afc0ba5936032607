"""Firmware on asyncio runs in virtual time, on every guest."""

import pytest
from support import guests, lines, run_steps, with_main

each_guest = pytest.mark.parametrize("guest_name", guests())
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

async def nothing():
    await asyncio.sleep(1000)

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
        await asyncio.wait_for(nothing(), 2)
    except asyncio.TimeoutError:
        note("late")
    sleeper = asyncio.create_task(nothing())
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


@each_guest
def test_asyncio_in_virtual_time(guest_name):
    trace = run_steps(firmware=with_main(SOURCE), seconds=10, guest_name=guest_name)
    assert lines(trace) == EXPECTED
    at = {line: t_us for t_us, line in trace.notes["console"]}
    assert 2_900_000 < at["late"] - at["a 0"] < 3_300_000


@each_guest
def test_a_failed_task_that_nobody_awaits_is_said(guest_name):
    source = (
        "import asyncio\nasync def bad():\n    raise ValueError('x')\nasync def main():\n"
        "    asyncio.create_task(bad())\n    await asyncio.sleep(1)\n    print('went on')\nasyncio.run(main())\n"
    )
    said = lines(run_steps(firmware=with_main(source), seconds=5, guest_name=guest_name))
    assert "Task exception wasn't retrieved" in said and said[-1] == "went on"


@each_guest
def test_a_reset_ends_firmware_on_asyncio(guest_name):
    source = (
        "import asyncio\nfrom machine import WDT\nw = WDT(timeout=1000)\nasync def main():\n"
        "    while True:\n        try:\n            await asyncio.sleep(10)\n        except:\n            pass\n"
        "asyncio.run(main())\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=5, guest_name=guest_name)
    assert [e.data["kind"] for e in trace.events("reset")].count("watchdog") >= 3


@each_guest
def test_tasks_that_are_due_at_once_run_in_their_order_and_timers_run_meanwhile(guest_name):
    source = (
        "import asyncio\nfrom machine import Timer\nasync def one(i):\n    await asyncio.sleep_ms(100)\n    print(i)\n"
        "async def main():\n    Timer(period=250, mode=Timer.ONE_SHOT, callback=lambda t: print('timer'))\n"
        "    await asyncio.gather(*[one(i) for i in range(5)])\n    await asyncio.sleep(60)\n    print('end')\n"
        "asyncio.run(main())\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=62, guest_name=guest_name)
    assert lines(trace) == ["0", "1", "2", "3", "4", "timer", "end"]


@each_guest
def test_a_sleep_is_no_task(guest_name):
    source = "import asyncio\nasyncio.create_task(asyncio.sleep(1))\n"
    assert "TypeError: coroutine expected" in lines(run_steps(firmware=with_main(source), guest_name=guest_name))


@each_guest
@pytest.mark.parametrize("name", ["StreamReader", "open_connection", "start_server"])
def test_streams_are_said_to_be_missing(name, guest_name):
    said = lines(run_steps(firmware=with_main(f"import asyncio\nasyncio.{name}"), guest_name=guest_name))
    assert f"NotImplementedError: the port has asyncio.{name}; it is not simulated here: docs/simulated.md" in said


@each_guest
def test_the_old_names_are_the_same_module(guest_name):
    source = (
        "import uasyncio as old\nimport asyncio\nasync def main():\n    await old.sleep(1)\n    return 3\n"
        "loop = old.get_event_loop(runq_len=40, waitq_len=40)\nprint(old.sleep is asyncio.sleep)\n"
        "print(loop.run_until_complete(main()))"
    )
    assert lines(run_steps(firmware=with_main(source), seconds=4, guest_name=guest_name)) == ["True", "3"]
