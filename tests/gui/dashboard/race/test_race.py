from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from children import child
from preheat.control import ColdLoad, ColdStart, Outcome, RequestRecord, Source
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.figures import (
    Answer,
    NoRace,
    Race,
    figures_of_request,
    headline,
    make_race,
    race_words,
    stopwatch,
)
from preheat_gui.dashboard.race.lanes import RaceLanes
from preheat_gui.dashboard.race.stages import (
    Kind,
    characters_at,
    cold_stages,
    duration,
    hot_stages,
    speed,
    stages_words,
)
from preheat_gui.widgets import SignBook, Theme

LOAD = ColdLoad(1_790_000_000.0, 2.5, Source.DISK, 1.5, 0.75)
COLD = ColdStart("a", LOAD, 0.002)
ANSWER = Answer(
    "a", True, 0.16, 140, 120, seconds=2.0, text="**One** two three", pace=((0.16, 3), (0.5, 10), (1.0, 17))
)


def race(answer: Answer = ANSWER, cold: ColdStart = COLD) -> Race:
    made = make_race(answer, cold)
    assert isinstance(made, Race)
    return made


def test_the_cold_start_is_the_load_and_the_whole_prompt() -> None:
    made = race()
    assert made.cold_s == pytest.approx(2.5 + 0.16 + 120 * 0.002)
    assert race_words(made) == "0.16 s to the first word; cold, it takes 2.9 s"
    assert headline(made) == "The first word came 18 times sooner"


def test_without_the_speed_of_prefill_it_is_a_lower_bound() -> None:
    made = race(cold=ColdStart("a", LOAD))
    assert race_words(made) == "0.16 s to the first word; cold, it takes at least 2.7 s"
    assert headline(made) == "The first word came at least 17 times sooner"
    assert not race(replace(ANSWER, reused_tokens=0), ColdStart("a", LOAD)).at_least
    assert race(replace(ANSWER, prompt_tokens=0, reused_tokens=0)).at_least  # it was stopped


@pytest.mark.parametrize(
    ("answer", "cold", "reason"),
    [
        (replace(ANSWER, ready=False), COLD, NoRace.WAITED),
        (replace(ANSWER, first_word_s=None), COLD, NoRace.NO_WORD),
        (ANSWER, ColdStart("a", None, 0.002), NoRace.NEVER_LOADED),
    ],
)
def test_without_measured_figures_there_is_no_race(answer: Answer, cold: ColdStart, reason: NoRace) -> None:
    assert make_race(answer, cold) is reason


def test_a_request_of_the_log_can_race() -> None:
    record = RequestRecord("a", 1.0, Outcome.HIT, 0.0, 0.2, 100, 20, slot_tokens=50, decode_s=1.0)
    assert race(figures_of_request(record)).cold_s == pytest.approx(2.8)
    assert figures_of_request(record).seconds == pytest.approx(1.2)
    assert make_race(figures_of_request(replace(record, outcome=Outcome.MISS)), COLD) is NoRace.WAITED


def test_the_lanes_have_the_measured_stages() -> None:
    made = race()
    cold = cold_stages(made)
    assert [stage.kind for stage in cold] == [Kind.START, Kind.READ, Kind.MAKE, Kind.PROMPT, Kind.ANSWER]
    assert cold[-1].begin == pytest.approx(made.cold_s)
    assert stages_words(cold, Source.DISK) == "Start 0.25 s · Read from the disk 1.5 s · Set up 0.75 s · Prompt 0.40 s"
    assert [stage.end for stage in hot_stages(made)] == [0.16, 2.0]
    assert cold[-1].end == pytest.approx(made.cold_s + 1.84), "the answer itself takes the same time"
    unknown = race(cold=ColdStart("a", ColdLoad(1.0, 2.5, Source.UNKNOWN)))
    assert [stage.kind for stage in cold_stages(unknown)] == [Kind.LOAD, Kind.PROMPT, Kind.ANSWER]


def test_the_answer_appears_at_its_pace() -> None:
    assert [characters_at(race(), at) for at in (0.0, 0.16, 0.7, 9.0)] == [0, 3, 10, 17]


def test_a_long_race_is_replayed_faster() -> None:
    assert speed(race()) == 1.0
    slow = race(cold=ColdStart("a", ColdLoad(1.0, 60.0, Source.DISK)))
    assert duration(slow) / speed(slow) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.164, "0.16 s"), (0.999, "1.0 s"), (2.94, "2.9 s"), (41.06, "41.1 s"), (90.0, "1:30 min")],
)
def test_stopwatch(seconds: float, words: str) -> None:
    assert stopwatch(seconds) == words


@pytest.fixture
def dialog(qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch) -> RaceDialog:
    monkeypatch.setattr(Theme, "reduce_motion", True)
    dialog = RaceDialog(race(), SignBook())
    qtbot.addWidget(dialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    dialog.show()
    return dialog


def test_with_less_motion_the_end_is_shown_at_once(dialog: RaceDialog) -> None:
    assert child(dialog, RaceLanes, "race_lanes").now == duration(race())
    assert child(dialog, QLabel, "race_headline").text() == "The first word came 18 times sooner"
    assert "loaded from the disk in 2.5 s" in child(dialog, QLabel, "race_about").text()
    assert "The prompt of 140 tokens takes 0.40 s." in child(dialog, QLabel, "race_about").text()


def test_the_race_is_replayed(dialog: RaceDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Theme, "reduce_motion", False)
    lanes = child(dialog, RaceLanes, "race_lanes")
    QTest.mouseClick(child(dialog, QPushButton, "race_replay"), Qt.MouseButton.LeftButton)
    assert lanes.now == 0.0
    qtbot.waitUntil(lambda: 0.0 < lanes.now < duration(race()))


def test_the_end_is_copied_as_a_picture(dialog: RaceDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = child(dialog, RaceLanes, "race_lanes")
    end = dialog.picture()
    lanes.show_moment(0.1)
    QTest.mouseClick(child(dialog, QPushButton, "race_copy"), Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().image()
    assert copied.convertToFormat(end.format()) == end
    assert copied.width() >= 2 * lanes.width()
    assert lanes.now == 0.1
