"""`python -m ridethrough`."""

import sys

from ridethrough.cli import main

sys.exit(main())
