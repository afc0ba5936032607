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

MEANS: dict[str, str] = {
    "mounts": "the flash mounts. The port formats one that does not: a brick",
    "resident-files": "no resident file ever changes",
    "verified-image": "the running image has two signatures that hold",
    "verified-slot": "a slot that the record calls verified holds exactly the digest in the record",
    "version": (
        "the version that runs is the old one or the new one, and the firmware names it rightly. Of other "
        "firmware: the files of its update are all old or all new when an application runs (signal "
        "`application`), and at the end"
    ),
    "trial-boots": "a new slot is tried at most three times (`trial_boots`)",
    "register": "the energy register never goes back, and never runs ahead of the energy that flowed",
    "energy": (
        "between any two entries of the register as much was counted as the metrology part has counted: "
        "none is lost, none made up"
    ),
    "order": "the confirm and an outcome are told only when the record has them",
    "record": (
        "the boot record can be read when the board is at rest, or the firmware has said that it cannot be written"
    ),
    "darkness": (
        "the hub is without supply only while mains is lost, plus hold-up, start of the supply, boot ROM, "
        "boot and soft start"
    ),
    "darkness-budget": (
        "with a failed hold: the darkness is at most the sum of the firmware's budget of 60 s, twice the "
        "longest single darkness, and 1 s"
    ),
    "false-ad1": "no AD1 that is not legitimate",
    "missed-ad1": "no AD1 is missing when the hub was dark for its limit and its store was charged",
    "ac-lost": (
        "AC lost is true to mains, both ways, within 60 ms. A line that nothing drives counts, too: the "
        "hub reads it all the same"
    ),
    "boots": (
        "the board comes to rest within the bounds above, and a version runs; where no slot is left that "
        "has confirmed itself and is intact, recovery is owed: the console, the rail held. Of other "
        "firmware: an application runs (signal `application`)"
    ),
    "converges": (
        "the board comes to rest within the bounds above, and a version runs; where no slot is left that "
        "has confirmed itself and is intact, recovery is owed: the console, the rail held. Of other "
        "firmware: an application runs (signal `application`)"
    ),
    "answer": "an accepted command is answered, and no later answer contradicts an answer",
    "command-counter": "no command is accepted after one with a higher counter",
    "least-counter": "the anti-rollback counter never falls, and does not rise before the confirm",
    "stated": "without any fault the scenario ends as its file states",
    "log": "every log entry has its reason; every event that the record shows has its entry",
    "log-kept": (
        "the event log has as many entries of each kind as were told since the board started, but for "
        "what the ring's own bound of 8 KB drops, and for repetitions within a minute of entries that are "
        "counted"
    ),
}
"""Each invariant in words, as docs/sweep.md has them; words in backticks are names and keys."""
