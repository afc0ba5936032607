# The link to the host: requests and replies on two pipes, and the time that the host has granted.
# Until `until` nothing happens in the world, so whatever only reads or lets time pass is answered here, and the host
# is told with the next request. docs/guest-protocol.md has the protocol.
import builtins
import gc
import json
from _thread import allocate_lock, get_ident
from time import clock, sleep_ms, ticks_ms

SHIM = __file__.rsplit("/", 1)[0] + "/"
_from_host = open(3, "rb")
_to_host = open(4, "wb")
callbacks = []
now = until = 0
_count = 0  # calls and granted passes of time
_owner = 0  # the thread that talks to the host
busy = False  # it is not the one that runs the firmware
_lock = allocate_lock()
_told = 0  # what the host believes `now` to be
fed = -1  # when the watchdog was last fed in this grant
_happened = 0
steady = False
rx = b""
taken = 0  # bytes of `rx` that were read in this grant
SHOWN = 512  # at most so many are shown
more = False  # then there may be others behind them
levels = {}  # what does not change until something happens: a pin's move is something, whoever moves it
adc = {}
driven = {}  # what was written to a pin since something last happened


def _granted(grant):
    global now, until, _told, fed, _happened, steady, rx, taken, more
    now, until, happened, steady, received = grant
    if happened != _happened:
        _happened = happened
        levels.clear()
        adc.clear()
        driven.clear()
    _told = now
    fed = -1
    if received is None:
        if taken:
            rx = rx[taken:]
    else:
        rx = bytes.fromhex(received)
        more = len(rx) == SHOWN
    taken = 0


def send(request):
    global now, fed
    if now < _told:
        # the other thread let time pass while this one was about to
        now = _told
        fed = -1
    if _told != now or taken or fed >= 0:
        _to_host.write(json.dumps(["sync", now, fed, taken]) + "\n" + json.dumps(request) + "\n")
    else:
        _to_host.write(json.dumps(request) + "\n")


def call(*request):
    global _owner, _count
    _count += 1
    me = get_ident()
    if _owner == me:
        # from a callback, in the middle of another request
        return _exchange(request)
    if not _lock.acquire(0):
        _to_host.write('["back"]\n')
        _lock.acquire()
    _owner = me
    try:
        return _exchange(request)
    finally:
        _owner = 0
        _lock.release()


def _exchange(request):
    send(request)
    interrupted = False
    while True:
        kind, value, grant = json.loads(_from_host.readline())
        _granted(grant)
        if kind == "ok":
            if interrupted:
                raise KeyboardInterrupt
            return value
        if kind == "timer":
            try:
                callbacks[value]()
            except Exception as e:
                print_line("%s: %s\n" % (type(e).__name__, e))
            except KeyboardInterrupt:
                interrupted = True
            send(["done"])
        else:
            raise KeyboardInterrupt


def stand_by(board):
    # A thread of its own. Code that computes and asks for nothing must not keep timers from running: after a
    # while this asks in its place. The VM's threads have no lock between them, so until then it allocates nothing.
    global busy, _owner
    wait_ms = board["busy_ms"]
    seen = -1
    since_ms = cpu_s = 0
    while True:
        sleep_ms(50)
        if _owner or _count != seen:
            seen = _count
            cpu_s = -1
            since_ms = ticks_ms()
        elif ticks_ms() - since_ms < wait_ms:
            pass
        elif cpu_s < 0:
            # it has had the time; has it had the machine?
            cpu_s = clock()
        elif (clock() - cpu_s) * 1000 > wait_ms and _lock.acquire(0):
            busy = True
            # a collection has to stop the other thread, which is busy: none for a threshold of the firmware's
            threshold = gc.threshold()
            gc.threshold(-1)
            _owner = get_ident()
            _exchange(["busy"])
            _owner = 0
            gc.threshold(threshold)
            busy = False
            _lock.release()
            seen = -1


def passes(us):
    # Lets `us` pass within the grant; False if the host has to be asked.
    global now, _count
    _count += 1
    t = now + us
    if t >= until or busy:
        return False
    now = t
    return True


def state(name):
    # Something of the world that changes only when something happens.
    if name in levels and passes(board["hal_us"]):
        return levels[name]
    value = levels[name] = call(name)
    return value


def change(name, *request):
    # A request after which that may be another.
    levels.pop(name, None)
    return call(*request)


def spend(us):
    if not passes(us):
        call("spend", us)


def print_line(text):
    call("stdout_write", text)


def whole(value):
    # As the port takes a number where it wants a whole one.
    if isinstance(value, int):
        return int(value)
    raise TypeError("can't convert %s to int" % type(value).__name__)


def missing(owner, name):
    # Raises what the host says of a name that is not here.
    kind, text = call("missing", owner, name)
    raise getattr(builtins, kind)(text)


def refuse_given(owner, how):
    for name, value in how.items():
        if value is not None:
            missing(owner + "()", name)


class Strict:
    _owner = ""

    def __getattr__(self, name):
        if name[:2] == "__" or not self._owner:
            raise AttributeError(name)
        missing(self._owner, name)


class Module:
    # `later`: names that come from a part, when they are asked for
    def __init__(self, owner="", later=(), **names):
        self._owner = owner
        self._later = later
        for name, value in names.items():
            setattr(self, name, value)

    def __getattr__(self, name):
        if name[:1] == "_":
            raise AttributeError(name)
        if name in self._later:
            setattr(self, name, part(self._later[name])[name])
            return getattr(self, name)
        if self._owner:
            missing(self._owner, name)
        raise AttributeError(name)


_parts = {}
given = {}  # what each part finds


def part(name):
    if name not in _parts:
        names = dict(given)
        exec(compile(call("part", name), SHIM + name + ".py", "exec"), names)
        _parts[name] = names
    return _parts[name]


call("grants")
board = call("facts")
