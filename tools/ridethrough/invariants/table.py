"""Every invariant by name, and what must be there for it to be checked. docs/sweep.md says what each means."""

from __future__ import annotations

SLOTS = "slots and a boot record as the reference keeps them"
FILES = "files that the guest mounts; a program keeps some if the scenario has [sweep] updates and new"
VERSION = "[sweep] updates and new in the scenario; with slots, the signal application"
STEPS = "firmware that takes the scenario's images"
SIGNAL = "the signal "
NEEDS: dict[str, str] = {
    "mounts": FILES,
    "resident-files": FILES,
    "verified-image": SLOTS,
    "version": VERSION,
    "verified-slot": SLOTS,
    "trial-boots": SIGNAL + "phase",
    "register": SIGNAL + "register",
    "energy": SLOTS,
    "order": SLOTS,
    "record": SLOTS,
    "darkness": "",
    "darkness-budget": "",
    "false-ad1": "",
    "missed-ad1": "",
    "ac-lost": "",
    "boots": "",
    "converges": SIGNAL + "application",
    "answer": SIGNAL + "answer",
    "command-counter": SIGNAL + "command",
    "least-counter": SLOTS,
    "stated": STEPS,
    "log": SIGNAL + "gbcs",
    "log-kept": SLOTS,
}
"""Every invariant, and what a firmware must give for it to be checked ("": nothing)."""

INVARIANTS: dict[str, str] = {
    "darkness": "",
    "false-ad1": "",
    "ac-lost": "",
    "version": "application",
    "register": "register",
    "converges": "application",
}
"""Those that need no knowledge of how a firmware keeps its files, which the kit looks at; and the signal of board.toml
that each needs ("": none)."""
