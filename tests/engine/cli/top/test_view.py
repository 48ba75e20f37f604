from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from preheat.cli.top.band import Block, Colours, band_lines, block_widths
from preheat.cli.top.view import Look, Picture, changes_at
from preheat.control import Status, encode
from preheat.core import (
    EngineSnapshot,
    MemorySnapshot,
    ModelSnapshot,
    PreloadSnapshot,
    RequestSnapshot,
    State,
)
from preheat.messages import msg
from preheat.models import SignBook

NOW = 1_800_000_000.0
GB = 1_000_000_000
PLAIN = Look(ascii_only=False, colours=Colours.NONE)
COLOURED = Look(ascii_only=False, colours=Colours.MANY)


def model(name: str, state: State = State.COLD, size: int = 0, **others: Any) -> ModelSnapshot:
    return ModelSnapshot(name, state, others.pop("favourite", False), GB, resident_bytes=size, **others)


MODELS = (
    model("a-rather-long-name-of-a-model-7b-instruct.q4_k_m", State.HOT, 4 * GB, active_requests=1, favourite=True),
    model("loading-3b.q8_0", State.LOADING, GB, progress=0.42, expected_bytes=3 * GB, favourite=True),
    model("tiny.q8_0", State.HOT, 40_000_000, last_used_at=NOW - 200),
    model("broken.q4_0", State.FAILED, error=msg("worker_died", reason="it ended")),
    model("used-before.q4_0", last_used_at=NOW - 7200, standby=True),
    model("huge-70b.q4_0", favourite=True, expected_bytes=40 * GB),
)


def status(*models: ModelSnapshot, requests: tuple[RequestSnapshot, ...] = (), **preload: Any) -> Any:
    snapshot = EngineSnapshot(
        "1.0",
        NOW - 3600,
        MemorySnapshot(8 * GB, sum(each.resident_bytes for each in models), 20 * GB),
        PreloadSnapshot(**{"enabled": True, "hits": 9, "misses": 1, **preload}),
        favourites=tuple(each.model_id for each in models if each.favourite),
        models=models,
        requests=requests,
    )
    return encode(Status(1, 3600.0, 11435, snapshot))


REQUESTS = (
    RequestSnapshot(1, "editor", MODELS[0].model_id, NOW - 12, False, 1234, 23.46),
    RequestSnapshot(2, "", MODELS[1].model_id, NOW - 3, True),
)


def drawn(content: Any, width: int = 100, height: int = 50, look: Look = PLAIN) -> list[str]:
    lines = Picture(look, SignBook()).lines(content, "http://127.0.0.1:11435", NOW, width, height)
    return [line.plain for line in lines]


@pytest.mark.parametrize("look", [PLAIN, COLOURED, Look(True, Colours.NONE), Look(True, Colours.ANSI)])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("height", [5, 12, 24, 60])
def test_it_fits_any_terminal(width: int, height: int, look: Look) -> None:
    content = status(*MODELS, requests=REQUESTS, queue=("loading-3b.q8_0",), round_total=2)
    lines = drawn(content, width, height, look)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    if look.ascii_only:
        assert "\n".join(lines).isascii()


def test_it_shows_what_the_overview_shows() -> None:
    text = "\n".join(drawn(status(*MODELS, requests=REQUESTS, queue=("loading-3b.q8_0",), round_total=2), 120))
    for words in (
        *("5.0 GB of 8.0 GB used by models", "20.0 GB free on this machine", "90 % (9 of 10)"),
        *("loading-3b.q8_0 (1 of 2)", "broken.q4_0 failed to load", "huge-70b.q4_0"),
        *("editor", "12 s", "1,234", "23.5", "waits for its model", "unknown"),
        *("now (1)", "3 min ago", "2 h ago", "loading 42 %", "standby", "23 tokens/s"),
    ):
        assert words in text


def test_a_favourite_without_room_is_named() -> None:
    assert "No room   huge-70b.q4_0 needs 40.0 GB" in drawn(status(*MODELS))
    assert not any(line.startswith("No room") for line in drawn(status(*MODELS[:3])))


def test_of_a_thousand_models_those_that_matter_are_shown() -> None:
    many = tuple(model(f"model-{number}.q4_0", standby=number < 10) for number in range(994))
    lines = drawn(status(*MODELS, *many), 80, 40)
    assert len(lines) <= 40
    assert lines[-1] == "and 984 more"
    names = [line.split()[0] for line in lines if line.endswith("standby")]
    assert names == [f"model-{number}.q4_0" for number in range(10)]
    assert drawn(status(*many), 80, 20)[-1] == "and 986 more, 2 of them on standby"


@pytest.mark.parametrize(
    ("preload", "words"),
    [
        ({}, "nothing to preload"),
        ({"enabled": False}, "preloading is off"),
        ({"hold": msg("preload_requests")}, "nothing to preload"),
        (
            {"hold": msg("preload_requests"), "queue": ("a",), "round_total": 1},
            "a (1 of 1); waits: requests in progress",
        ),
        ({"paused_until": NOW * 2}, "paused for"),
        ({"queue": ("a", "b"), "round_done": 1, "round_total": 3, "round_progress": 0.5}, "a (2 of 3, 50 %)"),
    ],
)
def test_what_is_next(preload: dict[str, Any], words: str) -> None:
    (line,) = (line for line in drawn(status(*MODELS, **preload)) if line.startswith("Next"))
    assert line.startswith(f"Next      {words}")


def test_without_models_it_says_how_to_get_one() -> None:
    assert drawn(status())[-1] == "There are no models yet. Get one: preheat pull qwen3:4b"


def test_the_picture_only_changes_with_time_where_it_shows_time() -> None:
    assert changes_at(None, NOW) is None
    assert changes_at(status(*MODELS), NOW + 10) == NOW + 60
    assert changes_at(status(*MODELS, requests=REQUESTS), NOW) == NOW + 1
    picture, content = Picture(PLAIN, SignBook()), status(*MODELS)
    first = picture.lines(content, "", NOW, 80, 40)
    assert picture.lines({**content, "uptime_s": 3609.0}, "", NOW + 9, 80, 40) == first


@pytest.mark.parametrize(
    ("sizes", "total", "widths"),
    [
        ([], 8, []),
        ([4, 2], 8, [40, 20]),
        ([1, 8_000], 8_000, [1, 79]),
        ([8, 8], 8, [40, 40]),  # over the limit
        ([1] * 200, 8, [1] * 80),
    ],
)
def test_widths_of_blocks(sizes: list[int], total: int, widths: list[int]) -> None:
    assert block_widths(sizes, total, 80) == widths


def test_the_band() -> None:
    blocks = [Block("qwen3-4b.q4_0", "Q", "4.0 GB", 4, 1.0, 0), Block("b", "B", "loading 50 %", 2, 0.5, 1)]
    names, figures = band_lines(blocks, 8, 40, "2.0 GB free", colours=Colours.NONE, ascii_only=True)
    assert names.plain == "[qwen3-4b.q4_0=====][b===----].........."
    assert figures.plain == " 4.0 GB                                 "
    names, figures = band_lines(blocks, 8, 80, "2.0 GB free", colours=Colours.MANY, ascii_only=False)
    assert names.plain == " qwen3-4b.q4_0                           b                  " + "░" * 20
    assert figures.plain == " 4.0 GB                                  loading 50 %        2.0 GB free ░░░░░░░"
    assert [span.style for span in names.spans][1:3] == ["#1C1917 on #5FB6CB", "white on #2b525b"]
