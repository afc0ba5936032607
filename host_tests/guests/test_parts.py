"""What ordinary firmware touches is simulated, on every guest to the same effect: buses, PWM, Wi-Fi, sockets."""

# ruff: noqa: E501  programs in a line

from dataclasses import replace

import pytest
from ridethrough import Board, Firmware
from ridethrough.world.peripherals import Parts, Wifi
from support import S, assert_same, guests, lines, run_steps, with_main

PICO_W = Board.load("rpi_pico_w")
PARTS = Parts(
    uart={0: {b"AT\r\n": b"OK\r\n", b"ATI\r\n": b"one\r\ntwo\r\n"}},
    spi={1: {b"\x9f": b"\xef\x40\x15", b"\x05": b"\x01"}},
    wifi=Wifi("home", "secret", join_us=2 * S),
)
WEB = {"http://meter.example/a.txt": b"hello", "https://meter.example/v.json": b'{"v": 3}'}


def ran(source, seconds=20, board=PICO_W, parts=PARTS, network=WEB, **world):
    """The trace, the same on every guest of this machine."""
    traces = [
        run_steps(
            firmware=with_main(source),
            board=board,
            seconds=seconds,
            guest_name=name,
            parts=parts,
            network=network,
            **world,
        )
        for name in guests()
    ]
    for other in traces[1:]:
        assert_same(traces[0], other)
    return traces[0]


def said(source, **how):
    return lines(ran(source, **how))


JOIN = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect("home", "secret")
while not w.isconnected():
    time.sleep_ms(100)
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from machine import Pin\np = Pin('LED', Pin.OUT)\np.toggle()\nprint(p.value())\np.toggle()\nprint(p())", ["1", "0"]),
        ("from machine import Pin\np = Pin('GP3', Pin.OUT, value=1)\nprint(p.value(), Pin(3).value())", ["1 1"]),
        ("from machine import Pin\np = Pin(3, Pin.IN)\np.toggle()\np.init(Pin.OUT)\nprint(p.value())", ["1"]),
        (
            "from machine import Signal, Pin\ns = Signal(3, Pin.OUT, invert=True)\ns.on()\nprint(s.value(), Pin(3).value())",
            ["1 0"],
        ),
        ("import os, sys\nu = os.uname()\nprint(u[0], u.machine, sys.platform)", [f"rp2 {PICO_W.title} rp2"]),
        ("import sys\nprint(sys.implementation.name, sys.implementation[1][0], sys.version_info[:2])", ["micropython 1 (3, 4)"]),
        ("import os\nprint(len(os.urandom(5)), os.urandom(4) != os.urandom(4))", ["5 True"]),
        ("import hashlib\nprint(hashlib.sha1('a').digest()[:2], hashlib.md5(b'a').digest()[:2])", ["b'\\x86\\xf7' b'\\x0c\\xc1'"]),
        ("import heapq\nh = [3, 1, 2]\nheapq.heapify(h)\nprint(heapq.heappop(h), heapq.heappop(h))", ["1 2"]),
        ("import re\nprint(re.match('(a+)b', 'aab').group(1), re.sub('a', 'x', 'banana'))", ["aa bxnxnx"]),
        ("import machine, time\nt = time.ticks_ms()\nmachine.lightsleep(500)\nprint(time.ticks_ms() - t >= 500)", ["True"]),
        ("import micropython\nmicropython.schedule(print, 'soon')\nimport time\ntime.sleep_ms(1)\nprint('then')", ["soon", "then"]),
        ("try:\n    open('/none')\nexcept OSError as e:\n    print(e)", ["[Errno 2] ENOENT"]),
        ("_A = const(3)\nB = const(_A + 1)\nprint(_A, B)", ["3 4"]),
        ("print(b'%s /%s %d' % ('GET', b'x', 7), b'{}: {}'.format('k', 3), b'%s' % '\u00e9')", ["b'GET /x 7' b'k: 3' b'\\xc3\\xa9'"]),
        ("import math\nprint(math.degrees(math.pi), math.isclose(math.atan(1), math.asin(math.sqrt(0.5))), math.factorial(5))", ["180.0 True 120"]),
        ("import errno\nprint(errno.errorcode[errno.ECONNRESET], errno.EINPROGRESS)", ["ECONNRESET 115"]),
        ("import __main__\nx = 3\nprint(__main__.x, __main__.__name__)", ["3 __main__"]),
        ("print(eval(compile('1 + 2', 'x', 'eval')))\nexec(compile('y = 4', 'x', 'exec'))\nprint(y)", ["3", "4"]),
        ("import os\nprint(os.stat('main.py')[8] > 0, os.stat('/')[8])", ["True 0"]),
        ("from machine import SPI\nSPI(0).write('text')\nprint('sent')", ["sent"]),
        (
            "from array import array\na = array('I', [0, 0])\nopen('x', 'wb').write(b'\\x01\\0\\0\\0\\x02\\0\\0\\0')\n",
            [],
        ),
    ],
)  # fmt: skip
def test_small_things(source, expected):
    assert said(source, seconds=3)[: len(expected)] == expected


