"""Contrast of every pair of colours that meet, and the change between light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from preheat.paths import resource
from preheat_gui.widgets import (
    Panel,
    Theme,
    Token,
    apply_theme,
    body_font,
    caption_font,
    colours,
    figure_font,
    heading_font,
    set_role,
    theme,
    tray_colours,
)
from preheat_gui.widgets.theme import mix, model_colours

GROUNDS = (Token.BACKGROUND, Token.CARD)
WORDS = (Token.TEXT, Token.MUTED, Token.ACCENT, Token.STANDBY, Token.GOOD, Token.BAD)

TEXT_PAIRS = [
    *((word, ground) for word in WORDS for ground in GROUNDS),
    # In a selected row, or under the pointer.
    *((word, ground) for word in WORDS for ground in (Token.SELECTION, Token.HOVER)),
    (Token.ON_ACCENT, Token.ACCENT),
]
FAINT_PAIRS = [
    *((Token.DISABLED, ground) for ground in (*GROUNDS, Token.HOVER, Token.SELECTION)),
    *((Token.CONTROL, ground) for ground in GROUNDS),
    *((Token.ACCENT, ground) for ground in (*GROUNDS, Token.TRACK)),  # a gauge's fill, the ring of focus
    *((Token.STANDBY, ground) for ground in (*GROUNDS, Token.TRACK)),
]


@pytest.fixture
def look(qapp: QApplication) -> Iterator[Theme]:
    yield apply_theme(qapp, "light")
    apply_theme(qapp, "light")


def luminance(colour: QColor) -> float:
    """Return the relative luminance as WCAG 2 defines it."""
    parts = [part / 255 for part in (colour.red(), colour.green(), colour.blue())]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_of_contrast_is_the_standards() -> None:
    assert contrast(QColor("white"), QColor("black")) == pytest.approx(21.0)
    assert contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), TEXT_PAIRS)
def test_text_can_be_read(word: Token, ground: Token, dark: bool) -> None:
    table = colours(dark=dark)
    assert contrast(table[word], table[ground]) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), FAINT_PAIRS)
def test_marks_and_disabled_text_can_be_seen(mark: Token, ground: Token, dark: bool) -> None:
    table = colours(dark=dark)
    assert contrast(table[mark], table[ground]) >= 3.0


@pytest.mark.parametrize(
    ("panel", "grounds"),
    [(Panel.LIGHT, ["#F5F5F5"]), (Panel.DARK, ["#202020"]), (Panel.UNKNOWN, ["#202020"])],
)
@pytest.mark.parametrize("token", [Token.TEXT, Token.MUTED, Token.ACCENT, Token.BAD])
def test_the_tray_icon_can_be_seen(panel: Panel, grounds: list[str], token: Token) -> None:
    for ground in grounds:
        assert contrast(tray_colours(panel)[token], QColor(ground)) >= 3.0


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_the_palette_keeps_the_contrast(qapp: QApplication, look: Theme, choice: str) -> None:
    look.choose(choice)
    palette, roles = qapp.palette(), QPalette.ColorRole
    pairs = [
        (roles.WindowText, roles.Window),
        (roles.Text, roles.Base),
        (roles.Text, roles.AlternateBase),
        (roles.ButtonText, roles.Button),
        (roles.HighlightedText, roles.Highlight),
        (roles.ToolTipText, roles.ToolTipBase),
        (roles.PlaceholderText, roles.Base),
        (roles.Link, roles.Base),
    ]
    for text, ground in pairs:
        assert contrast(palette.color(text), palette.color(ground)) >= 4.5
        disabled = palette.color(QPalette.ColorGroup.Disabled, text)
        assert contrast(disabled, palette.color(QPalette.ColorGroup.Disabled, ground)) >= 3.0


def test_the_choice_is_followed_live(qapp: QApplication, look: Theme, qtbot: QtBot) -> None:
    light = look.colour(Token.BACKGROUND)
    with qtbot.waitSignal(look.changed):
        look.choose("dark")
    assert look.dark
    assert look.colour(Token.BACKGROUND) != light
    assert qapp.palette().color(QPalette.ColorRole.Window) == look.colour(Token.BACKGROUND)
    assert look.colour(Token.CARD).name() in qapp.styleSheet()
    with qtbot.assertNotEmitted(look.changed):
        look.choose("dark")
    look.choose("light")
    assert look.colour(Token.BACKGROUND) == light


def test_auto_follows_the_system(look: Theme, monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> None:
    system = Qt.ColorScheme.Dark

    class Hints:
        def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802 - Qt's name
            return system

        def setColorScheme(self, scheme: Qt.ColorScheme) -> None:  # noqa: N802
            assert scheme == Qt.ColorScheme.Unknown

    with monkeypatch.context() as patch:
        patch.setattr(look, "_app", _WithHints(qapp, Hints()))
        look.choose("auto")
        assert look.dark
        system = Qt.ColorScheme.Light
        look.choose("auto")
        assert not look.dark


class _WithHints:
    """The application, but with other hints of its system's style."""

    def __init__(self, app: QApplication, hints: object) -> None:
        self._app = app
        self._hints = hints
        self.setPalette, self.setStyleSheet = app.setPalette, app.setStyleSheet

    def styleHints(self) -> object:  # noqa: N802
        return self._hints


