"""The page that says how other programs use Preheat: address, key, and what to enter or to write."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from preheat.control import PortStatus
from preheat.core.snapshot import EngineSnapshot
from preheat.settings.check import HIDDEN
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.connect.guide_view import GuideView
from preheat_gui.dashboard.connect.guides import NO_MODEL, Place, make_guides
from preheat_gui.dashboard.copy_button import CopyButton
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.dashboard.model_choice import ModelChoice
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, EmptyState, heading, set_role
from preheat_gui.words import message_text, sentence

UNKNOWN_KEY: Final = "YOUR_KEY"
"""Stands where there is a key that this process cannot know."""

_LIST_AIR: Final = 5 * GAP


class ConnectPage(FollowingPage):
    """How to connect. Follows port, settings and models while it is shown.

    Attributes:
        memory_changed: The user chose another program; ``memory()`` has it.
    """

    memory_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("connect_page")
        self._address = ElidedLabel()
        self._copy_address = CopyButton(self.tr("&Copy"), self._address_to_copy)
        self._key = ElidedLabel()
        self._copy_key = CopyButton(self.tr("C&opy"), self._key_to_copy)
        self._show_key = QPushButton(self.tr("S&how"))
        self._model = ModelChoice()
        self._programs = QListWidget()
        self._guide = GuideView()
        self._closed = EmptyState("", "")
        self._stack = QStackedWidget()
        self._build()
        self._render()

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        self._bridge.port_changed.connect(self._render)
        self._bridge.settings_changed.connect(self._render)
        self._bridge.opened.connect(self._render)
        super()._follow()
        self._render()

    def _rest(self) -> None:
        super()._rest()
        self._bridge.port_changed.disconnect(self._render)
        self._bridge.settings_changed.disconnect(self._render)
        self._bridge.opened.disconnect(self._render)
        self._show_key.setChecked(False)

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        item = self._programs.currentItem()
        return {"connect_program": item.data(Qt.ItemDataRole.UserRole) if item is not None else ""}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this; what is missing or nonsense is left out."""
        for row in range(self._programs.count()):
            if self._programs.item(row).data(Qt.ItemDataRole.UserRole) == memory.get("connect_program"):
                self._programs.setCurrentRow(row)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._address.setObjectName("connect_address")
        self._copy_address.setObjectName("connect_copy_address")
        self._copy_address.setAccessibleDescription(self.tr("Address"))
        self._key.setObjectName("connect_key")
        self._copy_key.setObjectName("connect_copy_key")
        self._copy_key.setAccessibleDescription(self.tr("API key"))
        self._show_key.setObjectName("connect_show_key")
        self._show_key.setCheckable(True)
        self._show_key.setToolTip(self.tr("Show the API key on the screen"))
        self._show_key.toggled.connect(self._render)
        self._model.setObjectName("connect_model")
        self._model.setMaximumWidth(420)
        self._model.choice_changed.connect(self._render)
        self._closed.setObjectName("connect_closed")
        self._closed.clicked.connect(self._on_closed)
        self._build_programs()
        opened = QWidget()
        inner = QVBoxLayout(opened)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GROUP_GAP)
        inner.addWidget(self._head())
        body = QHBoxLayout()
        body.setSpacing(GAP)
        body.addWidget(self._programs)
        body.addWidget(self._guide, 1)
        inner.addLayout(body, 1)
        self._stack.addWidget(opened)
        self._stack.addWidget(self._closed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        top = QHBoxLayout()
        top.addWidget(heading(self.tr("Connect")))
        top.addStretch(1)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)

    def _head(self) -> Card:
        card = Card()
        grid = QGridLayout()
        grid.setHorizontalSpacing(GROUP_GAP)
        grid.setVerticalSpacing(GAP)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget, tuple[QWidget, ...]], ...] = (
            (self.tr("Address"), self._address, (self._copy_address,)),
            (self.tr("API key"), self._key, (self._show_key, self._copy_key)),
            (self.tr("Model"), self._model, ()),
        )
        for row, (words, value, buttons) in enumerate(rows):
            label = QLabel(words)
            set_role(label, "muted")
            grid.addWidget(label, row, 0)
            grid.addWidget(value, row, 1)
            line = QHBoxLayout()
            line.setSpacing(GAP)
            line.addStretch(1)
            for button in buttons:
                line.addWidget(button)
            grid.addLayout(line, row, 2)
        card.body.addLayout(grid)
        return card

    def _build_programs(self) -> None:
        set_role(self._programs, "sidebar")
        self._programs.setObjectName("connect_programs")
        self._programs.setAccessibleName(self.tr("Programs"))
        self._programs.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for guide in make_guides(Place("", NO_MODEL)):
            item = QListWidgetItem(guide.title)
            item.setData(Qt.ItemDataRole.UserRole, guide.key)
            self._programs.addItem(item)
        self._programs.setFixedWidth(self._programs.sizeHintForColumn(0) + _LIST_AIR)
        self._programs.setCurrentRow(0)
        self._programs.currentRowChanged.connect(self._on_program)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._model.update_models(snapshot)  # what differs is rendered by choice_changed

    def _on_program(self) -> None:
        self._render()
        self.memory_changed.emit()

    def _on_closed(self) -> None:
        port = self._bridge.port
        if port.engine_error is not None:
            self._bridge.restart_engine()
        else:
            self._bridge.view_requested.emit("settings", "port")

    def _address_to_copy(self) -> str:
        return self._place().base

    def _key_to_copy(self) -> str:
        return self._place().key

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _place(self) -> Place:
        keys = self._bridge.settings.api_keys
        key = "" if not keys else UNKNOWN_KEY if keys[0] == HIDDEN else keys[0]
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
            self._say_closed(port)
            return
        self._stack.setCurrentIndex(0)
        place = self._place()
        unknown = place.key == UNKNOWN_KEY
        shown = place if self._show_key.isChecked() or unknown else place.masked()
        self._address.setText(place.base)
        self._key.setText(self._key_words(place, shown))
        self._show_key.setVisible(bool(place.key) and not unknown)
        self._show_key.setText(self.tr("&Hide") if self._show_key.isChecked() else self.tr("S&how"))
        self._copy_key.setVisible(bool(place.key) and not unknown)
        self._model.setEnabled(self._model.choice is not None)
        row = max(0, self._programs.currentRow())
        self._guide.show_guide(make_guides(shown)[row], make_guides(place)[row])

    def _key_words(self, place: Place, shown: Place) -> str:
        if not place.key:
            return self.tr("None is needed: only programs on this machine can reach Preheat.")
        if place.key == UNKNOWN_KEY:
            return self.tr("One is needed; it is in the settings of the Preheat that runs.")
        return shown.key

    def _say_closed(self, port: PortStatus) -> None:
        self._stack.setCurrentWidget(self._closed)
        if port.engine_error is not None:
            self._closed.set_words(
                self.tr("Programs cannot reach Preheat"),
                sentence(message_text(port.engine_error)),
                self.tr("&Start it again"),
            )
        elif port.error is not None:
            self._closed.set_words(
                self.tr("Programs cannot reach Preheat"),
                f"{sentence(port.error.title)} {sentence(port.error.hint)}".strip(),
                self.tr("Open &settings"),
            )
        else:
            self._closed.set_words(self.tr("One moment"), self.tr("Preheat is opening its port."))
