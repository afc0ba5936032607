"""The unit tests of firmware/, executed by the boards' own interpreters: CPython and the MicroPython VM."""

from functools import lru_cache
from pathlib import Path

import pytest
from ecdsa_vectors import made_vectors, nist_vectors, oracle
from ridethrough import Firmware, World, run
from ridethrough.images import EMULATED
from ridethrough.images.build import romfs
from support import PICO, REFERENCE, S, guest, guests, image, lines

HERE = Path(__file__).parent / "onboard"
MODULES = sorted(p.stem for p in HERE.glob("test_*.py"))


@lru_cache
def report(guest_name: str, module: str) -> list[str]:
    """What one module's tests said on one guest."""
    vectors = made_vectors() + (nist_vectors() if module == "test_p256" else [])
    rom = romfs(
        {
            "big.bin": bytes(range(256)) * 16,
            "empty.txt": b"",
            "pkg/__init__.py": b"",
            "pkg/module.py": b"ANSWER = 42\n",
            "pkg/inner/deep.txt": b"deep",
        }
    )
    files = dict(REFERENCE.files) | {
        "/boot.py": (HERE / "boot.py").read_bytes(),
        "/main.py": (HERE / "main.py").read_bytes(),
        f"/tests/{module}.py": (HERE / f"{module}.py").read_bytes(),
        "/register.py": REFERENCE.application["register.py"],
        "/esme/maker.pub": EMULATED.maker.public,
        "/esme/supplier.pub": EMULATED.supplier.public,
        "/vectors.txt": "\n".join(vectors).encode(),
        "/rom.bin": b"12345" + rom,
        "/good.img": image(),
    }
    trace = run(Firmware("onboard", files, {}), PICO, World(duration_us=2000 * S), guest=guest(guest_name))
    return lines(trace)


@pytest.mark.parametrize("guest_name", guests())
@pytest.mark.parametrize("module", MODULES)
def test_on_board(guest_name: str, module: str) -> None:
    said = report(guest_name, module)
    assert said[-1:] == ["DONE"], said[-5:]
    written = (HERE / f"{module}.py").read_text().count("\ndef test_")
    assert [line for line in said if line.startswith("FAIL")] == []
    assert sum(line.startswith("PASS") for line in said) == written > 0


def test_the_vectors_say_both() -> None:
    """The vectors are NIST's and hold good and bad signatures."""
    nist = nist_vectors()
    assert len(nist) == 15
    assert {line[-1] for line in nist} == {"0", "1"}
    # the oracle agrees with what the file states
    for line in nist + made_vectors():
        key, digest, signature, expected = line.split()
        assert oracle(key, digest, signature) == (expected == "1"), line
