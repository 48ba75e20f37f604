"""Colours, fonts, spacing and style sheet, light and dark. No other module names a colour. GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, partial
from string import Template
from typing import Final, NamedTuple, cast

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QToolTip, QWidget

from preheat.paths import resource
from preheat_gui.widgets.focus_ring import FocusRing

GAP: Final = 8  # Spacing within a group, in device-independent pixels; the grid of all windows
GROUP_GAP: Final = 2 * GAP
MARGIN: Final = 3 * GAP
RADIUS: Final = 8

FIGURE_SCALE: Final = 2.0
HEADING_SCALE: Final = 1.25
CAPTION_SCALE: Final = 0.9

EASE_MS: Final = 150  # Duration of an animation
_CHOICES: Final = ("auto", "light", "dark")


class Token(StrEnum):
    """The use of a colour.

    The first ten are the palette; the others are mixed from them, so that light and dark have the same contrast:
    ``HOVER`` and ``SELECTION`` are backgrounds of text, ``CONTROL`` outlines controls, ``DISABLED`` is disabled text,
    ``TRACK`` is the empty part of a gauge.
    """

    BACKGROUND = "background"
    CARD = "card"
    TEXT = "text"
    MUTED = "muted"
    LINE = "line"
    ACCENT = "accent"
    STANDBY = "standby"
    GOOD = "good"
    BAD = "bad"
    ON_ACCENT = "on accent"
    HOVER = "hover"
    SELECTION = "selection"
    CONTROL = "control"
    DISABLED = "disabled"
    TRACK = "track"


_LIGHT: Final = {
    Token.BACKGROUND: "#FAFAF9",
    Token.CARD: "#FFFFFF",
    Token.TEXT: "#1C1917",
    Token.MUTED: "#57534E",
    Token.LINE: "#E7E5E4",
    Token.ACCENT: "#B45309",
    Token.STANDBY: "#0369A1",
    Token.GOOD: "#15803D",
    Token.BAD: "#B91C1C",
    Token.ON_ACCENT: "#FFFFFF",
}

_DARK: Final = {
    Token.BACKGROUND: "#1C1917",
    Token.CARD: "#292524",
    Token.TEXT: "#FAFAF9",
    Token.MUTED: "#A8A29E",
    Token.LINE: "#44403C",
    Token.ACCENT: "#FBBF24",
    Token.STANDBY: "#38BDF8",
    Token.GOOD: "#4ADE80",
    Token.BAD: "#F87171",
    Token.ON_ACCENT: "#1C1917",
}

# Hues of models, by index; the same index is a similar colour in light and dark. Found by a search for even, calm
# colours: any two differ by 17 or more (CIE76) for the colour-blind, too (Machado's matrices); each has a contrast of
# 3 : 1 or more to a card, and text on it one of 4.5 : 1 or more.
_LIGHT_HUES: Final = ("#976815", "#1896B6", "#197554", "#7E8A4C", "#6063B0", "#883E1F", "#C96E86", "#7E5081")
_DARK_HUES: Final = ("#C57730", "#5FB6CB", "#559969", "#A5B26A", "#8E97E1", "#ECA19D", "#B57593", "#8B67A5")
_ON_HUE: Final = ("#1C1917", "#FFFFFF")

# Where the system asks for more contrast: all text has 7 : 1 or more, and every line is drawn in the text's colour.
_LIGHT_HIGH: Final = {
    **_LIGHT,
    **dict.fromkeys((Token.BACKGROUND, Token.CARD), "#FFFFFF"),
    **dict.fromkeys((Token.TEXT, Token.MUTED, Token.LINE), "#000000"),
    Token.ACCENT: "#8A3B00",
    Token.STANDBY: "#004A7C",
    Token.GOOD: "#0B5A2B",
    Token.BAD: "#9B1111",
}
_DARK_HIGH: Final = {
    **_DARK,
    **dict.fromkeys((Token.BACKGROUND, Token.CARD, Token.ON_ACCENT), "#000000"),
    **dict.fromkeys((Token.TEXT, Token.MUTED, Token.LINE), "#FFFFFF"),
    Token.BAD: "#FF9B9B",
}
_TABLES: Final = {
    (False, False): _LIGHT,
    (True, False): _DARK,
    (False, True): _LIGHT_HIGH,
    (True, True): _DARK_HIGH,
}

# The first colour with a share of the second.
_MIXED: Final = {
    Token.HOVER: (Token.CARD, Token.TEXT, 0.05),
    Token.SELECTION: (Token.CARD, Token.ACCENT, 0.07),
    Token.CONTROL: (Token.CARD, Token.MUTED, 0.70),
    Token.DISABLED: (Token.CARD, Token.MUTED, 0.75),
    Token.TRACK: (Token.CARD, Token.TEXT, 0.11),
}


_MIXED_HIGH: Final = {  # plain to see, and still with enough contrast to texts
    Token.HOVER: (Token.CARD, Token.TEXT, 0.12),
    Token.SELECTION: (Token.CARD, Token.TEXT, 0.22),
    Token.TRACK: (Token.CARD, Token.TEXT, 0.30),
}


class Panel(StrEnum):
    """The panel's likely brightness. Some desktops do not report it; most panels are dark then."""

    LIGHT = "light"
    DARK = "dark"
    UNKNOWN = "unknown"


