"""States as bytes: for another process, another machine, or a file. What states share is there once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from ridethrough.sweep.crash_states import Memory, State
from ridethrough.sweep.flash import Flash

_LEVEL = 1
"""Of zlib: most of it is what the states share, and that is found at any level."""
PACKED_BYTES_MAX = 64 * 1024 * 1024
UNPACKED_BYTES_MAX = 1024 * 1024 * 1024


class BadPack(Exception):
    """No states, or not as this version packs them."""


def pack(states: Iterable[State]) -> bytes:
    """States, in their order."""
    blocks: dict[tuple[int, bytes], int] = {}
    heads = [_head(state, blocks) for state in states]
    # blocks of one number are alike: side by side, one costs little
    order = sorted(blocks, key=lambda block: block[0])
    place = {blocks[block]: i for i, block in enumerate(order)}
    for head in heads:
        head["blocks"] = [[number, place[i]] for number, i in head["blocks"]]
    lengths = [len(content) for _, content in order]
    text = json.dumps({"states": heads, "lengths": lengths}, separators=(",", ":")).encode()
    return zlib.compress(b"".join([len(text).to_bytes(4, "little"), text, *(c for _, c in order)]), _LEVEL)


def _head(state: State, blocks: dict[tuple[int, bytes], int]) -> dict[str, Any]:
    flash, memory = state.flash, state.memory
    return {
        "blocks": [
            [number, blocks.setdefault((number, content), len(blocks))] for number, content in flash.blocks.items()
        ],
        "unstable": sorted(flash.unstable),
        "answers": memory.answers,
        "memory": [memory.register_high_mwh, memory.least_high, memory.command_high, memory.trials],
        "logged": sorted(memory.logged),
        "mwh": state.mwh,
        "latch": state.latch,
        "phase": state.phase,
        "path": state.path,
        "t_us": state.t_us,
    }


def unpack(packed: bytes) -> list[State]:
    """What `pack` made; BadPack if it is something else."""
    try:
        engine = zlib.decompressobj()
        data = engine.decompress(packed, UNPACKED_BYTES_MAX)
        if not engine.eof:
            raise BadPack("cut off, or too large")
        head_bytes = int.from_bytes(data[:4], "little")
        head = json.loads(data[4 : 4 + head_bytes])
        contents, at = [], 4 + head_bytes
        for length in head["lengths"]:
            contents.append(data[at : at + length])
            at += length
        if at != len(data):
            raise BadPack("its blocks are not as long as it says")
        return [_state(one, contents) for one in head["states"]]
    except (zlib.error, ValueError, KeyError, TypeError, IndexError, RecursionError) as e:
        raise BadPack(f"no states: {e}") from e


def _state(one: dict[str, Any], contents: list[bytes]) -> State:
    high_mwh, least, command, trials = one["memory"]
    memory = Memory(
        answers=tuple((int(counter), str(text)) for counter, text in one["answers"]),
        register_high_mwh=int(high_mwh),
        least_high=int(least),
        command_high=int(command),
        logged=frozenset(map(str, one["logged"])),
        trials=int(trials),
    )
    return State(
        Flash({int(number): contents[i] for number, i in one["blocks"]}, frozenset(map(int, one["unstable"]))),
        memory,
        int(one["mwh"]),
        bool(one["latch"]),
        str(one["phase"]),
        tuple(map(str, one["path"])),
        int(one["t_us"]),
    )
