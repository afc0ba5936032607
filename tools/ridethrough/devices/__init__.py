"""What talks to a board, real or emulated."""
