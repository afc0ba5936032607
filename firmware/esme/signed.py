# What the supplier signs for one board: "magic 8 | SHA-256 of the board's id 32 | ..." and, after it, r||s.
# Three kinds: the activation command (activation.py), the permit to give up a slot (receiver.py), the time (clock.py).
import hashlib
import struct

import machine
from esme import p256, trust

SIGNATURE_BYTES = 64


class Refused(Exception):
    # A command that changes nothing; its text goes to the console.
    pass


def unpacked(data, form):
    # All that is signed, and its digest. Refused: not as long as that.
    size = struct.calcsize(form)
    if len(data) != size + SIGNATURE_BYTES:
        raise Refused("length %d, %d expected" % (len(data), size + SIGNATURE_BYTES))
    return struct.unpack(form, data[:size]), hashlib.sha256(data[:size]).digest()


def fields(data, magic, form):
    # What stands after magic and board, and the digest of all that is signed. Refused: not of that kind, or for
    # another board. The signature is not checked yet: that takes a second.
    found, digest = unpacked(data, form)
    if found[0] != magic:
        raise Refused("not signed for that")
    if found[1] != hashlib.sha256(machine.unique_id()).digest():
        raise Refused("for another board")
    return found[2:], digest


def check(data, digest, feed):
    # Refused unless the supplier has signed `digest` at the end of `data`.
    if not p256.verify(trust.anchors()[1], digest, data[-SIGNATURE_BYTES:], feed):
        raise Refused("signature")
