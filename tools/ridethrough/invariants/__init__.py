"""What must hold of a hub and a board."""
