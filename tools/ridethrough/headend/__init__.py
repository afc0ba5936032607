"""The supplier's side: the client of a board's console, and the head-end that works through a scenario's steps
or sends one update after the other."""
