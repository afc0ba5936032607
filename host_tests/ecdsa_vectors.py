"""P-256 signatures, good and broken: NIST's, our own, and what `cryptography` says of any."""

import hashlib
import random
from pathlib import Path

import cryptography_vectors
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ridethrough.images import KeyPair
from ridethrough.images.keys import public_bytes

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def nist_vectors() -> list[str]:
    """P-256 with SHA-256 from NIST's CAVP file SigVer, as lines of key, digest, signature, expected."""
    root = Path(cryptography_vectors.__file__).parent / "asymmetric" / "ECDSA" / "FIPS_186-3"
    found, fields, wanted = [], {}, False
    for line in (root / "SigVer.rsp").read_text().splitlines():
        if line.startswith("["):
            wanted = line.strip() == "[P-256,SHA-256]"
        if not wanted or " = " not in line:
            continue
        name, value = line.split(" = ")
        fields[name] = value.split()[0]
        if name == "Result":
            digest = hashlib.sha256(bytes.fromhex(fields["Msg"])).hexdigest()
            key = fields["Qx"].zfill(64) + fields["Qy"].zfill(64)
            signature = fields["R"].zfill(64) + fields["S"].zfill(64)
            found.append(f"{key} {digest} {signature} {int(value.startswith('P'))}")
    return found


def made_vectors() -> list[str]:
    """Random keys, digests and signatures, good and broken; seeded, so always the same."""
    chance = random.Random(20260101)
    made = []
    for _ in range(4):
        pair = KeyPair(ec.derive_private_key(chance.randrange(1, N), ec.SECP256R1()))
        data = chance.randbytes(50)
        digest, signature, key = hashlib.sha256(data).hexdigest(), pair.sign(data).hex(), pair.public.hex()
        r, s = signature[:64], signature[64:]
        other = hashlib.sha256(data + b"!").hexdigest()
        flipped = f"{int(key, 16) ^ 1:0128x}"
        malleable = f"{N - int(s, 16):064x}"
        zero, n, more = "0" * 64, f"{N:064x}", f"{int(r, 16) + N:064x}"[-64:]
        made += [f"{key} {digest} {signature} 1", f"{key} {digest} {r}{malleable} 1"]
        made += [
            f"{key} {other} {signature} 0",
            f"{flipped} {digest} {signature} 0",
            f"{'f' * 128} {digest} {signature} 0",
            f"{'0' * 128} {digest} {signature} 0",
        ]
        made += [f"{key} {digest} {bad} 0" for bad in (zero + s, r + zero, n + s, r + n, s + r, more + s, zero + zero)]
    return made


def oracle(key: str, digest: str, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + bytes.fromhex(key))
        der = encode_dss_signature(int(signature[:64], 16), int(signature[64:], 16))
        public.verify(der, bytes.fromhex(digest), ec.ECDSA(Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError):
        return False
    assert public_bytes(public).hex() == key
    return True
