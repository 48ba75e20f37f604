"""Engine messages, decisions and errors in the user's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QCoreApplication

from preheat.errors import EngineError
from preheat.messages import TABLE, Message, Words, msg, render
from preheat_gui.words.figures import (
    format_bytes,
    format_count,
    format_duration,
    format_memory,
    format_number,
    format_short,
    percent,
    sentence,
)

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "memory": format_memory,
    "bytes": format_bytes,
    "count": format_count,
    "duration": format_duration,
    "percent": percent,
    "names": ", ".join,
    ",": format_number,
    "g": format_short,
    ".3g": format_short,
}

_FIELD: Final = re.compile(r"\{(\w+)")


@cache
def _settings() -> tuple[Mapping[str, FieldInfo], re.Pattern[str]]:
    """Return the settings with unmistakable names, and what finds them in a text."""
    from preheat.settings import FIELDS, ModelSettings  # takes 0.1 s, which the icon does not wait for

    named = {name: field for name, field in {**ModelSettings.model_fields, **FIELDS}.items() if "_" in name}
    # Not in fields, and not in commands such as "preheat config set memory_limit 8GiB".
    pattern = rf"(?<![{{\w.=-])(?<!config set )(?<!config unset )(?:{'|'.join(named)})\b(?![:}}=])"
    return named, re.compile(pattern)


def message_words(message: Message) -> Words:
    """Return a message's text and hint in the user's language."""
    return render(message, FORMATS, _translated)


def set_by(source: str) -> str:
    """Return what decides a setting instead of the file, a variable or an option, as a sentence."""
    return sentence(message_text(msg("set_by_option" if source.startswith("-") else "set_by_variable", source=source)))


def message_text(message: Message | str | None) -> str:
    """Return a message's text in the user's language; plain text is other software's and stays as it is."""
    if isinstance(message, Message):
        return message_words(message).text
    return message or ""


def message_opening(message: Message | str | None) -> str:
    """Return ``message_text`` as it opens a sentence: with a capital, unless a model's or another name comes first."""
    text = message_text(message)
    return text if isinstance(message, Message) and _name_first(message) else text[:1].upper() + text[1:]


def _name_first(message: Message) -> bool:
    """Return whether the words in the user's language begin with a parameter that is no message."""
    if message.code == "text" or message.code not in TABLE:
        return False
    found = _FIELD.match(QCoreApplication.translate("Messages", TABLE[message.code].text))
    if found is None:
        return False
    first = message.params.get(found[1])
    return _name_first(first) if isinstance(first, Message) else True


def message_sentences(message: Message | None) -> str:
    """Return what happened and what to do about it, as sentences; empty without a message."""
    return " ".join(sentence(part) for part in message_words(message) if part) if message is not None else ""


def opening_sentences(message: Message) -> str:
    """Return ``message_sentences`` as they open a paragraph: with a capital."""
    return " ".join(filter(None, (sentence(message_opening(message)), sentence(message_words(message).hint))))


def error_title(error: EngineError) -> str:
    """Return what went wrong, as a sentence in the user's language."""
    return sentence(message_words(error.message).text)


def error_hint(error: EngineError) -> str:
    """Return what to do about an error, as a sentence in the user's language; may be empty."""
    return sentence(message_words(error.message).hint)


def error_text(error: EngineError) -> str:
    """Return what went wrong and what to do, as sentences in the user's language."""
    return message_sentences(error.message)


def _translated(template: str) -> str:
    if "_" not in template:  # without the name of a setting
        return QCoreApplication.translate("Messages", template)
    return _settings()[1].sub(_label, QCoreApplication.translate("Messages", template))


def _label(name: re.Match[str]) -> str:
    """Return a setting's label in quotes: the windows show labels where a message names settings."""
    from preheat.settings import extra

    label = QCoreApplication.translate("Settings", str(extra(_settings()[0][name[0]], "label")))
    return QCoreApplication.translate("Settings", "“{}”").format(label)
