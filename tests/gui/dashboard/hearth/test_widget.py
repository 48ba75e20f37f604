"""The band of memory as a widget: painting, pointer, keys, and what a screen reader gets."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QImage, QMouseEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from fake_bridge import GB, model, snapshot
from preheat.control import EngineSnapshot, PrefixFigures, RequestSnapshot, State
from preheat_gui.dashboard.hearth.handles import BlockHandle, LimitHandle
from preheat_gui.dashboard.hearth.picture import Words
from preheat_gui.dashboard.hearth.scene import PROMPTS, Order, gather
from preheat_gui.dashboard.hearth.widget import Hearth
from preheat_gui.widgets import SignBook, Theme, Token, model_colours, preferred_hue

WORDS = Words("Requests appear here", ("Limit 8.0 GB of 16.0 GB", "8.0 GB"))
MODELS = (model("qwen3-8b", State.HOT, favourite=True), model("phi-4", State.HOT), model("gemma", State.LOADING))


class Paints(QObject):
    """Counts the paint events of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        self.count += event.type() == QEvent.Type.Paint
        return False


class Stage:
    """A band that shows snapshots."""

    def __init__(self, hearth: Hearth) -> None:
        self.hearth = hearth
        self._order, self._signs = Order(), SignBook()
        self.show(snapshot(*MODELS))

    def show(self, shown: EngineSnapshot) -> None:
        self.hearth.show_scene(gather(shown, self._order, self._signs), WORDS)
        QApplication.processEvents()

    def block(self, key: str) -> BlockHandle:
        found = self.hearth.findChild(BlockHandle, f"block_{key}")
        assert found is not None
        return found

    @property
    def limit(self) -> LimitHandle:
        found = self.hearth.findChild(LimitHandle)
        assert found is not None
        return found


@pytest.fixture
def stage(qtbot: QtBot, theme: Theme) -> Stage:
    hearth = Hearth()
    qtbot.addWidget(hearth)
    hearth.resize(1000, 200)
    made = Stage(hearth)
    with qtbot.waitExposed(hearth):
        hearth.show()
    hearth.set_locked("")
    QApplication.processEvents()
    return made


def picture(stage: Stage) -> QImage:
    return stage.hearth.grab().toImage()


# -- painting ----------------------------------------------------------------------------------------------------------


def test_a_block_has_its_models_hue(stage: Stage, theme: Theme) -> None:
    block = stage.block("qwen3-8b").geometry()
    fill = model_colours(dark=theme.dark)[preferred_hue("qwen3-8b")].fill
    assert picture(stage).pixelColor(block.center().x(), block.top() + 6) == fill


def test_a_load_fills_its_block(stage: Stage) -> None:
    block = stage.block("gemma").geometry()
    y = block.top() + 6
    stage.show(snapshot(*MODELS[:2], model("gemma", State.LOADING, progress=0.25)))
    image = picture(stage)
    filled = image.pixelColor(block.left() + 8, y)
    assert image.pixelColor(block.center().x(), y) != filled
    stage.show(snapshot(*MODELS[:2], model("gemma", State.LOADING, progress=0.75)))
    assert picture(stage).pixelColor(block.center().x(), y) == filled


def test_what_does_not_change_is_not_painted(stage: Stage) -> None:
    paints = Paints(stage.hearth)
    for _ in range(3):
        stage.show(snapshot(*MODELS))
        stage.show(snapshot(*(MODELS[0], MODELS[1], MODELS[2]), hits=7))
    assert paints.count == 0
    busy = RequestSnapshot(1, "editor", "phi-4", time.time(), False, 4, 12.0)
    stage.show(snapshot(*MODELS, requests=(busy,)))
    assert paints.count == 1


def test_everything_is_painted_in_dark_and_at_any_width(stage: Stage, dark_theme: Theme) -> None:
    requests = tuple(
        RequestSnapshot(number, f"app {number}", name, time.time(), number == 2, 4 * number, 12.0)
        for number, name in enumerate(("qwen3-8b", "phi-4", "gemma", "gone"))
    )
    absent = (model("big", favourite=True, expected_bytes=30 * GB), model("small", favourite=True, expected_bytes=GB))
    leaving = model("old", State.UNLOADING, resident_bytes=GB)
    kept = PrefixFigures("disk", memory_bytes=GB)
    everything = snapshot(
        *MODELS, *absent, leaving, requests=requests, prefixes=kept, limit_bytes=16 * GB, total_bytes=64 * GB
    )
    for width in (480, 720, 1300, 2400):
        stage.hearth.resize(width, 300)
        stage.show(everything)
        card = dark_theme.colour(Token.TEXT).name()
        image = picture(stage)
        colours = {image.pixelColor(x, y).name() for x in range(0, width, 3) for y in range(0, image.height(), 5)}
        assert card in colours
        assert stage.hearth.heightForWidth(width) <= 400