class Theme(QObject):
    """The appearance of one application."""

    changed = Signal()  # Light became dark, or the contrast changed; palette and style sheet are already set

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._choice = "auto"
        self.dark = False
        self.high_contrast = False  # The user asked the system for more contrast
        self._system = app.styleHints().colorScheme()
        self._colours: dict[Token, QColor] = {}
        self._hints = app.styleHints()  # kept: the wrapper owns what it returns
        self._hints.accessibility().contrastPreferenceChanged.connect(self.follow_contrast)
        self._contrast = self._hints.accessibility().contrastPreference()
        app.styleHints().colorSchemeChanged.connect(self._follow)

    @property
    def panel(self) -> Panel:
        """The panel's likely brightness: the system's, whatever the windows use."""
        return {Qt.ColorScheme.Light: Panel.LIGHT, Qt.ColorScheme.Dark: Panel.DARK}.get(self._system, Panel.UNKNOWN)

    @property
    def reduce_motion(self) -> bool:
        """Whether the user asked the system for less motion."""
        hints = self._app.styleHints()  # keep the wrapper alive: it owns what it returns
        preference = getattr(hints.accessibility(), "motionPreference", None)  # since Qt 6.12
        if preference is not None:
            return bool(preference().name == "ReducedMotion")
        return not self._app.style().styleHint(QStyle.StyleHint.SH_Widget_Animate)

    def colour(self, token: Token) -> QColor:
        return QColor(self._colours[token])

    def choose(self, choice: str) -> None:
        """Choose ``light``, ``dark``, or ``auto`` to follow the system; raises ``ValueError`` for anything else."""
        if choice not in _CHOICES:
            raise ValueError(f"no such theme: {choice}")
        self._choice = choice
        schemes = {"auto": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        self._app.styleHints().setColorScheme(schemes[choice])  # title bars and system dialogs follow
        self._follow()

    def follow_contrast(self, preference: Qt.ContrastPreference) -> None:
        """Take how much contrast the user asked the system for."""
        self._contrast = preference
        self._follow()

    def _follow(self) -> None:
        if self._choice == "auto":
            self._system = self._app.styleHints().colorScheme()
        dark = self._choice == "dark" or (self._choice == "auto" and self._system == Qt.ColorScheme.Dark)
        high = self._contrast is Qt.ContrastPreference.HighContrast
        if self._colours and (dark, high) == (self.dark, self.high_contrast):
            return
        first = not self._colours
        self.dark, self.high_contrast = dark, high
        self._colours = colours(dark=dark, high=high)
        palette = _palette(self._colours)
        self._app.setPalette(palette)
        QToolTip.setPalette(palette)
        names = {token.name: colour.name() for token, colour in self._colours.items()}
        self._app.setStyleSheet(style_sheet(names, dark=dark))
        if not first:
            self.changed.emit()


def colours(*, dark: bool, high: bool = False) -> dict[Token, QColor]:
    """Return the colours, with ``high`` those of more contrast."""
    table = {token: QColor(name) for token, name in _TABLES[dark, high].items()}
    for token, (base, other, share) in (_MIXED | (_MIXED_HIGH if high else {})).items():
        table[token] = mix(table[base], table[other], share)
    return table


class HueColours(NamedTuple):
    """A model's colours: its block, and text on it."""

    fill: QColor
    text: QColor


@cache
def model_colours(*, dark: bool) -> tuple[HueColours, ...]:
    """Return the colours of each hue of ``preheat.models.signs``."""
    fills = [QColor(name) for name in (_DARK_HUES if dark else _LIGHT_HUES)]
    texts = [QColor(name) for name in _ON_HUE]
    return tuple(HueColours(fill, max(texts, key=lambda text: contrast(text, fill))) for fill in fills)


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, 1.0 to 21.0."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def tray_colours(panel: Panel) -> dict[Token, QColor]:
    """Return the colours of the tray icon; its outline makes them visible on other panels, too."""
    return colours(dark=panel is not Panel.LIGHT)


def mix(base: QColor, other: QColor, share: float) -> QColor:
    """Return ``base`` with ``share`` (0.0 to 1.0) of ``other``."""
    return QColor(
        round(base.red() + (other.red() - base.red()) * share),
        round(base.green() + (other.green() - base.green()) * share),
        round(base.blue() + (other.blue() - base.blue()) * share),
    )


def apply_theme(app: QApplication, choice: str = "auto") -> Theme:
    """Apply or change the application's theme; ``choice`` is the setting ``theme``."""
    current = app.findChild(Theme)
    if current is None:
        app.setStyle("Fusion")
        app.setFont(_tabular(app.font()))
        current = Theme(app)
        FocusRing(app)
    current.choose(choice)
    return current


def theme() -> Theme:
    """Return the application's theme; if none was applied, apply ``auto``."""
    app = cast(QApplication, QCoreApplication.instance())
    return app.findChild(Theme) or apply_theme(app)


def scaled_font(scale: float = 1.0, weight: QFont.Weight | None = None) -> QFont:
    """Return the system's font at ``scale`` times its size."""
    font = _tabular(QApplication.font())
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * scale)
    else:  # some platforms size fonts in pixels
        font.setPixelSize(round(font.pixelSize() * scale))
    if weight is not None:
        font.setWeight(weight)
    return font


