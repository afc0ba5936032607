"""Images: byte for byte, signed by real ECDSA, and explained whatever they are."""

import ast
import errno
import hashlib
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput
from ridethrough.images import (
    EMULATED,
    ImageSpec,
    KeyPair,
    Keys,
    build_image,
    generate_keys,
    inspect_image,
    layout,
    load_public_key,
)
from ridethrough.images.build import application_files, resign, romfs
from ridethrough.images.keys import signature_holds
from support import PICO, REFERENCE, ROOT, image

GOOD = image()


def test_the_same_input_gives_the_same_bytes():
    assert image() == GOOD
    shuffled = dict(reversed(list(REFERENCE.application.items())))
    assert image(files=shuffled) == GOOD


def test_the_layout_field_by_field():
    """By hand, from the table of docs/image-format.md, not from the code's own structs."""
    assert GOOD[0:4] == bytes.fromhex("1ef1ee0b")
    assert GOOD[4:6] == b"\x00\x01" and GOOD[6:8] == (60).to_bytes(2, "little") and GOOD[8:10] == b"\x04\x00"
    assert GOOD[14:18] == (2).to_bytes(4, "little") and GOOD[18:20] == b"\x02\x00"
    assert int.from_bytes(GOOD[52:56], "little") == len(GOOD)
    assert GOOD[56:60] == PICO.hardware.to_bytes(2, "little") * 2
    manufacturer, tail = GOOD[60:-66], GOOD[-66:]
    assert tail[:2] == b"\x00\x40"
    assert signature_holds(EMULATED.supplier.public, manufacturer, tail[2:])
    inner, maker, payload = manufacturer[:76], manufacturer[76:140], manufacturer[140:]
    assert signature_holds(EMULATED.maker.public, inner, maker)
    assert inner[-32:] == hashlib.sha256(payload).digest()
    assert payload[:3] == b"\xd2\xcd\x31"


def test_host_and_board_agree_on_the_layout():
    """The same constants stand in firmware/, which cannot import from tools/."""

    def constants(module):
        tree = ast.parse((ROOT / "firmware" / "esme" / f"{module}.py").read_text())
        return {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        }

    board, command, receiver, clock = map(constants, ("image", "activation", "receiver", "clock"))
    assert board["OUTER"] == layout.OUTER.format and board["OUTER_BYTES"] == layout.OUTER.size
    assert board["INNER"] == layout.INNER.format and board["INNER_BYTES"] == layout.INNER.size
    assert board["INNER_MAGIC"] == layout.INNER_MAGIC and board["TAIL_BYTES"] == layout.TAIL_BYTES
    assert command["FORM"] == layout.COMMAND.format and command["OLD_FORM"] == layout.OLD_COMMAND.format
    assert command["OLD_MAGIC"] == layout.OLD_COMMAND_MAGIC
    assert receiver["PERMIT_FORM"] == layout.PERMIT.format and receiver["PERMIT_MAGIC"] == layout.PERMIT_MAGIC
    assert clock["FORM"] == layout.TIME.format and clock["MAGIC"] == layout.TIME_MAGIC
    assert command["MAGIC"] == layout.COMMAND_MAGIC and command["CANCEL"] == layout.DATE_CANCEL


@pytest.mark.parametrize("size", [8192, 16_384, 65_536, 131_072])
def test_an_image_of_a_given_size(size):
    padded = build_image(REFERENCE.application, ImageSpec(2, PICO.hardware), EMULATED, size)
    assert len(padded) == size and inspect_image(padded, EMULATED.supplier.public).status == 0


def test_too_small_a_size_is_refused():
    with pytest.raises(BadInput, match="bytes already"):
        build_image(REFERENCE.application, ImageSpec(2, PICO.hardware), EMULATED, 500)


def test_folders_and_what_is_left_out(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "__pycache__").mkdir()
    for name in ("application.py", "sub/x.txt", ".hidden", "__pycache__/a.pyc"):
        (tmp_path / name).write_text("x")
    assert sorted(application_files(tmp_path)) == ["application.py", "sub/x.txt"]
    assert b"sub" in romfs(application_files(tmp_path))
    with pytest.raises(BadInput, match=r"no application\.py"):
        application_files(tmp_path / "sub")


