"""As much of an assembler for the Cortex-M0+ as a test program needs: one instruction a line, labels, and words that
are loaded with `ldr r0, =VALUE`. [Armv6-M Architecture Reference Manual, chapter A6]"""

import re
import struct

_BRANCH = {"beq": 0, "bne": 1, "bcs": 2, "bcc": 3, "bmi": 4, "bpl": 5, "bhi": 8, "bls": 9}


def assemble(source):
    """The bytes of a program that runs where it begins; its literals lie behind it."""
    lines = [line.partition("//")[0].strip() for line in source.splitlines()]
    lines = [line for line in lines if line]
    labels, at = {}, 0
    for line in lines:
        if line.endswith(":"):
            labels[line[:-1]] = at
        else:
            at += 2
    literals, code = [], []
    pool = (at + 3) & ~3
    at = 0
    for line in lines:
        if line.endswith(":"):
            continue
        code.append(_encode(line, at, labels, literals, pool))
        at += 2
    data = struct.pack(f"<{len(code)}H", *code).ljust(pool, b"\0")
    return data + struct.pack(f"<{len(literals)}I", *literals)


def _encode(line, at, labels, literals, pool):
    word, _, rest = line.partition(" ")
    a = [part.strip() for part in rest.replace("[", "").replace("]", "").split(",")]

    def reg(i):
        return int(re.fullmatch(r"r(\d+)", a[i])[1])

    def number(i):
        return int(a[i].lstrip("#="), 0)

    if word == "ldr" and a[1].startswith("="):
        value = number(1) & 0xFFFFFFFF
        if value not in literals:
            literals.append(value)
        where = pool + 4 * literals.index(value)
        return 0x4800 | reg(0) << 8 | (where - ((at + 4) & ~3)) // 4
    if word in ("ldr", "str"):
        return (0x6800 if word == "ldr" else 0x6000) | number(2) // 4 << 6 | reg(1) << 3 | reg(0)
    if word == "ldrh":
        return 0x8800 | number(2) // 2 << 6 | reg(1) << 3 | reg(0)
    if word in ("movs", "cmp", "adds", "subs"):
        return {"movs": 0x2000, "cmp": 0x2800, "adds": 0x3000, "subs": 0x3800}[word] | reg(0) << 8 | number(1)
    if word == "cmpr":
        return 0x4280 | reg(1) << 3 | reg(0)
    if word == "tst":
        return 0x4200 | reg(1) << 3 | reg(0)
    if word == "mov":
        return 0x4600 | reg(1) << 3 | reg(0)
    if word == "blx":
        return 0x4780 | reg(0) << 3
    if word == "wfi":
        return 0xBF30
    offset = labels[a[0]] - (at + 4)
    if word == "b":
        return 0xE000 | offset // 2 & 0x7FF
    return 0xD000 | _BRANCH[word] << 8 | offset // 2 & 0xFF


def uf2(program, base=0x1000_0000):
    """A UF2 file with it, for an RP2040."""
    pages = [program[i : i + 256].ljust(256, b"\0") for i in range(0, len(program), 256)]
    blocks = []
    for i, page in enumerate(pages):
        head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, base + 256 * i, 256, i, len(pages), 0xE48BFF56)
        blocks.append(head + page.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30))
    return b"".join(blocks)
