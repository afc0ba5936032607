"""One whole update of a board on the desk, watched by a witness: what both of them said, as a capture that rules
can judge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from ridethrough.devices.port import ConsoleLink
from ridethrough.devices.recording import Recording
from ridethrough.devices.witness import WitnessLink
from ridethrough.headend import client
from ridethrough.images.commands import next_command, permits
from ridethrough.images.keys import KeyPair
from ridethrough.rules.forms import KINDS
from ridethrough.support.errors import BadInput, Param
from ridethrough.traces.capture import Capture
from ridethrough.traces.load import ProbeMap, load_capture

ASSUMED = {"mains": 1, "ch_present": 1}
"""Of a bench: nobody cuts the mains in a run, and the hub stays where it is."""
_LEAD_US, _TAIL_US = 2_000_000, 5_000_000
_BEAT_US = 100_000
_SHUTDOWN_US = 1_000_000
"""How much earlier or later than its reset a board's word of it may reach us."""


@dataclass
class HilRun:
    """`hello`: what the board said of itself before; `outcome`: its answer, None if there was none; `stated`: the
    events that the witness cannot see, (name, kind, t_us) in its time; `problem`: what went wrong, apart from what
    rules say."""

    recording: Recording
    hello: dict[str, str] = field(default_factory=dict)
    outcome: int | None = None
    version: str = ""
    stated: list[tuple[str, str, int]] = field(default_factory=list)
    problem: str = ""
    vcd: Path = Path()
    sha256: str = ""

    def keep(self, vcd: Path, within_mv: int) -> None:
        """Writes the capture."""
        self.recording.write_vcd(vcd, within_mv)
        self.vcd, self.sha256 = vcd, hashlib.sha256(vcd.read_bytes()).hexdigest()

    def capture(self, levels_mv: frozenset[float]) -> Capture:
        """The recording that was kept, with the events that are known from the console."""
        capture = load_capture(self.vcd, ProbeMap(assumed=ASSUMED), levels_mv)
        for name, kind, t_us in self.stated:
            capture.state(name, t_us, kind)
        capture.log.sort(key=lambda e: e.t_us)
        return capture


def run_hil(
    board_port: str,
    witness_port: str,
    image: bytes,
    supplier: KeyPair,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> HilRun:
    """Pushes `image`, activates it, waits for what comes of it. BadInput if one of the two is not there; what goes
    wrong later is the run's `problem`."""
    shutdowns: list[tuple[int, str]] = []
    with WitnessLink(witness_port, "witness_port") as witness:

        def on_line(line: str) -> None:
            kind = line.removeprefix("* shutdown ")
            if kind in KINDS and kind != line:
                shutdowns.append((witness.now_us, kind))

        with ConsoleLink(board_port, on_line, "board_port") as link:
            link.begin()
            run = HilRun(Recording())
            try:
                run.hello = link.hello()
                _update(run, link, witness, image, supplier, progress)
            except client.Refused as e:
                run.problem = f"the board refused: {e}"
            except (KeyError, ValueError) as e:
                raise BadInput(
                    Param("board_port", board_port), f": what is there does not speak this console: {e}"
                ) from e
            except BadInput as e:
                if not run.hello:
                    raise
                run.problem = str(e)
        run.recording = witness.stop()
    recording = run.recording
    resets = _resets(recording, shutdowns)
    if not run.problem and run.outcome == 0:
        if not resets:
            run.problem = "running_n never rose: is the witness's GP11 connected?"
        elif _hole_us(recording.changes["running_n"], min(t_us for _, _, t_us in run.stated)):
            run.problem = "running_n was not known all the time, so neither are the resets: try again"
    known = [*run.stated, *resets]
    run.stated = sorted(((n, k, min(t_us, recording.now_us)) for n, k, t_us in known), key=lambda event: event[2])
    return run


def _update(
    run: HilRun,
    link: ConsoleLink,
    witness: WitnessLink,
    image: bytes,
    supplier: KeyPair,
    progress: Callable[[str, int, int], None],
) -> None:
    _listen(witness, _LEAD_US)
    block_bytes, signed = int(run.hello["block"]), next_command(image, run.hello, supplier)
    permit = permits(image, bytes.fromhex(run.hello["board"]), supplier)
    told = lambda done: progress("push", done, len(image))  # noqa: E731
    link.perform(client.push(image, block_bytes, progress=told, permit=permit))
    progress("activate", 0, 0)
    # a little early, and the outcome a little late: a reboot is rather taken to be longer
    run.stated.append(("command", "", witness.now_us))
    answer = client.words(link.perform(client.await_outcome(signed)))
    run.stated.append(("outcome", "", witness.now_us + _BEAT_US))
    run.outcome, run.version = int(answer["outcome"]), answer["version"]
    _listen(witness, _TAIL_US)


def _listen(witness: WitnessLink, us: int) -> None:
    if not witness.listen(us):
        raise BadInput("the witness said no more")


def _resets(recording: Recording, shutdowns: list[tuple[int, str]]) -> list[tuple[str, str, int]]:
    # running_n floats up at a reset; which kind it was the board has said, unless nobody asked it
    found: list[tuple[str, str, int]] = []
    before: int | None = None
    for t_us, level in recording.changes["running_n"]:
        if before == 0 and level == 1:
            near = [kind for at_us, kind in shutdowns if abs(at_us - t_us) <= _SHUTDOWN_US]
            found.append(("reset", near[-1] if near else "", t_us))
        before = level
    return found


def _hole_us(changes: list[tuple[int, int | None]], since_us: int) -> int:
    # For how long a wire was not known after `since_us`; a microsecond is a pulse that was too short to be seen.
    spans = [(a, b) for (a, level), (b, _) in pairwise(changes) if level is None]
    return sum(b - a for a, b in spans if b > since_us and b - a > 1)
