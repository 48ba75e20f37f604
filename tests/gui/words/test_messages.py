"""Engine messages in the user's language."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from preheat.errors import EngineError
from preheat.messages import Message, msg, verbatim
from preheat_gui.words import error_hint, error_text, error_title, message_opening, message_sentences, message_text

NO_ROOM = msg("no_room", model="qwen3-8b", needed=6_100_000_000, available=2_500_000_000, limit=8_000_000_000)


def test_a_message_in_english(qapp: QApplication) -> None:
    assert message_text(NO_ROOM) == (
        "qwen3-8b needs 6.1 GB, but only 2.5 GB of the memory limit of 8.0 GB can be freed"
    )
    assert message_sentences(NO_ROOM).endswith("or choose a smaller quantization.")


def test_text_and_numbers_are_in_the_users_language(german: None) -> None:
    assert message_text(NO_ROOM) == (
        "qwen3-8b braucht 6,1 GB, aber nur 2,5 GB der Speichergrenze von 8,0 GB lassen sich freigeben"
    )


def test_a_message_in_a_message_is_translated(german: None) -> None:
    assert message_text(msg("in_memory", reason=msg("never_used"))) == "im Speicher: nie genutzt"


@pytest.mark.parametrize(
    ("message", "opening"),
    [
        (NO_ROOM, "qwen3-8b braucht"),
        (msg("exchange_failed", reason=msg("twin_died")), "Ein zweiter"),
        (msg("worker_ended", reason=msg("twin_died")), "Sein Prozess"),
        (msg("worker_ended", reason=NO_ROOM), "qwen3-8b braucht"),
        (verbatim("the file ends early"), "The file"),
        ("the file ends early", "The file"),
        (None, ""),
    ],
)
def test_a_capital_opens_a_sentence_but_never_changes_a_name(
    german: None, message: Message | str | None, opening: str
) -> None:
    assert message_opening(message).startswith(opening)


@pytest.mark.parametrize("message", [None, "", "llama.cpp: bad magic", verbatim("llama.cpp: bad magic")])
def test_other_softwares_words_stay_as_they_are(german: None, message: Message | str | None) -> None:
    assert message_text(message) == ("llama.cpp: bad magic" if message else "")


def test_an_error_is_two_sentences(german: None) -> None:
    error = EngineError(NO_ROOM)
    assert error_title(error).endswith("lassen sich freigeben.")
    assert (
        error_hint(error) == "„Speichergrenze“ erhöhen, „Kontextlänge“ senken oder eine kleinere Quantisierung wählen."
    )
    assert error_text(error) == f"{error_title(error)} {error_hint(error)}"


def test_no_message_is_empty(qapp: QApplication) -> None:
    assert message_sentences(None) == ""
