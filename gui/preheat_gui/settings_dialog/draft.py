"""What the user has changed and not applied. GUI thread only; knows no widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal

from preheat.errors import SettingsError
from preheat.settings import FIELDS, Settings
from preheat.settings.texts import problems_of, to_text


class Draft(QObject):
    """The settings in force, the user's texts over them, and what is wrong with those.

    Attributes:
        changed: A text, a problem, or what is in force is another.
    """

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._texts: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._problems: Mapping[str, SettingsError] = {}
        self._refused: dict[str, SettingsError] = {}

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def texts(self) -> Mapping[str, str]:
        """What would be written, by name."""
        return self._texts

    @property
    def problems(self) -> Mapping[str, SettingsError]:
        """What is wrong, by name; a refusal by the engine holds until its text is changed."""
        return {**self._refused, **self._problems}

    def text(self, name: str) -> str:
        """Return what the field of this name shows."""
        return self._texts.get(name, self.text_in_force(name))

    def text_in_force(self, name: str) -> str:
        """Return the text of the value in force."""
        return to_text(getattr(self._settings, name))

    def changed_elsewhere(self, name: str) -> bool:
        """Whether the value in force has become another since the user began to change this one."""
        return name in self._texts and self._seen[name] != self.text_in_force(name)

    def write(self, name: str, text: str) -> None:
        """Take what the user has typed; the text in force means that nothing is to be changed."""
        if text == self.text(name):
            return
        self._refused.pop(name, None)
        if text == self.text_in_force(name):
            self._texts.pop(name, None)
        else:
            self._seen.setdefault(name, self.text_in_force(name))
            self._texts[name] = text
        self._check()

    def take_settings(self, settings: Settings) -> None:
        """Take what is in force now; fields that the user has changed keep the user's text."""
        self._settings = settings
        for name in list(self._texts):
            if self._texts[name] == self.text_in_force(name):
                del self._texts[name]
        self._check()

    def applied(self, names: Iterable[str]) -> None:
        """Forget the texts of settings that have been written."""
        for name in names:
            self._texts.pop(name, None)
        self._check()

    def refuse(self, error: SettingsError) -> bool:
        """Take the engine's refusal; return whether it is about one of the fields."""
        name = error.param
        if name is None or name not in FIELDS:
            return False
        self._refused[name] = error
        self.changed.emit()
        return True

    def _check(self) -> None:
        self._seen = {name: seen for name, seen in self._seen.items() if name in self._texts}
        self._problems = problems_of(self._settings, self._texts) if self._texts else {}
        self.changed.emit()
