"""One page of the settings dialog: rows of settings, the rare ones folded away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QLabel, QScrollArea, QToolButton, QWidget

from preheat.login_item import LoginItem, LoginItemError
from preheat_gui.settings_dialog.declarations import Declaration, search_text
from preheat_gui.settings_dialog.editors import Editor, SwitchEditor
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    Card,
    ScaledLabel,
    Token,
    button,
    caption,
    hbox,
    named,
    set_role,
    symbol,
    vbox,
)
from preheat_gui.words import error_text

_ICON_PX: Final = 14
_RESET_PX: Final = 24


class Remark(QWidget):
    """A sentence with an icon; hidden while empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        self._words: ScaledLabel = caption(parent=self)
        layout = hbox(self._icon, self._words, parent=self, spacing=GAP // 2)
        layout.setAlignment(self._icon, Qt.AlignmentFlag.AlignTop)
        layout.setStretch(1, 1)
        self.hide()

    @property
    def words(self) -> str:
        """The sentence; empty without one."""
        return self._words.text()

    def show_words(self, words: str, *, wrong: bool) -> None:
        """Show an error or a note; empty words hide the remark."""
        if words:
            name, token = ("warning", Token.BAD) if wrong else ("info", Token.STANDBY)
            self._icon.setPixmap(symbol(name, token).pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))
            set_role(self._words, "bad" if wrong else "muted")
        self._words.setText(words)
        self.setVisible(bool(words))


