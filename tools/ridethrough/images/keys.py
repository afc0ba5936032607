"""The two signing keys, on the user's machine: the maker's and the supplier's, both P-256.

`EMULATED` is a pair that everybody knows: it is derived from a sentence in this file, so that emulated
runs replay byte for byte. Nothing that it signs is worth believing, and real boards must not carry it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded, why

KEY_FILE_BYTES_MAX = 64 * 1024
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """X then y, 64 bytes: the form in which a board holds a trust anchor."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)[1:]


@dataclass(frozen=True)
class KeyPair:
    """A P-256 private key."""

    private: ec.EllipticCurvePrivateKey

    def sign(self, data: bytes) -> bytes:
        """R then s, 64 bytes, over SHA-256 of `data`; deterministic (RFC 6979)."""
        der = self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    @property
    def public(self) -> bytes:
        return public_bytes(self.private.public_key())

    @classmethod
    def load(cls, path: Path) -> KeyPair:
        """A private key from an unencrypted PEM file; BadInput if it is none, or none of P-256."""
        try:
            key = serialization.load_pem_private_key(read_bounded(path, KEY_FILE_BYTES_MAX, "key"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as e:
            raise BadInput(
                f"{path}: no unencrypted PEM private key (make a pair with: ridethrough image keygen)"
            ) from e
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise BadInput(f"{path}: not a P-256 key")
        return cls(key)


@dataclass(frozen=True)
class Keys:
    """Both of a meter's keys."""

    maker: KeyPair
    supplier: KeyPair

    @classmethod
    def load(cls, directory: Path) -> Keys:
        """`maker.pem` and `supplier.pem` of a directory that `generate_keys` made."""
        if not directory.is_dir():
            raise BadInput(f"{directory}: no such directory (make one with: ridethrough image keygen {directory})")
        return cls(KeyPair.load(directory / "maker.pem"), KeyPair.load(directory / "supplier.pem"))


def _everybodys(whose: str) -> KeyPair:
    seed = hashlib.sha256(f"Ridethrough's emulated {whose}: a key that everybody knows.".encode()).digest()
    return KeyPair(ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1()))


EMULATED = Keys(_everybodys("maker"), _everybodys("supplier"))


def generate_keys(directory: Path) -> None:
    """Makes `maker.pem` and `supplier.pem`, readable by their owner only: both or none. Never writes over a key."""
    for name in ("maker.pem", "supplier.pem"):
        if (directory / name).exists():
            raise BadInput(f"{directory / name} exists: a key is never written over")
    made: list[Path] = []
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("maker.pem", "supplier.pem"):
            pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            handle = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            made.append(directory / name)
            with os.fdopen(handle, "wb") as out:
                out.write(pem)
    except (OSError, ValueError) as e:
        for path in made:
            # half a key would keep the next one from being made
            path.unlink(missing_ok=True)
        raise BadInput(f"{directory}: cannot be written: {why(e)}") from e


def load_public_key(path: Path) -> bytes:
    """X then y of a PEM public key, certificate or private key; BadInput if it holds no P-256 key."""
    pem = read_bounded(path, KEY_FILE_BYTES_MAX, "key")
    for parse in (
        serialization.load_pem_public_key,
        lambda data: x509.load_pem_x509_certificate(data).public_key(),
        lambda data: serialization.load_pem_private_key(data, password=None).public_key(),
    ):
        try:
            key = parse(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return public_bytes(key)
        raise BadInput(f"{path}: not a P-256 key")
    raise BadInput(f"{path}: no PEM public key, certificate or private key")


def signature_holds(public: bytes, data: bytes, signature: bytes) -> bool:
    """Does `signature` (r then s) of `data` verify with `public` (x then y)?"""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)
        der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        key.verify(der, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
