"""Cards, labels, empty states and banners."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFont, QHelpEvent, QTextDocument
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from preheat_gui.widgets import (
    Banner,
    Card,
    ElidedLabel,
    EmptyState,
    Theme,
    Token,
    caption,
    figure,
    heading,
    plain,
    text_label,
)

LONG = "mistral-7b-instruct-v0.3-abliterated-q4_k_m"


def test_a_card_has_an_accessible_name(qtbot: QtBot, theme: Theme) -> None:
    card = Card("Memory")
    qtbot.addWidget(card)
    assert card.accessibleName() == card.title.text() == "Memory"
    assert not card.title.isHidden()
    card.set_title("")
    assert card.title.isHidden()


def test_a_long_name_keeps_both_ends(qtbot: QtBot, theme: Theme) -> None:
    label = ElidedLabel(LONG)
    qtbot.addWidget(label)
    label.resize(label.minimumSizeHint().width() * 2, 30)
    shown = label.shown_text()
    assert shown != LONG
    assert "…" in shown
    assert shown.startswith("mis")
    assert shown.endswith("k_m")
    assert label.accessibleName() == label.text() == LONG
    label.resize(label.sizeHint())
    assert label.shown_text() == LONG


def test_the_tooltip_has_the_whole_name_while_it_is_cut(qtbot: QtBot, theme: Theme) -> None:
    label = ElidedLabel(LONG)
    qtbot.addWidget(label)
    ask = QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), label.mapToGlobal(QPoint(1, 1)))
    label.resize(80, 30)
    QApplication.sendEvent(label, ask)
    assert label.toolTip() == LONG
    label.resize(label.sizeHint())
    QApplication.sendEvent(label, ask)
    assert label.toolTip() == ""


def test_an_elided_label_is_drawn_mirrored_too(qtbot: QtBot, theme: Theme) -> None:
    label = ElidedLabel("qwen3-4b")
    qtbot.addWidget(label)
    label.resize(300, 30)
    left = label.grab().toImage()
    label.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    right = label.grab().toImage()
    ground = left.pixelColor(299, 0)

    def written(image_column: int, mirrored: bool) -> bool:
        image = right if mirrored else left
        return any(image.pixelColor(image_column, y) != ground for y in range(30))

    assert any(written(x, False) for x in range(60))
    assert not any(written(x, False) for x in range(240, 300))
    assert any(written(x, True) for x in range(240, 300))
    assert not any(written(x, True) for x in range(60))


def test_labels_follow_the_systems_font(qtbot: QtBot, qapp: QApplication, theme: Theme) -> None:
    labels = [heading("Models"), caption("today"), figure("94")]
    for label in labels:
        qtbot.addWidget(label)
    before = QFont(qapp.font())
    sizes = [label.font().pointSizeF() for label in labels]
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 2)
    qapp.setFont(larger)
    try:
        qapp.processEvents()
        assert [label.font().pointSizeF() for label in labels] == [2 * size for size in sizes]
    finally:
        qapp.setFont(before)


def test_labels_show_markup_as_it_is(qtbot: QtBot, theme: Theme) -> None:
    for label in (heading(), caption(), figure()):
        qtbot.addWidget(label)
        assert label.textFormat() == Qt.TextFormat.PlainText


def test_an_empty_state_says_what_to_do(qtbot: QtBot, theme: Theme) -> None:
    state = EmptyState("No models yet", "Preheat serves the models in your folders.", "Get a model")
    qtbot.addWidget(state)
    assert state.accessibleName() == "No models yet"
    button = state.findChild(QPushButton, "empty_state_button")
    assert button is not None
    assert button.text() == "Get a model"
    with qtbot.waitSignal(state.clicked):
        button.click()
    state.set_words("Nothing found", "Try another word.")
    assert button.isHidden()
    assert state.accessibleDescription() == "Try another word."


def test_a_banner_without_text_is_hidden(qtbot: QtBot, theme: Theme) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    assert banner.isHidden()
    banner.show_problem("Port 11435 is taken.", "Open settings")
    assert not banner.isHidden()
    assert banner.accessibleName() == "Port 11435 is taken."
    button = banner.findChild(QPushButton, "banner_button")
    assert button is not None
    with qtbot.waitSignal(banner.clicked):
        button.click()
    banner.show_note("Attached to a Preheat that was already running.")
    assert button.isHidden()


def test_a_banners_icon_follows_the_theme(qtbot: QtBot, theme: Theme) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_problem("Port 11435 is taken.")

    def has_sign() -> bool:
        image = banner.grab().toImage()
        red = theme.colour(Token.BAD).rgb()
        return any(image.pixelColor(x, y).rgb() == red for x in range(40) for y in range(image.height()))

    assert has_sign()
    theme.choose("dark")
    try:
        assert has_sign()
    finally:
        theme.choose("light")


def test_a_title_stays_on_one_line(qtbot: QtBot, theme: Theme) -> None:
    title = heading("A title that is longer than its card is wide")
    qtbot.addWidget(title)
    assert title.minimumSizeHint().width() < title.sizeHint().width() / 3
    title.resize(title.sizeHint())
    title.show()
    whole = title.grab().toImage()
    title.resize(120, title.sizeHint().height())
    assert title.grab().toImage() != whole.copy(title.rect())  # it ends with an ellipsis
    QApplication.sendEvent(title, QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), title.mapToGlobal(QPoint(1, 1))))
    assert title.toolTip() == title.text()


def test_names_that_look_like_html_are_shown_as_such(qapp: QApplication) -> None:
    """Qt would show them as rich text, and read images from files."""
    hostile = "<img src=x onerror=1> a & b"
    document = QTextDocument()
    document.setHtml(plain(hostile))
    assert document.toPlainText() == hostile
    assert plain("a & b") == "a & b"
    parent = QWidget()
    assert text_label(hostile, "text", parent).textFormat() is Qt.TextFormat.PlainText
