import board
