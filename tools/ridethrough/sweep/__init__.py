"""Power cuts and other faults, exhaustively: every state that a fault can leave, until none is new.

`layout` and `flash` know what is on a chip, `points` where faults strike, `recovery` runs from one start to
quiet, `invariants` says what must hold, `explore` goes on to the fixpoint, `replay` shows one failure.
docs/sweep.md says what the merging of states assumes.
"""
