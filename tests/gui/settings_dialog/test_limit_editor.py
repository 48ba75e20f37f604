from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSlider

from children import press_key, type_text
from fake_bridge import model, snapshot
from preheat.control import LimitPoint, LimitPreview, State
from preheat.settings import Settings
from preheat_gui.bridge import CurveState, LimitCurve
from preheat_gui.settings_dialog.declarations import declaration
from preheat_gui.settings_dialog.limit_editor import LimitEditor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from fake_bridge import FakeBridge
    from preheat_gui.widgets import Theme

GB = 10**9
POINTS = (LimitPoint(4 * GB, 0.5, 600.0), LimitPoint(8 * GB, 0.9, 120.0), LimitPoint(16 * GB, 0.98, 12.0))


@pytest.fixture
def editor(qtbot: QtBot, theme: Theme, curve: LimitCurve, bridge: FakeBridge) -> LimitEditor:
    made = LimitEditor(declaration("memory_limit"), Settings(), 16 * GB, curve, bridge)
    qtbot.addWidget(made)
    made.set_text("50%")
    made.show()
    return made


def part(editor: LimitEditor, kind: type[Any], name: str) -> Any:
    found = editor.findChild(kind, name)
    assert found is not None
    return found


def test_bytes_and_percent_are_both_shown(editor: LimitEditor) -> None:
    amount = part(editor, QLabel, "limit_amount")
    assert amount.text() == "8.0 GB of 16.0 GB"
    assert part(editor, QSlider, "limit_slider").value() == 500
    editor.set_text("4GB")
    assert amount.text() == "25 % of 16.0 GB"
    assert part(editor, QSlider, "limit_slider").value() == 250
    assert part(editor, QComboBox, "limit_unit").currentData() == "GB"


@pytest.mark.parametrize(
    ("text", "value", "snapped", "exact"),
    [("50%", 595, "60%", "60%"), ("50%", 570, "57%", "57%"), ("8GB", 502, "8GB", "8GB"), ("8GB", 511, "8GB", "8.2GB")],
)
def test_a_dragged_handle_jumps_to_round_values(
    editor: LimitEditor, text: str, value: int, snapped: str, exact: str
) -> None:
    slider = part(editor, QSlider, "limit_slider")
    editor.set_text(text)
    slider.setSliderDown(True)
    slider.setValue(value)
    slider.setSliderDown(False)
    assert editor.text() == snapped
    slider.setValue(value - 1)
    slider.setValue(value)
    assert editor.text() == exact


def test_the_keyboard_moves_by_one_percent(qtbot: QtBot, editor: LimitEditor) -> None:
    texts: list[str] = []
    editor.edited.connect(texts.append)
    press_key(part(editor, QSlider, "limit_slider"), Qt.Key.Key_Right)
    press_key(part(editor, QSlider, "limit_slider"), Qt.Key.Key_Right)
    assert texts == ["51%", "52%"]


def test_an_exact_entry_moves_the_slider_and_a_wrong_one_leaves_it(qtbot: QtBot, editor: LimitEditor) -> None:
    entry = part(editor, QLineEdit, "field_memory_limit")
    entry.clear()
    type_text(entry, "12GB")
    assert part(editor, QSlider, "limit_slider").value() == 750
    type_text(entry, "x")
    assert part(editor, QSlider, "limit_slider").value() == 750
    assert part(editor, QLabel, "limit_amount").text() == ""
    assert editor.text() == "12GBx"


def test_another_unit_keeps_the_amount(editor: LimitEditor) -> None:
    unit = part(editor, QComboBox, "limit_unit")
    unit.setCurrentIndex(unit.findData("GB"))
    unit.activated.emit(unit.currentIndex())
    assert editor.text() == "8GB"
    unit.setCurrentIndex(unit.findData("%"))
    unit.activated.emit(unit.currentIndex())
    assert editor.text() == "50%"


def test_a_limit_says_what_stays_and_what_leaves(editor: LimitEditor, bridge: FakeBridge) -> None:
    asked: list[int] = []

    def preview(limit: int) -> LimitPreview:
        asked.append(limit)
        return LimitPreview(limit, ("a",), (), ("b",), (), ("c",)) if limit < 8 * GB else LimitPreview(limit, *[()] * 5)

    bridge.answer_with(preview_limit=preview)
    outcome = part(editor, QLabel, "limit_outcome")
    assert not outcome.isVisible()
    editor.set_text("4GB")
    assert outcome.isVisible()
    assert outcome.text() == "Stays: a · Leaves: b · No room: c"
    bridge.publish(snapshot(model("a", State.HOT)))
    assert part(editor, QLabel, "limit_used").text() == "In use now: 3.0 GB, by 1 model"
    bridge.publish(snapshot(model("a", State.HOT)))
    assert asked == [8 * GB, 4 * GB, 4 * GB]  # again when a model was loaded


def show(curve: LimitCurve, state: CurveState, points: tuple[LimitPoint, ...]) -> None:
    curve.state, curve.points = state, points
    curve.changed.emit()


def test_the_curve_shows_the_hit_rate_of_each_limit(editor: LimitEditor, curve: LimitCurve) -> None:
    words = part(editor, QLabel, "limit_words")
    assert words.text() == ""
    show(curve, CurveState.READY, POINTS)
    assert words.text().startswith("90 % ready when asked, 2 min of waiting per week")
    editor.set_text("6GB")
    assert words.text().startswith("70 % ready when asked, 6 min of waiting per week")
    show(curve, CurveState.FAILED, ())
    assert words.text() == ""


def test_every_state_is_drawn(qtbot: QtBot, editor: LimitEditor, curve: LimitCurve) -> None:
    pictures = []
    for state in CurveState:
        show(curve, state, POINTS if state is CurveState.READY else ())
        pictures.append(editor.grab().toImage())
    assert all(one != other for index, one in enumerate(pictures) for other in pictures[:index])
    show(curve, CurveState.READY, POINTS)
    straight = editor.grab().toImage()
    editor.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert editor.grab().toImage() != straight


def test_the_curve_is_computed_when_visible(editor: LimitEditor, curve: LimitCurve) -> None:
    assert curve.started == 1  # type: ignore[attr-defined] # of the still one
    editor.hide()
    editor.take_settings(Settings(preload_learned=False))
    assert curve.started == 1  # type: ignore[attr-defined]
    editor.show()
    assert curve.started == 2  # type: ignore[attr-defined]
