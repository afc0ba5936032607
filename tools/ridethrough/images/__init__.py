"""OTA images: build, sign, inspect. The layout is in docs/image-format.md."""

from ridethrough.support.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
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
__getattr__ = lazily(
    __name__,
    {
        "EMULATED": "ridethrough.images.keys",
        "ImageSpec": "ridethrough.images.build",
        "KeyPair": "ridethrough.images.keys",
        "Keys": "ridethrough.images.keys",
        "Report": "ridethrough.images.inspect",
        "activation_command": "ridethrough.images.commands",
        "build_image": "ridethrough.images.build",
        "generate_keys": "ridethrough.images.keys",
        "inspect_image": "ridethrough.images.inspect",
        "load_public_key": "ridethrough.images.keys",
        "manufacturer_image": "ridethrough.images.build",
    },
)
