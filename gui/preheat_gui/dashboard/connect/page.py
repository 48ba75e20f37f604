"""The connect page: address, key, and set-up guides for other apps, with steps and code to copy."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from preheat.control import EngineSnapshot, PortStatus
from preheat.errors import PortInUseError
from preheat.settings import HIDDEN, Group, KeyStore
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.connect.guides import NO_MODEL, Field, Guide, Place, make_guides
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.parts import CopyButton, ModelChoice, code_font
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, EmptyState, hbox, named, set_role, vbox
from preheat_gui.words import error_text, message_text, sentence

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


UNKNOWN_KEY: Final = "YOUR_KEY"  # Stands for a key that this process cannot know
_LIST_PADDING: Final = 5 * GAP


class ConnectPage(DashboardPage):
    """Guides for other apps."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "connect")
        self._address = named(ElidedLabel(), "connect_address")
        self._copy_address = named(CopyButton(self.tr("&Copy"), lambda: self._place().base), "connect_copy_address")
        self._copy_address.setAccessibleDescription(self.tr("Address"))
        self._key = named(ElidedLabel(), "connect_key")
        self._copy_key = named(CopyButton(self.tr("C&opy"), lambda: self._place().key), "connect_copy_key")
        self._copy_key.setAccessibleDescription(self.tr("API key"))
        self._show_key = QPushButton(self.tr("S&how"))
        named(self._show_key, "connect_show_key", tooltip=self.tr("Show the API key"))
        self._show_key.setCheckable(True)
        self._model = named(ModelChoice(bridge.signs), "connect_model")
        self._model.setMaximumWidth(420)
        self._apps = named(QListWidget(), "connect_programs", self.tr("Apps"))
        self._guide = GuideView()
        self._closed = named(EmptyState("", ""), "connect_closed")
        self.focus_order = (self._apps, self._closed.button)
        self._stack = QStackedWidget()
        self._build()
        self._live += [
            (bridge.port_changed, self._render),
            (bridge.settings_changed, self._render),
            (bridge.opened, self._render),
        ]
        self._show_key.toggled.connect(self._render)
        self._model.choice_changed.connect(self._render)
        self._closed.clicked.connect(self._on_closed)
        self._apps.currentRowChanged.connect(self._on_app)
        self._render()

    def memory(self) -> dict[str, str]:
        item = self._apps.currentItem()
        return {"connect_program": item.data(Qt.ItemDataRole.UserRole) if item is not None else ""}

    def remember(self, memory: Mapping[str, str]) -> None:
        for number in range(self._apps.count()):
            if self._apps.item(number).data(Qt.ItemDataRole.UserRole) == memory.get("connect_program"):
                self._apps.setCurrentRow(number)

    def _build(self) -> None:
        set_role(self._apps, "sidebar")
        self._apps.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for guide in make_guides(Place("", NO_MODEL)):
            item = QListWidgetItem(guide.title, self._apps)
            item.setData(Qt.ItemDataRole.UserRole, guide.key)
        self._apps.setFixedWidth(self._apps.sizeHintForColumn(0) + _LIST_PADDING)
        self._apps.setCurrentRow(0)
        opened = QWidget()
        vbox(self._head(), (hbox(self._apps, (self._guide, 1)), 1), spacing=GROUP_GAP, parent=opened)
        self._stack.addWidget(opened)
        self._stack.addWidget(self._closed)
        self._lay_out(self.tr("Connect"), (), (self._stack, 1))

    def _head(self) -> Card:
        card, grid = Card(), QGridLayout()
        grid.setHorizontalSpacing(GROUP_GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget, tuple[QWidget, ...]], ...] = (
            (self.tr("Address"), self._address, (self._copy_address,)),
            (self.tr("API key"), self._key, (self._show_key, self._copy_key)),
            (self.tr("Model"), self._model, ()),
        )
        for number, (text, value, buttons) in enumerate(rows):
            label = QLabel(text)
            set_role(label, "muted")
            grid.addWidget(label, number, 0)
            grid.addWidget(value, number, 1)
            grid.addLayout(hbox(None, *buttons), number, 2)
        card.body.addLayout(grid)
        return card

    def _on_activated(self) -> None:
        super()._on_activated()
        self._render()

    def _on_deactivated(self) -> None:
        self._show_key.setChecked(False)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._model.update_models(snapshot)  # choice_changed renders the rest

    def _on_app(self) -> None:
        self._render()
        self.memory_changed.emit()

    def _on_closed(self) -> None:
        if self._bridge.port.engine_error is not None or isinstance(self._bridge.port.error, PortInUseError):
            self._bridge.restart_engine()
        else:
            self._bridge.view_requested.emit("settings", Group.ACCESS.value)

    def _place(self) -> Place:
        keys = self._bridge.settings.api_keys
        key = next((UNKNOWN_KEY if key == HIDDEN else key for key in keys), "")
        if not key and KeyStore().read():
            key = UNKNOWN_KEY  # only hashes of named keys are stored
        choice = self._model.choice
        return Place(
            self._bridge.port.url or "",
            choice.model_id if choice is not None else NO_MODEL,
            key,
            choice is not None and choice.embeddings,
            sys.platform == "win32",
        )

    def _render(self) -> None:
        port = self._bridge.port
        if port.url is None or port.engine_error is not None:
            self._explain_closed(port)
            return
        self._stack.setCurrentIndex(0)
        place = self._place()
        known = bool(place.key) and place.key != UNKNOWN_KEY
        shown = place if self._show_key.isChecked() or not known else place.masked()
        self._address.setText(place.base)
        self._key.setText(self._key_words(shown))
        self._show_key.setVisible(known)
        self._show_key.setText(self.tr("&Hide") if self._show_key.isChecked() else self.tr("S&how"))
        self._copy_key.setVisible(known)
        self._model.setEnabled(self._model.choice is not None)
        number = max(0, self._apps.currentRow())
        self._guide.show_guide(make_guides(shown)[number], make_guides(place)[number])

    def _key_words(self, shown: Place) -> str:
        if not shown.key:
            return self.tr("Not needed: only apps on this computer can connect.")
        if shown.key == UNKNOWN_KEY:
            return self.tr("Needed: make one with “preheat keys add NAME”.")
        return shown.key

    def _explain_closed(self, port: PortStatus) -> None:
        self._stack.setCurrentWidget(self._closed)
        title = self.tr("Other apps can't connect")
        if port.engine_error is not None:
            self._closed.set_words(title, sentence(message_text(port.engine_error)), self.tr("&Start it again"))
        elif isinstance(port.error, PortInUseError):
            self._closed.set_words(title, error_text(port.error), self.tr("&Try again"))
        elif port.error is not None:
            self._closed.set_words(title, error_text(port.error), self.tr("Open &settings"))
        else:
            self._closed.set_words(self.tr("One moment"), self.tr("Preheat is opening its port."))
