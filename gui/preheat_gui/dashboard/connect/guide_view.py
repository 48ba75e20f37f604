"""Shows one guide: steps, code, and values to enter, each with a copy button."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QSizePolicy, QWidget

from preheat_gui.dashboard.connect.guides import Field, Guide
from preheat_gui.dashboard.parts import CopyButton, code_font
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, hbox, named, set_role, vbox

_PADDING: Final = 14


class GuideView(QScrollArea):
    """One guide. The key is masked on the screen and copied in full."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._copied = Guide("", "")
        self._card = Card()
        self._steps = named(QLabel(), "guide_steps")
        self._steps.setWordWrap(True)
        self._steps.setTextFormat(Qt.TextFormat.PlainText)
        self._steps.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._code = named(CodeView(), "guide_code")
        self._copy_code = named(CopyButton(self.tr("Co&py"), lambda: self._copied.code), "guide_copy")
        self._fields = QWidget()
        self._grid = QGridLayout(self._fields)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GROUP_GAP)
        self._grid.setVerticalSpacing(GAP)
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, ElidedLabel, CopyButton]] = []
        # The button is next to the title, where it stays however long the code is.
        body = self._card.body
        body.removeWidget(self._card.title)
        body.addLayout(hbox(self._card.title, None, self._copy_code))
        for widget in (self._steps, self._code, self._fields):
            body.addWidget(widget)
        content = QWidget()
        vbox(self._card, None, parent=content)
        self.setWidget(content)

    def show_guide(self, shown: Guide, copied: Guide) -> None:
        """Show a guide; ``copied`` is the same with the key in full."""
        if self._copied.key != copied.key:
            self.verticalScrollBar().setValue(0)
        self._copied = copied
        self._card.set_title(shown.title)
        steps = shown.steps
        if len(steps) > 1:
            steps = tuple(f"{number}. {step}" for number, step in enumerate(steps, 1))
        self._steps.setText("\n".join(steps))
        self._steps.setVisible(bool(steps))
        self._code.setVisible(bool(shown.code))
        self._copy_code.setVisible(bool(shown.code))
        if self._code.toPlainText() != shown.code:
            self._code.setPlainText(shown.code)
        self._code.setAccessibleName(self.tr("Code for {app}").format(app=shown.title))
        while len(self._rows) < len(shown.fields):
            self._add_row(len(self._rows))
        for number, widgets in enumerate(self._rows):
            self._show_field(widgets, shown.fields[number] if number < len(shown.fields) else None)
        self._fields.setVisible(bool(shown.fields))

    def _add_row(self, number: int) -> None:
        name, value = QLabel(), named(ElidedLabel(), f"guide_value_{number}")
        copy = named(CopyButton(self.tr("Copy"), partial(self._field_to_copy, number)), f"guide_copy_{number}")
        set_role(name, "muted")
        for place, widget in enumerate((name, value, copy)):
            self._grid.addWidget(widget, number, place)
        self._rows.append((name, value, copy))

    def _show_field(self, widgets: tuple[QLabel, ElidedLabel, CopyButton], field: Field | None) -> None:
        for widget in widgets:
            widget.setVisible(field is not None)
        if field is not None:
            name, value, copy = widgets
            name.setText(field.name)
            value.setText(field.value)
            copy.setToolTip(self.tr("Copy {name}").format(name=field.name))
            copy.setAccessibleDescription(field.name)

    def _field_to_copy(self, number: int) -> str:
        fields = self._copied.fields
        return fields[number].value if number < len(fields) else ""


class CodeView(QPlainTextEdit):
    """Read-only code, as high as its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # code is, in every language
        self.setFont(code_font())
        set_role(self, "reading")
        self.textChanged.connect(self.updateGeometry)
        self.horizontalScrollBar().rangeChanged.connect(self.updateGeometry)

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.setFont(code_font())
            self.updateGeometry()
        return super().event(event)

    def sizeHint(self) -> QSize:  # noqa: N802
        margins = round(2 * self.document().documentMargin()) + _PADDING
        bar = self.horizontalScrollBar().sizeHint().height() if self.horizontalScrollBar().maximum() else 0
        return QSize(300, self.blockCount() * self.fontMetrics().lineSpacing() + margins + bar)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(120, self.sizeHint().height())
