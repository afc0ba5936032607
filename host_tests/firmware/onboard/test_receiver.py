import binascii

from esme import bootrec, quota, receiver, store
from esme.signed import Refused

IDENT = bytes(range(16))


def _image():
    with open("/good.img", "rb") as f:
        return f.read()


_last = None


def _fresh():
    # A file left open would be committed at some garbage collection, in the middle of another test.
    global _last
    if _last:
        _last.close()
    rec = bootrec.Record()
    rec.slots[0].state = bootrec.VERIFIED
    rec.slots[0].version = 1
    _last = receiver.Receiver(rec, rec.slots[0], quota.Quota(rec))
    return _last, rec


def _send(r, data, at, end=None):
    part = data[at : end or at + receiver.BLOCK_BYTES]
    return r.block(at, binascii.crc32(part), part)


def _begin(r, size, ident, permit=b""):
    return r.begin(size, ident, permit, lambda: None)


def _why(function, *arguments):
    try:
        function(*arguments)
    except Refused as e:
        return str(e)
    raise AssertionError("not refused")


def _all(r, data, at=0):
    while at < len(data):
        at = _send(r, data, at)


def test_a_whole_transfer():
    data = _image()
    r, rec = _fresh()
    assert _begin(r, len(data), IDENT) == 0
    _all(r, data)
    slot = r.verify(lambda: None)
    assert slot is rec.slots[1] and slot.state == bootrec.VERIFIED and slot.version == 2
    assert bootrec.load().slots[1].digest == slot.digest
    assert _begin(r, len(data), IDENT) == len(data)  # nothing left to send
    assert r.verify(lambda: None) is slot


def test_gaps_repeats_overlaps_and_noise():
    data = _image()
    r, rec = _fresh()
    assert "no transfer" in _why(_send, r, data, 0)
    _begin(r, len(data), IDENT)
    assert _send(r, data, 0) == 1024
    assert "gap next=1024" in _why(_send, r, data, 2048)
    assert _send(r, data, 0) == 1024  # a repeat
    assert "overlap next=1024" in _why(_send, r, data, 512)
    assert "crc next=1024" in _why(r.block, 1024, 0, data[1024:2048])
    assert "length" in _why(r.block, 1024, 0, b"")
    assert "length" in _why(_send, r, data, 1024, 1024 + 1025)
    assert "beyond size" in _why(r.block, 1024, binascii.crc32(bytes(1024)), bytes(1024)) if len(data) < 2048 else True
    assert "incomplete" in _why(r.verify, lambda: None)
    _all(r, data, 1024)
    assert "beyond size" in _why(r.block, len(data), binascii.crc32(b"x"), b"x")
    r.verify(lambda: None)


def test_sizes():
    import board

    r, rec = _fresh()
    assert "the slot holds" in _why(_begin, r, board.SLOT_BYTES + 1, IDENT)
    assert "no image" in _why(_begin, r, 10, IDENT)
    assert rec.other().state == bootrec.EMPTY


def test_resume_after_a_break():
    data = _image()
    r, rec = _fresh()
    _begin(r, len(data), IDENT)
    _send(r, data, 0)
    r.close()
    again = receiver.Receiver(bootrec.load(), rec.slots[0], quota.Quota(rec))
    assert _begin(again, len(data), IDENT) == 1024
    _all(again, data, 1024)
    again.verify(lambda: None)
    again.close()


def test_another_image_starts_anew():
    data = _image()
    r, rec = _fresh()
    _begin(r, len(data), IDENT)
    _send(r, data, 0)
    assert _begin(r, len(data), bytes(16)) == 0
    assert store.size(rec.slots[1].path) == 0


def test_a_verified_slot_is_not_given_up_for_an_unsigned_line():
    data = _image()
    r, rec = _fresh()
    _begin(r, len(data), IDENT)
    _all(r, data)
    r.verify(lambda: None)
    assert _why(_begin, r, len(data), bytes(16)) == "permit counter=0 the slot holds a verified image"
    assert bootrec.load().slots[1].state == bootrec.VERIFIED


def test_unsigned_transfers_are_few():
    data = _image()
    r, rec = _fresh()
    for i in range(bootrec.QUOTA_MAX):
        _begin(r, len(data), bytes([i] * 16))
        _send(r, data, 0)
    assert _begin(r, len(data), bytes([i] * 16)) == 1024  # going on costs nothing
    assert "permit counter=0 busy too many" in _why(_begin, r, len(data), IDENT)
    assert bootrec.load().quota == 0


def test_a_bad_image_is_refused_and_forgotten():
    data = _image()
    bad = data[:-1] + bytes([data[-1] ^ 1])
    r, rec = _fresh()
    _begin(r, len(bad), IDENT)
    _all(r, bad)
    assert "8F1C" in _why(r.verify, lambda: None)
    assert rec.slots[1].state == bootrec.EMPTY and bootrec.load().slots[1].state == bootrec.EMPTY
    assert _begin(r, len(bad), IDENT) == 0


def test_nothing_is_written_while_an_activation_waits():
    r, rec = _fresh()
    slot = rec.other()
    slot.state, slot.digest = bootrec.VERIFIED, bytes(range(32))
    rec.command_hash = slot.digest
    for phase in (bootrec.SCHEDULED, bootrec.ARMED, bootrec.TRIAL):
        rec.phase = phase
        assert "busy" in _why(_begin, r, len(_image()), IDENT)
        assert "busy" in _why(r.verify, lambda: None)


def test_an_activation_that_waits_for_another_image_does_not_keep_it_out():
    r, rec = _fresh()
    rec.phase = bootrec.SCHEDULED
    rec.command_hash = bytes(range(32))
    assert _begin(r, len(_image()), IDENT) == 0


def test_it_syncs_every_16_kib_whatever_the_blocks_are():
    r, rec = _fresh()
    _begin(r, 60_000, IDENT)
    part = bytes(1000)
    for at in range(0, 50_000, 1000):
        r.block(at, binascii.crc32(part), part)
    # as after a power cut: only what was synced is in the file
    assert 50_000 - store.size(rec.other().path) <= receiver.SYNC_BYTES


def test_zz_close():
    _last.close()
