import time

import board
import tariff

VERSION = 1


def run():
    print("* application %d" % VERSION)
    while True:
        board.ac_ok.value(board.mains.value())
        time.sleep_ms(50)
