"""Each mutant is one change of the firmware as it stands, and the cpython guest sees what charged time can show."""

import pytest
from guests.mutants import BOARD, MUTANTS, sees
from ridethrough import Board, Firmware


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_mutant_is_one_change(mutant):
    board = Board.load(BOARD)
    made, reference = mutant.firmware(board), Firmware.load()
    before = board.files() | reference.files
    changed = {p for p, data in made.files.items() if before.get(p) != data}
    changed |= {f"app/{p}" for p, data in made.application.items() if reference.application[p] != data}
    assert changed == {mutant.path}


def test_what_charged_time_can_see_is_seen_and_what_it_cannot_is_not():
    named = {mutant.name: mutant for mutant in MUTANTS}
    assert sees(None, "cpython", "update") == []
    assert "the scenario states" in sees(named["the hold never set"], "cpython")[0]
    assert "the register says" in sees(named["the register asked without its part"], "cpython")[0]
    assert sees(named["a list in a hard interrupt"], "cpython") == []
