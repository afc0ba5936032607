"""Settings for every test."""

from hypothesis import settings

collect_ignore = ["firmware/onboard"]  # runs on boards: firmware/test_onboard.py sees to it

# The same examples every time; a failure prints the arguments that make it.
settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("suite")
