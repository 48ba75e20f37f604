"""The welcome's suggestions: few, fitting, and fetched when ticked."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QProgressBar, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, download, model, snapshot
from preheat.control import DownloadState
from preheat.errors import EngineError
from preheat_gui.app.arrivals import FavouritesOnArrival
from preheat_gui.app.welcome import WelcomeSuggestions, choose
from preheat_gui.widgets import Theme, WindowState
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
    assert len(boxes(shown)) == 4
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
    assert "The download continues when this window is closed" in note(shown)
    assert not any(box.isVisible() for box in boxes(shown).values())


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


def test_a_click_on_a_description_ticks_its_box(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=CATALOGUE)
    box = list(boxes(shown).values())[1]
    description = next(label for label in shown.findChildren(QLabel) if label.text() == box.accessibleDescription())
    QTest.mouseClick(description, Qt.MouseButton.LeftButton)
    assert box.isChecked()


def test_a_download_shows_its_bar_and_can_be_paused(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=CATALOGUE, pull=lambda _name: "d1")
    get(shown).click()
    bridge.publish(snapshot(downloads=(download("d1"),)))
    bar = shown.findChild(QProgressBar, "download_progress")
    assert isinstance(bar, QProgressBar)
    assert bar.isVisible()
    assert 0 < bar.value() < bar.maximum()
    pause = shown.findChild(QToolButton, "download_pause")
    assert isinstance(pause, QToolButton)
    assert pause.isVisible()
    assert shown.is_downloading
    bridge.publish(snapshot(downloads=(download("d1", DownloadState.DONE),)))
    assert not bar.isVisible()
    assert not shown.is_downloading
    assert note(shown).startswith("What has arrived is kept ready.")
    bridge.publish(snapshot())  # taken from the list
    assert get(shown).isVisible()
    assert get(shown).isEnabled()


def test_a_failure_stays_next_to_what_is_downloaded(shown: WelcomeSuggestions, bridge: FakeBridge) -> None:
    bridge.answer_with(catalogue=CATALOGUE)
    list(boxes(shown).values())[1].setChecked(True)
    get(shown).click()

    def pull(name: str) -> str:
        if "coder" in name:
            raise EngineError("The hub has no such model")
        return "d1"

    bridge.answer_with(pull=pull)
    assert note(shown).startswith("The hub has no such model. What arrives here is kept ready")


def test_what_arrives_becomes_a_favourite_also_after_a_restart(bridge: FakeBridge, theme: Theme) -> None:
    FavouritesOnArrival(bridge, WindowState()).expect("d1")
    bridge.publish(snapshot(downloads=(download("d1"),)))
    again = FavouritesOnArrival(bridge, WindowState())
    arrived = model("qwen3-8b-q4_k_m", path="/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf")
    bridge.commands.clear()
    bridge.publish(snapshot(downloads=(download("d1", DownloadState.DONE),)))  # not found on disk yet
    assert bridge.commands == []
    bridge.publish(snapshot(arrived, downloads=(download("d1", DownloadState.DONE),)))
    assert ("set_favourite", "qwen3-8b-q4_k_m", True) in bridge.commands
    bridge.commands.clear()
    again.expect("d2")
    bridge.publish(snapshot(arrived, downloads=(download("d2"),)))
    bridge.publish(snapshot(arrived))  # cancelled
    bridge.publish(snapshot(arrived, downloads=(download("d2", DownloadState.DONE),)))
    assert bridge.commands == []
