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
import names
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
    full = name
    if len(rest) > 3 and rest[3]:
        if rest[0] is None:
            # the VM's asyncio, which knows its own place
            return _import(name, *rest)
        full = absolute(name, rest[0], rest[3])
    if full and full not in sys.modules:
        path = file_of(full)
        if path is None:
            # only the VM's own asyncio has something beside it that no file has
            return _import(name, *rest) if full != name else import_builtin(name, *rest)
        if "." in full:
            import_charged(full.rsplit(".", 1)[0])
        if full not in sys.modules:
            size = size_of(path)
            if size is not None:
                kind = "import_mpy" if path.endswith(".mpy") else "import_py"
                each_ns = (
                    "import_reader_ns_per_byte" if kind == "import_py" and read_slowly(path) else kind + "_ns_per_byte"
                )
                link.spend(BOARD[kind + "_us"] + size * BOARD[each_ns] // 1000)
        found = _import(name, *rest)
        if full == "esme.p256":
            charged_verify(sys.modules[full])
    else:
        found = _import(name, *rest)
    if len(rest) > 2 and type(rest[2]) is tuple:
        for one in rest[2]:
            if one == "*" or hasattr(found, one):
                continue
            if type(found) is link.Module:
                # what is missing of it is an ImportError in this statement
                raise ImportError("can't import name " + one)
            if hasattr(found, "__path__"):
                import_charged((full or found.__name__) + "." + one)
    return found


def absolute(name, names, level):
    # What a name with dots before it means in the module that has these names.
    package = names["__name__"] if "__path__" in names else names["__name__"].rpartition(".")[0]
    parts = package.split(".")
    if not package or level > len(parts):
        raise ImportError("can't perform relative import")
    return ".".join(parts[: len(parts) - level + 1] + ([name] if name else []))


def file_of(full):
    # The file that an import executes; None if there is none. A folder is a package with or without one.
    base = full.replace(".", "/")
    for folder in sys.path:
        if folder == ".frozen" and full in BOARD["frozen"]:
            return None
        path = folder + "/" + base if folder else base
        for one in (path, path + ".py", path + ".mpy"):
            try:
                mode = os.stat(one)[0]
            except OSError:
                continue
            return one + "/__init__.py" if mode & 0x4000 else one
    return None


def size_of(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return None


readers = []  # the mounted file systems that are written in Python, and where


def mount(fs, path, **how):
    vfs.mount(fs, path, **how)
    if type(fs) not in COMPILED:
        readers.append((fs, path))


def umount(what):
    vfs.umount(what)
    readers[:] = [one for one in readers if what is not one[0] and what != one[1]]


def read_slowly(path):
    return any(path.startswith(at + "/") for _, at in readers)


COMPILED = [getattr(vfs, name) for name in ("VfsFat", "VfsLfs2", "VfsRom") if hasattr(vfs, name)]
KEPT = "array asyncio binascii builtins collections errno gc heapq io json math re struct".split()
PARTS = BOARD["part_modules"]


def import_builtin(name, *rest):
    # No file has it. The VM has more modules than a board, and some that count real time or reach the host.
    top = name.split(".")[0]
    top = top[1:] if top[:1] == "u" and top[1:] in KEPT + PARTS else top
    if name == "uasyncio":
        sys.modules[name] = import_charged("asyncio")
        return sys.modules[name]
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


def stat(path):
    # The flash keeps no times here: each file is as old as the clock, as if it had been written right after a reset.
    found = os.stat(path)
    return found if found[0] & 0x4000 or found[8] else found[:7] + (BOARD["clock_start_unix_s"],) * 3


def refused(name):
    return lambda *arguments, **how: link.missing("builtins", name)


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
    # that boot.py was opened and compiled to its second line is in boot_us
    opened_us = BOARD["import_py_us"] if path != "boot.py" else 0
    link.spend(opened_us + size_of(path) * BOARD["import_py_ns_per_byte"] // 1000)
    try:
        code = compile(source, path, "exec")
    except (SyntaxError, MemoryError) as e:
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
_release = ".".join(str(number) for number in BOARD["release"])
_version = tuple(BOARD["release"] + [""])
_port = BOARD["platform"]
_Implementation = collections.namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
_Uname = collections.namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))
shims["sys"] = link.Module(
    "sys", path=sys.path, modules=sys.modules, stdin=console.STDIN, stdout=console.STDIN, stderr=console.STDIN, argv=[],
    byteorder="little", maxsize=(1 << 31) - 1, version="3.4.0; MicroPython v" + _release, version_info=(3, 4, 0),
    implementation=_Implementation("micropython", _version, BOARD["title"], BOARD["mpy"]), platform=_port,
    exit=sys.exit, print_exception=print_exception,
)  # fmt: skip
shims["os"] = link.Module(
    "os", sync=lambda: None, uname=lambda: _Uname(_port, _port, _release, "v" + _release, BOARD["title"]), sep="/",
    urandom=lambda n: bytes.fromhex(link.call("entropy", n)), mount=mount, umount=umount,
)  # fmt: skip
shims["os"].stat = stat
for name in (
    "chdir",
    "getcwd",
    "ilistdir",
    "listdir",
    "mkdir",
    "remove",
    "rename",
    "rmdir",
    "statvfs",
    "unlink",
):
    setattr(shims["os"], name, getattr(os, name))
shims["vfs"] = link.Module("vfs", mount=mount, umount=umount)
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
for name in ("console", "files", "hardware", "link", "names"):
    sys.modules.pop(name, None)
sys.modules.update(shims)
builtins.print = console.say
builtins.__repl_print__ = lambda value: None if value is None else console.say(repr(value))
builtins.open = files.tracked_open
builtins.__import__ = import_charged
for name in BOARD["builtins_missing"]:
    setattr(builtins, name, refused(name))
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
_main = names.__dict__
_main.clear()
_main["__name__"] = "__main__"
sys.modules["__main__"] = names
start_new_thread(link.stand_by, (BOARD,))
gc.collect()
try:
    link.call("boot_py", True)
    well = run_file("boot.py", _main)
    link.call("boot_py", False)
    if well and BOARD["friendly"]:
        run_file("main.py", _main)
    for entry in files.written:
        if files.still_open(entry):
            link.call("left_open", entry[0])
    prompt(_main)
except SystemExit:
    link.call("boot_py", False)
link.send(["soft_reset"])
