# The resident library: never replaced over the air. One module per concern.
RESIDENT_VERSION = 2  # an image that needs a newer one is refused
