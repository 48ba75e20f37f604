"""Which blocks go when there is not enough room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.prefixes.removal import HALF_LIFE_S, Candidate, plan_removal, worth

NOW = 1_800_000_000.0


def block(
    key: int, parent: int = 0, *, n_bytes: int = 100, seconds: float = 1.0, age: float = 0.0, damaged: bool = False
) -> Candidate:
    """Return a block; one whose parent is 0 is the first of its prompt."""
    return Candidate(bytes([key]), bytes([parent]), not parent, n_bytes, seconds, NOW - age, damaged)


def keys_of(files: list[Candidate], excess_bytes: int) -> list[int]:
    return [files[index].key[0] for index in plan_removal(files, excess_bytes, NOW)]


def test_what_saves_least_per_byte_goes_first() -> None:
    files = [block(1, seconds=5.0), block(2, seconds=1.0), block(3, seconds=9.0, n_bytes=1000)]
    assert keys_of(files, 1) == [3]
    assert keys_of(files, 1001) == [3, 2]
    assert keys_of(files, 10_000) == [3, 2, 1]
    assert keys_of(files, 0) == []


def test_what_was_not_used_for_long_is_worth_less() -> None:
    assert keys_of([block(1, seconds=3.0, age=2 * HALF_LIFE_S), block(2, seconds=1.0)], 1) == [1]
    assert keys_of([block(1, seconds=5.0, age=2 * HALF_LIFE_S), block(2, seconds=1.0)], 1) == [2]


def test_a_conversation_gets_shorter_from_its_end() -> None:
    chain = [block(1, seconds=0.1), block(2, 1, seconds=9.0), block(3, 2, seconds=9.0), block(4, 2, seconds=1.0)]
    assert keys_of(chain, 400) == [4, 3, 2, 1]


def test_damaged_and_lost_blocks_go_first() -> None:
    files = [block(1, seconds=0.01), block(2, 77, seconds=9.0, age=7200.0), block(3, seconds=9.0, damaged=True)]
    assert sorted(keys_of(files, 101)) == [2, 3]
    assert keys_of([block(1, seconds=0.01), block(2, 77, seconds=9.0)], 1) == [1], "its parent may be on its way"


def test_a_time_in_the_future_counts_as_now() -> None:
    assert worth(block(1, age=-1e9), NOW, set()) == worth(block(1), NOW, set())


forests = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 1000), st.floats(0, 100), st.floats(-1e6, 1e7), st.booleans()),
    max_size=30,
).map(
    lambda rows: [
        block(key, min(parent, key - 1), n_bytes=n_bytes, seconds=seconds, age=age, damaged=damaged)
        for key, (parent, n_bytes, seconds, age, damaged) in enumerate(rows, 1)
    ]
)


@given(forests, st.integers(0, 20_000))
def test_enough_is_freed_and_no_block_loses_the_one_before_it(files: list[Candidate], excess_bytes: int) -> None:
    removed = plan_removal(files, excess_bytes, NOW)
    freed = sum(files[index].n_bytes for index in removed)
    assert freed >= min(excess_bytes, sum(file.n_bytes for file in files))
    assert len(set(removed)) == len(removed)
    if removed:
        assert freed - files[removed[-1]].n_bytes < excess_bytes, "not more than needed"
    left = {file.key for index, file in enumerate(files) if index not in removed}
    everything = {file.key for file in files}
    for index, file in enumerate(files):
        if index not in removed and file.parent in everything:
            assert file.parent in left
