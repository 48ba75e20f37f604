"""The try-it page: a conversation with a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QSizePolicy

from preheat.control import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.parts import CopyButton, ModelChoice
from preheat_gui.dashboard.try_it.session import TrySession
from preheat_gui.dashboard.try_it.transcript import Transcript
from preheat_gui.widgets import GAP, Banner, EmptyState, hbox, named, set_role, shortcut, stacked, symbol
from preheat_gui.words import error_text

_MAX_LINES: Final = 6
_PADDING: Final = 12  # The style sheet's padding above and below the text, and the frame


class PromptEdit(QPlainTextEdit):
    """Plain text of one to six lines."""

    sent = Signal()  # The user pressed Enter

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.textChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.sent.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(300, self.height())

    def _fit(self) -> None:
        # A plain text document counts its height in lines.
        wanted = max(1, math.ceil(self.document().size().height()))
        lines = min(wanted, _MAX_LINES)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if wanted > lines else policy.ScrollBarAlwaysOff)
        height = lines * self.fontMetrics().lineSpacing() + _PADDING
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)


class TryPage(DashboardPage):
    """A conversation kept in memory only. An answer continues while the page is hidden."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "try")
        self._session = TrySession(bridge, self)
        self._model = named(ModelChoice(), "try_model")
        tooltip = self.tr("Delete this conversation and start another")
        self._new = named(QPushButton(self.tr("&New conversation")), "try_new", tooltip=tooltip)
        self._copy = named(CopyButton(self.tr("&Copy answer"), lambda: self._session.answer), "try_copy")
        self._transcript = Transcript()
        self._empty = named(EmptyState("", ""), "try_empty")
        self._stack = stacked(self._transcript, self._empty)
        self._banner = named(Banner(), "try_banner")
        self._prompt = named(PromptEdit(), "try_prompt")
        self._send = named(QPushButton(self.tr("S&end")), "try_send")
        self._stop = QPushButton(symbol("stop"), self.tr("S&top"))
        named(self._stop, "try_stop", tooltip=self.tr("Stop the answer (Esc)"))
        self._escape = shortcut(Qt.Key.Key_Escape, self, self._on_stop)
        self._live.append((bridge.opened, self._show_state))
        self._build()
        self._connect()
        self._show_state()

    def open_model(self, model_id: str) -> None:
        """Choose this model as soon as it is known."""
        self._model.want(model_id)
        self._prompt.setFocus()

    def memory(self) -> dict[str, str]:
        choice = self._model.choice
        return {"try_model": choice.model_id if choice is not None else ""}

    def remember(self, memory: Mapping[str, str]) -> None:
        self._model.want(memory.get("try_model", ""))

    def _build(self) -> None:
        self._model.setMaximumWidth(420)
        set_role(self._send, "main")
        width = max(self._send.sizeHint().width(), self._stop.sizeHint().width())
        foot = hbox((self._prompt, 1), self._send, self._stop)
        for button in (self._send, self._stop):
            button.setMinimumWidth(width)
        for widget in (self._prompt, self._send, self._stop):
            foot.setAlignment(widget, Qt.AlignmentFlag.AlignBottom)
        head = (GAP, (self._model, 1), None, self._copy, self._new)
        self._lay_out(self.tr("Try it"), head, (self._stack, 1), self._banner, foot)
        self.focus_order = (self._prompt,)

    def _connect(self) -> None:
        self._model.choice_changed.connect(self._show_state)
        self._model.model_chosen.connect(self._on_chosen)
        self._new.clicked.connect(self._on_new)
        self._prompt.sent.connect(self._ask)
        self._prompt.textChanged.connect(self._show_buttons)
        self._send.clicked.connect(self._ask)
        self._stop.clicked.connect(self._on_stop)
        self._banner.clicked.connect(self._retry)
        self._session.changed.connect(self._transcript.turn_changed)
        self._session.ended.connect(self._on_ended)
        self._session.failed.connect(self._on_failed)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._model.update_models(snapshot)
        self._session.follow(snapshot)

    def _on_chosen(self) -> None:
        self.memory_changed.emit()
        self._prompt.setFocus()

    def _ask(self) -> None:
        question, choice = self._prompt.toPlainText().strip(), self._model.choice
        if not question or choice is None or self._session.busy:
            return
        self._banner.hide()
        self._prompt.clear()
        self._transcript.add_turn(self._session.ask(choice.model_id, question, embeddings=choice.embeddings))
        self._show_state()

    def _retry(self) -> None:
        self._session.retry()
        self._restart()

    def _on_new(self) -> None:
        self._session.clear()
        self._restart()

    def _restart(self) -> None:
        self._banner.hide()
        self._transcript.show_turns(self._session.turns)
        self._show_state()
        self._prompt.setFocus()

    def _on_stop(self) -> None:
        self._session.stop()
        self._prompt.setFocus()

    def _on_ended(self) -> None:
        self._transcript.turn_over()
        self._show_state()

    def _on_failed(self, error: EngineError) -> None:
        self._banner.show_problem(error_text(error), self.tr("&Retry"))

    def _show_state(self) -> None:
        self._stack.setCurrentWidget(self._transcript if self._session.turns else self._empty)
        choice = self._model.choice
        embeddings = choice is not None and choice.embeddings
        self._model.setEnabled(choice is not None)
        self._prompt.setEnabled(choice is not None)
        words = self.tr("Ask something. Enter sends, Shift+Enter starts a new line")
        if embeddings:
            words = self.tr("Enter a text to see its vector. Enter sends, Shift+Enter starts a new line")
        self._prompt.setPlaceholderText(words)
        self._prompt.setAccessibleName(words)
        if choice is not None:
            title = self.tr("See a text's vector") if embeddings else self.tr("Ask a model")
            self._empty.set_words(title, self.tr("Your text stays on this computer and is not saved."))
        elif self._bridge.is_open:
            self._empty.set_words(self.tr("No models yet"), self.tr("Download a model on the Downloads page."))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))
        self._show_buttons()

    def _show_buttons(self) -> None:
        busy = self._session.busy
        had_focus = self._stop.hasFocus() or self._send.hasFocus()
        self._send.setVisible(not busy)
        self._stop.setVisible(busy)
        if had_focus:
            self._prompt.setFocus()
        self._escape.setEnabled(busy)
        self._send.setEnabled(self._model.choice is not None and bool(self._prompt.toPlainText().strip()))
        self._copy.setEnabled(bool(self._session.answer))
        self._new.setEnabled(bool(self._session.turns))
