"""The row of the settings dialog with the devices that were found, and why models use each or not. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from preheat.control import DeviceList, DeviceSpeed, DeviceUse, EngineSnapshot, GetDevices
from preheat_gui.bridge import EngineBridge
from preheat_gui.settings_dialog.page import ExtraRow, Remark, lay_out_row
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    ElidedLabel,
    ShareBar,
    Token,
    caption,
    caption_font,
    hbox,
    named,
    set_role,
    text_label,
    vbox,
)
from preheat_gui.words import (
    device_facts,
    device_state,
    message_opening,
    message_text,
    opening_sentences,
    sentence,
    speed_words,
    taken_words,
)

_MOST_SHAPES: Final = 8


class DevicesRow(ExtraRow):
    """Follows the snapshots."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = text_label(self.tr("Devices found"), "devices_label", self)
        self.search_text = self._side.text().casefold()
        self._field = QWidget(self)
        self._entries = vbox(parent=self._field, spacing=GROUP_GAP)
        self._outcome = named(caption(parent=self), "devices_outcome")
        self._remark = named(Remark(self), "remark_devices_found")
        self._shown: DeviceList | None = None
        self._bars: dict[str, tuple[ShareBar, QLabel]] = {}  # by device: the memory that models take, and its words
        lay_out_row(self, self._side, self._field, self._outcome, self._remark, Qt.AlignmentFlag.AlignTop)
        bridge.snapshot_changed.connect(self._show)
        self._show(bridge.snapshot)
        # The engine looks again if something has changed; the answer is in the next snapshot.
        bridge.ask(GetDevices(), lambda _: None, lambda _: None)

    def set_label_width(self, width: int) -> None:
        """Align with the labels of the other rows."""
        self._side.setFixedWidth(width)

    def _show(self, snapshot: EngineSnapshot) -> None:
        found = snapshot.devices
        if found != self._shown:
            self._shown = found
            self._rebuild(found)
        for memory in snapshot.memory.devices:
            if memory.device in self._bars:
                bar, words = self._bars[memory.device]
                bar.set_parts([(memory.taken_bytes / max(memory.limit_bytes, 1), None)])
                words.setText(
                    self.tr("Models take {taken}").format(taken=taken_words(memory.taken_bytes, memory.limit_bytes))
                )
                bar.setAccessibleName(words.text())
        for name, parts in self._bars.items():
            for part in parts:
                part.setVisible(name in {memory.device for memory in snapshot.memory.devices})

    def _rebuild(self, found: DeviceList) -> None:
        self._bars = {}
        while (item := self._entries.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for use in found.devices:
            self._entries.addWidget(self._entry(use))
        if not found.devices:
            self._entries.addWidget(text_label(self.tr("None"), "no_devices", self._field))
        self._outcome.setText(sentence(message_text(found.outcome)))
        self._outcome.setHidden(bool(found.devices))  # each has its reason
        self._remark.show_words(" ".join(opening_sentences(each.problem) for each in found.problems), wrong=False)

    def _entry(self, use: DeviceUse) -> QWidget:
        """Return a device's name and whether it is used, and below that its facts, its memory and the reason."""
        device = use.device
        entry = named(QWidget(self._field), f"device_{device.name}")
        state = text_label(device_state(in_use=use.in_use), f"state_{device.name}", entry)
        set_role(state, "good" if use.in_use else "muted")
        state.setWordWrap(False)
        title = hbox((text_label(device.description, f"description_{device.name}", entry), 1), state)
        facts = named(caption(device_facts(device), entry), f"facts_{device.name}")
        bar, words = named(ShareBar(entry), f"bar_{device.name}"), named(caption(parent=entry), f"taken_{device.name}")
        words.setWordWrap(False)
        self._bars[device.name] = bar, words
        memory = hbox((bar, 1), words, spacing=GAP)
        reason = named(caption(sentence(message_opening(use.reason)), entry), f"reason_{device.name}")
        layout = vbox(title, facts, memory, reason, parent=entry, spacing=GAP // 4)
        if use.speeds:
            layout.addWidget(self._speeds(device.name, use.speeds, entry))
        return entry

    def _speeds(self, device: str, speeds: Sequence[DeviceSpeed], parent: QWidget) -> QWidget:
        """Return a table of what was measured, the fastest shape of model first."""
        table = named(QWidget(parent), f"speeds_{device}", self.tr("Measured speeds"))
        grid = QGridLayout(table)
        grid.setContentsMargins(0, GAP // 2, 0, 0)
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP // 4)
        grid.setColumnStretch(0, 1)
        unit = caption(self.tr("Measured, in tokens per second here / on the processor"), table)
        grid.addWidget(unit, 0, 0, 1, 4)
        heads = (self.tr("Models of this shape"), self.tr("Prompt"), self.tr("Answer"), self.tr("Gain"))
        fastest = sorted(speeds, key=lambda speed: -speed.gain)[:_MOST_SHAPES]
        rows = [heads, *((speed.shape, *speed_words(speed)) for speed in fastest)]
        if len(speeds) > len(fastest):
            more = self.tr("{count} more: preheat devices").format(count=len(speeds) - len(fastest))
            rows.append((more, "", "", ""))
        for number, row in enumerate(rows):
            shape = named(ElidedLabel(row[0], table), f"speed_{device}_{number}_0")
            shape.setFont(caption_font())
            shape.set_token(Token.MUTED)
            grid.addWidget(shape, number + 1, 0)
            for column, words in enumerate(row[1:], 1):
                label = named(caption(words, table), f"speed_{device}_{number}_{column}")
                label.setWordWrap(False)
                label.setAlignment(Qt.AlignmentFlag.AlignTrailing)
                grid.addWidget(label, number + 1, column)
        return table
