from esme import image, trust


def _check(data):
    with open("/t.img", "wb") as f:
        f.write(data)
    with open("/t.img", "rb") as f:
        img = image.Image(f, len(data))
        img.fits(0x0101)
        img.follows(1, 0)
        maker, supplier = trust.anchors()
        return img, img.verify(maker, supplier, lambda: None)


def _good():
    with open("/good.img", "rb") as f:
        return f.read()


def _refused(data):
    try:
        _check(data)
    except image.BadImage as e:
        return str(e)
    raise AssertionError("accepted")


def test_a_good_image():
    img, digest = _check(_good())
    assert (img.version, img.counter, img.offset) == (2, 2, 60)
    assert image.digest_of("/t.img", img.offset, img.length, lambda: None) == digest
    assert image.digest_of("/t.img", img.offset, img.length + 999, lambda: None) is None
    assert image.digest_of("/none", 0, 1, lambda: None) is None


def test_what_is_refused_and_why():
    good = _good()

    def changed(at, byte):
        return good[:at] + bytes([byte]) + good[at + 1 :]

    assert "shorter" in _refused(good[:40])
    assert "no Zigbee" in _refused(changed(0, 0))
    assert "header length" in _refused(changed(6, 61))
    assert "header length" in _refused(changed(8, 0))
    assert "header length" in _refused(changed(8, 0x84))
    assert "header says" in _refused(good + b"\0")
    assert "header says" in _refused(good[:-1])
    assert "header version" in _refused(changed(14, 9))
    assert "header hardware" in _refused(changed(56, 2))
    assert "not a Manufacturer" in _refused(changed(60, 0))
    assert "payload hash" in _refused(changed(60 + image.PAYLOAD_AT + 9, 0xEE))
    assert "marker" in _refused(changed(len(good) - 66, 1))
    assert "supplier" in _refused(changed(len(good) - 1, good[-1] ^ 1))
    assert "supplier" in _refused(changed(60 + image.INNER_BYTES, good[60 + image.INNER_BYTES] ^ 1))


def test_each_byte_counts():
    # Of every byte of the file: changed, the image is refused, or it is outside both signatures.
    good = _good()
    unsigned = set(range(10, 14)) | set(range(18, 52)) | {58, 59}
    for at in range(0, len(good), 37):
        bad = bytearray(good)
        bad[at] ^= 0x55
        try:
            _check(bytes(bad))
        except image.BadImage:
            continue
        assert at in unsigned, at


def test_orders_and_counters():
    with open("/t.img", "wb") as f:
        f.write(_good())
    with open("/t.img", "rb") as f:
        img = image.Image(f, len(_good()))
    img.follows(1, 2)
    for hardware, running, least in ((0x0102, 1, 0), (0x0101, 1, 3)):
        try:
            img.fits(hardware)
            img.follows(running, least)
        except image.BadImage:
            continue
        raise AssertionError((hardware, running, least))
    img.follows_from, img.follows_to = 2, 3
    for running in (1, 4):
        try:
            img.follows(running, 0)
        except image.BadImage:
            continue
        raise AssertionError(running)
    img.resident = 99
    try:
        img.fits(0x0101)
    except image.BadImage as e:
        assert "resident" in str(e)
    else:
        raise AssertionError
