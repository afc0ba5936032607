"""Every parser of foreign bytes, on whatever Hypothesis draws: noise, and good inputs with changed places."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import CORPUS, TARGETS, boot_record, corpus, named, seeds

SLOW = {"console_line", "command", "board_image"}


def inputs(name: str):
    def changed(seed: bytes):
        places = st.lists(st.tuples(st.integers(0, max(0, len(seed) - 1)), st.binary(max_size=6)), max_size=4)

        def change(edits):
            data = bytearray(seed)
            for at, new in edits:
                data[at : at + len(new)] = new
            return bytes(data)

        return places.map(change)

    cut = st.sampled_from(seeds(name)).flatmap(lambda s: st.integers(0, len(s)).map(lambda n: s[:n]))
    return st.one_of(st.binary(max_size=500), st.sampled_from(seeds(name)).flatmap(changed), cut)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.__name__)
def test_nothing_but_a_clean_error(target):
    @settings(max_examples=60 if target.__name__ in SLOW else 250)
    @given(inputs(target.__name__))
    def run(data):
        target(data)

    run()


def test_a_record_from_a_boards_flash_is_believed():
    assert any(boot_record(seed) for seed in seeds("boot_record"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.__name__)
def test_the_seeds_are_good(target):
    for seed in seeds(target.__name__):
        target(seed)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_broke_something_once_does_not_again(path):
    named(path.parent.name)(path.read_bytes())


def test_the_corpus_is_small_and_of_targets():
    assert {path.name for path in CORPUS.iterdir()} <= {target.__name__ for target in TARGETS}
    for target in TARGETS:
        assert sum(map(len, corpus(target.__name__))) < 8192
