# The flash chip as a block device, and `open` as a board has it. The file that holds the chip is read directly: reading
# costs no time on a board either.
import builtins
import gc
import os
import sys

import link

_chip = open(sys.argv[1], "rb")


class Flash:
    def __init__(self, block_bytes, blocks, unstable):
        self._block_bytes = block_bytes
        self._blocks = blocks
        self._unstable = unstable

    def readblocks(self, block, buf, offset=0):
        at = block * self._block_bytes + offset
        if block in self._unstable:
            buf[:] = bytes.fromhex(link.call("flash_read", at, len(buf)))
            return
        _chip.seek(at)
        _chip.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        return link.call("flash_program", block * self._block_bytes + offset, bytes(buf).hex())

    def ioctl(self, request, argument):
        if request == 4:
            return self._blocks
        if request == 5:
            return self._block_bytes
        if request == 6:
            error = link.call("flash_erase", argument)
            if argument in self._unstable and not error:
                self._unstable.remove(argument)
            return error
        return 0


_open = builtins.open
written = []
# A collection closes a file that was dropped, and if that happens inside littlefs (whose device is Python
# here, and allocates) it crashes: so the last few are kept.
_read = []
READ_FILES_MAX = 12


def still_open(entry):
    try:
        entry[1].tell()
        return True
    except (OSError, ValueError):
        return False
    except AttributeError:
        # a file system in Python: its files are no matter of littlefs
        return False


def tracked_open(path, mode="r", buffering=-1, *, encoding=None):
    # The port takes the last two and does nothing with them.
    # A file that is dropped without close() would be committed at some garbage collection: kept here, it
    # never is, and what is still open when the firmware ends is said.
    f = _open(path, mode)
    if isinstance(path, str):
        if "r" in mode and "+" not in mode:
            _read[:] = [entry for entry in _read if still_open(entry)]
            _read.append((path, f))
            if len(_read) > READ_FILES_MAX:
                # nobody may hold these any more: then this is a moment at which they can go
                _read.clear()
                gc.collect()
        else:
            written[:] = [entry for entry in written if still_open(entry)]
            written.append((path if path[:1] == "/" else os.getcwd().rstrip("/") + "/" + path, f))
    return f
