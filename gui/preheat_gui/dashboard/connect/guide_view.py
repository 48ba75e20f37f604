"""Shows one guide: steps, code with a button to copy it, and values to enter, each with a button."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from preheat_gui.dashboard.connect.guides import Guide
from preheat_gui.dashboard.copy_button import CopyButton
from preheat_gui.dashboard.looks import code_font
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, set_role

_PADDING = 14


class GuideView(QScrollArea):
    """One guide. What is shown has the key masked; what is copied has it in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._copied: Guide | None = None
        self._card = Card()
        self._steps = QLabel()
        self._code = CodeView()
        self._copy_code = CopyButton(self.tr("Co&py"), self._code_to_copy)
        self._fields = QWidget()
        self._grid = QGridLayout(self._fields)
        self._rows: list[_FieldRow] = []
        self._build()

    def show_guide(self, shown: Guide, copied: Guide) -> None:
        """Show a guide; ``copied`` is the same with the key in full."""
        if self._copied is not None and self._copied.key != copied.key:
            self.verticalScrollBar().setValue(0)
        self._copied = copied
        self._card.set_title(shown.title)
        steps = [f"{number}. {step}" for number, step in enumerate(shown.steps, 1)]
        self._steps.setText("\n".join(steps if len(steps) > 1 else shown.steps))
        self._steps.setVisible(bool(steps))
        self._code.setVisible(bool(shown.code))
        self._copy_code.setVisible(bool(shown.code))
        if self._code.toPlainText() != shown.code:
            self._code.setPlainText(shown.code)
        self._code.setAccessibleName(self.tr("Code for {program}").format(program=shown.title))
        self._show_fields(shown)

    def _build(self) -> None:
        self._steps.setObjectName("guide_steps")
        self._steps.setWordWrap(True)
        self._steps.setTextFormat(Qt.TextFormat.PlainText)
        self._steps.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._code.setObjectName("guide_code")
        self._copy_code.setObjectName("guide_copy")
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GROUP_GAP)
        self._grid.setVerticalSpacing(GAP)
        self._grid.setColumnStretch(1, 1)
        # The button stands beside the title, where it stays however long the code is.
        head = QHBoxLayout()
        self._card.body.removeWidget(self._card.title)
        head.addWidget(self._card.title)
        head.addStretch(1)
        head.addWidget(self._copy_code)
        self._card.body.addLayout(head)
        self._card.body.addWidget(self._steps)
        self._card.body.addWidget(self._code)
        self._card.body.addWidget(self._fields)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._card)
        layout.addStretch(1)
        self.setWidget(content)

    def _show_fields(self, guide: Guide) -> None:
        while len(self._rows) < len(guide.fields):
            row = _FieldRow(partial(self._field_to_copy, len(self._rows)), self._fields)
            row.add_to(self._grid, len(self._rows))
            self._rows.append(row)
        for number, row in enumerate(self._rows):
            field = guide.fields[number] if number < len(guide.fields) else None
            row.show_field(field.name if field else "", field.value if field else "")
        self._fields.setVisible(bool(guide.fields))

    def _code_to_copy(self) -> str:
        return self._copied.code if self._copied is not None else ""

    def _field_to_copy(self, number: int) -> str:
        fields = self._copied.fields if self._copied is not None else ()
        return fields[number].value if number < len(fields) else ""


class _FieldRow:
    """A name, its value, and a button."""

    def __init__(self, text: partial[str], parent: QWidget) -> None:
        self._name = QLabel(parent)
        set_role(self._name, "muted")
        self._value = ElidedLabel(parent=parent)
        self._copy = CopyButton(QCoreApplication.translate("GuideView", "Copy"), text, parent)

    def add_to(self, grid: QGridLayout, row: int) -> None:
        """Put the three into a row."""
        for column, widget in enumerate((self._name, self._value, self._copy)):
            grid.addWidget(widget, row, column)
        self._value.setObjectName(f"guide_value_{row}")
        self._copy.setObjectName(f"guide_copy_{row}")

    def show_field(self, name: str, value: str) -> None:
        """Show a value; an empty name hides the row."""
        self._name.setText(name)
        self._value.setText(value)
        self._copy.setToolTip(QCoreApplication.translate("GuideView", "Copy {name}").format(name=name))
        self._copy.setAccessibleDescription(name)
        for widget in (self._name, self._value, self._copy):
            widget.setVisible(bool(name))


class CodeView(QPlainTextEdit):
    """Code to be read, as high as it is long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        """Return the height of all lines, and of the scroll bar where it may be needed."""
        margins = round(2 * self.document().documentMargin()) + _PADDING
        bar = self.horizontalScrollBar().sizeHint().height() if self.horizontalScrollBar().maximum() else 0
        return QSize(300, self.blockCount() * self.fontMetrics().lineSpacing() + margins + bar)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same height; the width is the page's."""
        return QSize(120, self.sizeHint().height())