def test_twenty_blocks_are_painted_within_a_frame(stage: Stage) -> None:
    stage.show(snapshot(*(model(f"m{number}", State.HOT, resident_bytes=GB // 3) for number in range(20))))
    image = QImage(stage.hearth.size(), QImage.Format.Format_ARGB32_Premultiplied)
    durations = []
    for _ in range(12):
        painter = QPainter(image)
        begin = time.thread_time()  # of this thread alone: other processes may have the cores meanwhile
        stage.hearth.render(painter, QPoint())
        durations.append(time.thread_time() - begin)
        painter.end()
    assert min(durations) < 0.016


# -- pointer and keys --------------------------------------------------------------------------------------------------


def test_arrows_go_from_block_to_block_and_enter_opens_the_menu(qtbot: QtBot, stage: Stage) -> None:
    first, second, third = (stage.block(key) for key in ("qwen3-8b", "phi-4", "gemma"))
    stage.hearth.activateWindow()
    first.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(first, Qt.Key.Key_Right)
    assert second.hasFocus()
    assert [each.focusPolicy() for each in (first, second)] == [Qt.FocusPolicy.ClickFocus, Qt.FocusPolicy.StrongFocus]
    QTest.keyClick(second, Qt.Key.Key_End)
    QTest.keyClick(third, Qt.Key.Key_Right)
    assert third.hasFocus()
    QTest.keyClick(third, Qt.Key.Key_Home)
    assert first.hasFocus()
    QTest.keyClick(first, Qt.Key.Key_Left)
    assert first.hasFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(stage.hearth.menu_requested) as opened:
            QTest.keyClick(first, key)
        assert opened.args is not None
        assert opened.args[0] == "qwen3-8b"
    with qtbot.waitSignal(stage.hearth.favourite_pressed):
        QTest.keyClick(first, Qt.Key.Key_F)
    with qtbot.waitSignal(stage.hearth.unload_pressed):
        QTest.keyClick(first, Qt.Key.Key_Delete)
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert stage.limit.hasFocus()


def test_hover_links_block_and_legend(qtbot: QtBot, stage: Stage) -> None:
    stage.hearth.resize(340, 300)
    stage.show(snapshot(*MODELS, model("tiny", State.HOT, resident_bytes=GB // 50)))
    QApplication.sendEvent(stage.hearth, QEvent(QEvent.Type.Leave))  # wherever the offscreen platform's pointer is
    below = QPoint(60, stage.hearth.heightForWidth(340) - 12)
    with qtbot.waitSignal(stage.hearth.model_hovered) as hovered:
        at = QPointF(below)
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(QEvent.Type.MouseMove, at, stage.hearth.mapToGlobal(at), none, none, Qt.KeyboardModifier(0))
        QApplication.sendEvent(stage.hearth, event)
    assert hovered.args == ["tiny"]
    with qtbot.waitSignal(stage.hearth.menu_requested) as opened:
        QTest.mouseClick(stage.hearth, Qt.MouseButton.LeftButton, pos=below)
    assert opened.args is not None
    assert opened.args[0] == "tiny"
    with qtbot.waitSignal(stage.hearth.model_hovered) as left:
        QApplication.sendEvent(stage.hearth, QEvent(QEvent.Type.Leave))
    assert left.args == [""]


def test_the_limit_is_dragged(qtbot: QtBot, stage: Stage) -> None:
    limit, hearth = stage.limit, stage.hearth
    moved: list[float] = []
    hearth.limit_moved.connect(lambda share, _: moved.append(share))
    start = limit.rect().center()
    QTest.mousePress(limit, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(limit, start - QPoint(limit.x() // 2, 0))
    assert limit.held
    with qtbot.waitSignal(hearth.limit_committed):
        QTest.mouseRelease(limit, Qt.MouseButton.LeftButton, pos=start)
    assert moved[-1] == pytest.approx(0.25, abs=0.02)


def test_the_limit_has_keys(qtbot: QtBot, stage: Stage) -> None:
    limit, hearth = stage.limit, stage.hearth
    limit.setFocus(Qt.FocusReason.TabFocusReason)
    assert limit.value() == 50
    for key, share in ((Qt.Key.Key_Right, 0.51), (Qt.Key.Key_PageUp, 0.61), (Qt.Key.Key_Left, 0.6)):
        with qtbot.waitSignal(hearth.limit_moved) as moved:
            QTest.keyClick(limit, key)
        assert moved.args == [share, False]
    with qtbot.waitSignal(hearth.limit_committed):
        QTest.keyClick(limit, Qt.Key.Key_Return)
    with qtbot.waitSignal(hearth.limit_cancelled):
        QTest.keyClick(limit, Qt.Key.Key_Escape)


def test_a_locked_limit_says_why(stage: Stage) -> None:
    stage.hearth.set_locked("The memory limit is set by PREHEAT_MEMORY_LIMIT.")
    assert not stage.limit.isEnabled()
    assert "PREHEAT_MEMORY_LIMIT" in stage.limit.toolTip()


# -- screen readers ----------------------------------------------------------------------------------------------------


def test_each_block_and_the_limit_are_children_with_role_name_and_state(stage: Stage) -> None:
    stage.show(snapshot(*MODELS, prefixes=PrefixFigures("disk", memory_bytes=GB)))
    tree = QAccessible.queryAccessibleInterface(stage.hearth)
    children = [tree.child(number) for number in range(tree.childCount())]
    text = QAccessible.Text
    found = {child.text(text.Name): (child.role(), child.text(text.Description)) for child in children}
    assert found["qwen3-8b"] == (QAccessible.Role.Button, "Ready, 3.0 GB, favourite")
    assert found["gemma"][1] == "Loading 50 %, 3.1 GB"
    assert found["Kept prompts"][0] is QAccessible.Role.Button
    role, description = found["Memory limit"]
    assert (role, description) == (QAccessible.Role.Slider, WORDS.limit[0])
    assert stage.block(PROMPTS).toolTip().startswith("Kept prompts")


def test_a_block_that_is_gone_is_no_child(stage: Stage) -> None:
    stage.show(snapshot(MODELS[0]))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert [each.key for each in stage.hearth.findChildren(BlockHandle)] == ["qwen3-8b"]
