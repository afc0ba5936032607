# Runs inside the MicroPython VM: makes it look like a board, then boots the firmware from its flash.
# Everything that the world has a say in is asked of the host, over link.py; hardware.py, console.py and files.py
# are what firmware finds. The firmware never sees these modules.
import builtins
import collections
import gc
import io
import os
import sys
from _thread import start_new_thread

import console
import files
import hardware
import link
import vfs

_import = builtins.__import__
SHIM = '"' + __file__.rsplit("/", 1)[0] + "/"
MTIME = len(sys.argv) > 2
BOARD = link.board


def charged_verify(module):
    real = module.verify
    slice_us = BOARD["ecdsa_verify_us"] // 256

    def verify(key, digest, signature, feed):
        def fed():
            link.spend(slice_us)
            feed()

        return real(key, digest, signature, fed)

    module.verify = verify


def import_charged(name, *rest):
    # What a board compiles on import, it is charged for here, before the module's first line runs.
    if name and name not in sys.modules and not (len(rest) > 3 and rest[3]):
        base = name.replace(".", "/")
        for folder in sys.path:
            for path in (base + "/__init__.py", base + ".py", base + ".mpy"):
                path = folder + "/" + path if folder else path
                try:
                    size = os.stat(path)[6]
                except OSError:
                    continue
                if "." in name:
                    import_charged(name.rsplit(".", 1)[0])
                link.spend(size * BOARD["import_mpy_us_per_byte" if path.endswith(".mpy") else "import_py_us_per_byte"])
                module = _import(name, *rest)
                if name == "esme.p256":
                    charged_verify(sys.modules[name])
                return module
        return import_builtin(name, *rest)
    found = _import(name, *rest)
    if len(rest) > 2 and rest[2] and type(found) is link.Module:
        # what is missing of it is an ImportError in this statement
        for one in rest[2]:
            if one != "*" and not hasattr(found, one):
                raise ImportError("can't import name " + one)
    return found


KEPT = "array asyncio binascii builtins collections errno gc heapq io json math re struct".split()
PARTS = ["random"] + (["network", "socket", "requests"] if BOARD["network"] else [])


def import_builtin(name, *rest):
    # No file has it. The VM has more modules than a board, and some that count real time or reach the host.
    top = name.split(".")[0]
    top = top[1:] if top[:1] == "u" and top[1:] in KEPT + PARTS else top
    if top == "asyncio" and "_asyncio" not in sys.modules:
        sys.modules["_asyncio"] = link.Module("", **link.part("tasks"))
        module = _import(name, *rest)
        attributes = sys.modules["asyncio"]._attrs
        for one in [one for one in attributes if attributes[one] == "stream"]:
            attributes.pop(one)
        found = sys.modules["asyncio"].__getattr__

        def missing(attr):
            if attr not in attributes:
                link.missing("asyncio", attr)
            return found(attr)

        sys.modules["asyncio"].__getattr__ = missing
        return module
    if top in PARTS:
        contents = link.part(top)
        module = link.Module(top)
        for one in contents:
            if one not in link.given and one[:2] != "__":
                setattr(module, one, contents[one])
        sys.modules[top] = sys.modules[name] = module
        return import_charged(name, *rest)
    if top in KEPT or name == "_asyncio":
        return _import(name, *rest)
    link.missing("", top)


def text_of(e):
    # What a board would print of it: without this file's own lines.
    text = io.StringIO()
    sys.print_exception(e, text)
    return "\n".join(line for line in text.getvalue().split("\n") if SHIM not in line)


def print_exception(e, file=console.STDIN):
    file.write(text_of(e))


def execute(code, names):
    # Runs code; what it ended with, as text: "" if well.
    try:
        link.call("interrupt_char", 3)
        exec(code, names)
        link.call("interrupt_char", -1)
        return ""
    except SystemExit:
        raise
    except BaseException as e:
        link.call("interrupt_char", -1)
        return text_of(e)


def run_file(path, names):
    try:
        with open(path) as f:
            source = f.read()
    except OSError:
        return True
    link.spend(len(source) * BOARD["import_py_us_per_byte"])
    try:
        code = compile(source, path, "exec")
    except SyntaxError as e:
        error = text_of(e)
    else:
        error = execute(code, names)
    if error:
        link.call("stdout_write", error)
    return not error


