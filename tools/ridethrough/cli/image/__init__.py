"""`ridethrough image`: build, sign, inspect, keygen."""

from __future__ import annotations

from ridethrough.cli.commands import Command, add_commands

ACTIONS = {
    "build": "an image from an application's files",
    "sign": "replace the supplier's signature, after a change of supplier",
    "inspect": "explain a file, field by field (0 sound, 1 something does not hold, 2 no image)",
    "keygen": "make a maker's and a supplier's key, for development",
}
EXAMPLES = """examples:
  ridethrough image keygen keys
  ridethrough image build --keys keys --board rpi_pico --version 2 -o build/v2.img
  ridethrough image build --app ./my_app --keys keys --board rpi_pico --version 3 --follows 2..2 -o build/v3.img
  ridethrough image inspect build/v2.img --key keys/supplier.pem
  ridethrough image sign build/v2.img --key new-supplier/supplier.pem -o build/v2-new-supplier.img"""


def add(parser: Command) -> None:
    """Adds the actions."""
    parser.epilog = EXAMPLES
    add_commands(parser, __name__, ACTIONS, "action")
