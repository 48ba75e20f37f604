"""Labels and fonts that several pages share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QLabel, QStyle

from preheat_gui.widgets import CAPTION_SCALE, ElidedLabel, Token, body_font, scaled_font


def title_label() -> ElidedLabel:
    """Return a label for the name of a model or download."""
    label = ElidedLabel()
    label.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
    return label


def detail_label() -> ElidedLabel:
    """Return a small muted label, elided at its end."""
    label = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
    label.setFont(scaled_font(CAPTION_SCALE))
    label.set_token(Token.MUTED)
    return label


def align_to_start(label: QLabel) -> None:
    """Align text to the side where lines start in this layout, not in the text's own language."""
    side = QStyle.visualAlignment(label.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
    label.setAlignment(side | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)


def code_font() -> QFont:
    """Return the system's fixed-width font in the body size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if (size := body_font().pointSizeF()) > 0:
        font.setPointSizeF(size)
    return font