def prompt(names):
    # The REPL: the host reads and frames, this executes. Returns when a soft reset is due.
    error = None
    while True:
        job = link.call("repl", error)
        if job is None:
            return
        try:
            code = compile(job[1], "<stdin>", job[0])
        except SyntaxError as e:
            error = text_of(e)
            continue
        error = execute(code, names)


shims = hardware.modules()
shims["select"] = link.Module("select", poll=console.Poll, POLLIN=1, POLLOUT=4, POLLERR=8, POLLHUP=16)
shims["micropython"] = link.Module(
    "micropython",
    alloc_emergency_exception_buf=lambda size: None,
    opt_level=lambda *level: None if level else 0,
    schedule=hardware.schedule,
    native=lambda f: f,
    viper=lambda f: f,
    kbd_intr=lambda char: link.call("interrupt_char", char),
    const=lambda value: value,
    heap_lock=lambda: None,
    heap_unlock=lambda: None,
)
_release = "1.29.0"
_port = {"stm32": "pyboard"}.get(BOARD["port"], BOARD["port"])
_Implementation = collections.namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
_Uname = collections.namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))
shims["sys"] = link.Module(
    "sys", path=sys.path, modules=sys.modules, stdin=console.STDIN, stdout=console.STDIN, stderr=console.STDIN, argv=[],
    byteorder="little", maxsize=(1 << 31) - 1, version="3.4.0; MicroPython v" + _release, version_info=(3, 4, 0),
    implementation=_Implementation("micropython", (1, 29, 0, ""), BOARD["title"], 0x306), platform=_port, exit=sys.exit,
    print_exception=print_exception,
)  # fmt: skip
shims["os"] = link.Module(
    "os", sync=lambda: None, uname=lambda: _Uname(_port, _port, _release, "v" + _release, BOARD["title"]), sep="/",
    urandom=lambda n: bytes.fromhex(link.call("entropy", n)), mount=vfs.mount, umount=vfs.umount,
)  # fmt: skip
for name in (
    "chdir",
    "getcwd",
    "ilistdir",
    "listdir",
    "mkdir",
    "remove",
    "rename",
    "rmdir",
    "stat",
    "statvfs",
    "unlink",
):
    setattr(shims["os"], name, getattr(os, name))
shims["vfs"] = link.Module("vfs", mount=vfs.mount, umount=vfs.umount)
for name in ("VfsFat", "VfsLfs2"):
    # the VM's own, on block devices that the firmware makes
    for module in ("os", "vfs"):
        if hasattr(vfs, name):
            setattr(shims[module], name, getattr(vfs, name))
if hardware.STM32:
    shims["pyb"] = link.Module("pyb", Flash=lambda *, start: _device)
for name in list(shims):
    shims["u" + name] = shims[name]  # the old names
link.given.update(
    link=link, Strict=link.Strict, Pin=hardware.Pin, whole=link.whole, refuse_given=link.refuse_given,
    missing=link.missing, PORT=BOARD["port"], RADIO=BOARD["wifi"],
)  # fmt: skip
for name in ("console", "files", "hardware", "link"):
    sys.modules.pop(name, None)
sys.modules.update(shims)
builtins.print = console.say
builtins.__repl_print__ = lambda value: None if value is None else console.say(repr(value))
builtins.open = files.tracked_open
builtins.__import__ = import_charged
sys.path[:] = ["", ".frozen"] + (["/flash", "/flash/lib"] if hardware.STM32 else ["/lib"])

vfs.umount("/")
_device = files.Flash(BOARD["block_bytes"], BOARD["blocks"], BOARD["unstable"])
_how = {"progsize": BOARD["page_bytes"], "mtime": MTIME}
try:
    _fs = vfs.VfsLfs2(_device, **_how)
except OSError:
    link.call("formatted")
    vfs.VfsLfs2.mkfs(_device, progsize=BOARD["page_bytes"])
    _fs = vfs.VfsLfs2(_device, **_how)
vfs.mount(_fs, "/flash" if hardware.STM32 else "/")
if hardware.STM32:
    os.chdir("/flash")
del _fs
_main = {"__name__": "__main__"}
start_new_thread(link.stand_by, (BOARD,))
gc.collect()
try:
    if run_file("boot.py", _main) and BOARD["friendly"]:
        run_file("main.py", _main)
    for entry in files.written:
        if files.still_open(entry):
            link.call("left_open", entry[0])
    prompt(_main)
except SystemExit:
    pass
link.send(["soft_reset"])
