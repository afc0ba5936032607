"""The console's client, against a board that answers as told."""

import re

import pytest
from ridethrough.headend import client

IMAGE = bytes(range(256)) * 20


class Board:
    """Takes blocks. `losses`: how much is left of what it has taken, each time somebody asks it to verify."""

    def __init__(self, losses=()):
        self.held, self.losses, self.asked = 0, list(losses), []

    def answer(self, line):
        self.asked.append(line.partition(" ")[0])
        if line.startswith("receive"):
            return f"OK next={self.held}"
        if match := re.match(r"block (\d+) ", line):
            if int(match[1]) == self.held:
                self.held = min(len(IMAGE), self.held + 1024)
            return f"OK next={self.held}"
        if self.losses:
            self.held = self.losses.pop(0)
        return "OK verified" if self.held == len(IMAGE) else f"ERR incomplete next={self.held}"


def played(operation, board):
    answer = None
    while True:
        try:
            request = operation.send(answer)
        except StopIteration as done:
            return done.value
        answer = board.answer(request.line)


@pytest.mark.parametrize("losses", [(), (4096,), (0,), (1024, 3072)])
def test_a_push_that_is_told_it_is_incomplete_goes_back_to_sending(losses):
    board, heard = Board(losses), []
    assert played(client.push(IMAGE, progress=heard.append), board) == "verified"
    assert board.held == len(IMAGE) and heard[-1] == len(IMAGE)
    assert board.asked.count("verify") == len(losses) + 1
    assert board.asked.count("receive") == 1


def test_one_that_loses_it_again_and_again_is_given_up():
    board = Board([1024] * 20)
    with pytest.raises(client.Refused, match="incomplete next=1024"):
        played(client.push(IMAGE), board)
    assert board.asked.count("verify") == client.TRIES


@pytest.mark.parametrize("answer", ["ERR hash", "ERR incomplete", "ERR incomplete next=x"])
def test_any_other_refusal_is_final(answer):
    class Refusing(Board):
        def answer(self, line):
            return answer if line == "verify" else super().answer(line)

    with pytest.raises(client.Refused):
        played(client.push(IMAGE), Refusing())
