"""The page's own tests need browsers and a built page: `make browsers` runs them, and no other target does."""

import os

collect_ignore = [] if os.environ.get("RIDETHROUGH_PAGE") else ["browsers"]