# --- inspect ---


def test_a_good_image_is_explained():
    report = inspect_image(GOOD, EMULATED.supplier.public, EMULATED.maker.public)
    assert report.status == 0 and report.problems == [] and report.signed_by_everybody
    assert report.verdicts == {"supplier's signature": True, "maker's signature": True}
    covered = sum(f.size for f in report.fields if "SHA-256" not in f.name or "payload" in f.name)
    assert covered == len(GOOD)
    ends = {f.at + f.size for f in report.fields}
    assert len(GOOD) in ends


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), 1, None),
        (lambda b: b + b"trailing", 1, "header says"),
        (lambda b: b[:200], 1, "header says"),
        (lambda b: b[:14] + b"\x07" + b[15:], 1, "outer header says version 7"),
        (lambda b: b[:6] + b"\xff\xff" + b[8:], 1, "header length 65535"),
        (lambda b: b[:70], 1, "no room"),
        (lambda b: b"\x00" + b[1:], 2, "no Zigbee OTA header"),
        (lambda b: b"", 2, "no Zigbee OTA header"),
        (lambda b: b[:56] + b"\x09\x09\x0a\x0a" + b[60:], 1, "not within"),
    ],
)
def test_what_is_wrong_is_said(change, status, said):
    report = inspect_image(change(GOOD), EMULATED.supplier.public)
    assert report.status == status
    if said:
        assert any(said in p for p in report.problems), report.problems


@pytest.mark.parametrize("control", range(8))
def test_every_legal_header_and_an_inner_part_that_is_not_ours(control):
    optional = bytes(sum(size for bit, _, size in layout.OPTIONAL if control & bit))
    foreign = b"some other maker's format"
    total = 56 + len(optional) + len(foreign) + 66
    header = layout.OUTER.pack(0x0BEEF11E, 0x0100, 56 + len(optional), control, 1, 2, 3, 2, b"foreign", total)
    data = header + optional + foreign + layout.MARKER + EMULATED.supplier.sign(foreign)
    report = inspect_image(data, EMULATED.supplier.public)
    assert report.status == 0, report.problems
    assert any("not ours" in f.value for f in report.fields)
    assert inspect_image(data, EMULATED.maker.public).status == 1


def zigbee(content, control=0):
    """A file of somebody else's."""
    header = layout.OUTER.pack(0x0BEEF11E, 0x0100, 56, control, 1, 2, 3, 2, b"foreign", 56 + len(content))
    return header + content


def element(tag, data):
    return layout.SUB_ELEMENT.pack(tag, len(data)) + data


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (element(0, b"x" * 100), ["sub-element 0x0000, upgrade image"]),
        (element(0, b"x" * 100) + element(1, b"s" * 48), ["upgrade image", "ECDSA signature"]),
        (element(0xF000, b"own") + element(3, b"i" * 16), ["of the maker's own", "image integrity code"]),
        (element(0, b"x" * 80) + element(9, b""), ["upgrade image", "sub-element 0x0009, unknown"]),
        (element(0, b"x" * 90) + b"more", ["upgrade image", "rest"]),
    ],
)
def test_sub_elements_are_listed_and_nothing_is_called_a_signature_that_is_none(content, shown):
    report = inspect_image(zigbee(content), EMULATED.supplier.public)
    names = [f.name for f in report.fields]
    for name in shown:
        assert any(name in n for n in names), names
    assert "supplier's signature" not in names and not report.verdicts
    assert report.status == 1 and any("sub-elements" in p for p in report.problems)
    listed = [f for f in report.fields if f.name.startswith(("sub-element", "rest"))]
    assert sum(f.size for f in listed) == len(content) and listed[0].at == 56


@pytest.mark.parametrize("content", [b"y" * 90, element(0, b"x" * 90)[:-1], element(9, b"x" * 90)])
def test_what_is_neither_is_called_neither(content):
    report = inspect_image(zigbee(content))
    assert report.fields[-1].value == "neither a Manufacturer Image nor sub-elements"
    assert report.status == 1


def test_a_header_in_a_container_is_found():
    (problem,) = inspect_image(b"NGIS" + bytes(408) + GOOD).problems
    assert "one begins at byte 412, in a container: cut off what stands before it" in problem


