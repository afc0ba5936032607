"""OTA images: build, sign, inspect. The layout is in docs/image-format.md."""

from ridethrough.images.build import ImageSpec, build_image, manufacturer_image
from ridethrough.images.commands import activation_command
from ridethrough.images.inspect import Report, inspect_image
from ridethrough.images.keys import EMULATED, KeyPair, Keys, generate_keys, load_public_key

__all__ = [
    "EMULATED",
    "ImageSpec",
    "KeyPair",
    "Keys",
    "Report",
    "activation_command",
    "build_image",
    "generate_keys",
    "inspect_image",
    "load_public_key",
    "manufacturer_image",
]
