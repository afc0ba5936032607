"""Proof that the sweep can see: each seeded defect of the firmware breaks the invariant that it names, on the
shortest scenario that reaches it, and its replay breaks the same one; without the defect all holds.
"""

import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from ridethrough import Board, Firmware, Scenario
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.replay import replay
from ridethrough.sweep.setting import Setting

HERE = Path(__file__).parent
DEFECTS = sorted((HERE / "defects").glob("*.toml"))
BYTES = 8192
BOOTS_OF_SOUND = 40


class Seen(Exception):
    pass


def load(path):
    return tomllib.loads(path.read_text())


def setting(defect, tmp_path=None):
    """The defect's sweep; with `tmp_path`, on the edited firmware."""
    name = defect["scenario"]
    scenario = Scenario.load(str(HERE / name) if name.endswith(".toml") else name, defect["board"])
    board, firmware = Board.load(defect["board"]), Firmware.load()
    files = {**firmware.files, **{f"/app/{n}": c for n, c in firmware.application.items()}}
    files |= {path.lstrip("/"): data for path, data in board.files().items()}
    for edit in defect["edit"] if tmp_path else ():
        old, new = edit["old"].encode(), edit["new"].encode()
        assert files[edit["file"]].count(old) == 1, f"{edit['file']} has changed: adapt the defect"
        files[edit["file"]] = files[edit["file"]].replace(old, new)
    if tmp_path:
        directory = tmp_path / board.name
        directory.mkdir()
        for name in ("boot.py", "board.py"):
            (directory / name).write_bytes(files.pop(name))
        board = replace(board, directory=directory)
        application = {n: files.pop(f"/app/{n}") for n in firmware.application}
        firmware = replace(firmware, files=files, application=application)
    return Setting.load(scenario.with_image_bytes(BYTES), board, firmware, life=defect.get("from", ""))


@pytest.mark.parametrize("path", DEFECTS, ids=lambda p: p.stem)
def test_a_defect_is_caught_by_name_and_replays(path, tmp_path):
    defect = load(path)
    broken = setting(defect, tmp_path)
    found = []

    def look(result, waiting):
        found[:] = result.broken.get(defect["invariant"], [])
        if found:
            raise Seen

    with pytest.raises(Seen):
        sweep(broken, defect["cuts"], defect["faults"].split(","), progress=look)
    again = replay(broken, found[0].ident)
    assert defect["invariant"] in [b.invariant for b in again.broken]
    assert [b.text for b in again.broken if b.invariant == defect["invariant"]] == [found[0].text]


SOUND = sorted(
    {tuple(d.get(k, "") for k in ("scenario", "board", "faults", "cuts", "from")) for d in map(load, DEFECTS)}
)


@pytest.mark.parametrize("scenario, board, faults, cuts, life", SOUND)
def test_without_a_defect_all_holds(scenario, board, faults, cuts, life):
    # each sweep once, however many defects it is the counterpart of; to its end it is run by `make campaign`
    seen = []

    def look(result, waiting):
        seen[:] = [result]
        if result.boots >= BOOTS_OF_SOUND:
            raise Seen

    with suppress(Seen):
        sweep(setting({"scenario": scenario, "board": board, "from": life}), cuts, faults.split(","), progress=look)
    assert seen[0].broken == {} and seen[0].boots > 1