@pytest.mark.parametrize("code", ["b", "H", "i", "f"])
def test_a_file_is_read_into_any_array(code):
    source = (
        "from array import array\nwith open('x', 'wb') as f:\n    f.write(bytes(range(16)))\n"
        f"a = array('{code}', [0] * 2)\nwith open('x', 'rb') as f:\n    n = f.readinto(a)\nprint(n, list(a))"
    )
    size = {"b": 1, "H": 2, "i": 4, "f": 4}[code]
    assert said(source, seconds=3)[0].startswith(f"{2 * size} [")


def test_chance_is_the_same_in_every_run_and_another_in_each_boot():
    source = (
        "import random, machine, time\nprint([random.randint(1, 6) for _ in range(8)], random.random() < 1,\n"
        "      random.choice('abc') in 'abc', 2 <= random.uniform(2, 3) <= 3, random.randrange(0, 10, 5) in (0, 5))\n"
        "random.seed(7)\nprint(random.getrandbits(32))\n"
        "time.sleep(1)\nif machine.reset_cause() == 1:\n    machine.reset()"
    )
    first, seeded, second, again = said(source, seconds=5)[:4]
    assert first != second and seeded == again
    assert set(map(int, first[1 : first.index("]")].split(","))) <= set(range(1, 7))
    assert first.endswith("True True True True")


@pytest.mark.parametrize(("duty", "level"), [(0, 0), (20_000, 0), (50_000, 1), (65_535, 1)])
def test_the_world_sees_a_duty(duty, level):
    trace = ran(
        f"from machine import PWM\np = PWM(3, freq=1000, duty_u16={duty})\nfrom machine import Pin\nprint(Pin(3).value())"
    )
    assert lines(trace)[0] == str(level)
    (event,) = trace.events("pwm")[-1:]
    assert event.data == {"gpio": 3, "freq_hz": 1000, "duty_u16": duty}


def test_a_pwm_that_is_told_its_duty_later_and_let_go():
    trace = ran(
        "from machine import PWM\np = PWM(3)\np.freq(50)\np.duty_ns(10_000_000)\nprint(p.freq(), p.duty_u16(), p.duty_ns())\np.deinit()"
    )
    assert lines(trace)[0] == "50 32767 9999847"
    assert [e.data["freq_hz"] for e in trace.events("pwm")] == [50, 50, 0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("u.write('AT\\r\\n')\nprint(u.any(), u.readline(), u.read())", "4 b'OK\\r\\n' None"),
        ("u.write(b'A')\nu.write(b'T\\r\\n')\nprint(u.read(2), u.read())", "b'OK' b'\\r\\n'"),
        ("u.write('ATI\\r\\n')\nprint(u.readline(), u.readline(), u.readline())", "b'one\\r\\n' b'two\\r\\n' None"),
        ("u.write('nobody')\nb = bytearray(3)\nprint(u.readinto(b), u.read())", "None None"),
    ],
)
def test_a_uart_is_answered(source, expected):
    trace = ran("from machine import UART\nu = UART(0, 115200, timeout=10)\n" + source)
    assert lines(trace)[0] == expected and trace.events("uart")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s.write(b'\\x9f')\nprint(s.read(3), s.read(1))", "b'\\xef@\\x15' b'\\x00'"),
        ("b = bytearray(2)\ns.write(b'\\x9f')\ns.readinto(b)\nprint(bytes(b))", "b'\\xef@'"),
        ("b = bytearray(1)\ns.write_readinto(b'\\x05', b)\nprint(bytes(b))", "b'\\x01'"),
        ("s.write(b'\\x77')\nprint(s.read(2))", "b'\\x00\\x00'"),
    ],
)
def test_an_spi_is_answered(source, expected):
    assert said("from machine import SPI, Pin\ns = SPI(1, 1_000_000, sck=Pin(10))\n" + source)[0] == expected


