"""Surfaces with words: card, banner, the placeholder of an empty page, and message boxes that do not block."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QLabel, QMessageBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from preheat_gui.widgets.building import hbox, named
from preheat_gui.widgets.icons import symbol
from preheat_gui.widgets.labels import ScaledLabel, heading
from preheat_gui.widgets.theme import GAP, GROUP_GAP, Token, set_role, theme


class Card(QFrame):
    """A rounded surface with a hairline border."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.body = QVBoxLayout(self)  # The layout of the content, under the title
        self.body.setContentsMargins(GROUP_GAP, GROUP_GAP, GROUP_GAP, GROUP_GAP)
        self.body.setSpacing(GAP)
        self.title: ScaledLabel = heading(parent=self)  # The title's label; hidden while empty
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.body.addWidget(self.title)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        """Change the title and the accessible name."""
        self.title.setText(title)
        self.title.setVisible(bool(title))
        self.setAccessibleName(title)


_ICON_PX = 16


class Banner(QFrame):
    """Shows a problem or a note; hidden without one."""

    clicked = Signal()  # The button was pressed
    other_clicked = Signal()  # The second button was pressed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "banner")
        self._icon_source = QIcon()
        self._icon = QLabel(self)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = named(QPushButton(self), "banner_button")
        self._button.clicked.connect(self.clicked)
        self._other = named(QPushButton(self), "banner_other_button")
        self._other.clicked.connect(self.other_clicked)
        row = hbox(self._icon, self._words, self._other, self._button, parent=self)
        row.setContentsMargins(GROUP_GAP, GAP, GROUP_GAP, GAP)
        theme().changed.connect(self._draw_icon)
        self.hide()

    def show_problem(self, sentence: str, button_text: str | None = None, other_text: str | None = None) -> None:
        """Show a problem; None hides a button."""
        self._show(sentence, button_text, "warning", Token.BAD, other_text)

    def show_note(self, sentence: str, button_text: str | None = None) -> None:
        """Show a note; None hides the button."""
        self._show(sentence, button_text, "info", Token.STANDBY)

    def _show(
        self, sentence: str, button_text: str | None, icon: str, token: Token, other_text: str | None = None
    ) -> None:
        self._icon_source = symbol(icon, token)
        self._draw_icon()
        self._words.setText(sentence)
        self._button.setText(button_text or "")
        self._button.setVisible(button_text is not None)
        self._other.setText(other_text or "")
        self._other.setVisible(other_text is not None)
        self.setAccessibleName(sentence)
        self.show()

    def _draw_icon(self) -> None:
        self._icon.setPixmap(self._icon_source.pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))


class EmptyState(QWidget):
    """A title, a sentence, and an optional button."""

    clicked = Signal()  # The button was pressed

    def __init__(
        self, title: str, sentence: str, button_text: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = heading(parent=self)
        self._sentence = ScaledLabel("", 1.0, parent=self)
        self._button = named(QPushButton(self), "empty_state_button")
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addStretch()
        for label in (self._title, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        self._sentence.setWordWrap(True)
        set_role(self._sentence, "muted")
        layout.addSpacing(GROUP_GAP - GAP)
        layout.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()
        self._button.clicked.connect(self.clicked)
        self.button: QWidget = self._button  # Takes the focus while it is visible
        self.set_words(title, sentence, button_text)

    def set_words(self, title: str, sentence: str, button_text: str | None = None) -> None:
        """Change the texts; None hides the button."""
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._button.setText(button_text or "")
        self._button.setVisible(button_text is not None)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)


def inform(parent: QWidget, name: str, text: str, detail: str) -> None:
    _box(parent, name, QMessageBox.Icon.Information, text, detail).open()


def ask(
    parent: QWidget,
    name: str,
    text: str,
    detail: str,
    *,
    yes: tuple[str, Callable[[], object]],  # The button's text and its action; ``no`` likewise
    no: tuple[str, Callable[[], object] | None],
    icon: QMessageBox.Icon = QMessageBox.Icon.Question,
    cancel: tuple[str, Callable[[], object]] | None = None,
    role: QMessageBox.ButtonRole = QMessageBox.ButtonRole.DestructiveRole,  # Of the yes button
) -> None:
    """Ask the user a question; ``cancel``, or else "no", is the default and answers Escape."""
    box = _box(parent, name, icon, text, detail)
    agree = box.addButton(yes[0], role)
    decline = box.addButton(no[0], role if cancel is not None else QMessageBox.ButtonRole.RejectRole)
    harmless = decline
    agree.clicked.connect(lambda: yes[1]())
    if (refuse := no[1]) is not None:
        decline.clicked.connect(lambda: refuse())
    if cancel is not None:
        harmless = box.addButton(cancel[0], QMessageBox.ButtonRole.RejectRole)
        harmless.clicked.connect(lambda: cancel[1]())
    box.setDefaultButton(harmless)
    box.setEscapeButton(harmless)
    box.open()


def _box(parent: QWidget, name: str, icon: QMessageBox.Icon, text: str, detail: str) -> QMessageBox:
    box = QMessageBox(icon, QCoreApplication.translate("Question", "Preheat"), text, parent=parent)
    box.setObjectName(name)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(detail)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
