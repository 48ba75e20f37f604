"""What the activity page shows at a time: a list with filters, or words in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QSizePolicy, QStackedWidget, QWidget

from preheat.errors import EngineError, UnsupportedOperationError
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.widgets import EmptyState, named, stacked
from preheat_gui.words import error_hint, error_text, error_title

_CHOICE_CHARS = 13


class NameChoice(QComboBox):
    """Chooses one of the names in a list, or all of them."""

    def __init__(self, name: str, accessible_name: str, all_words: str) -> None:
        super().__init__()
        named(self, name, accessible_name)
        self.addItem(all_words, None)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_CHOICE_CHARS)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def chosen(self) -> str | None:
        """The name, or None for all."""
        name: str | None = self.currentData()
        return name

    def offer(self, names: Iterable[str], nameless: str = "") -> None:
        """Offer these names, and the chosen one; ``nameless`` is shown for an empty name."""
        chosen = self.chosen
        wanted = list(dict.fromkeys([*names, *([] if chosen is None else [chosen])]))
        if wanted == [self.itemData(number) for number in range(1, self.count())]:
            return
        with QSignalBlocker(self):
            while self.count() > 1:
                self.removeItem(1)
            for name in wanted:
                self.addItem(name or nameless, name)
            self.setCurrentIndex(0 if chosen is None else wanted.index(chosen) + 1)


class Pane(QWidget):
    """One view of the engine's activity. Asks only while it is shown."""

    memory_changed = Signal()  # A choice that ``memory`` returns has changed

    def __init__(self, bridge: EngineBridge, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_pane")
        self._bridge = bridge
        self._error: EngineError | None = None
        self._answered = False
        self.empty = named(EmptyState("", ""), f"{name}_empty")
        self.empty.clicked.connect(self._on_empty)
        self.question: SlowQuestion[Any]

    @property
    def focus_order(self) -> Sequence[QWidget]:
        """The first of these that is visible and enabled has the focus when the pane is opened."""
        return (self.empty.button,)

    def activate(self) -> None:
        self.question.activate()

    def deactivate(self) -> None:
        self.question.deactivate()

    def memory(self) -> dict[str, str]:
        """Return the choices to restore in a later session."""
        return {}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Restore choices; missing and invalid ones are ignored."""

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show_state()

    def _on_answered(self) -> None:
        self._error, self._answered = None, True

    def _on_empty(self) -> None:
        """Ask again after an error."""
        self.question.ask_now()

    def _show_state(self) -> None:
        """Show the list, or why there is none."""

    def _words_without_answer(self) -> bool:
        """Say why there is no answer; return whether there is none."""
        if isinstance(self._error, UnsupportedOperationError):
            self.empty.set_words(error_title(self._error).rstrip("."), error_hint(self._error))
        elif self._error is not None:
            self.empty.set_words(self.tr("Activity is not available"), error_text(self._error), self.tr("&Try again"))
        elif not self._answered:
            self.empty.set_words(self.tr("One moment"), self.tr("Preheat is reading its activity."))
        else:
            return False
        return True


class ListPane(Pane):
    """A list or a table with filters."""

    def __init__(self, bridge: EngineBridge, name: str, view: QAbstractItemView) -> None:
        super().__init__(bridge, name)
        self._view = view
        self._stack: QStackedWidget = stacked(view, self.empty)

    @property
    def focus_order(self) -> Sequence[QWidget]:
        return self._view, self.empty.button

    def _listed(self) -> int:
        """Return the number of entries without filters."""
        raise NotImplementedError

    def _show_everything(self) -> None:
        """Reset the filters."""

    def _nothing_yet(self) -> str:
        """Return what will appear."""
        raise NotImplementedError

    def _on_empty(self) -> None:
        if self._listed():
            self._show_everything()
        else:
            super()._on_empty()

    def _show_state(self) -> None:
        if self._view.model().rowCount():
            self._stack.setCurrentWidget(self._view)
            return
        self._stack.setCurrentWidget(self.empty)
        if self._listed():
            words = self.tr("Nothing matches"), self.tr("No activity of this kind."), self.tr("&Show everything")
            self.empty.set_words(*words)
        elif not self._words_without_answer():
            self.empty.set_words(self.tr("Nothing yet"), self._nothing_yet())
