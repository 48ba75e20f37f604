"""The page to try a model: ask, see the answer come, and how quickly."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.copy_button import CopyButton
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.dashboard.model_choice import ModelChoice
from preheat_gui.dashboard.try_it.prompt_edit import PromptEdit
from preheat_gui.dashboard.try_it.session import TrySession
from preheat_gui.dashboard.try_it.transcript import Transcript
from preheat_gui.widgets import GAP, GROUP_GAP, Banner, EmptyState, heading, set_role, symbol
from preheat_gui.words import sentence


class TryPage(FollowingPage):
    """A conversation that is kept in memory only. An answer goes on while another page is shown.

    Attributes:
        memory_changed: The user chose another model; ``memory()`` has it.
    """

    memory_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("try_page")
        self._session = TrySession(bridge, self)
        self._model = ModelChoice()
        self._new = QPushButton(self.tr("&New conversation"))
        self._copy = CopyButton(self.tr("&Copy answer"), self._answer)
        self._transcript = Transcript()
        self._empty = EmptyState("", "")
        self._stack = QStackedWidget()
        self._banner = Banner()
        self._prompt = PromptEdit()
        self._send = QPushButton(self.tr("S&end"))
        self._stop = QPushButton(symbol("stop"), self.tr("S&top"))
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        self._build()
        self._connect()
        self._show_state()

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        self._bridge.opened.connect(self._show_state)
        super()._follow()

    def _rest(self) -> None:
        # An answer that is on its way goes on.
        super()._rest()
        self._bridge.opened.disconnect(self._show_state)

    def open_model(self, model_id: str) -> None:
        """Choose this model, as soon as it is known."""
        self._model.want(model_id)
        self._prompt.setFocus()

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        choice = self._model.choice
        return {"try_model": choice.model_id if choice is not None else ""}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this."""
        self._model.want(memory.get("try_model", ""))

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._model.setObjectName("try_model")
        self._model.setMaximumWidth(420)
        self._new.setObjectName("try_new")
        self._new.setToolTip(self.tr("Forget this conversation and begin another"))
        self._copy.setObjectName("try_copy")
        self._empty.setObjectName("try_empty")
        self._banner.setObjectName("try_banner")
        self._prompt.setObjectName("try_prompt")
        self._send.setObjectName("try_send")
        self._stop.setObjectName("try_stop")
        self._stop.setToolTip(self.tr("Stop the answer (Esc)"))
        set_role(self._send, "main")
        width = max(self._send.sizeHint().width(), self._stop.sizeHint().width())
        for button in (self._send, self._stop):
            button.setMinimumWidth(width)
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(heading(self.tr("Try it")))
        top.addSpacing(GAP)
        top.addWidget(self._model, 1)
        top.addStretch()
        top.addWidget(self._copy)
        top.addWidget(self._new)
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self._prompt, 1, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(self._send, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignBottom)
        self._stack.addWidget(self._transcript)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._banner)
        layout.addLayout(foot)
        self.setFocusProxy(self._prompt)

    def _connect(self) -> None:
        self._model.choice_changed.connect(self._show_state)
        self._model.model_chosen.connect(self._on_chosen)
        self._new.clicked.connect(self._begin_anew)
        self._prompt.sent.connect(self._ask)
        self._prompt.textChanged.connect(self._show_buttons)
        self._send.clicked.connect(self._ask)
        self._stop.clicked.connect(self._on_stop)
        self._escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._escape.activated.connect(self._on_stop)
        self._banner.clicked.connect(self._retry)
        self._session.changed.connect(self._transcript.turn_changed)
        self._session.ended.connect(self._on_ended)
        self._session.failed.connect(self._on_failed)

    # -- what happens -------------------------------------------------------------------------------------------------

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
        self._banner.hide()
        self._session.retry()
        self._transcript.show_turns(self._session.turns)
        self._show_state()
        self._prompt.setFocus()

    def _begin_anew(self) -> None:
        self._session.clear()
        self._transcript.show_turns([])
        self._banner.hide()
        self._show_state()
        self._prompt.setFocus()

    def _on_stop(self) -> None:
        self._session.stop()
        self._prompt.setFocus()

    def _on_ended(self) -> None:
        self._transcript.turn_over()
        self._show_state()

    def _on_failed(self, error: EngineError) -> None:
        self._banner.show_problem(f"{sentence(error.title)} {sentence(error.hint)}".strip(), self.tr("&Retry"))

    def _answer(self) -> str:
        return self._session.answer

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show_state(self) -> None:
        self._stack.setCurrentWidget(self._transcript if self._session.turns else self._empty)
        choice = self._model.choice
        self._model.setEnabled(choice is not None)
        self._prompt.setEnabled(choice is not None)
        words = self.tr("Ask something: Enter sends, Shift+Enter begins a new line")
        if choice is not None and choice.embeddings:
            words = self.tr("Write a text to see its vector: Enter sends, Shift+Enter begins a new line")
        self._prompt.setPlaceholderText(words)
        self._prompt.setAccessibleName(words)
        self._say_empty()
        self._show_buttons()

    def _show_buttons(self) -> None:
        busy = self._session.busy
        held_focus = self._stop.hasFocus() or self._send.hasFocus()
        self._send.setVisible(not busy)
        self._stop.setVisible(busy)
        if held_focus:
            self._prompt.setFocus()
        self._escape.setEnabled(busy)
        self._send.setEnabled(self._model.choice is not None and bool(self._prompt.toPlainText().strip()))
        self._copy.setEnabled(bool(self._session.answer))
        self._new.setEnabled(bool(self._session.turns))

    def _say_empty(self) -> None:
        choice = self._model.choice
        if choice is not None and choice.embeddings:
            self._empty.set_words(
                self.tr("See a text's vector"), self.tr("What you write stays on this machine and is not kept.")
            )
        elif choice is not None:
            self._empty.set_words(
                self.tr("Ask a model"), self.tr("What you write stays on this machine and is not kept.")
            )
        elif self._bridge.is_open:
            self._empty.set_words(self.tr("No models yet"), self.tr("Get one on the Downloads page, and ask it here."))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))
