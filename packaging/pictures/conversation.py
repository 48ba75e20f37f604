"""A conversation on the page *Try it*, and its race."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from fake_bridge import FakeBridge
from pictures.day import ANSWER, CHAT, NOW, QUESTION
from preheat.control import ColdLoad, ColdStart, FinishReason, Source
from preheat_gui.bridge import GenerationFigures
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.figures import Answer, Race, make_race
from preheat_gui.dashboard.window import DashboardWindow

_TTFT_S: Final = 0.16
_TOKEN_S: Final = 1 / 27.3
_PROMPT_TOKENS: Final = 96
_REUSED_TOKENS: Final = 71
_COLD: Final = ColdStart(CHAT, ColdLoad(NOW - 86_400, 3.7, Source.DISK, 2.9, 0.62), 0.0032)


def converse(bridge: FakeBridge, window: DashboardWindow) -> None:
    """Ask the page of a dashboard a question, and answer it."""
    bridge.answer_with(get_cold_start=_COLD)
    window.show()
    prompt, send = window.findChild(QPlainTextEdit, "try_prompt"), window.findChild(QPushButton, "try_send")
    assert isinstance(prompt, QPlainTextEdit)
    assert isinstance(send, QPushButton)
    prompt.setPlainText(QUESTION)
    send.click()
    generation = bridge.generations[-1]
    generation.say(ANSWER)
    done = FinishReason.STOP
    generation.end(GenerationFigures(_TTFT_S, 27.3, 104, 3.9, done, _PROMPT_TOKENS, _REUSED_TOKENS))


def make_race_dialog(bridge: FakeBridge) -> QWidget:
    """Return the window of the race at its end."""
    ends = accumulate(len(word) + 1 for word in ANSWER.split(" "))
    pace = tuple((_TTFT_S + number * 1.5 * _TOKEN_S, min(end, len(ANSWER))) for number, end in enumerate(ends))
    answer = Answer(CHAT, True, _TTFT_S, _PROMPT_TOKENS, _REUSED_TOKENS, 3.9, ANSWER, pace)
    race = make_race(answer, _COLD)
    assert isinstance(race, Race)
    return _EndedRace(race, bridge.signs)


class _EndedRace(RaceDialog):
    def replay(self) -> None:
        """Stay at the end."""
