"""One boot in CPython: mount, boot.py, main.py, as the port's C code does it."""

from __future__ import annotations

import builtins
import errno
import linecache
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from littlefs.errors import LittleFSError

from ridethrough.guests.costs import charged
from ridethrough.guests.cpython.code import FORMAT, SHOW, STOP, TICK, compiled
from ridethrough.guests.cpython.files import DIR_MODE, FILE_MODE, LfsVfs
from ridethrough.guests.cpython.modules import BUILTINS, FormatBytes, make_modules
from ridethrough.guests.cpython.mounts import Mounts
from ridethrough.guests.cpython.ram import digest
from ridethrough.guests.cpython.strict import refuse
from ridethrough.guests.flashfs import FlashFs
from ridethrough.guests.missing import FROZEN, NOT_SIMULATED
from ridethrough.guests.repl import SINGLE, Repl
from ridethrough.world.mcu import Mcu
from ridethrough.world.runtime import Gone

_CTRL_C = 3
_BUILTINS = {name: getattr(builtins, name) for name in BUILTINS if hasattr(builtins, name)}


class CPythonGuest:
    """Runs whatever firmware is on the board's flash. Holds nothing from one boot to the next. `stops`: lines of the
    firmware's files (path without the leading slash, line) at which pdb gets the floor."""

    own_time, about = False, ""

    def __init__(self, stops: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._stops = stops

    def run(self, mcu: Mcu) -> None:
        flash = FlashFs(mcu.chip, mcu.flash_spend, lambda: mcu.alive)
        _mount_or_format(flash, mcu)
        boot = _Boot(mcu, flash, self._stops)
        mcu.ram = boot.ram
        try:
            mcu.boot_py(True)
            well = boot.execute("boot.py")
            mcu.boot_py(False)
            if well and not mcu.raw_repl:
                boot.execute("main.py")
            boot.ended()
            boot.prompt()
        except SystemExit:
            mcu.boot_py(False)
        finally:
            boot.over = True
            flash.close()


def _stop(frame: FrameType) -> None:
    # its import is for those who stop
    import pdb
    from bdb import BdbQuit

    debugger = pdb.Pdb(skip=["ridethrough.*"], nosigint=True)
    debugger.set_trace(frame)
    if debugger.quitting:
        raise BdbQuit


def _shown(value: Any) -> str:
    # CPython's OSError of one argument says its number only
    if isinstance(value, OSError) and len(value.args) == 1 and value.args[0] in errno.errorcode:
        return f"[Errno {value.args[0]}] {errno.errorcode[value.args[0]]}"
    return str(value)


def _mount_or_format(flash: FlashFs, mcu: Mcu) -> None:
    # As the port's _boot.py: whatever the reason, a flash that does not mount is formatted.
    mcu.chip.purpose = "(mount)"
    try:
        flash.mount()
    except LittleFSError:
        if not mcu.alive:
            raise Gone from None
        mcu.trace.add_event(mcu.clock.now_us, "fault", kind="format")
        flash.format()
        flash.mount()


class _Boot:
    """The interpreter's state for one boot: modules, path, the `__main__` namespace."""

    def __init__(self, mcu: Mcu, flash: FlashFs, stops: frozenset[tuple[str, int]]) -> None:
        def purpose(path: str) -> None:
            mcu.chip.purpose = path

        def left_open(path: str) -> None:
            if alive() and mcu.boot_number == boot_number:
                mcu.trace.add_event(mcu.clock.now_us, "fault", kind="file left open", path=path)

        def alive() -> bool:
            return mcu.alive and not self.over

        boot_number = mcu.boot_number
        self.over = False
        """The interpreter has ended: what is left of it reaches no file system any more."""
        self._mcu = mcu
        root = LfsVfs(flash, purpose, left_open, alive, mcu.board.clock_start)
        stm32 = mcu.board.port == "stm32"
        self._files = Mounts(root, "/flash" if stm32 else "/")
        self.ended = root.ended
        self._path = ["", ".frozen", *(("/flash", "/flash/lib") if stm32 else ("/lib",))]
        names = dict(_BUILTINS)
        names.update(__import__=self._import, open=self._files.open, print=self._print)
        names.update(__build_class__=builtins.__build_class__, __name__="builtins", compile=self._compile)
        names.update((name, self._refused(name)) for name in NOT_SIMULATED["builtins"])
        names[TICK] = mcu.tick
        names[FORMAT] = FormatBytes()
        self._stops = stops
        names[STOP] = lambda: _stop(sys._getframe(1))
        names[SHOW] = lambda value: None if value is None else self._print(repr(value))
        self._names: dict[str, Any] = names
        self._builtin, self._parts = make_modules(mcu, self._files, self._path, root, names)
        self._modules: dict[str, ModuleType] = self._builtin["sys"].modules
        self._main = self._modules["__main__"] = ModuleType("__main__")
        self._main.__dict__["__builtins__"] = names
        self._executed: set[str] = set()

    def ram(self) -> bytes | None:
        """What it has in RAM, for whoever it calls."""
        return digest(self._modules, sys._getframe(1), self._executed)

    def execute(self, path: str) -> bool:
        """Runs a file in `__main__`, if it is there; False if it ended with an exception."""
        try:
            source = self._files.load(path)
        except OSError:
            return True
        mcu = self._mcu
        cost = mcu.board.cost
        # that boot.py was opened and compiled to its second line is in boot_us
        mcu.spend(cost.compile_us(len(source)) + (cost.import_py_us if path != "boot.py" else 0))
        error = self._run(source, path)
        if error:
            mcu.stdout_write(error)
        return not error

    def prompt(self) -> None:
        """The REPL; returns when a soft reset is due."""
        repl = Repl(self._mcu)
        error = None
        while (job := repl.next(error)) is not None:
            kind, source = job
            error = self._run(source.encode(), "<stdin>", kind == SINGLE)

    def _run(self, source: bytes, path: str, shown: bool = False) -> str:
        # What it ended with, as text: "" if well. SystemExit goes on up.
        mcu = self._mcu
        try:
            code = self._compiled(source, path, shown)
            mcu.interrupt_char(_CTRL_C)
            exec(code, self._main.__dict__)
        except BaseException as e:
            if not mcu.alive:
                raise Gone from None
            if isinstance(e, SystemExit):
                raise
            if self._stops and type(e).__name__ == "BdbQuit":
                # whoever leaves the debugger leaves the run
                raise KeyboardInterrupt from None
            return self._text(e)
        finally:
            mcu.interrupt_char(-1)
        return ""

    def _text(self, e: BaseException) -> str:
        lines = ["Traceback (most recent call last):"]
        for frame in traceback.extract_tb(e.__traceback__):
            # what is ours and CPython's has no place on a board
            if frame.filename in self._executed:
                lines.append(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}')
        text = f"{type(e).__name__}: {_shown(e)}"
        return "\n".join([*lines, text]) + "\n"

    def _compiled(self, source: bytes, path: str, shown: bool = False) -> CodeType:
        self._executed.add(path)
        lines = frozenset(line for file, line in self._stops if file == path.lstrip("/"))
        if lines:
            # for pdb, which looks for the file where we are
            text = source.decode("utf-8", "replace")
            for name in (path, str(Path(path).absolute())):
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        return compiled(source, path, shown, lines)

    def _compile(self, source: Any, filename: str, mode: str) -> CodeType:
        if mode == "eval":
            return compile(source, filename, mode, dont_inherit=True)
        return compiled(source.encode() if isinstance(source, str) else bytes(source), filename, mode == "single")

    def _refused(self, name: str) -> Callable[..., None]:
        def call(*arguments: Any, **how: Any) -> None:
            raise refuse(self._mcu, "builtins", name)

        return call

    def _print(self, *values: Any, sep: str = " ", end: str = "\n", file: Any = None) -> None:
        self._mcu.stdout_write(sep.join(map(_shown, values)) + end)

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> ModuleType:
        if level:
            package = (globals.get("__package__") or "").split(".")
            if not package[0] or level > len(package):
                raise ImportError("can't perform relative import")
            name = ".".join([*package[: len(package) - level + 1], *filter(None, [name])])
        found = top = None
        parts = name.split(".")
        for i in range(len(parts)):
            full = ".".join(parts[: i + 1])
            module = self._modules.get(full) or self._made(full) or self._load(full)
            if found is not None:
                setattr(found, parts[i], module)
            found = module
            top = top or module
        assert found is not None and top is not None
        if not fromlist:
            return top
        for item in fromlist:
            if item != "*" and not hasattr(found, item):
                if not hasattr(found, "__path__"):
                    raise ImportError(f"can't import name {item}")
                self._import(f"{name}.{item}")
        return found

    def _made(self, name: str) -> ModuleType | None:
        try:
            return self._builtin[name]
        except KeyError:
            return None

    def _load(self, full: str) -> ModuleType:
        parent, _, last = full.rpartition(".")
        where = self._modules[parent].__path__ if parent else self._path
        for folder in where:
            base = f"{folder}/{last}" if folder else last
            if folder == ".frozen":
                if full in FROZEN:
                    break
                continue
            if self._files.kind(base) & DIR_MODE:
                return self._execute_module(full, base + "/__init__.py", [base])
            if self._files.kind(base + ".py") & FILE_MODE:
                return self._execute_module(full, base + ".py", None)
        if parent:
            raise ImportError(f"no module named '{full}'")
        for name in (full, full.removeprefix("u")):
            # also by the old names, as the port resolves them
            found = self._made(name) or self._parts.module(name)
            if found:
                self._builtin[name] = found
                return found
        raise refuse(self._mcu, "", full)

    def _execute_module(self, full: str, path: str, package: list[str] | None) -> ModuleType:
        module = ModuleType(full)
        module.__dict__["__builtins__"] = self._names
        module.__package__ = full if package else full.rpartition(".")[0]
        if package:
            module.__path__ = package
        self._modules[full] = module
        try:
            if package is None or self._files.kind(path) & FILE_MODE:
                source = self._files.load(path)
                cost = self._mcu.board.cost
                self._mcu.spend(cost.import_py_us + cost.compile_us(len(source), self._files.compiled(path)))
                exec(self._compiled(source, path), module.__dict__)
        except BaseException:
            del self._modules[full]
            raise
        charge: Callable[[ModuleType, Mcu], None] | None = charged.get(full)
        if charge:
            charge(module, self._mcu)
        return module
