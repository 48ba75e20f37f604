"""The memory of devices that models are put on, under the band of memory. GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel, QWidget

from preheat_gui.widgets import GAP, ElidedLabel, ShareBar, caption, hbox, named, vbox
from preheat_gui.words import device_names, format_memory, short_name, taken_words

if TYPE_CHECKING:
    from preheat.control import DeviceMemory, EngineSnapshot, SignBook


class DeviceBands(QWidget):
    """A bar for each device in use, in which models have their hues. Hidden without one."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "device_bands", self.tr("Memory of devices"))
        self._rows: dict[str, _Row] = {}
        self._layout = vbox(parent=self, spacing=GAP)
        self._layout.setContentsMargins(0, GAP, 0, 0)
        self.hide()

    def show_devices(self, snapshot: EngineSnapshot, signs: SignBook) -> None:
        """Show what models take of each device."""
        now = {memory.device: memory for memory in snapshot.memory.devices}
        for gone in self._rows.keys() - now.keys():
            self._rows.pop(gone).deleteLater()
        for name, memory in now.items():
            if name not in self._rows:
                self._rows[name] = _Row(name)
                self._layout.addWidget(self._rows[name])
            self._rows[name].show_memory(memory, snapshot, signs)
        self.setVisible(bool(now))


class _Row(QWidget):
    def __init__(self, device: str) -> None:
        super().__init__()
        self._device = device
        self._name = named(ElidedLabel(), f"band_name_{device}")
        self._figures: QLabel = named(caption(), f"band_figures_{device}")
        self._figures.setWordWrap(False)
        self._bar = named(ShareBar(), f"band_{device}")
        vbox(hbox((self._name, 1), self._figures), self._bar, parent=self, spacing=GAP // 2)

    def show_memory(self, memory: DeviceMemory, snapshot: EngineSnapshot, signs: SignBook) -> None:
        name = device_names(snapshot.devices).get(self._device, self._device)
        taken = [
            (model.model_id, share.taken_bytes)
            for model in snapshot.models
            for share in model.devices
            if share.device == self._device and share.taken_bytes
        ]
        whole = max(memory.limit_bytes, memory.taken_bytes, 1)
        words = taken_words(memory.taken_bytes, memory.limit_bytes)
        models = "\n".join(f"{short_name(model_id)}: {format_memory(size)}" for model_id, size in taken)
        self._name.setText(name)
        self._figures.setText(words)
        self._bar.set_parts([(size / whole, signs.sign(model_id)) for model_id, size in taken])
        self.setToolTip("\n".join(filter(None, (f"{name}: {words}", models))))
        self._bar.setAccessibleName(f"{name}: {words}")
