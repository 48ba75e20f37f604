"""The sentence over the band."""

from __future__ import annotations

import math

import pytest

from fake_bridge import GB, model, snapshot
from preheat.control import EngineSnapshot, MemorySnapshot, RoomSnapshot, State
from preheat_gui import words
from preheat_gui.dashboard.hearth.headline import Headline, Help, make_headline, raised_limit
from preheat_gui.dashboard.hearth.scene import Order, Scene, gather
from preheat_gui.widgets import SignBook

LOADING = model("mistral-7b", State.LOADING, progress=0.63, load_left_s=4.2)
HOT = model("a", State.HOT, favourite=True)
IN_2096 = 4_000_000_000.0


def scene(shown: EngineSnapshot) -> Scene:
    return gather(shown, Order(), SignBook())


def headline(shown: EngineSnapshot, limit: str = "50%") -> Headline:
    return make_headline(shown, scene(shown), limit)


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (snapshot(), "No models yet."),
        (snapshot(model("a")), "You have 1 model. Should it always be ready?"),
        (snapshot(model("a"), model("b")), "You have 2 models. Which should always be ready?"),
        (snapshot(model("a", favourite=True)), "No models loaded."),
        (snapshot(HOT), "1 model is ready."),
        (snapshot(HOT, model("b", State.HOT)), "2 models are ready."),
        (snapshot(LOADING), "Loading mistral-7b"),
        (snapshot(LOADING, queue=("mistral-7b",), round_total=1), "Preloading mistral-7b"),
        (
            snapshot(LOADING, queue=("mistral-7b", "b"), round_done=1, round_total=3),
            "Preloading 2 of 3: mistral-7b",
        ),
        (snapshot(model("a"), paused_until=math.inf, hold="paused"), "Paused until you resume."),
        (snapshot(model("a"), room=RoomSnapshot(0, None, math.inf), enabled=False), "Room for other apps."),
        (snapshot(model("a"), enabled=False, hold="preloading is switched off"), "Preloading is off."),
        (
            snapshot(model("a"), hold="answers are being given", queue=("a",)),
            "Preloading waits: answers are being given.",
        ),
        (snapshot(HOT, hold="answers are being given"), "1 model is ready."),
    ],
)
def test_the_sentence_describes_the_most_important_activity(qapp: object, shown: EngineSnapshot, sentence: str) -> None:
    assert headline(shown).sentence == sentence


def test_the_aside_lists_next_and_cached_models(qapp: object) -> None:
    models = [model(name, standby=True, expected_bytes=GB // 10) for name in "bcdefg"]
    shown = snapshot(LOADING, *models, queue=("mistral-7b", "b", "c"), round_total=3)
    assert headline(shown).aside == "Next: b and c · Cached: d, e and 2 more"


def test_a_favourite_without_room_is_named_once(qapp: object) -> None:
    shown = snapshot(model("a", favourite=True, standby=True, expected_bytes=10 * GB), model("b", standby=True))
    assert headline(shown).aside == "No room for a: the limit is 2.0 GB too low · Cached: b"


@pytest.mark.parametrize(
    ("shown", "helps"),
    [
        (snapshot(HOT, paused_until=IN_2096), Help.RESUME),
        (snapshot(HOT, enabled=False), Help.SWITCH_ON),
        (snapshot(HOT), Help.NONE),
        (snapshot(model("a")), Help.CHOOSE),
        (snapshot(HOT, model("b", favourite=True, expected_bytes=6 * GB)), Help.RAISE_LIMIT),
        (snapshot(HOT, model("b", favourite=True, expected_bytes=60 * GB)), Help.NONE),
    ],
)
def test_the_button_offers_what_helps(qapp: object, shown: EngineSnapshot, helps: Help) -> None:
    assert headline(shown).help is helps


def test_a_favourite_without_room_is_named_with_the_limit_that_it_needs(qapp: object) -> None:
    shown = snapshot(HOT, model("b", favourite=True, expected_bytes=6 * GB))
    assert headline(shown).aside == "No room for b: the limit is 1.0 GB too low"
    assert [headline(shown, limit).limit for limit in ("50%", "8GB", "")] == ["58%", "9.3GB", ""]
    assert raised_limit(shown, scene(shown), "8GB", "a") == ""
    both = snapshot(HOT, *(model(name, favourite=True, expected_bytes=6 * GB) for name in "bc"))
    assert headline(both).aside == "No room for b and c"


def test_before_the_first_snapshot_no_limit_is_offered(qapp: object) -> None:
    assert words.raised_limit(0, MemorySnapshot(0, 0, 0), "10%") == ""
