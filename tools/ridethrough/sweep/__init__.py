"""Power cuts and other faults, exhaustively: every state that a fault can leave, until none is new.

`littlefs_layout` and `flash` know what is on a chip, `crash_states` where faults strike, `recovery` runs from one start
until the board is at rest, or (`joined`) until the rest is known, `watch` and `hub` say what must hold. `explore` goes
level by level to the fixpoint; `batch` is what a level is shared out in, `packing` and `saved` make bytes of it.
`campaign` sweeps many scenarios, `facts` says what a result rests on, `replay` shows one failure. docs/sweep.md says
what the merging of states assumes.
"""
