"""Imports look at the flash through a mount of their own: they find what the firmware's mount finds, whatever was
written meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from littlefs import lfs
from littlefs.errors import LittleFSError
from ridethrough.guests.cpython.files import LfsVfs
from ridethrough.guests.flashfs import FlashFs
from ridethrough.world.chip import ChipParams, FlashChip

PARAMS = ChipParams(4096, 24, 256, 1, 1)
NAMES = ("/esme/a.py", "/esme/b.py", "/a.py", "/b.py")
FOLDERS = ("/esme", "/lib", "/esme/", "/./lib", "lib", "/esme/more")
CHANGES = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.integers(0, 5000)),
    st.tuples(st.just("remove"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("rename"), st.sampled_from(NAMES), st.integers(0, 3)),
    st.tuples(st.just("mkdir"), st.sampled_from(FOLDERS), st.just(0)),
    st.tuples(st.just("remove"), st.sampled_from(FOLDERS), st.just(0)),
    st.tuples(st.just("rename"), st.sampled_from((*FOLDERS, *NAMES)), st.integers(0, 9)),
)


def mounted(data=None):
    chip = FlashChip(PARAMS, data)
    fs = FlashFs(chip)
    if data is None:
        fs.format()
        fs.mount()
        lfs.mkdir(fs.fs, "/esme")
    else:
        fs.mount()
    return chip, fs, LfsVfs(fs, lambda path: None, lambda path: None, lambda: True, 0)


def seen(fs, path):
    # by the firmware's own mount
    try:
        found = lfs.stat(fs.fs, path)
    except LittleFSError:
        return None
    return "folder" if found.type == 2 else (found.size, fs.read_file(path))


def looked_at(vfs, path):
    try:
        found = vfs.find(path)
    except OSError:
        return None
    if found is None:
        return None
    return "folder" if found[0] == 0x4000 else (found[1], vfs.load(path))


@given(st.lists(CHANGES, max_size=8))
def test_what_is_found_is_what_was_written_last(changes):
    _, fs, vfs = mounted()
    for what, path, n in changes:
        try:
            if what == "write":
                with vfs.open(path, "wb") as file:
                    file.write(bytes([n % 251]) * n)
            elif what == "remove":
                vfs.remove(path)
            elif what == "mkdir":
                vfs.mkdir(path)
            else:
                vfs.rename(path, (*NAMES, *FOLDERS)[n])
        except OSError:
            pass  # it is not there
        # what was changed first: its block may be the very one that was read last
        for name in (path, *NAMES, "/lib", "/lib/a.py", "/esme/more", "/esme/more/b.py"):
            assert looked_at(vfs, name) == seen(fs, name), (name, changes)
    fs.close()


def test_what_was_listed_of_folders_that_move_is_forgotten():
    _, fs, vfs = mounted()
    paths = [folder + file for folder in ("/esme", "/lib") for file in ("", "/a.py", "/more", "/more/b.py")]

    def alike():
        assert [looked_at(vfs, path) for path in paths] == [seen(fs, path) for path in paths]

    alike()
    vfs.mkdir("/esme/more")
    for path in ("/esme/a.py", "/esme/more/b.py"):
        alike()
        with vfs.open(path, "wb") as file:
            file.write(path.encode())
    alike()
    vfs.rename("/esme", "/lib")
    alike()
    vfs.rename("/lib/more", "/esme")
    alike()
    vfs.remove("lib/a.py")
    alike()
    vfs.remove("/lib")
    alike()
    fs.close()


def test_a_file_that_is_written_goes_with_its_folder():
    _, fs, vfs = mounted()
    file = vfs.open("/esme/a.py", "wb")
    vfs.rename("/esme", "/lib")
    assert looked_at(vfs, "/lib/a.py") == seen(fs, "/lib/a.py") == (0, b"")
    file.write(b"x" * 700)
    file.close()
    assert looked_at(vfs, "/lib/a.py") == seen(fs, "/lib/a.py") == (700, b"x" * 700)
    fs.close()


def test_a_file_that_is_being_written_is_as_it_was_synced():
    _, fs, vfs = mounted()
    file = vfs.open("/a.py", "wb")
    file.write(b"1" * 3000)
    file.flush()
    file.write(b"2" * 3000)
    assert looked_at(vfs, "/a.py") == seen(fs, "/a.py") == (3000, b"1" * 3000)
    file.close()
    assert looked_at(vfs, "/a.py") == seen(fs, "/a.py") == (6000, b"1" * 3000 + b"2" * 3000)
    fs.close()


def test_looking_writes_nothing_and_leaves_nothing_open():
    chip, fs, vfs = mounted()
    with vfs.open("/esme/a.py", "wb") as file:
        file.write(b"x" * 2000)
    before, programs = bytes(chip.data), dict(chip.programs)
    looked_at(vfs, "/esme/a.py")
    with pytest.raises(OSError, match=r"^\[?.*2"):
        vfs.load("/esme/nothing.py")
    assert bytes(chip.data) == before and dict(chip.programs) == programs
    fs.close()


def test_a_file_whose_blocks_cannot_be_read_fails_and_is_closed():
    """littlefs keeps a list of what is open: one that was dropped in it is memory that somebody else gets."""
    chip, fs, vfs = mounted()
    with vfs.open("/a.py", "wb") as file:
        file.write(b"y" * 9000)
    fs.close()
    # the last block of a file says where the one before is
    at = max(at for at in range(0, len(chip.data), 4096) if chip.data[at + 100 : at + 200] == b"y" * 100)
    chip.data[at : at + 8] = b"\xee" * 8
    _, fs, vfs = mounted(chip.data)
    for _ in range(50):
        with pytest.raises(OSError):
            vfs.load("/a.py")
        with pytest.raises(LittleFSError):
            fs.read_file("/a.py")
    with vfs.open("/b.py", "wb") as file:
        file.write(b"z")
    assert looked_at(vfs, "/b.py") == (1, b"z")
    fs.close()


def test_what_littlefs_remembers_of_a_flash_that_was_written_since_is_forgotten():
    _, fs, vfs = mounted()
    given = [fs.look(lambda mount: mount) for _ in range(2)]
    vfs.remove("/esme")
    given.append(fs.look(lambda mount: mount))
    assert given[0] is given[1] and given[0] is not given[2]
    fs.close()


def test_a_block_that_reads_unstably_is_read_by_the_firmwares_mount_alone():
    chip, fs, _ = mounted()
    chip.unstable = {20}
    given = []
    fs.look(given.append)
    assert given == [fs.fs]
    chip.unstable = set()
    fs.look(given.append)
    assert given[1] is not fs.fs
    fs.close()
