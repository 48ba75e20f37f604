"""The style sheet ``resources/windows.qss``, for what the palette cannot express."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from PySide6.QtWidgets import QWidget

from preheat.paths import resource


def style_sheet(colours: Mapping[str, str], *, dark: bool) -> str:
    """Return the style sheet for the tokens' colours by name (``TEXT``: ``#1c1917``)."""
    # A style sheet cannot colour pictures, so these contain their colours.
    ticks = ("tick-light", "tick-dark")
    pictures = {"up": "arrow-up", "down": "arrow-down", "tick": ticks[dark], "menu_tick": ticks[not dark]}
    return Template(resource("windows.qss").read_text(encoding="utf-8")).substitute(
        colours, **{name: resource(f"icons/{file_name}.svg").as_posix() for name, file_name in pictures.items()}
    )


def set_role(widget: QWidget, role: str) -> None:
    """Set a widget's role; works after it was shown, too."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
