from esme import bootrec, store


def _record():
    rec = bootrec.Record()
    rec.phase = bootrec.TRIAL
    rec.active = 1
    rec.attempts = 2
    rec.intent = bootrec.ACTIVATION
    rec.outcome = bootrec.PENDING
    rec.least_counter = 7
    rec.command_counter = 0xFFFFFFFF
    rec.dark_ms = 1234
    rec.command_digest = bytes(range(32))
    rec.date = 0x0123456789ABCDEF
    rec.receive_id = bytes(range(16))
    rec.receive_size = 65536
    rec.permit_counter = 0xFFFFFFFE
    rec.permit_hash = bytes(range(64, 96))
    rec.quota = 3
    slot = rec.slots[1]
    slot.state, slot.offset, slot.length = bootrec.PROVEN, 60, 65000
    slot.version, slot.counter, slot.digest = 3, 4, bytes(range(32, 64))
    return rec


def test_what_is_saved_is_loaded():
    saved = _record()
    saved.save()
    loaded = bootrec.load()
    for name in dir(saved):
        if name[0] != "_" and name not in ("slots", "save", "other", "fail"):
            assert getattr(saved, name) == getattr(loaded, name), name
    for a, b in zip(saved.slots, loaded.slots):
        for name in ("path", "state", "offset", "length", "version", "counter", "digest"):
            assert getattr(a, name) == getattr(b, name), name


def test_a_changed_byte_is_not_believed():
    _record().save()
    good = store.load(bootrec.PATH, 1000)
    for i in range(len(good)):
        bad = bytearray(good)
        bad[i] ^= 0x10
        with open(bootrec.PATH, "wb") as f:
            f.write(bad)
        assert bootrec.load() is None, i


def test_short_long_and_missing():
    import os

    _record().save()
    good = store.load(bootrec.PATH, 1000)
    for data in (b"", good[:-1], good + b"\0", good + good):
        with open(bootrec.PATH, "wb") as f:
            f.write(data)
        assert bootrec.load() is None
    os.remove(bootrec.PATH)
    assert bootrec.load() is None


def test_replace_leaves_no_part_behind():
    import os

    _record().save()
    assert "boot.rec.new" not in os.listdir("/")
