"""From one meter to the nation: what the reboots of many meters, and real outages, do to everybody's alerts."""
