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
