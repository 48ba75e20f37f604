"""The welcome's suggestions: few, fitting, and fetched when ticked."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge
from preheat.errors import EngineError
from preheat_gui.app.welcome import MAX_SUGGESTIONS, WelcomeSuggestions, choose
from preheat_gui.widgets import Theme
from suggested import CATALOGUE, suggested


@pytest.fixture
def shown(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> WelcomeSuggestions:
    made = WelcomeSuggestions(bridge)
    qtbot.addWidget(made)
    made.show()
    return made


def boxes(shown: WelcomeSuggestions) -> dict[str, QCheckBox]:
    return {box.text(): box for box in shown.findChildren(QCheckBox)}


def note(shown: WelcomeSuggestions) -> str:
    label = shown.findChild(QLabel, "suggestions_note")
    assert isinstance(label, QLabel)
    return label.text()


def get(shown: WelcomeSuggestions) -> QPushButton:
    button = shown.findChild(QPushButton, "suggestions_get")
    assert isinstance(button, QPushButton)
    return button


def test_one_best_model_a_task_and_none_twice() -> None:
    assert [model.name for model in choose(CATALOGUE)] == [
        "qwen3:8b",
        "qwen2.5-coder:7b",
        "smollm2:135m",
        "nomic-embed-text",
    ]
    few = (suggested("a", best=True), suggested("b"), suggested("c", fits=False), suggested("d", here=("d",)))
    assert [model.name for model in choose(few)] == ["a", "b"]


def test_checked_suggestions_are_downloaded(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    assert "Looking for models" in note(shown)
    assert not get(shown).isVisible()
    bridge.answer_with(catalogue=CATALOGUE)
    assert len(boxes(shown)) == MAX_SUGGESTIONS
    first, second, *_ = boxes(shown).values()
    assert first.text() == "Qwen3 8B · 5.0 GB"
    assert [box.isChecked() for box in boxes(shown).values()] == [True, False, False, False]
    second.setChecked(True)
    assert note(shown) == "9.7 GB to download. Each fits the memory limit."
    pulled: list[str] = []
    get(shown).click()
    assert not get(shown).isEnabled()

    def pull(name: str) -> str:
        pulled.append(name)
        return "d1"

    bridge.answer_with(pull=pull)
    assert pulled == ["Qwen/qwen3-8b-GGUF:Q4_K_M", "Qwen/qwen2.5-coder-7b-GGUF:Q4_K_M"]
    assert note(shown) == "Downloading. The Downloads page shows the progress."


def test_nothing_checked_downloads_nothing(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=CATALOGUE)
    next(iter(boxes(shown).values())).setChecked(False)
    assert not get(shown).isEnabled()


def test_a_failure_can_be_tried_again(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=CATALOGUE, pull=EngineError("The hub does not answer", hint="Check the network"))
    get(shown).click()
    assert note(shown) == "The hub does not answer. Check the network."
    assert get(shown).isEnabled()


def test_without_fitting_suggestions_there_is_a_note(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=(suggested(fits=False),))
    assert note(shown).startswith("No suggested model fits")
    assert not get(shown).isVisible()