@pytest.mark.parametrize("bit", range(3, 16))
def test_field_control_bits_without_a_meaning_are_a_problem_here_as_on_the_board(bit):
    control = int.from_bytes(GOOD[8:10], "little") | 1 << bit
    changed = GOOD[:8] + control.to_bytes(2, "little") + GOOD[10:]
    report = inspect_image(changed, EMULATED.supplier.public)
    assert report.status == 1 and any("bits that have no meaning" in p for p in report.problems)


@settings(max_examples=300)
@given(st.data())
def test_no_file_makes_it_fail_otherwise_than_by_a_report(data):
    noise = data.draw(
        st.one_of(
            st.binary(max_size=400),
            st.binary(max_size=200).map(lambda b: GOOD[:4] + b),
            st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8)).map(
                lambda c: GOOD[: c[0]] + c[1] + GOOD[c[0] + len(c[1]) :]
            ),
            st.integers(0, len(GOOD)).map(lambda n: GOOD[:n]),
        )
    )
    report = inspect_image(noise, EMULATED.supplier.public, EMULATED.maker.public)
    assert report.status in (0, 1, 2)
    if report.status == 0:
        # nothing is accepted whose signed part differs
        assert noise[60:] == GOOD[60:] and len(noise) == len(GOOD)


# --- keys ---


def test_keys_are_made_once_and_for_their_owner_only(tmp_path):
    generate_keys(tmp_path / "keys")
    for name in ("maker.pem", "supplier.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    keys = Keys.load(tmp_path / "keys")
    assert keys.maker.public != keys.supplier.public
    assert load_public_key(tmp_path / "keys" / "supplier.pem") == keys.supplier.public
    with pytest.raises(BadInput, match="never written over"):
        generate_keys(tmp_path / "keys")


def test_signatures_are_deterministic_and_rfc_6979():
    """RFC 6979, A.2.5: P-256, SHA-256, message "sample"."""
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    signature = KeyPair(ec.derive_private_key(secret, ec.SECP256R1())).sign(b"sample")
    assert signature.hex() == (
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    )


def test_what_is_no_key(tmp_path):
    (tmp_path / "noise.pem").write_text("hello")
    for load in (KeyPair.load, load_public_key):
        with pytest.raises(BadInput, match=r"noise\.pem"):
            load(tmp_path / "noise.pem")
        with pytest.raises(BadInput, match="No such file"):
            load(tmp_path / "none.pem")
    with pytest.raises(BadInput, match="keygen"):
        Keys.load(tmp_path / "none")


def test_another_supplier_signs_the_same_image():
    other = EMULATED.maker
    again = resign(GOOD, other, "x")
    assert again[:-64] == GOOD[:-64]
    assert inspect_image(again, other.public, EMULATED.maker.public).status == 0
    assert inspect_image(again, EMULATED.supplier.public).status == 1
    with pytest.raises(BadInput, match="no Zigbee"):
        resign(b"noise" * 100, other, "x")


def test_the_key_may_come_as_a_certificate(tmp_path):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a supplier")])
    began = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(EMULATED.supplier.private.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + datetime.timedelta(days=3650))
        .sign(EMULATED.supplier.private, hashes.SHA256())
    )
    (tmp_path / "supplier.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    public = load_public_key(tmp_path / "supplier.crt")
    assert public == EMULATED.supplier.public
    assert inspect_image(GOOD, public).status == 0


@pytest.mark.parametrize("full_at", [1, 2])
def test_a_full_disk_leaves_no_half_a_key(tmp_path, monkeypatch, full_at):
    """An empty key file would keep the next try from making one."""
    real, opened = os.fdopen, []

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fdopen(handle, *how):
        opened.append(handle)
        return Full(real(handle, *how)) if len(opened) == full_at else real(handle, *how)

    monkeypatch.setattr(os, "fdopen", fdopen)
    with pytest.raises(BadInput, match="No space left on device"):
        generate_keys(tmp_path / "keys")
    monkeypatch.undo()
    assert list((tmp_path / "keys").iterdir()) == []
    generate_keys(tmp_path / "keys")
    assert len(list((tmp_path / "keys").iterdir())) == 2
