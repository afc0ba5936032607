# Runs inside the MicroPython VM: makes it look like a board, then boots the firmware from its flash.
# Everything that the world has a say in is asked of the host, over link.py; hardware.py, console.py, files.py and
# network.py are what firmware finds. The firmware never sees these modules.
import builtins
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
    if name.split(".")[0] in ("asyncio", "uasyncio"):
        raise NotImplementedError("the VM's asyncio counts real time, in C: run it on the cpython guest")
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
    return _import(name, *rest)


def text_of(e):
    # What a board would print of it: without this file's own lines.
    text = io.StringIO()
    sys.print_exception(e, text)
    return "\n".join(line for line in text.getvalue().split("\n") if SHIM not in line)


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
shims["select"] = link.Module(poll=console.Poll, POLLIN=1, POLLOUT=4, POLLERR=8, POLLHUP=16)
shims["micropython"] = link.Module(
    kbd_intr=lambda char: link.call("interrupt_char", char),
    const=lambda value: value,
    heap_lock=lambda: None,
    heap_unlock=lambda: None,
)
shims["sys"] = link.Module(
    path=sys.path, modules=sys.modules, stdin=console.STDIN, stdout=console.STDIN, argv=[], byteorder="little",
    maxsize=(1 << 31) - 1, version=sys.version, implementation=sys.implementation, platform="rp2", exit=sys.exit,
    print_exception=sys.print_exception,
)  # fmt: skip
shims["vfs"] = link.Module(mount=vfs.mount, umount=vfs.umount, VfsLfs2=vfs.VfsLfs2)
if BOARD["network"]:
    import network

    shims["requests"] = link.Module(get=network.fetch, Response=network.Response)
if hardware.STM32:
    shims["pyb"] = link.Module(Flash=lambda *, start: _device)
for name in list(shims):
    shims["u" + name] = shims[name]  # the old names
for name in ("console", "files", "hardware", "link", "network"):
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
