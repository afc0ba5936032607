"""The board's ECDSA verifier, executed by CPython, against `cryptography` on whatever Hypothesis draws."""

import gc
import hashlib
import importlib.util

from cryptography.hazmat.primitives.asymmetric import ec
from ecdsa_vectors import N, oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough.images import KeyPair
from support import ROOT

SPEC = importlib.util.spec_from_file_location("board_p256", ROOT / "firmware" / "esme" / "p256.py")
p256 = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(p256)
gc.threshold = lambda *amount: -1  # MicroPython's


def verify(key, digest, signature):
    return p256.verify(key, digest, signature, lambda: None)


secrets = st.integers(1, N - 1)


@settings(max_examples=60, deadline=None)
@given(secrets, st.binary(max_size=64), st.integers(0, 1023), st.integers(0, 255))
def test_agrees_with_cryptography_on_good_and_changed_bytes(secret, data, at, flip):
    pair = KeyPair(ec.derive_private_key(secret, ec.SECP256R1()))
    whole = bytearray(pair.public + hashlib.sha256(data).digest() + pair.sign(data))
    assert verify(whole[:64], whole[64:96], whole[96:])
    whole[at % len(whole)] ^= flip
    key, digest, signature = bytes(whole[:64]), bytes(whole[64:96]), bytes(whole[96:])
    assert verify(key, digest, signature) == oracle(key.hex(), digest.hex(), signature.hex())


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=64, max_size=64), st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_noise_is_never_accepted(key, digest, signature):
    assert not verify(key, digest, signature)


edge = st.sampled_from([0, 1, 2, N - 1, N, N + 1, 2**256 - 1])


@settings(max_examples=40, deadline=None)
@given(secrets, edge, edge)
def test_edges_of_r_and_s(secret, r, s):
    pair = KeyPair(ec.derive_private_key(secret, ec.SECP256R1()))
    digest = hashlib.sha256(b"edge").digest()
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert verify(pair.public, digest, signature) == oracle(pair.public.hex(), digest.hex(), signature.hex())


def test_keys_that_make_the_ladder_degenerate():
    """Q = G and Q = -G: the sum of both points is a doubling, or nothing at all."""
    for secret in (1, 2, N - 1, N - 2):
        pair = KeyPair(ec.derive_private_key(secret, ec.SECP256R1()))
        for data in (b"a", b"b", b"c"):
            assert verify(pair.public, hashlib.sha256(data).digest(), pair.sign(data)), secret
