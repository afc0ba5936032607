from esme import p256


def _vectors():
    with open("/vectors.txt") as f:
        for line in f:
            key, digest, signature, expected = line.split()
            yield bytes.fromhex(key), bytes.fromhex(digest), bytes.fromhex(signature), expected == "1"


def test_every_vector():
    n = 0
    for key, digest, signature, expected in _vectors():
        assert p256.verify(key, digest, signature, lambda: None) == expected, n
        n += 1
    assert n > 20


def test_feeds_once_a_step():
    for key, digest, signature, expected in _vectors():
        if expected:
            fed = []
            p256.verify(key, digest, signature, lambda: fed.append(1))
            assert len(fed) == 256
            return
    raise AssertionError("no good vector")


def test_wrong_lengths():
    for key, digest, signature, expected in _vectors():
        if expected:
            assert not p256.verify(key[:-1], digest, signature, lambda: None)
            assert not p256.verify(b"", digest, signature, lambda: None)
            assert not p256.verify(key, digest + b"\0", signature, lambda: None)
            assert not p256.verify(key, digest, signature[:63], lambda: None)
            assert not p256.verify(key, digest, signature + b"\0", lambda: None)
            return