def test_an_unknown_choice_is_an_error(look: Theme) -> None:
    with pytest.raises(ValueError, match="sepia"):
        look.choose("sepia")


def test_there_is_one_theme(qapp: QApplication, look: Theme) -> None:
    assert theme() is look
    assert apply_theme(qapp, "light") is look


def test_font_sizes_are_relative_to_the_systems(look: Theme) -> None:
    size = body_font().pointSizeF()
    assert body_font().pointSizeF() == QApplication.font().pointSizeF()
    assert figure_font().pointSizeF() == pytest.approx(2.0 * size)
    assert heading_font().pointSizeF() == pytest.approx(1.25 * size)
    assert caption_font().pointSizeF() == pytest.approx(0.9 * size)


def test_a_font_in_pixels_is_scaled_too(qapp: QApplication, look: Theme) -> None:
    before = QFont(qapp.font())
    in_pixels = QFont(before)
    in_pixels.setPixelSize(20)
    qapp.setFont(in_pixels)
    try:
        assert figure_font().pixelSize() == 40
    finally:
        qapp.setFont(before)


def test_figures_have_equal_width(look: Theme) -> None:
    tabular = QFont.Tag("tnum")
    for font in (body_font(), figure_font(), heading_font(), caption_font()):
        assert font.featureValue(tabular) == 1
    assert QApplication.font().isFeatureSet(tabular)


def test_mixing_keeps_the_ends() -> None:
    one, other = QColor("#102030"), QColor("#F0E0D0")
    assert mix(one, other, 0.0) == one
    assert mix(one, other, 1.0) == other


def test_focus_moves_nothing(look: Theme, qtbot: QtBot) -> None:
    for widget in (QPushButton("Load"), QLineEdit()):
        qtbot.addWidget(widget)
        widget.show()
        before = widget.sizeHint()
        widget.setFocus()
        widget.ensurePolished()
        assert widget.sizeHint() == before


def test_the_chosen_entry_of_a_menu_can_be_seen(look: Theme, qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    entry = menu.addAction("Dashboard")
    menu.addAction("Settings")
    menu.popup(QPoint(0, 0))
    inside = menu.actionGeometry(entry).center()
    inside.setX(menu.actionGeometry(entry).right() - 6)

    def ground() -> QColor:
        return menu.grab().toImage().pixelColor(inside)

    assert ground() == look.colour(Token.CARD)
    menu.setActiveAction(entry)
    assert ground() == look.colour(Token.SELECTION)


def test_a_role_can_be_set_after_showing(look: Theme, qtbot: QtBot) -> None:
    label = QLabel("4.2 GB")
    qtbot.addWidget(label)
    label.show()
    set_role(label, "muted")
    assert label.palette().color(QPalette.ColorRole.WindowText) == look.colour(Token.MUTED)


@pytest.mark.parametrize("dark", [False, True])
def test_the_web_page_has_the_same_hues(dark: bool) -> None:
    css = resource("page/page.css").read_text(encoding="utf-8")
    found = re.findall(r'\[data-hue="(\d)"\] { --mark: (#\w+); --on-mark: (#\w+); }', css)
    colours = model_colours(dark=dark)
    of_theme = [
        (str(hue), colour.fill.name().upper(), colour.text.name().upper()) for hue, colour in enumerate(colours)
    ]
    assert found[len(colours) :] == of_theme if dark else found[: len(colours)] == of_theme
