import os

from esme import events, store


def test_the_log_is_bounded_and_counts_on():
    for path in (events.PATH, events.OLD):
        try:
            os.remove(path)
        except OSError:
            pass
    events._next = 0
    for i in range(400):
        events.log(0x8F43, "x" * (i % 200))
    assert store.size(events.PATH) <= events.LIMIT
    assert store.size(events.OLD) <= events.LIMIT
    assert events.entry().split(" ")[:2] == ["000400", "8F43"]
    events._next = 0  # as after a reset
    events.log(0x8F72, "after")
    assert events.entry() == "000401 8F72 after"


def test_a_damaged_log_does_not_stop_it():
    with open(events.PATH, "wb") as f:
        f.write(b"\xff\xfe nonsense\n")
    events._next = 0
    events.log(0x8F43, "still here")
    assert events.entry().endswith("8F43 still here")


def test_what_comes_again_is_counted_also_with_a_shorter_text():
    every_ms, events._EVERY_MS = events._EVERY_MS, 0
    events.log(events.IMAGE_VERIFIED, "before")
    events.log(events.IMAGE_REFUSED, "a reason that is rather long, and longer than the next one")
    events.log(events.IMAGE_REFUSED, "short")
    events.log(events.IMAGE_REFUSED, "short")
    assert events.entry().endswith("8F1C short (3)"), events.entry()
    assert events.entry(1).endswith("8F72 before")
    events.log(events.VERSION_CHANGED, "another kind")
    events.log(events.IMAGE_REFUSED, "again, and it moves to the end")
    assert events.entry().endswith("(4)") and events.entry(1).endswith("8F43 another kind")
    assert events.entry(2).endswith("8F72 before")
    # within a minute nothing is written, and the next one says how many there were
    events._EVERY_MS = every_ms
    size = store.size(events.PATH)
    for _ in range(50):
        events.log(events.IMAGE_REFUSED, "a flood")
    assert store.size(events.PATH) == size
    events._EVERY_MS = 0
    events.log(events.IMAGE_REFUSED, "a flood")
    assert events.entry().endswith("8F1C a flood (55)"), events.entry()
    events._EVERY_MS = every_ms


def test_an_entry_is_one_line_of_ascii():
    events.log(events.APPLICATION_FAILED, "x\n000099 8F43 version 9\r\u00e9" * 9)
    said = events.entry()
    assert "\n" not in said and "\r" not in said and "\u00e9" not in said and len(said) < 160
    events._next = 999_999
    events.log(events.VERSION_CHANGED, "the last number")
    events._next = 0  # as after a reset
    events.log(events.VERSION_CHANGED, "the next")
    assert events.entry() == "000001 8F43 the next"
