"""The style sheet, generated from the tokens of ``theme.py``, for what the palette cannot express.

Widgets choose a look with the property ``role``: ``card`` or ``banner`` for frames, ``main`` for a window's main
button, ``quiet`` for a button without outline, ``sidebar`` for a list of pages, ``muted`` for labels, ``reading`` for
read-only texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

from PySide6.QtWidgets import QWidget

from preheat.paths import resource

# A focused control has a border of 2 px and 1 px less padding: nothing moves.
_SHEET: Final = Template("""
QFrame[role="card"] { background: $CARD; border: 1px solid $LINE; border-radius: 8px; }
QFrame[role="banner"] { background: $SELECTION; border: 1px solid $LINE; border-radius: 8px; }
QLabel[role="muted"] { color: $MUTED; }
QLabel[role="bad"] { color: $BAD; }
QLabel[role="muted"]:disabled { color: $DISABLED; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QPushButton, QToolButton {
    background: $CARD; color: $TEXT; border: 1px solid $CONTROL; border-radius: 6px; padding: 5px 13px;
}
QToolButton { padding: 5px; }
QPushButton:hover, QToolButton:hover { background: $HOVER; }
QPushButton:pressed, QPushButton:checked, QToolButton:pressed, QToolButton:checked { background: $SELECTION; }
QPushButton:focus { border: 2px solid $ACCENT; padding: 4px 12px; }
QToolButton:focus { border: 2px solid $ACCENT; padding: 4px; }
QPushButton:disabled, QToolButton:disabled { color: $DISABLED; border-color: $LINE; background: $BACKGROUND; }
QPushButton[role="main"] { background: $ACCENT; color: $ON_ACCENT; border-color: $ACCENT; }
QPushButton[role="main"]:hover { background: $ACCENT; border-color: $TEXT; }
QPushButton[role="main"]:focus { border: 2px solid $TEXT; }
QPushButton[role="main"]:disabled { background: $BACKGROUND; color: $DISABLED; border-color: $LINE; }
QPushButton[role="quiet"], QToolButton[role="quiet"] { background: transparent; border-color: transparent; }
QPushButton#settings_button { text-align: left; }
QPushButton[role="quiet"]:hover, QToolButton[role="quiet"]:hover { background: $HOVER; }
QPushButton[role="quiet"]:focus, QToolButton[role="quiet"]:focus { border-color: $ACCENT; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {
    background: $CARD; color: $TEXT; border: 1px solid $CONTROL; border-radius: 6px; padding: 5px 7px;
    selection-background-color: $ACCENT; selection-color: $ON_ACCENT;
}
QPlainTextEdit[role="reading"], QTextEdit[role="reading"] { border-color: $LINE; border-radius: 8px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {
    border: 2px solid $ACCENT; padding: 4px 6px;
}
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
    background: $BACKGROUND; color: $DISABLED; border-color: $LINE;
}
QLineEdit[wrong="true"], QPlainTextEdit[wrong="true"], QAbstractSpinBox[wrong="true"], QComboBox[wrong="true"] {
    border-color: $BAD;
}
QComboBox::drop-down { border: none; width: 22px; subcontrol-origin: border; }
QComboBox::down-arrow { image: url("$down"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $CARD; border: none; border-radius: 0; }
QAbstractSpinBox { padding: 4px 22px 4px 7px; }
QAbstractSpinBox:focus { padding: 3px 21px 3px 6px; }
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus, QComboBox QLineEdit, QComboBox QLineEdit:focus {
    border: none; padding: 0 5px; background: transparent;
}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    border: none; width: 20px; subcontrol-origin: border; background: transparent;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; margin-top: 2px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; margin-bottom: 2px; }
QAbstractSpinBox::up-arrow { image: url("$up"); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url("$down"); width: 10px; height: 10px; }

QCheckBox, QRadioButton, QGroupBox { spacing: 8px; }
QCheckBox::indicator, QRadioButton::indicator, QGroupBox::indicator {
    width: 14px; height: 14px; border: 1px solid $CONTROL; border-radius: 4px; background: $CARD;
}
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { background: $HOVER; }
QCheckBox::indicator:checked, QGroupBox::indicator:checked {
    background: $ACCENT; border-color: $ACCENT; image: url("$tick");
}
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $ACCENT; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { width: 12px; height: 12px; border: 2px solid $ACCENT; }
QCheckBox::indicator:checked:focus { border-color: $TEXT; }
QRadioButton::indicator:checked:focus { width: 4px; height: 4px; border: 6px solid $ACCENT; background: $TEXT; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { background: $BACKGROUND; border-color: $DISABLED; }
QCheckBox::indicator:checked:disabled { background: $DISABLED; }

QSlider:horizontal { min-height: 20px; }
QSlider::groove:horizontal { height: 4px; background: $TRACK; border-radius: 2px; margin: 0 8px; }
QSlider::sub-page:horizontal { background: $ACCENT; border-radius: 2px; margin: 0 8px; }
QSlider::handle:horizontal {
    width: 14px; height: 14px; margin: -6px -8px; border: 1px solid $CONTROL; border-radius: 8px; background: $CARD;
}
QSlider::handle:horizontal:focus { border: 2px solid $ACCENT; width: 12px; height: 12px; }
QSlider::sub-page:horizontal:disabled { background: $DISABLED; }

QAbstractItemView { background: $CARD; border: 1px solid $LINE; border-radius: 8px; outline: none; }
QAbstractItemView::item { padding: 4px 8px; }
QAbstractItemView::item:hover { background: $HOVER; }
QAbstractItemView::item:selected { background: $SELECTION; color: $TEXT; }
QAbstractItemView[role="sidebar"] { background: transparent; border: none; icon-size: 16px; }
QAbstractItemView[role="sidebar"]::item { padding: 7px 12px; border-radius: 6px; border: 2px solid transparent; }
QAbstractItemView[role="sidebar"]::item:selected { color: $TEXT; }
QAbstractItemView[role="sidebar"]::item:selected:focus { border-color: $ACCENT; }
QHeaderView { background: transparent; border: none; border-radius: 0; font-weight: normal; }
QHeaderView::section {
    background: transparent; color: $MUTED; border: none; border-bottom: 1px solid $LINE; padding: 6px 8px;
    font-weight: normal;
}
QHeaderView::section:hover { color: $TEXT; }
QTableCornerButton::section { background: $CARD; border: none; }

QTabWidget::pane { border: none; border-top: 1px solid $LINE; }
QTabBar::tab { color: $MUTED; padding: 7px 14px; border: none; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $TEXT; }
QTabBar::tab:selected { color: $TEXT; border-bottom-color: $ACCENT; }
QTabBar::tab:focus { background: $SELECTION; }

QMenu { background: $CARD; border: 1px solid $LINE; padding: 4px; }
QMenu::item { padding: 5px 14px; border: 1px solid transparent; border-radius: 4px; }
QMenu::item:selected { background: $SELECTION; border-color: $LINE; }
QMenu::item:disabled { color: $DISABLED; }
QMenu::item:disabled:selected { background: transparent; border-color: transparent; }
QMenu::indicator { width: 14px; height: 14px; margin: 0 3px; }
QMenu::indicator:checked { image: url("$menu_tick"); }
QMenu::separator { height: 1px; background: $LINE; margin: 4px 8px; }
QBalloonTip { background: $CARD; }
QBalloonTip QLabel { color: $TEXT; }
QToolTip { background: $CARD; color: $TEXT; border: 1px solid $CONTROL; padding: 5px 7px; }
QProgressBar { background: $TRACK; border: none; border-radius: 3px; max-height: 6px; }
QProgressBar::chunk { background: $ACCENT; border-radius: 3px; }
QSplitter::handle { background: transparent; }

QScrollArea { background: transparent; border: none; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $CONTROL; border-radius: 3px; margin: 3px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $MUTED; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")


def style_sheet(colours: Mapping[str, str], *, dark: bool) -> str:
    """Return the style sheet for the tokens' colours by name (``TEXT``: ``#1c1917``)."""
    # A style sheet cannot colour pictures, so these contain their colours.
    ticks = ("tick-light", "tick-dark")
    pictures = {"up": "arrow-up", "down": "arrow-down", "tick": ticks[dark], "menu_tick": ticks[not dark]}
    return _SHEET.substitute(
        colours, **{name: resource(f"icons/{file_name}.svg").as_posix() for name, file_name in pictures.items()}
    )


def set_role(widget: QWidget, role: str) -> None:
    """Set a widget's role; works after it was shown, too."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