def test_a_station_connects_after_a_while():
    trace = ran(JOIN + "print(w.ifconfig()[0], w.status() == network.STAT_GOT_IP, w.config('ssid'))")
    ((t_us, line),) = trace.notes["console"][:1]
    assert line == "10.0.0.2 True home"
    assert t_us > PARTS.wifi.join_us


@pytest.mark.parametrize(
    ("wifi", "status"),
    [
        (replace(PARTS.wifi, fails=True), "STAT_CONNECT_FAIL"),
        (replace(PARTS.wifi, password="other"), "STAT_WRONG_PASSWORD"),
        (replace(PARTS.wifi, ssid="elsewhere"), "STAT_CONNECT_FAIL"),
        (replace(PARTS.wifi, up=((0, False),)), "STAT_CONNECTING"),
    ],
)
def test_a_station_that_cannot_connect(wifi, status):
    source = (
        JOIN.partition("while")[0]
        + f"time.sleep(5)\nprint(w.status() == network.{status}, w.isconnected(), w.ifconfig()[0])"
    )
    assert said(source, parts=replace(PARTS, wifi=wifi))[0] == "True False 0.0.0.0"


def test_a_network_that_drops_comes_back():
    wifi = replace(PARTS.wifi, up=((8 * S, False), (10 * S, True)))
    source = (
        JOIN
        + "was = None\nfor _ in range(150):\n    now = w.isconnected()\n    if now != was:\n        print(now)\n    was = now\n    time.sleep_ms(100)"
    )
    trace = ran(source, parts=replace(PARTS, wifi=wifi))
    at = [(line, t_us // S) for t_us, line in trace.notes["console"] if line in ("True", "False")]
    assert at == [("True", at[0][1]), ("False", 8), ("True", 12)]


FETCH = JOIN + "import socket\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import requests\nr = requests.get('http://meter.example/a.txt')\nprint(r.status_code, r.text)", "200 hello"),
        ("import urequests\nprint(urequests.get('https://meter.example/v.json').json()['v'])", "3"),
        ("import requests\nprint(requests.get('http://meter.example/none').status_code)", "404"),
        (
            "a = socket.getaddrinfo('meter.example', 80)[0][-1]\ns = socket.socket()\ns.connect(a)\n"
            "s.send(b'GET /a.txt HTTP/1.0\\r\\nHost: meter.example\\r\\n\\r\\n')\n"
            "print(s.readline(), s.readline(), s.readline(), s.read())",
            "b'HTTP/1.0 200 OK\\r\\n' b'Content-Length: 5\\r\\n' b'\\r\\n' b'hello'",
        ),
        (
            "s = socket.socket()\ns.connect(socket.getaddrinfo('meter.example', 80)[0][-1])\n"
            "s.write('GET /nothing ')\ns.write('HTTP/1.1\\r\\n\\r\\n')\nprint(s.recv(12), s.recv(100)[-4:])",
            "b'HTTP/1.0 404' b'\\r\\n\\r\\n'",
        ),
    ],
)
def test_the_network_answers_from_files(source, expected):
    assert said(FETCH + source)[0] == expected


@pytest.mark.parametrize(
    "source",
    [
        "import requests\nrequests.get('http://meter.example/a.txt')",
        "import socket\nsocket.socket().connect(('meter.example', 80))",
        "import network\nnetwork.WLAN(network.STA_IF).connect('home', 'secret')",
    ],
)
def test_without_a_connection_there_is_no_network(source):
    assert any(line.startswith("OSError") for line in said(source, seconds=3))


