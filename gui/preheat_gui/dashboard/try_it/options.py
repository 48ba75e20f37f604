"""How the models are asked: system prompt and temperature."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPlainTextEdit, QPushButton

from preheat.control import Sampling
from preheat_gui.widgets import GAP, Card, caption, hbox, named, vbox

_MAX_TEMPERATURE: Final = 2.0
_STEP: Final = 0.1
_LINES: Final = 3


class OptionsPanel(Card):
    """A card with the options of a conversation; they apply from the next question on."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "try_options_panel", self.tr("Options of this conversation"))
        self._system = named(QPlainTextEdit(), "try_system", self.tr("System prompt"))
        self._system.setPlaceholderText(self.tr("For example: Answer in one short sentence."))
        self._system.setTabChangesFocus(True)
        self._system.setFixedHeight(_LINES * self._system.fontMetrics().lineSpacing() + 2 * GAP)
        self._temperature = named(QDoubleSpinBox(), "try_temperature", self.tr("Temperature"))
        self._temperature.setRange(0.0, _MAX_TEMPERATURE)
        self._temperature.setSingleStep(_STEP)
        self._temperature.setDecimals(1)
        self._temperature.setValue(Sampling().temperature)
        self._temperature.lineEdit().setTextMargins(GAP // 2, 0, 0, 0)
        self._temperature.setToolTip(
            self.tr("0 always takes the likeliest word. Higher values vary more, and make more mistakes.")
        )
        self._reset = named(QPushButton(self.tr("&Reset")), "try_reset", tooltip=self.tr("Use the defaults again"))
        system = QLabel(self.tr("S&ystem prompt"))
        system.setBuddy(self._system)
        temperature = QLabel(self.tr("&Temperature"))
        temperature.setBuddy(self._temperature)
        about = caption(
            self.tr("What the model is told before the conversation. It applies from the next question on.")
        )
        side = vbox(temperature, self._temperature, None, self._reset, spacing=GAP // 2)
        main = vbox(system, self._system, about, spacing=GAP // 2)
        self.body.addLayout(hbox((main, 1), side, spacing=2 * GAP))
        self._system.textChanged.connect(self._on_changed)
        self._temperature.valueChanged.connect(self._on_changed)
        self._reset.clicked.connect(lambda: self.set_options("", None))
        self._on_changed()
        self.hide()

    @property
    def system(self) -> str:
        return self._system.toPlainText().strip()

    @property
    def temperature(self) -> float | None:
        """The temperature; None for the default."""
        value = round(self._temperature.value(), 1)
        return None if value == Sampling().temperature else value

    @property
    def is_default(self) -> bool:
        return not self.system and self.temperature is None

    def set_options(self, system: str, temperature: float | None) -> None:
        self._system.setPlainText(system)
        self._temperature.setValue(Sampling().temperature if temperature is None else temperature)

    def _on_changed(self) -> None:
        self._reset.setEnabled(not self.is_default)
        self.changed.emit()