body_font = scaled_font
heading_font = partial(scaled_font, HEADING_SCALE, QFont.Weight.DemiBold)
figure_font = partial(scaled_font, FIGURE_SCALE, QFont.Weight.DemiBold)
caption_font = partial(scaled_font, CAPTION_SCALE)


def _tabular(font: QFont) -> QFont:
    tabular = QFont(font)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    return tabular


def _palette(table: dict[Token, QColor]) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, token in {
        roles.Window: Token.BACKGROUND,
        roles.WindowText: Token.TEXT,
        roles.Base: Token.CARD,
        roles.AlternateBase: Token.HOVER,
        roles.Text: Token.TEXT,
        roles.Button: Token.CARD,
        roles.ButtonText: Token.TEXT,
        roles.BrightText: Token.BAD,
        roles.Highlight: Token.SELECTION,
        roles.HighlightedText: Token.TEXT,
        roles.Accent: Token.ACCENT,
        roles.Link: Token.STANDBY,
        roles.LinkVisited: Token.STANDBY,
        roles.ToolTipBase: Token.CARD,
        roles.ToolTipText: Token.TEXT,
        roles.PlaceholderText: Token.MUTED,
        roles.Light: Token.CARD,
        roles.Midlight: Token.LINE,
        roles.Mid: Token.LINE,
        roles.Dark: Token.CONTROL,
        roles.Shadow: Token.CONTROL,
    }.items():
        palette.setColor(role, table[token])
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.HighlightedText, roles.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, table[Token.DISABLED])
    return palette


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