def test_what_is_missing_stands_in_the_trace_once_whatever_the_firmware_makes_of_it():
    source = (
        "import machine\nfor _ in range(3):\n    try:\n        machine.I2S\n    except Exception:\n        pass\n"
        "try:\n    from machine import SDCard\nexcept NotImplementedError:\n    print('without')\n"
    )
    trace = ran(source)
    assert [e.data["what"] for e in trace.events("fault") if e.data["kind"] == "not simulated"] == [
        "machine.I2S",
        "machine.SDCard",
    ]


def of_files(files):
    return Firmware("test", {f"/{path}": text.encode() for path, text in files.items()}, {})


def test_packages_are_found_as_a_board_finds_them():
    """A folder without `__init__.py`, names with dots before them, what the build has in Python before /lib."""
    files = {
        "main.py": "import far.near\nfrom far import other\nfrom whole import part, NAME\n"
        "print(far.near.X, other.X, part.up(), NAME)\nfrom asyncio import sleep\nimport neopixel",
        "far/near.py": "X = 1",
        "far/other.py": "from .near import X",
        "whole/__init__.py": "NAME = 'é'\nfrom .part import Y",
        "whole/part/__init__.py": "from .inner import Y\n\ndef up():\n    from ..beside import Z\n    return Y + Z",
        "whole/part/inner.py": "Y = 2",
        "whole/beside.py": "Z = 40",
        "lib/asyncio.py": "print('not this one')",
        "lib/neopixel.py": "print('nor this one')",
    }
    traces = [run_steps(firmware=of_files(files), seconds=3, guest_name=name) for name in guests()]
    for other in traces[1:]:
        assert_same(traces[0], other)
    said = lines(traces[0])
    assert said[0] == "1 1 42 é" and "the module neopixel" in said[3]


def test_what_raises_in_lib_is_in_the_traceback():
    files = {"main.py": "import kit\nkit.go()", "lib/kit.py": "def go():\n    raise ValueError('no')"}
    for name in guests():
        out = lines(run_steps(firmware=of_files(files), seconds=2, guest_name=name))
        assert '  File "/lib/kit.py", line 2, in go' in out


@pytest.mark.parametrize(
    "wrapped",
    [
        "ssl.wrap_socket(s, server_hostname='meter.example')",
        "ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(s, server_hostname='meter.example')",
    ],
)
def test_a_stream_over_tls_is_read_as_json(wrapped):
    source = (
        "import json, ssl\ns = socket.socket()\ns.connect(socket.getaddrinfo('meter.example', 443)[0][-1])\n"
        f"s = {wrapped}\ns.write(b'%s /%s HTTP/1.0\\r\\nHost: meter.example\\r\\n\\r\\n' % ('GET', 'v.json'))\n"
        "while s.readline() != b'\\r\\n':\n    pass\nprint(json.load(s)['v'])"
    )
    assert said(FETCH + source)[0] == "3"


def test_an_interrupt_is_asked_for_its_flags_and_stays_on():
    source = (
        "from machine import Pin\nimport time\nmains = Pin(18, Pin.IN)\n"
        "on = mains.irq(lambda pin: print(pin.irq().flags(), pin.irq().trigger()), Pin.IRQ_FALLING | Pin.IRQ_RISING)\n"
        "print(on is Pin(18).irq(), on is Pin(3).irq())\ntime.sleep(6)\n"
        "mains.irq(handler=None)\ntime.sleep(6)\nprint('over')"
    )
    blips = ((0, 1), (5 * S, 0), (5 * S + 50_000, 1), (8 * S, 0), (8 * S + 50_000, 1))
    assert lines(ran(source, mains=blips)) == ["True False", "4 12", "8 12", "over"]


def test_waiting_for_a_connection_without_a_pause():
    source = JOIN.replace("    time.sleep_ms(100)", "    pass") + (
        "t = time.ticks_ms()\nprint('up')\nw.disconnect()\nprint(w.isconnected())\nw.connect('home', 'wrong')\nwhile w.status() == 1:\n    pass\n"
        "print(w.status(), time.ticks_diff(time.ticks_ms(), t) // 1000)\nw.active(False)\nprint(w.status())"
    )
    assert said(source, seconds=8)[:4] == ["up", "False", "-3 2", "0"]
