"""The overview's first card."""

from __future__ import annotations

import math
import time

import pytest
from PySide6.QtWidgets import QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, model, snapshot
from preheat.control import EngineSnapshot, State
from preheat_gui.dashboard.overview.now import Help, NowCard, describe_now
from preheat_gui.widgets import Theme

LOADING = model("mistral-7b", State.LOADING, progress=0.63, load_left_s=4.2)


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (snapshot(), "No models yet."),
        (snapshot(model("a")), "No models loaded, nothing to preload."),
        (snapshot(model("a", State.HOT)), "1 model is ready."),
        (snapshot(model("a", State.HOT), model("b", State.HOT)), "2 models are ready."),
        (snapshot(LOADING), "Loading mistral-7b"),
        (snapshot(LOADING, queue=("mistral-7b",), round_total=1), "Preloading mistral-7b"),
        (
            snapshot(LOADING, queue=("mistral-7b", "b"), round_done=1, round_total=3),
            "Preloading 2 of 3: mistral-7b",
        ),
        (snapshot(model("a"), paused_until=math.inf, hold="paused"), "Paused until you resume."),
        (snapshot(model("a"), enabled=False, hold="preloading is switched off"), "Preloading is off."),
        (
            snapshot(model("a"), hold="answers are being given", queue=("a",)),
            "Preloading waits: answers are being given.",
        ),
        (snapshot(model("a", State.HOT), hold="answers are being given"), "1 model is ready."),
    ],
)
def test_the_sentence_describes_the_most_important_activity(qapp: object, shown: EngineSnapshot, sentence: str) -> None:
    assert describe_now(shown).sentence == sentence


def test_progress_and_time_left_come_from_the_load(qapp: object) -> None:
    now = describe_now(snapshot(LOADING))
    assert (now.progress, now.left) == (0.63, "about 4 s left")


def test_the_aside_lists_next_and_cached_models(qapp: object) -> None:
    models = [model(name, standby=True) for name in "bcdefg"]
    now = describe_now(snapshot(LOADING, *models, queue=("mistral-7b", "b", "c"), round_total=3))
    assert now.aside == "Next: b and c · Cached: d, e and 2 more"


@pytest.mark.parametrize(
    ("shown", "helps"),
    [
        (snapshot(model("a"), paused_until=time.time() + 600), Help.RESUME),
        (snapshot(model("a"), enabled=False), Help.SWITCH_ON),
        (snapshot(model("a")), Help.NONE),
    ],
)
def test_the_button_resumes_or_switches_on(
    qtbot: QtBot, theme: Theme, bridge: FakeBridge, shown: EngineSnapshot, helps: Help
) -> None:
    card = NowCard(bridge)
    qtbot.addWidget(card)
    card.show()
    card.render_now(describe_now(shown))
    button = card.findChild(QPushButton, "now_button")
    assert button is not None
    assert button.isVisible() is (helps is not Help.NONE)
    if helps is not Help.NONE:
        button.click()
        assert bridge.commands == [("resume",) if helps is Help.RESUME else ("set_preloading", True)]


def test_the_card_shows_a_bar_only_while_something_loads(qtbot: QtBot, theme: Theme, bridge: FakeBridge) -> None:
    card = NowCard(bridge)
    qtbot.addWidget(card)
    card.show()
    bar = card.findChild(QProgressBar, "now_progress")
    assert bar is not None
    card.render_now(describe_now(snapshot(LOADING)))
    assert (bar.isVisible(), bar.value()) == (True, 630)
    assert card.accessibleName() == "Loading mistral-7b about 4 s left"
    card.render_now(describe_now(snapshot(model("a"))))
    assert not bar.isVisible()
