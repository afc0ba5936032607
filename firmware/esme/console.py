# The line console: one command a line, one answer a line ("OK ..." or "ERR ..."), for people and for
# programs. Lines are bounded; what does not fit, or is no command, gets one line and changes nothing.
import select
import sys

from esme import build
from esme.signed import Refused

LINE_BYTES = 1440  # a block command of 1024 bytes in base64
_BURST_BYTES = 4096  # read at most so much before the supervisor has its turn again


class Console:
    def __init__(self, ctrl_c):
        # `ctrl_c()`: one that came while it could stop nothing, and was read as a byte; raises if it may now
        self._ctrl_c = ctrl_c
        self._poller = select.poll()
        self._poller.register(sys.stdin, select.POLLIN)
        self._in = sys.stdin.buffer
        self._one = bytearray(1)
        self._line = bytearray(LINE_BYTES)
        self._n = 0
        self._verbs = {}

    def serve(self, verb, function):
        # `function(words)` returns the text after OK, or raises Refused.
        self._verbs[verb] = function

    def poll(self, wait_ms):
        # Waits at most `wait_ms` for input; answers at most one line.
        wait = self._poller.poll
        if not wait(wait_ms):
            return
        one, line = self._one, self._line
        readinto = self._in.readinto  # type: ignore[union-attr]
        refused = False
        for _ in range(_BURST_BYTES):
            readinto(one)
            c = one[0]
            if c == 10 or c == 13:
                n, self._n = self._n, 0
                if n:
                    self._answer(n)
                    break
            elif c == 3 and not build.REPL:
                pass  # a byte that means nothing here, and disturbs nothing
            elif c == 3:
                self._n = 0
                self._ctrl_c()
                refused = True
            elif self._n < LINE_BYTES:
                line[self._n] = c
                self._n += 1
            else:
                self._n = LINE_BYTES + 1
            if not wait(0):
                break
        if refused:
            # once, however many there were: a flood of them must not keep the watchdog waiting for our answers
            sys.stdout.write("ERR busy bench mode is refused on trial\n")

    def _answer(self, n):
        try:
            if n > LINE_BYTES:
                raise Refused("line longer than %d bytes" % LINE_BYTES)
            words = str(memoryview(self._line)[:n], "utf-8").split()
            if not words:
                return
            function = self._verbs.get(words[0])
            if function is None:
                raise Refused("unknown command: try help")
            text = "OK " + function(words[1:])
        except Refused as e:
            text = "ERR %s" % e
        except (ValueError, IndexError, UnicodeError):
            text = "ERR malformed: try help"
        except Exception as e:
            # whatever a line from outside sets off, it must not end the application
            text = "ERR internal %s: %s" % (type(e).__name__, e)
        sys.stdout.write(text + "\n")
