"""The user's unapplied changes, and errors as sentences. GUI thread; no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal

from preheat.errors import EngineError, SettingsError
from preheat.settings import FIELDS, Settings, problems_of, to_text
from preheat_gui.words import error_text, message_opening, sentence


def sentence_of(error: EngineError) -> str:
    """Return the reason alone if the value is shown next to it, else title and hint."""
    reason = error.reason if isinstance(error, SettingsError) else None
    return error_text(error) if reason is None else sentence(message_opening(reason))


class Draft(QObject):
    """The settings in effect, the user's texts over them, and their errors."""

    changed = Signal()  # A text, an error or a setting in effect changed

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings  # The settings in effect
        self.texts: dict[str, str] = {}  # The texts to write, by setting
        self._seen: dict[str, str] = {}
        self._problems: Mapping[str, SettingsError] = {}
        self._refused: dict[str, SettingsError] = {}

    @property
    def problems(self) -> Mapping[str, SettingsError]:
        """Errors by setting; the engine's stay until the text changes."""
        return {**self._refused, **self._problems}

    def text(self, name: str) -> str:
        return self.texts.get(name, self.current_text(name))

    def current_text(self, name: str) -> str:
        return to_text(getattr(self.settings, name))

    def changed_elsewhere(self, name: str) -> bool:
        """Return whether the value in effect changed after the user's first edit."""
        return name in self.texts and self._seen[name] != self.current_text(name)

    def write(self, name: str, text: str) -> None:
        """Take the user's text; the text in effect means no change."""
        if text == self.text(name):
            return
        self._refused.pop(name, None)
        if text == self.current_text(name):
            self.texts.pop(name, None)
        else:
            self._seen.setdefault(name, self.current_text(name))
            self.texts[name] = text
        self._check()

    def take_settings(self, settings: Settings) -> None:
        """Take new settings in effect; edited fields keep the user's text."""
        self.settings = settings
        self.texts = {name: text for name, text in self.texts.items() if text != self.current_text(name)}
        self._check()

    def applied(self, names: Iterable[str]) -> None:
        """Forget the texts of written settings."""
        for name in names:
            self.texts.pop(name, None)
        self._check()

    def refuse(self, error: SettingsError) -> bool:
        """Take the engine's error; return whether it is about one of the fields."""
        if error.param is None or error.param not in FIELDS:
            return False
        self._refused[error.param] = error
        self.changed.emit()
        return True

    def _check(self) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if name in self.texts}
        self._problems = problems_of(self.settings, self.texts) if self.texts else {}
        self.changed.emit()
