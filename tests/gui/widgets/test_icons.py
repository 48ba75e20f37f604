"""The tray icon's states differ at every size, and symbols follow the theme."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from PySide6.QtWidgets import QApplication

from preheat.paths import resource
from preheat_gui.widgets import (
    PROGRESS_STEPS,
    TRAY_SIZES,
    Panel,
    Theme,
    Token,
    TrayState,
    apply_theme,
    contrast,
    mark_icon,
    symbol,
    tray_colours,
    tray_icon,
)

# What the windows use; a symbol that goes missing is found here, not by a person.
SYMBOLS = [
    *("chart", "chat", "check", "copy", "download", "eject", "flame", "folder", "gear", "info", "list", "more"),
    *("pause", "play", "plug", "refresh", "search", "star", "star-filled", "stop", "warning"),
]

LOOKS = [
    (TrayState.IDLE, None, 0),
    (TrayState.PRELOADING, 0.0, 0),
    (TrayState.PRELOADING, 0.5, 0),
    (TrayState.PRELOADING, 1.0, 0),
    *((TrayState.HOT, None, count) for count in range(1, 11)),
    (TrayState.PAUSED, None, 0),
    (TrayState.ERROR, None, 0),
]

PANELS = {Panel.LIGHT: "#F5F5F5", Panel.DARK: "#202020"}


def picture(icon: QIcon, size: int) -> QImage:
    pixmap = icon.pixmap(QSize(size, size))
    assert pixmap.size() == QSize(size, size)
    return pixmap.toImage().convertToFormat(QImage.Format.Format_ARGB32)


def differing_pixels(one: QImage, other: QImage) -> int:
    return sum(
        one.pixelColor(x, y).alpha() // 64 != other.pixelColor(x, y).alpha() // 64
        or (one.pixelColor(x, y).alpha() > 128 and one.pixelColor(x, y) != other.pixelColor(x, y))
        for x in range(one.width())
        for y in range(one.height())
    )


def has_colour(image: QImage, colour: QColor) -> bool:
    return any(
        image.pixelColor(x, y).rgb() == colour.rgb() for x in range(image.width()) for y in range(image.height())
    )


@pytest.mark.parametrize("size", [16, 22])
def test_the_states_can_be_told_apart(qapp: QApplication, size: int) -> None:
    pictures = [
        picture(tray_icon(state, progress=progress, count=count, panel=Panel.LIGHT), size)
        for state, progress, count in LOOKS
    ]
    for one, other in combinations(pictures, 2):
        assert differing_pixels(one, other) >= 3


def test_as_a_template_the_states_differ_by_shape_alone(qapp: QApplication) -> None:
    icons = [
        tray_icon(state, progress=progress, count=count, panel=Panel.LIGHT, template=True)
        for state, progress, count in LOOKS
    ]
    for one, other in combinations(icons, 2):
        shapes = [picture(icon, 22).convertToFormat(QImage.Format.Format_Alpha8) for icon in (one, other)]
        assert differing_pixels(*shapes) >= 3
    assert all(icon.isMask() for icon in icons)
    assert not tray_icon(TrayState.HOT, progress=None, count=1, panel=Panel.LIGHT, template=False).isMask()


@pytest.mark.parametrize("panel", Panel)
def test_each_state_has_its_colour(qapp: QApplication, panel: Panel) -> None:
    colours = tray_colours(panel)
    amber, red = colours[Token.ACCENT], colours[Token.BAD]
    for state, progress, count in LOOKS:
        image = picture(tray_icon(state, progress=progress, count=count, panel=panel), 64)
        filling = state is TrayState.PRELOADING and bool(progress)
        assert has_colour(image, amber) == (filling or state is TrayState.HOT)
        assert has_colour(image, red) == (state is TrayState.ERROR)


def edges(image: QImage, ground: str) -> int:
    """Return the number of adjacent pixels with a contrast of 3 : 1 or more, on a panel of this colour."""
    shown = QImage(image.size(), QImage.Format.Format_RGB32)
    shown.fill(QColor(ground))
    painter = QPainter(shown)
    painter.drawImage(0, 0, image)
    painter.end()
    size = shown.width()
    pixels = [[shown.pixelColor(x, y) for x in range(size)] for y in range(size)]
    pairs = [(pixels[y][x], pixels[y][x + 1]) for y in range(size) for x in range(size - 1)]
    pairs += [(pixels[y][x], pixels[y + 1][x]) for y in range(size - 1) for x in range(size)]
    return sum(contrast(*pair) >= 3.0 for pair in pairs if pair[0] != pair[1])


@pytest.mark.parametrize("size", [16, 22, 24])
@pytest.mark.parametrize("ground", ["#FFFFFF", "#F5F5F5", "#202020", "#000000"])
@pytest.mark.parametrize("panel", Panel)
def test_it_is_legible_whatever_the_panel_is_like(qapp: QApplication, panel: Panel, ground: str, size: int) -> None:
    for state, progress, count in LOOKS:
        image = picture(tray_icon(state, progress=progress, count=count, panel=panel, template=False), size)
        assert edges(image, ground) >= 14, (state, count)


@pytest.mark.parametrize("ground", PANELS.values())
@pytest.mark.parametrize("panel", Panel)
def test_the_states_can_be_told_apart_on_any_panel(qapp: QApplication, panel: Panel, ground: str) -> None:
    looks = [look for look in LOOKS if look != (TrayState.PRELOADING, 1.0, 0)]  # shown for a moment
    shown = []
    for state, progress, count in looks:
        image = QImage(16, 16, QImage.Format.Format_RGB32)
        image.fill(QColor(ground))
        painter = QPainter(image)
        icon = tray_icon(state, progress=progress, count=count, panel=panel, template=False)
        painter.drawImage(0, 0, picture(icon, 16))
        painter.end()
        shown.append(image)
    for (one_look, one), (other_look, other) in combinations(zip(looks, shown, strict=True), 2):
        differing = [
            contrast(one.pixelColor(x, y), other.pixelColor(x, y)) >= 2.0 for x in range(16) for y in range(16)
        ]
        assert sum(differing) >= 3, (one_look, other_look)


def test_it_is_there_at_every_size(qapp: QApplication) -> None:
    icon = tray_icon(TrayState.HOT, progress=None, count=3, panel=Panel.DARK)
    assert {size.width() for size in icon.availableSizes()} == set(TRAY_SIZES)
    for size in TRAY_SIZES:
        assert picture(icon, size).pixelColor(size // 3, size * 2 // 3).alpha() == 255


def test_the_ring_fills_in_steps(qapp: QApplication) -> None:
    """An icon that shows the same is the same: the panel is not bothered."""
    step = 1 / PROGRESS_STEPS

    def shown(progress: float) -> int:
        return tray_icon(TrayState.PRELOADING, progress=progress, count=0, panel=Panel.LIGHT).cacheKey()

    assert shown(0.5) == shown(0.5 + step / 3)
    assert shown(0.5) != shown(0.5 + step)
    assert shown(-1.0) == shown(0.0)
    assert shown(7.0) == shown(1.0)


def test_more_than_nine_are_many(qapp: QApplication) -> None:
    ten, many = (tray_icon(TrayState.HOT, progress=None, count=count, panel=Panel.LIGHT) for count in (10, 250))
    assert ten.cacheKey() == many.cacheKey()


@pytest.mark.parametrize("name", SYMBOLS)
def test_every_symbol_follows_the_theme(theme: Theme, qapp: QApplication, name: str) -> None:
    icon = symbol(name)
    assert has_colour(picture(icon, 48), theme.colour(Token.TEXT))
    try:
        apply_theme(qapp, "dark")
        assert has_colour(picture(icon, 48), theme.colour(Token.TEXT))
    finally:
        apply_theme(qapp, "light")


def test_a_disabled_symbol_is_faint(theme: Theme) -> None:
    image = symbol("stop").pixmap(QSize(48, 48), QIcon.Mode.Disabled).toImage()
    assert has_colour(image, theme.colour(Token.DISABLED))


def test_an_unknown_symbol_is_an_error(theme: Theme) -> None:
    with pytest.raises(FileNotFoundError):
        symbol("unicorn")


def test_a_symbol_survives_being_copied_and_changed(theme: Theme) -> None:
    icon = QIcon(symbol("star", Token.ACCENT))
    icon.addPixmap(symbol("stop").pixmap(16, 16))  # makes it clone its engine
    assert has_colour(picture(icon, 48), theme.colour(Token.ACCENT))


def test_the_mark_is_amber(theme: Theme) -> None:
    assert has_colour(picture(mark_icon(), 32), theme.colour(Token.ACCENT))


def test_no_picture_has_a_colour_of_its_own(qapp: QApplication) -> None:
    """But for the few that a style sheet shows, which cannot colour them."""
    for path in resource("icons").glob("*.svg"):
        if not path.stem.startswith(("arrow-", "tick-")):
            assert "currentColor" in path.read_text()
            assert "#" not in path.read_text()
