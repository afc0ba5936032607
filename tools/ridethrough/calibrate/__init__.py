"""What things cost in time on a board, measured by a program on it, beside what its board.toml says."""

from ridethrough.calibrate.measure import Figure, measure

__all__ = ["Figure", "measure"]
