# Freeze the firmware into a MicroPython build for the rp2 port:
#   make -C ports/rp2 BOARD=RPI_PICO_W FROZEN_MANIFEST=.../boards/NAME/manifest.py
# boot.py, main.py and the keys stay on the file system: the keys are each board's own.
module("board.py")  # noqa: F821
package("esme", base_path="../../firmware")  # noqa: F821
