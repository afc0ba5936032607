import vfs
from esme import romfs


def _fs(extra=0):
    f = open("/rom.bin", "rb")
    size = f.seek(0, 2)
    return romfs.RomFs(f, 5, size - 5 + extra)


def test_reads_what_the_writer_wrote():
    fs = _fs()
    assert sorted(e[0] for e in fs.ilistdir("/")) == ["big.bin", "empty.txt", "pkg"]
    assert fs.open("/empty.txt", "r").read() == ""
    assert fs.open("pkg/inner/deep.txt", "r").read() == "deep"
    big = fs.open("/big.bin", "rb")
    assert big.read(3) == b"\x00\x01\x02"
    buf = bytearray(300)
    assert big.readinto(buf) == 300 and buf[0] == 3
    assert big.seek(-1, 2) == 4095 and big.read() == b"\xff" and big.read() == b""
    assert fs.stat("/big.bin")[6] == 4096 and fs.stat("/big.bin")[0] == 0x8000
    assert fs.stat("/pkg")[0] == 0x4000 and fs.stat("/")[0] == 0x4000
    fs._f.close()


def test_errors():
    fs = _fs()
    for path, mode, code in (
        ("/none", "r", 2),
        ("/big.bin/x", "r", 2),
        ("/pkg", "r", 21),
        ("/big.bin", "w", 30),
        ("/big.bin", "r+", 30),
    ):
        try:
            fs.open(path, mode)
        except OSError as e:
            assert e.args[0] == code, (path, e)
        else:
            raise AssertionError(path)
    fs._f.close()


def test_mounted_and_imported():
    fs = _fs()
    vfs.mount(fs, "/rom")
    import sys

    sys.path.append("/rom")
    import pkg.module

    assert pkg.module.ANSWER == 42
    with open("/rom/pkg/inner/deep.txt") as f:
        assert f.read() == "deep"
    sys.path.remove("/rom")
    vfs.umount("/rom")
    fs._f.close()


def test_broken_images_raise_and_nothing_else():
    with open("/rom.bin", "rb") as f:
        good = f.read()[5:600]
    for i in range(0, 120):
        bad = bytearray(good)
        bad[i] ^= 0xFF
        with open("/bad.bin", "wb") as f:
            f.write(bad)
        f = open("/bad.bin", "rb")
        try:
            fs = romfs.RomFs(f, 0, len(bad))
            for entry in fs.ilistdir("/"):
                if entry[1] == 0x8000:
                    fs.open(entry[0], "rb").read(64)
        except (OSError, UnicodeError):
            pass
        f.close()
