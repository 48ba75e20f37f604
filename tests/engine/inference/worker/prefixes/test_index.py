"""What is stored of a prompt, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.prefixes import BLOCK_TOKENS, Block
from preheat.inference.worker.prefixes import Missing, PrefixIndex, Tier

MODEL = b"a model"
CHUNK = 64


def store(
    index: PrefixIndex, tokens: Sequence[int], *, whole: int | None = None, tier: Tier = Tier.DISK
) -> list[Missing]:
    """Store a prompt, and return the blocks that had been missing."""
    missing = index.missing(tokens, len(tokens) if whole is None else whole, CHUNK)
    for each in missing:
        index.add(block(each), 1000, tier)
    return missing


def block(missing: Missing) -> Block:
    return Block(MODEL, missing.key, missing.parent, missing.start, tuple(missing.tokens), missing.whole_chunks, 1.0)


def covered(index: PrefixIndex, tokens: Sequence[int], limit: int = 10**6, chunk: int = 1) -> int:
    return sum(link.tokens for link in index.chain(tokens, limit, chunk=chunk))


@pytest.fixture
def index() -> PrefixIndex:
    return PrefixIndex(MODEL, exact=False)


def test_a_prompt_is_stored_in_blocks_and_a_rest(index: PrefixIndex) -> None:
    prompt = list(range(600))
    assert [(each.start, each.end) for each in store(index, prompt)] == [(0, 256), (256, 512), (512, 600)]
    assert covered(index, prompt) == 600
    assert covered(index, prompt, limit=599) == 599
    assert covered(index, prompt, limit=300) == 300
    assert index.missing(prompt, 600, CHUNK) == []


def test_the_longest_stored_beginning_of_those_that_are_wanted(index: PrefixIndex) -> None:
    beginning, prompt = list(range(300)), [*range(300), *range(900, 1000)]
    keys = [store(index, tokens)[-1].key for tokens in (list(range(20)), beginning, prompt)]
    assert index.has(beginning)
    assert not index.has([*prompt, 7])
    assert index.longest([*prompt, 7], lambda key: key in keys) == len(prompt)
    assert index.longest(prompt, lambda key: key in keys[:2]) == 300
    assert index.longest([*beginning, 7], lambda key: key == keys[2]) == 0
    assert index.longest([*range(30)], lambda _key: True) == 20


def test_a_longer_prompt_adds_only_what_is_new(index: PrefixIndex) -> None:
    store(index, list(range(600)))
    longer = [*range(600), *range(900, 1000)]
    assert covered(index, longer) == 600
    assert [(each.start, each.end) for each in store(index, longer)] == [(512, 700)]
    assert covered(index, longer) == 700
    assert covered(index, list(range(600))) == 600


def test_a_rest_is_used_as_far_as_it_is_the_same(index: PrefixIndex) -> None:
    store(index, [*range(256), *range(500, 600)])
    store(index, [*range(256), *range(500, 540), 7, 7, 7])
    assert covered(index, [*range(256), *range(500, 542), 7, 7]) == 256 + 42
    assert covered(index, [*range(256), *range(500, 540), 7, 7]) == 256 + 42
    assert covered(index, [*range(100), 7]) == 100
    assert covered(index, [7, *range(256)]) == 0


def test_a_block_that_is_gone_ends_the_chain(index: PrefixIndex) -> None:
    prompt = list(range(600))
    _, second, _ = store(index, prompt)
    index.discard(second.key)
    index.discard(second.key)
    assert covered(index, prompt) == 256
    assert [(each.start, each.end) for each in index.missing(prompt, 600, CHUNK)] == [(256, 512)]


def test_seeded_requests_get_only_whole_chunks(index: PrefixIndex) -> None:
    prompt = list(range(600))
    store(index, prompt, whole=512)
    assert covered(index, prompt, chunk=CHUNK) == 512
    assert covered(index, prompt) == 600
    # Computed in whole chunks later, it is stored once more.
    assert [(each.start, each.end) for each in store(index, prompt, whole=576)] == [(512, 600)]
    assert covered(index, prompt, chunk=CHUNK) == 576


def test_what_is_being_written_is_not_missing(index: PrefixIndex) -> None:
    prompt = list(range(300))
    first, rest = index.missing(prompt, 300, CHUNK)
    index.write_begins(first)
    assert index.missing(prompt, 300, CHUNK) == [rest]
    assert covered(index, prompt) == 0
    index.write_failed(first.key)
    assert index.missing(prompt, 300, CHUNK) == [first, rest]


def test_memory_goes_before_the_disk(index: PrefixIndex) -> None:
    [missing] = index.missing(list(range(100)), 100, CHUNK)
    for tier in (Tier.DISK, Tier.MEMORY, Tier.DISK):
        index.add(block(missing), 1000, tier)
    assert [link.stored.tier for link in index.chain(list(range(100)), 100)] == [Tier.MEMORY]


def test_a_shorter_end_is_superseded(index: PrefixIndex) -> None:
    store(index, list(range(600)))
    store(index, [*range(512), 7])
    [longer] = store(index, list(range(700)))
    assert [(each.start, each.end) for each in index.superseded(longer.key)] == [(512, 600)]
    assert index.superseded(b"unknown") == []


def test_a_prompt_by_its_key(index: PrefixIndex) -> None:
    prompt = list(range(600))
    missing = store(index, prompt)
    assert index.key_of(prompt) == missing[-1].key
    assert index.tokens_of(missing[-1].key) == prompt
    assert index.tokens_of(b"unknown") == []
    index.discard(missing[0].key)
    assert index.tokens_of(missing[-1].key) == []


def test_whole_states_are_used_only_for_exactly_their_tokens() -> None:
    index = PrefixIndex(MODEL, exact=True)
    store(index, list(range(300)))
    [missing] = store(index, list(range(600)))
    assert (missing.start, missing.end, missing.key) == (0, 600, index.key_of(list(range(600))))
    assert covered(index, list(range(700))) == 600
    assert covered(index, list(range(600)), limit=599) == 300
    assert covered(index, [*range(590), 7, 7]) == 300
    assert covered(index, list(range(299))) == 0


@given(st.lists(st.lists(st.integers(0, 1), max_size=2 * BLOCK_TOKENS + 3), max_size=4), st.data())
def test_no_chain_has_other_tokens_than_the_prompt(prompts: list[list[int]], data: st.DataObject) -> None:
    index = PrefixIndex(MODEL, exact=data.draw(st.booleans()))
    for prompt in prompts:
        store(index, prompt)
    wanted = data.draw(st.sampled_from(prompts)) if prompts else []
    asked = wanted[: data.draw(st.integers(0, len(wanted)))] + data.draw(st.lists(st.integers(0, 1), max_size=4))
    found = [token for link in index.chain(asked, len(asked)) for token in link.stored.tokens[: link.tokens]]
    assert found == asked[: len(found)]
    assert covered(index, wanted) == len(wanted)
