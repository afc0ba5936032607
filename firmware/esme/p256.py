# ECDSA P-256 verification, written for this VM: plain integers, one double-and-add ladder over both
# scalars (Shamir), Jacobian coordinates, no inversion at the end. Verification handles no secret, so
# it need not be constant in time. Curve constants: FIPS 186-5 / SEC 2 secp256r1.
import gc

_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _inverse(a, m):
    # Extended Euclid; a is not 0 and m is prime.
    r, s, x, y = m, a, 0, 1
    while s:
        q = r // s
        r, s, x, y = s, r - q * s, y, x - q * y
    return x % m


def _double(x, y, z):
    if z == 0:
        return x, y, z
    zz = z * z % _P
    yy = y * y % _P
    s = 4 * x * yy % _P
    m = 3 * (x - zz) * (x + zz) % _P  # a = -3
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(x, y, z, u, v):
    # (x, y, z) Jacobian plus (u, v) affine.
    if z == 0:
        return u, v, 1
    zz = z * z % _P
    h = (u * zz - x) % _P
    r = (v * zz * z - y) % _P
    if h == 0:
        return _double(x, y, z) if r == 0 else (1, 1, 0)
    hh = h * h % _P
    hhh = h * hh % _P
    w = x * hh % _P
    x3 = (r * r - hhh - 2 * w) % _P
    return x3, (r * (w - x3) - y * hhh) % _P, z * h % _P


def verify(key, digest, signature, feed):
    # True if `signature` (64 bytes, r then s) of the 32-byte `digest` was made with `key` (64 bytes,
    # x then y). Calls `feed` once for each of 256 steps: on a Pico the whole takes about a second.
    often = gc.threshold()
    # All that it takes is garbage at once: collected as often as elsewhere, it takes twice as long.
    gc.threshold(-1)
    try:
        return _verified(key, digest, signature, feed)
    finally:
        gc.threshold(often)


def _verified(key, digest, signature, feed):
    if len(key) != 64 or len(digest) != 32 or len(signature) != 64:
        return False
    qx = int.from_bytes(key[:32], "big")
    qy = int.from_bytes(key[32:], "big")
    if qx >= _P or qy >= _P or (qy * qy - (qx * qx - 3) * qx - _B) % _P:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    if not 0 < r < _N or not 0 < s < _N:
        return False
    w = _inverse(s, _N)
    a = int.from_bytes(digest, "big") * w % _N
    b = r * w % _N

    gx, gy = _G
    x, y, z = _add(gx, gy, 1, qx, qy)  # G + Q, made affine once for the ladder
    both = None
    if z:
        i = _inverse(z, _P)
        both = (x * i * i % _P, y * i * i * i % _P)
    x, y, z = 1, 1, 0
    bit = 1 << 255
    while bit:
        feed()
        x, y, z = _double(x, y, z)
        if a & bit and b & bit:
            if both:
                x, y, z = _add(x, y, z, both[0], both[1])
        elif a & bit:
            x, y, z = _add(x, y, z, gx, gy)
        elif b & bit:
            x, y, z = _add(x, y, z, qx, qy)
        bit >>= 1
    if z == 0:
        return False
    # x/z^2 mod n == r, without dividing; x may lie between n and p
    zz = z * z % _P
    return r * zz % _P == x or (r + _N < _P and (r + _N) * zz % _P == x)
