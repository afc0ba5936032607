"""Boards: their facts, whether a description is sound, and the firmware that goes on them."""

from ridethrough.boards.board import Board

__all__ = ["Board"]
