"""Where everything on the band is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat_gui.dashboard.hearth.layout import (
    GAP_PX,
    LEAST_PX,
    Block,
    Chip,
    Kind,
    Measures,
    Part,
    lay_out,
    make_axis,
    place_chips,
)

GB = 10**9


def measure(text: str) -> int:
    return 7 * len(text)


MEASURES = Measures(measure, measure, measure)


def part(key: str, size_gb: float, kind: Kind = Kind.READY) -> Part:
    return Part(
        key, kind, int(size_gb * GB), (f"{key}-7b-instruct", key, key[0]), (f"{size_gb} GB · 12 tokens/s", "12")
    )


def blocks_of(*parts: Part, line_x: int = 800, limit_gb: float = 8, outside: tuple[Part, ...] = ()) -> list[Block]:
    band = lay_out(parts, outside, 1000, line_x, int(limit_gb * GB), MEASURES)
    return list(band.blocks)


def test_a_block_is_as_wide_as_its_share_of_the_limit() -> None:
    blocks = blocks_of(part("qwen", 4), part("phi", 2))
    assert [(block.x, block.width + GAP_PX) for block in blocks] == [(0, 400), (400, 200)]
    assert [(block.name, block.detail, block.whole) for block in blocks] == [
        ("qwen-7b-instruct", "4 GB · 12 tokens/s", True),
        ("phi-7b-instruct", "2 GB · 12 tokens/s", True),
    ]


def test_a_tiny_model_has_room_for_its_mark() -> None:
    tiny, large = blocks_of(part("embed", 0.01), part("qwen", 6))
    assert (tiny.width + GAP_PX, tiny.name, tiny.detail, tiny.whole) == (LEAST_PX, "e", "", False)
    assert large.x == LEAST_PX


def test_a_wide_block_shows_its_rate_large() -> None:
    busy = part("qwen", 4)._replace(rate="52", beside="4 GB")
    wide, narrow = blocks_of(busy)[0], blocks_of(busy, line_x=300)[0]
    assert (wide.name, wide.detail, wide.rate) == ("qwen-7b-instruct", "4 GB", "52")
    assert (narrow.name, narrow.detail, narrow.rate) == ("qwen-7b-instruct", "4 GB · 12 tokens/s", "")


def test_a_favourite_shows_its_star_and_a_shorter_name_rather_than_a_name_alone() -> None:
    plain = part("qwen", 1.4)
    assert [block.name for block in blocks_of(plain, plain._replace(starred=True))] == ["qwen-7b-instruct", "qwen"]


def test_many_models_share_the_band() -> None:
    blocks = blocks_of(*(part(f"m{number}", 0.4) for number in range(20)), line_x=300)
    assert blocks[-1].x + blocks[-1].width <= 300
    assert len({block.width for block in blocks}) <= 2


def test_blocks_beyond_the_limit_keep_their_scale_where_there_is_room() -> None:
    wide = blocks_of(part("qwen", 4), outside=(part("phi", 1, Kind.OUTSIDE),))[-1]
    assert (wide.x, wide.width + GAP_PX) == (810, 100)
    squeezed = blocks_of(part("qwen", 4), outside=(part("phi", 9, Kind.OUTSIDE), part("yi", 3, Kind.OUTSIDE)))
    assert squeezed[-1].x + squeezed[-1].width <= 1000


def test_memory_over_the_limit_is_shown_before_it() -> None:
    blocks = blocks_of(part("qwen", 6), part("phi", 6))
    assert blocks[-1].x + blocks[-1].width <= 800


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(10**6, 20 * GB), max_size=24),
    width=st.integers(300, 2400),
    limit=st.integers(10**8, 64 * GB),
    data=st.data(),
)
def test_blocks_never_overlap_leave_the_band_or_change_their_order(
    sizes: list[int], width: int, limit: int, data: st.DataObject
) -> None:
    line_x = data.draw(st.integers(width // 3, width))
    parts = [Part(str(number), Kind.READY, size, ("name", "n")) for number, size in enumerate(sizes)]
    blocks = lay_out(parts, parts[:3], width, line_x, limit, MEASURES).blocks
    inside, outside = blocks[: len(parts)], blocks[len(parts) :]
    assert [block.key for block in inside] == [part.key for part in parts]
    for group, end in ((inside, line_x), (outside, max(width, line_x + 14))):
        for left, right in itertools.pairwise(group):
            assert left.x + left.width <= right.x + GAP_PX
        assert all(block.x + block.width <= end + GAP_PX for block in group)


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("width", [480, 1200, 2400])
def test_the_axis_maps_places_to_limits_and_back(width: int, outside: bool) -> None:
    axis = make_axis(width, 8 * GB, 32 * GB, outside=outside)
    assert axis.bytes_at(axis.rest_x) == 8 * GB
    assert axis.bytes_at(width + 50) == 32 * GB
    assert axis.bytes_at(-5) > 0
    for limit_gb in (1, 4, 8, 12, 32):
        assert axis.bytes_at(axis.x_at(limit_gb * GB)) == pytest.approx(limit_gb * GB, rel=0.12)
    places = [axis.x_at(limit_gb * GB) for limit_gb in range(1, 33)]
    assert places == sorted(places)


def test_a_limit_that_is_all_memory_is_at_the_end() -> None:
    axis = make_axis(1000, 16 * GB, 16 * GB, outside=False)
    assert axis.x_at(16 * GB) == 990


def test_chips_are_above_their_blocks_and_share_a_block() -> None:
    blocks = blocks_of(part("qwen", 4), part("phi", 2))
    chips = [Chip("editor", "phi", "editor", False, 3), Chip("chat", "qwen", "chat", False, 1)]
    chips.append(Chip("notes", "qwen", "notes", True, 0))
    placed = place_chips(chips, blocks, 1000, measure)
    assert [each.chip.client for each in placed] == ["chat", "notes", "editor"]
    assert [each.target_x for each in placed] == [133, 265, 499]
    assert all(left.x + left.width < right.x for left, right in itertools.pairwise(placed))


def test_chips_without_room_are_narrower_and_then_left_out() -> None:
    blocks = blocks_of(part("qwen", 4))
    chips = [Chip(f"client {number}", "qwen", f"a long client name {number}", False, 0) for number in range(12)]
    placed = place_chips(chips, blocks, 500, measure)
    assert len(placed) == 10
    assert placed[-1].x + placed[-1].width <= 500
    assert place_chips([Chip("x", "gone", "x", True, 0)], blocks, 500, measure)[0].target_x is None
