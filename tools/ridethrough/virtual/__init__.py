"""A board that is not on the desk: the emulator behind a pseudo-terminal, at the speed of the wall clock."""
