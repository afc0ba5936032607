import board
from esme import holdup


def test_what_a_capacitor_bridges():
    # 470 uF from 10.8 V to 9 V at 5 W carries 1.67 ms: nothing here without a hold
    was = board.HOLD_US
    try:
        board.HOLD_US = -1
        assert holdup.bridged()
        gap_us = board.WDT_MS * 1000 + board.BOOT_US
        for short_us, enough in ((0, True), (1_600, True), (1_700, False), (gap_us, False)):
            board.HOLD_US = gap_us - short_us
            assert holdup.bridged() == enough, short_us
    finally:
        board.HOLD_US = was


def test_the_hold_is_tested_not_believed():
    assert holdup.held_undriven()
    assert board.ch_enable.value() == 1
