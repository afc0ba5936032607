"""Guests: what executes firmware against a world."""