class FieldRow(QWidget):
    """A setting's row: the label at the side, the description under the field, a button that resets it at the end."""

    reset_requested = Signal()

    def __init__(self, declaration: Declaration, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.declaration = declaration
        self.editor = editor
        self.setObjectName(f"row_{declaration.name}")
        self._reset: QToolButton | None = None
        self.remark = named(Remark(self), f"remark_{declaration.name}")
        field = editor.main_widget()
        # A check box has its own label.
        self._label = QLabel("" if isinstance(editor, SwitchEditor) else declaration.label, self)
        self._label.setBuddy(field)
        self._label.setWordWrap(True)
        field.setAccessibleName(declaration.label)
        alignment = Qt.AlignmentFlag.AlignVCenter
        if not editor.is_flat:  # align the label with the editor's first line
            self._label.setContentsMargins(0, GAP // 2, 0, 0)
            alignment = Qt.AlignmentFlag.AlignTop
        lay_out_row(self, self._label, editor, caption(declaration.description, self), self.remark, alignment)
        self.show_remark("")

    def add_reset(self, default: str) -> None:
        """Add the button that resets the setting; ``default`` is what it says the default is."""
        self._reset = named(QToolButton(self), f"reset_{self.declaration.name}")
        self._reset.setIcon(symbol("undo", Token.MUTED))
        set_role(self._reset, "quiet")
        self._reset.setFixedSize(_RESET_PX, _RESET_PX)
        self._reset.setToolTip(self.tr("Reset to {default}").format(default=default) if default else self.tr("Reset"))
        self._reset.setAccessibleName(f"{self.declaration.label}: {self._reset.toolTip()}")
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(policy)
        self._reset.clicked.connect(self.reset_requested)
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        layout.addWidget(self._reset, 0, 3, Qt.AlignmentFlag.AlignTop)

    def show_reset(self, shown: bool) -> None:
        """Show the button that resets the setting, or hide it."""
        if self._reset is not None:
            self._reset.setVisible(shown)

    def label_width(self) -> int:
        """Return the label's preferred width, in pixels."""
        return self._label.fontMetrics().horizontalAdvance(self._label.text())

    def set_label_width(self, width: int) -> None:
        """Align the label with those of other rows."""
        self._label.setFixedWidth(width)

    def show_remark(self, words: str, *, wrong: bool = False) -> None:
        """Show an error or a note under the field; empty words show none."""
        self.editor.mark(wrong)
        self.remark.show_words(words, wrong=wrong)
        description = " ".join(filter(None, (self.declaration.description, words)))
        self.editor.main_widget().setAccessibleDescription(description)


def lay_out_row(
    row: QWidget,
    side: QWidget,
    field: QWidget,
    description: QWidget,
    remark: QWidget,
    alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignVCenter,
) -> None:
    """Lay out a row: ``side`` next to ``field``, the others under it."""
    layout = QGridLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(0)
    layout.setColumnMinimumWidth(1, GROUP_GAP)
    layout.setVerticalSpacing(GAP // 2)
    layout.setColumnStretch(2, 1)
    layout.addWidget(side, 0, 0, alignment)
    layout.addWidget(field, 0, 2)
    for number, widget in enumerate((description, remark), 1):
        layout.addWidget(widget, number, 2, 1, 2)  # a button may follow the field


class ExtraRow(QWidget):
    """A row that is not a setting of the file."""

    search_text = ""  # What a search looks at, in lower case


class LoginRow(ExtraRow):
    """A check box that takes effect with Apply."""

    edited = Signal()  # The user changed it

    def __init__(self, item: LoginItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = item
        description = self.tr("Start Preheat in the tray when you log in, without opening a window.")
        self._box = QCheckBox(self.tr("Start at login"), self)
        self.search_text = f"{self._box.text()} {description}".casefold()
        self._box.setObjectName("start_at_login")
        self._box.setAccessibleDescription(description)
        self._box.setChecked(item.is_on())
        self._box.clicked.connect(self.edited)
        self._remark = Remark(self)
        self._side = QWidget(self)
        lay_out_row(self, self._side, self._box, caption(description, self), self._remark)

    @property
    def is_edited(self) -> bool:
        """Whether the box differs from the system's entry."""
        return self._box.isChecked() != self._item.is_on()

    def set_label_width(self, width: int) -> None:
        """Align with the labels of the other rows."""
        self._side.setFixedWidth(width)

    def apply(self) -> bool:
        """Apply the box; return whether that worked, else show the error."""
        try:
            if self.is_edited:
                self._item.switch(self._box.isChecked())
        except LoginItemError as error:
            self._remark.show_words(error_text(error), wrong=True)
            return False
        self._remark.show_words("", wrong=False)
        return True


_MAX_LABEL_WIDTH: Final = 18 * GAP
_MOST_PX: Final = 960  # Wider lines are hard to read


class SettingsPage(QScrollArea):
    """A card with the common rows, and a button that shows a card with the rare ones."""

    def __init__(
        self,
        name: str,
        declarations: Sequence[Declaration],
        make_editor: Callable[[Declaration], Editor],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"page_{name}")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget(self)
        content.setMaximumWidth(_MOST_PX)
        self.rows = [FieldRow(each, make_editor(each), content) for each in declarations]
        self.label_width = min(max(row.label_width() for row in self.rows) + 2, _MAX_LABEL_WIDTH)
        self._others: list[ExtraRow] = []
        self._common, self._rare = Card(parent=content), Card(parent=content)
        for card in (self._common, self._rare):
            card.body.setSpacing(GROUP_GAP)
        for row in self.rows:
            row.set_label_width(self.label_width)
            (self._rare if row.declaration.rare else self._common).body.addWidget(row)
        self._rare.hide()
        self._more = button(self.tr("&More"), f"more_{name}", None, content, role="quiet")
        self._more.setIcon(symbol("arrow-down"))
        self._more.setCheckable(True)
        self._more.toggled.connect(self._toggle_rare)
        self._more.setVisible(any(row.declaration.rare for row in self.rows))
        layout = vbox(self._common, self._more, self._rare, None, parent=content, spacing=GROUP_GAP)
        layout.setContentsMargins(0, 0, GAP, 0)
        layout.setAlignment(self._more, Qt.AlignmentFlag.AlignLeading)
        self.setWidget(content)

    def insert_row(self, row: ExtraRow) -> None:
        self._others.append(row)
        self._common.body.insertWidget(1, row)  # after the card's title

    def append_row(self, row: ExtraRow) -> None:
        """Add a row at the end of the common ones, also for Tab."""
        self._others.append(row)
        self._common.body.addWidget(row)
        last = self._more.previousInFocusChain()
        while last is not None and not last.focusPolicy() & Qt.FocusPolicy.TabFocus:
            last = last.previousInFocusChain()
        for widget in row.findChildren(QWidget):
            if last is not None and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                self.setTabOrder(last, widget)
                last = widget

    def search(self, words: Sequence[str], label: str) -> bool:
        """Show only the rows with all these words, also in the page's ``label``; return whether there are any."""
        found = False
        for card, rare in ((self._common, False), (self._rare, True)):
            shown = False
            rows = [(row, search_text(row.declaration)) for row in self.rows if row.declaration.rare is rare]
            for row, text in [*rows, *((other, other.search_text) for other in self._others if not rare)]:
                matches = all(word in f"{text} {label}" for word in words)
                row.setVisible(matches)
                shown = shown or matches
            card.setVisible(shown and (not rare or bool(words) or self._more.isChecked()))
            found = found or shown
        self._more.setVisible(not words and any(row.declaration.rare for row in self.rows))
        return found

    def reveal(self, name: str) -> None:
        """Scroll to a setting's row, and focus its field."""
        row = next(row for row in self.rows if row.declaration.name == name)
        if row.declaration.rare:
            self._more.setChecked(True)
        self.ensureWidgetVisible(row)
        row.editor.setFocus()

    def _toggle_rare(self, shown: bool) -> None:
        self._more.setIcon(symbol("arrow-up" if shown else "arrow-down"))
        self._rare.setVisible(shown)
