"""Everything outside the MCU's program: time, mains, the power path, the hub, the flash chip, pins.

Knows no guest: whoever executes firmware calls `Mcu`.
"""
