"""The port's prompt: friendly REPL, paste mode, raw REPL and raw paste, as MicroPython's pyexec.c has them.

It reads and writes the board's console; the guest only executes what comes out. Whether the prompt is raw
outlives a soft reset, as on a board: then boot.py runs and main.py does not.
"""

from __future__ import annotations

from ridethrough.world.mcu import Mcu

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5
_BACKSPACES = (8, 127)
_ESCAPE = 27
_PASTE_WINDOW = 128
SOURCE_BYTES_MAX = 60_000
"""More does not fit a board's memory: then it is a MemoryError, as there."""
_RAW = "raw REPL; CTRL-B to exit\r\n"
_PASTE = "\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "
_HISTORY = 8
SINGLE, FILE = "single", "exec"
_NOTHING: list[str] = []
"""The prompt had something to do itself: ask again."""


class Repl:
    """The prompt of one boot. `next(error)` returns the code to execute next as [kind, source], None when a
    soft reset is due; `error` is what the code before it ended with: "" if well, None the first time."""

    def __init__(self, mcu: Mcu) -> None:
        self._mcu = mcu
        self._history: list[str] = []
        self._framed = False
        self._begun = False

    def next(self, error: str | None) -> list[str] | None:
        if self._framed:
            # standard output, its end, the error, its end
            self._tell("\x04" + (error or "").replace("\n", "\r\n") + "\x04")
            self._framed = False
        elif error:
            self._tell(error.replace("\n", "\r\n"))
        while True:
            if not self._begun:
                self._begun = True
                self._tell(_RAW if self._mcu.raw_repl else self._banner())
            self._framed = self._mcu.raw_repl
            job = self._raw() if self._mcu.raw_repl else self._friendly()
            if job is not _NOTHING:
                return job

    def _switch(self, raw: bool) -> list[str]:
        self._mcu.raw_repl = raw
        self._begun = False
        return _NOTHING

    def _tell(self, text: str) -> None:
        self._mcu.stdout_bytes(text.encode())

    def _banner(self) -> str:
        board = self._mcu.board
        return f'MicroPython (Ridethrough, virtual); {board.title}\r\nType "help()" for more information.\r\n'

    def _raw(self) -> list[str] | None:
        self._tell(">")
        code = bytearray()
        while True:
            c = self._mcu.stdin_read()
            if c == _CTRL_A:
                if code[:1] == bytes([_CTRL_E]) and len(code) == 2:
                    pasted = self._raw_paste(code[1])
                    if pasted is not None:
                        return pasted
                    self._tell(">")
                else:
                    self._tell(_RAW + ">")
                code.clear()
            elif c == _CTRL_B:
                self._tell("\r\n")
                return self._switch(raw=False)
            elif c == _CTRL_C:
                code.clear()
            elif c == _CTRL_D:
                self._tell("OK")
                if not code:
                    self._tell("\r\n")
                    return None
                return _job(code)
            elif len(code) <= SOURCE_BYTES_MAX:
                code.append(c)

    def _raw_paste(self, version: int) -> list[str] | None:
        if version != ord("A"):
            self._tell("R\x00")
            return None
        self._mcu.stdout_bytes(b"R\x01" + _PASTE_WINDOW.to_bytes(2, "little") + b"\x01")
        code = bytearray()
        left = _PASTE_WINDOW
        while True:
            c = self._mcu.stdin_read()
            if c in (_CTRL_C, _CTRL_D):
                self._tell("\x04")
                return _job(code) if c == _CTRL_D else [FILE, "raise KeyboardInterrupt"]
            if len(code) <= SOURCE_BYTES_MAX:
                code.append(c)
            left -= 1
            if not left:
                self._tell("\x01")
                left = _PASTE_WINDOW

    def _friendly(self) -> list[str] | None:
        line, end = self._line(">>> ")
        if end == _CTRL_A:
            self._tell("\r\n")
            return self._switch(raw=True)
        if end == _CTRL_B:
            self._tell("\r\n")
            return self._switch(raw=False)
        if end == _CTRL_D:
            self._tell("\r\n")
            return None
        if end == _CTRL_E:
            return self._pasted()
        if end == _CTRL_C or not line:
            return _NOTHING
        while _goes_on(line):
            more, end = self._line("... ")
            if end == _CTRL_C:
                return _NOTHING
            line += "\n" + more
            if end == _CTRL_D:
                self._tell("\r\n")
                break
        return [SINGLE, line]

    def _line(self, prompt: str) -> tuple[str, int]:
        # One line with echo, backspace and the lines before; what ended it.
        self._tell(prompt)
        line = bytearray()
        back = 0
        while True:
            c = self._mcu.stdin_read()
            text = line.decode("utf-8", "replace")
            if c in (10, 13):
                self._tell("\r\n")
                if line:
                    self._history = [*self._history, text][-_HISTORY:]
                return text, c
            if c == _CTRL_C:
                self._tell("\r\n")
                return text, c
            if c in (_CTRL_A, _CTRL_B, _CTRL_D, _CTRL_E):
                if not line:
                    return text, c
            elif c in _BACKSPACES:
                if line:
                    line[:] = text[:-1].encode()
                    self._tell("\b \b")
            elif c == _ESCAPE:
                arrow = chr(self._mcu.stdin_read()) + chr(self._mcu.stdin_read())
                if arrow in ("[A", "[B"):
                    back = min(max(back + (1 if arrow == "[A" else -1), 0), len(self._history))
                    before = self._history[-back] if back else ""
                    self._tell("\b \b" * len(text) + before)
                    line[:] = before.encode()
            elif c >= 32 and len(line) <= SOURCE_BYTES_MAX:
                line.append(c)
                self._mcu.stdout_bytes(bytes([c]))

    def _pasted(self) -> list[str]:
        self._tell(_PASTE)
        code = bytearray()
        while True:
            c = self._mcu.stdin_read()
            if c == _CTRL_C:
                self._tell("\r\n")
                return _NOTHING
            if c == _CTRL_D:
                self._tell("\r\n")
                return _job(code)
            if len(code) <= SOURCE_BYTES_MAX:
                code.append(10 if c == 13 else c)
            self._mcu.stdout_bytes(b"\r\n=== " if c in (10, 13) else bytes([c]))


def _job(code: bytearray) -> list[str]:
    if len(code) > SOURCE_BYTES_MAX:
        return [FILE, "raise MemoryError"]
    return [FILE, code.decode("utf-8", "replace")]


_OPENERS = ("if", "while", "for", "try", "with", "def", "class", "async", "@")


def _goes_on(text: str) -> bool:
    # Does the prompt ask for another line? As MicroPython: open brackets and strings, a block that has begun.
    depth = 0
    quote = ""
    i = 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\":
                i += 1
            elif text.startswith(quote, i):
                i += len(quote) - 1
                quote = ""
        elif c in "'\"":
            quote = c * 3 if text.startswith(c * 3, i) else c
            i += len(quote) - 1
        else:
            depth += (c in "([{") - (c in ")]}")
        i += 1
    if len(quote) == 3 or depth > 0 or text.endswith("\\"):
        return True
    words = text.replace(":", " ").split()
    block = bool(words) and (words[0] in _OPENERS or text.startswith("@"))
    return block and not text.endswith("\n")
