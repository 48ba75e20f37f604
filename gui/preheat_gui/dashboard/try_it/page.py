"""The try-it page: a conversation with a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QToolButton

from preheat.control import EngineSession, EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.parts import ModelChoice
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.try_it.context_bar import ContextBar
from preheat_gui.dashboard.try_it.conversation import Conversation
from preheat_gui.dashboard.try_it.images import MAX_IMAGES, ImageStrip, encode_image, read_image
from preheat_gui.dashboard.try_it.menu import ConversationMenu
from preheat_gui.dashboard.try_it.options import OptionsPanel
from preheat_gui.dashboard.try_it.prompt import PromptEdit, files_in
from preheat_gui.dashboard.try_it.session import TrySession
from preheat_gui.dashboard.try_it.transcript import Transcript
from preheat_gui.widgets import GAP, Banner, EmptyState, ask, hbox, named, set_role, shortcut, stacked, symbol
from preheat_gui.words import error_text


class TryPage(DashboardPage):
    """A conversation, in memory only unless the user wants it kept. An answer continues while the page is hidden."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "try")
        self._session = TrySession(bridge, self)
        self._model = named(ModelChoice(bridge.signs), "try_model")
        self._options = OptionsPanel()
        tooltip = self.tr("System prompt and temperature")
        self._show_options = named(QPushButton(self.tr("&Options")), "try_options", tooltip=tooltip)
        tooltip = self.tr("Delete this conversation and start another")
        self._new = named(QPushButton(self.tr("&New conversation")), "try_new", tooltip=tooltip)
        self._menu = ConversationMenu(bridge, lambda: self._session.conversation)
        self._transcript = Transcript()
        self._empty = named(EmptyState("", ""), "try_empty")
        self._stack = stacked(self._transcript, self._empty)
        self._banner = named(Banner(), "try_banner")
        self._images = ImageStrip()
        self._attach = QToolButton()
        named(self._attach, "try_attach", self.tr("Add a picture"), self.tr("Add a picture for the model to look at"))
        self._prompt = named(PromptEdit(), "try_prompt")
        self._send = named(QPushButton(self.tr("S&end")), "try_send")
        self._stop = QPushButton(symbol("stop"), self.tr("S&top"))
        named(self._stop, "try_stop", tooltip=self.tr("Stop the answer (Esc)"))
        self._context = ContextBar()
        self._escape = shortcut(Qt.Key.Key_Escape, self, self._on_stop)
        self._live.append((bridge.opened, self._show_state))
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        self._show_state()

    def open_model(self, model_id: str) -> None:
        """Choose this model as soon as it is known."""
        self._model.want(model_id)
        self._prompt.setFocus()

    def memory(self) -> dict[str, str]:
        return {"try_model": self._model.wanted, "try_keep": "yes" if self._menu.keeps else ""}

    def remember(self, memory: Mapping[str, str]) -> None:
        self._model.want(memory.get("try_model", ""))
        self._menu.set_keeps(memory.get("try_keep") == "yes")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if files_in(event.mimeData()) and event.possibleActions() & Qt.DropAction.CopyAction:
            event.setDropAction(Qt.DropAction.CopyAction)  # after a move, the other program would delete the file
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take pictures anywhere on the page."""
        self._add_files(files_in(event.mimeData()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def _build(self) -> None:
        self._model.setMaximumWidth(420)
        self._show_options.setCheckable(True)
        self._attach.setIcon(symbol("plus"))
        height = self._new.sizeHint().height()
        for square in (self._attach, self._menu):
            square.setFixedSize(height, height)
        set_role(self._send, "main")
        width = max(self._send.sizeHint().width(), self._stop.sizeHint().width())
        foot = hbox(self._attach, (self._prompt, 1), self._send, self._stop)
        for button in (self._send, self._stop):
            button.setMinimumWidth(width)
        for widget in (self._attach, self._prompt, self._send, self._stop):
            foot.setAlignment(widget, Qt.AlignmentFlag.AlignBottom)
        head = (GAP, (self._model, 1), None, self._show_options, self._new, self._menu)
        self._lay_out(
            self.tr("Try it"),
            head,
            self._options,
            (self._stack, 1),
            self._banner,
            self._images,
            foot,
            self._context,
        )
        self.focus_order = (self._prompt,)

    def _connect(self) -> None:
        self._model.choice_changed.connect(self._show_state)
        self._model.model_chosen.connect(self._on_chosen)
        self._show_options.toggled.connect(self._options.setVisible)
        self._options.changed.connect(self._take_options)
        self._new.clicked.connect(self._on_new)
        self._menu.opened.connect(self._open)
        self._menu.keep_changed.connect(self.memory_changed)
        self._attach.clicked.connect(self._choose_files)
        self._images.changed.connect(self._show_buttons)
        self._prompt.sent.connect(self._ask)
        self._prompt.textChanged.connect(self._show_buttons)
        self._prompt.files_given.connect(self._add_files)
        self._prompt.image_given.connect(self._add_image)
        self._send.clicked.connect(self._ask)
        self._stop.clicked.connect(self._on_stop)
        self._banner.clicked.connect(self._retry)
        self._transcript.link_clicked.connect(self._ask_to_open)
        self._transcript.copy_requested.connect(self._copy)
        self._transcript.race_requested.connect(self._show_race)
        self._session.changed.connect(self._on_progress)
        self._session.ended.connect(self._on_ended)
        self._session.judged.connect(self._transcript.turn_over)
        self._session.failed.connect(self._on_failed)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._model.update_models(snapshot)
        self._session.follow(snapshot)
        self._show_context()

    def _on_chosen(self, model_id: str) -> None:
        self._bridge.expect(model_id)
        self.memory_changed.emit()
        self._prompt.setFocus()

    def _ask(self) -> None:
        question, choice = self._prompt.toPlainText().strip(), self._model.choice
        if choice is None or self._session.busy:
            return
        images = self._images.images if choice.vision else ()
        if not question and not images:
            return
        self._banner.hide()
        self._prompt.clear()
        self._images.clear()
        self._model.want(choice.model_id)  # it stays chosen, whatever happens to it
        turn = self._session.ask(choice.model_id, question, embeddings=choice.embeddings, images=images)
        self._transcript.add_turn(turn)
        self._show_state()

    def _retry(self) -> None:
        self._session.retry()
        self._restart()

    def _on_new(self) -> None:
        self._menu.keep()
        self._session.clear()
        self._restart()

    def _open(self, conversation: Conversation) -> None:
        self._menu.keep()
        self._session.show(conversation)
        self._options.set_options(conversation.system, conversation.temperature)
        self._restart()

    def _restart(self) -> None:
        self._banner.hide()
        self._transcript.show_turns(self._session.turns)
        self._show_state()
        self._prompt.setFocus()

    def _take_options(self) -> None:
        self._session.conversation.system = self._options.system
        self._session.conversation.temperature = self._options.temperature

    def _on_stop(self) -> None:
        self._session.stop()
        self._prompt.setFocus()

    def _on_progress(self) -> None:
        self._transcript.turn_changed()
        self._show_context()

    def _on_ended(self) -> None:
        self._transcript.turn_over()
        self._menu.keep()
        self._show_state()

    def _on_failed(self, error: EngineError) -> None:
        self._banner.show_problem(error_text(error), self.tr("&Try again"))

    def _copy(self, number: int) -> None:
        QGuiApplication.clipboard().setText(self._session.turns[number].answer)

    def _show_race(self, number: int) -> None:
        race = self._session.race(number)
        if race is not None:
            RaceDialog(race, self._bridge.signs, self.window()).open()

    def _ask_to_open(self, address: str) -> None:
        """Open a link of an answer only when the user has seen where it leads."""
        ask(
            self.window(),
            "open_link",
            self.tr("Open this link?"),
            address,
            yes=(self.tr("&Open"), partial(QDesktopServices.openUrl, QUrl(address))),
            no=(self.tr("&Cancel"), None),
            role=QMessageBox.ButtonRole.AcceptRole,
        )

    def _choose_files(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Add pictures"))
        dialog.setObjectName("choose_pictures")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif)"), self.tr("All files (*)")])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self._add_files([Path(name) for name in names]))
        dialog.open()

    def _add_files(self, files: Sequence[Path]) -> None:
        if self._can_see():
            for file in files[:MAX_IMAGES]:
                self._bridge.ask(partial(_read, file), self._take_image, self._on_unusable)

    def _add_image(self, image: QImage) -> None:
        if self._can_see() and not image.isNull():
            self._take_image(encode_image(image))

    def _take_image(self, image: bytes) -> None:
        if not self._images.add(image):
            words = self.tr("A question can have {count} pictures.")
            self._banner.show_note(words.format(count=MAX_IMAGES))
        self._prompt.setFocus()

    def _on_unusable(self, error: EngineError) -> None:
        self._banner.show_problem(error_text(error))

    def _can_see(self) -> bool:
        choice = self._model.choice
        if choice is None or choice.vision:
            return choice is not None
        words = self.tr("{model} cannot look at pictures. Choose a model that can.")
        self._banner.show_note(words.format(model=choice.model_id))
        return False

    def _show_state(self) -> None:
        self._stack.setCurrentWidget(self._transcript if self._session.turns else self._empty)
        choice = self._model.choice
        embeddings = choice is not None and choice.embeddings
        self._model.setEnabled(choice is not None)
        self._prompt.setEnabled(choice is not None)
        self._attach.setVisible(choice is not None and choice.vision)
        words = self.tr("Ask something. Enter sends, Shift+Enter starts a new line")
        if embeddings:
            words = self.tr("Enter a text to see its vector. Enter sends, Shift+Enter starts a new line")
        self._prompt.setPlaceholderText(words)
        self._prompt.setAccessibleName(words)
        if choice is not None:
            title = self.tr("See a text's vector") if embeddings else self.tr("Ask a model")
            kept = self.tr("Your text stays on this computer and is kept here until it is deleted.")
            sentence = kept if self._menu.keeps else self.tr("Your text stays on this computer and is not saved.")
            self._empty.set_words(title, sentence)
        elif self._bridge.is_open:
            self._empty.set_words(self.tr("No models yet"), self.tr("Download a model on the Downloads page."))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))
        self._show_buttons()
        self._show_context()

    def _show_context(self) -> None:
        choice = self._model.choice
        model = self._bridge.snapshot.model(choice.model_id) if choice is not None else None
        self._context.set_figures(self._session.context_tokens, model.context_length if model is not None else None)

    def _show_buttons(self) -> None:
        busy = self._session.busy
        had_focus = self._stop.hasFocus() or self._send.hasFocus()
        self._send.setVisible(not busy)
        self._stop.setVisible(busy)
        if had_focus:
            self._prompt.setFocus()
        self._escape.setEnabled(busy)
        choice, question = self._model.choice, self._prompt.toPlainText().strip()
        self._send.setEnabled(choice is not None and bool(question or (choice.vision and self._images.images)))
        self._new.setEnabled(bool(self._session.turns))


def _read(file: Path, _session: EngineSession) -> bytes:
    return read_image(file)
