"""Expensive figures are asked for rarely."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from children import running
from fake_bridge import FakeBridge, snapshot
from preheat.control import ExplainModel, RequestSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import SlowQuestion

PAUSE_S = 0.15
STARTED_AT = 1_700_000_000.0


class Asker(QObject):
    """Asks, and keeps what it hears."""

    def __init__(self, bridge: FakeBridge) -> None:
        super().__init__()
        self.answers: list[str] = []
        self.errors: list[EngineError] = []
        self.question = SlowQuestion(
            bridge,
            lambda session: str(session.call(ExplainModel("a")).why),
            self.answers_with,
            self,
            self.fails_with,
            pause_s=PAUSE_S,
        )

    def answers_with(self, answer: str) -> None:
        self.answers.append(answer)

    def fails_with(self, error: EngineError) -> None:
        self.errors.append(error)


@pytest.fixture
def asker(bridge: FakeBridge) -> Asker:
    bridge.publish(snapshot(started_at=STARTED_AT))
    bridge.answer_with(why="because")
    return Asker(bridge)


def test_it_asks_when_it_becomes_active(asker: Asker) -> None:
    asker.question.activate()
    asker.question.activate()
    assert asker.answers == ["because"]


def test_it_asks_again_when_a_request_ends(qtbot: QtBot, asker: Asker, bridge: FakeBridge) -> None:
    request = RequestSnapshot(1, "curl", "a", STARTED_AT, waiting=False)
    bridge.publish(snapshot(hits=1, started_at=STARTED_AT, requests=(request,)))
    asker.question.activate()
    bridge.publish(snapshot(hits=1, started_at=STARTED_AT))
    qtbot.waitUntil(lambda: len(asker.answers) == 2)


def test_many_changes_make_one_question_per_pause(qtbot: QtBot, asker: Asker, bridge: FakeBridge) -> None:
    asker.question.activate()
    for hits in range(1, 6):
        bridge.publish(snapshot(hits=hits, started_at=STARTED_AT))
    assert len(asker.answers) == 1
    qtbot.waitUntil(lambda: len(asker.answers) == 2)


def test_without_a_change_there_is_no_question(qtbot: QtBot, asker: Asker, bridge: FakeBridge) -> None:
    asker.question.activate()
    qtbot.waitUntil(lambda: not running(asker.question))
    bridge.publish(snapshot(started_at=STARTED_AT))
    asker.question.deactivate()
    asker.question.activate()
    assert len(asker.answers) == 1


def test_an_inactive_question_asks_nothing(qtbot: QtBot, asker: Asker, bridge: FakeBridge) -> None:
    asker.question.activate()
    bridge.publish(snapshot(hits=1, started_at=STARTED_AT))  # would be asked for after the pause
    asker.question.deactivate()
    asker.question.deactivate()
    bridge.publish(snapshot(hits=2, started_at=STARTED_AT))
    assert not running(asker.question)
    assert len(asker.answers) == 1


def test_a_failed_question_is_asked_again(qtbot: QtBot, asker: Asker, bridge: FakeBridge) -> None:
    bridge.answer_with(why=EngineError("Not now"))
    asker.question.activate()
    assert [str(error) for error in asker.errors] == ["Not now"]
    bridge.answer_with(why="because")
    bridge.publish(snapshot(started_at=STARTED_AT))
    qtbot.waitUntil(lambda: asker.answers == ["because"])
