"""How the witness's Pico hangs on the board that it watches (docs/witness.md has the same as a table)."""

from __future__ import annotations

from ridethrough.world.site import Site

WITNESS_BOARD = "rpi_pico"
GPIOS = {"ac_lost": 10, "running_n": 11}
"""Of the witness. CH power is at its ch_sense."""


def wire(watched: Site, witness: Site) -> None:
    """Before the clock of the two has begun to run."""
    eyes = witness.mcu.wiring
    eyes.measured = watched.power

    def changed(name: str, level: int) -> None:
        eyes.drive(GPIOS[name], level)

    watched.mcu.wiring.on_wire = changed
    watched.mcu.wiring.apply()
