"""The models' signs."""

from __future__ import annotations

from itertools import combinations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from preheat_gui.widgets import (
    HUES,
    Pattern,
    Sign,
    SignBook,
    Token,
    contrast,
    model_colours,
    model_sign_icon,
    preferred_hue,
    theme,
)
from preheat_gui.widgets.theme import colours, mix

# Machado, Oliveira and Fernandes (2009), severity 1.0
BLINDNESS = {
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deutan": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritan": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def lab(colour: QColor, matrix: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """Return the colour as somebody with this blindness sees it, in CIE Lab."""
    light = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    red, green, blue = (
        min(max(sum(weight * part for weight, part in zip(row, light, strict=True)), 0.0), 1.0) for row in matrix
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("dark", [False, True])
def test_text_on_each_hue_is_readable(dark: bool) -> None:
    assert len(model_colours(dark=dark)) == HUES
    for fill, text in model_colours(dark=dark):
        assert contrast(fill, text) >= 4.5
        assert contrast(fill, colours(dark=dark)[Token.CARD]) >= 3.0
        faint = mix(colours(dark=dark)[Token.CARD], fill, 0.24)  # of what is not loaded yet
        assert contrast(colours(dark=dark)[Token.TEXT], faint) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_hues_differ_for_everyone(dark: bool, blindness: str) -> None:
    seen = [lab(fill, BLINDNESS[blindness]) for fill, _ in model_colours(dark=dark)]
    distances = [
        sum((one - other) ** 2 for one, other in zip(first, second, strict=True)) ** 0.5
        for first, second in combinations(seen, 2)
    ]
    assert min(distances) > 17


def test_a_hue_follows_from_the_name() -> None:
    first, again = (SignBook().signs(["qwen3-8b"])["qwen3-8b"] for _ in range(2))
    assert first == again
    assert (first.hue, first.pattern, first.mark) == (preferred_hue("qwen3-8b"), Pattern.PLAIN, "Q")


def test_visible_models_have_different_signs_and_keep_them() -> None:
    book, names = SignBook(), [f"qwen{number}" for number in range(24)]
    few = book.signs(names[:3])
    many = book.signs(reversed(names))
    assert len({(sign.hue, sign.pattern) for sign in many.values()}) == 24
    assert len({sign.mark for sign in many.values()}) == 24
    assert {name: many[name] for name in few} == few
    crowd = book.signs([*names, *(f"more{number}" for number in range(3))])
    assert {name: crowd[name] for name in names} == many


def test_a_model_that_comes_back_takes_no_sign_from_one_that_stayed() -> None:
    names = [f"m{number}" for number in range(40)]
    other = next(name for name in names[1:] if preferred_hue(name) == preferred_hue("m0"))
    book = SignBook()
    book.signs(["m0"])
    alone = book.signs([other])[other]
    both = book.signs(["m0", other])
    assert both[other] == alone
    assert both["m0"][:2] != alone[:2]


def test_a_name_without_letters_has_a_mark() -> None:
    assert SignBook().signs(["…"])["…"].mark == "?"


def test_few_models_all_have_their_own_sign_whoever_asks_first() -> None:
    names = [f"qwen{number}" for number in range(24)]
    book, again = SignBook(), SignBook()
    book.reserve(names[5:7], names)
    again.reserve(names[5:7], names[::-1])
    assert {name: book.sign(name) for name in names} == {name: again.sign(name) for name in names}
    assert len({book.sign(name)[:2] for name in names}) == 24
    assert [book.sign(name).pattern for name in names[5:7]] == [Pattern.PLAIN, Pattern.PLAIN]


def test_a_new_favourite_keeps_the_signs_of_few_models() -> None:
    names, book, again = ["qwen3", "qwen2", "smol", "search"], SignBook(), SignBook()
    book.reserve([], names)
    again.reserve(["search", "qwen3"], names)
    assert {name: book.sign(name) for name in names} == {name: again.sign(name) for name in names}


def test_of_many_models_those_that_come_first_have_their_own_signs() -> None:
    book, names = SignBook(), [f"m{number}" for number in range(1000)]
    book.reserve(names[:9], names)
    assert len({book.sign(name)[:2] for name in names[:9]}) == 9
    assert book.sign("m999") == (preferred_hue("m999"), Pattern.PLAIN, "M")


@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_of_a_sign_has_its_hue_and_a_readable_mark(qapp: QApplication, dark: bool) -> None:
    theme().choose("dark" if dark else "light")
    for hue, (fill, text) in enumerate(model_colours(dark=dark)):
        image = model_sign_icon(Sign(hue, Pattern.PLAIN, "Q")).pixmap(QSize(48, 48)).toImage()
        found = {image.pixelColor(x, y).rgb() for x in range(12, 36) for y in range(12, 36)}
        assert {fill.rgb(), text.rgb()} <= found
    theme().choose("light")
