"""System prompt, temperature, pictures, context, thinking, links, export and kept conversations of the try-it page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDoubleSpinBox,
    QFileDialog,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat import paths
from preheat.control import ColdLoad, ColdStart, FinishReason, Source, State
from preheat.inference import message_to_json
from preheat_gui.bridge import GenerationFigures
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.try_it.context_bar import ContextBar
from preheat_gui.dashboard.try_it.page import TryPage
from preheat_gui.dashboard.try_it.prompt import PromptEdit
from preheat_gui.dashboard.try_it.transcript import Transcript

LEFT = Qt.MouseButton.LeftButton
DONE = GenerationFigures(0.16, 30.0, 60, 2.0, FinishReason.STOP, prompt_tokens=140, reused_tokens=120)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> TryPage:
    bridge.publish(snapshot(model("a-sees", State.HOT, vision=True, favourite=True), model("b-blind", State.HOT)))
    page = TryPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    page.activate()
    return page


def ask(page: TryPage, text: str = "Hello") -> None:
    prompt = child(page, QPlainTextEdit, "try_prompt")
    prompt.setPlainText(text)
    QTest.keyClick(prompt, Qt.Key.Key_Return)


def shown(page: TryPage) -> str:
    return child(page, Transcript, "transcript").toPlainText()


def ends_with(page: TryPage, words: str) -> bool:
    return shown(page).strip().endswith(words)


def images_sent(bridge: FakeBridge) -> list[bytes]:
    chat = bridge.generations[-1].request.chat
    assert chat is not None
    return [part.image for part in chat.messages[-1].content if part.image is not None]


def trigger(parent: QObject, name: str) -> None:
    child(parent, QAction, name).trigger()


def test_the_options_apply_to_the_next_question(page: TryPage, bridge: FakeBridge) -> None:
    QTest.mouseClick(child(page, QPushButton, "try_options"), LEFT)
    child(page, QPlainTextEdit, "try_system").setPlainText("Be brief.")
    child(page, QDoubleSpinBox, "try_temperature").setValue(0.1)
    ask(page)
    request = bridge.generations[-1].request
    assert request.chat is not None
    assert message_to_json(request.chat.messages[0]) == {"role": "system", "content": "Be brief."}
    assert request.sampling.temperature == pytest.approx(0.1)
    QTest.mouseClick(child(page, QPushButton, "try_new"), LEFT)
    ask(page)
    assert bridge.generations[-1].request.sampling.temperature == pytest.approx(0.1)
    QTest.mouseClick(child(page, QPushButton, "try_reset"), LEFT)
    bridge.generations[-1].end()
    ask(page)
    assert bridge.generations[-1].request.sampling.temperature == 0.8


def picture(side: int = 40) -> QImage:
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    return image


def test_a_picture_is_pasted_and_sent(page: TryPage, bridge: FakeBridge) -> None:
    clip = QMimeData()
    clip.setImageData(picture(4000))
    child(page, PromptEdit, "try_prompt").insertFromMimeData(clip)
    assert child(page, QToolButton, "try_image").isVisible()
    ask(page, "What is this?")
    (sent,) = images_sent(bridge)
    assert sent.startswith(b"\xff\xd8")
    assert QImage.fromData(sent).width() == 2048
    assert not child(page, QWidget, "try_images").isVisible()
    assert "\ufffc" in shown(page)


def test_a_file_is_sent_as_it_is(page: TryPage, bridge: FakeBridge, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    assert picture().save(str(path))
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(path))])
    child(page, PromptEdit, "try_prompt").insertFromMimeData(files)
    ask(page)
    assert images_sent(bridge) == [path.read_bytes()]


def test_a_picture_can_be_removed(page: TryPage, bridge: FakeBridge) -> None:
    child(page, PromptEdit, "try_prompt").image_given.emit(picture())
    QTest.mouseClick(child(page, QToolButton, "try_image"), LEFT)
    ask(page)
    assert images_sent(bridge) == []


def test_a_picture_is_dropped_on_the_page_and_needs_no_words(page: TryPage, bridge: FakeBridge, tmp_path: Path) -> None:
    path = tmp_path / "fox.png"
    assert picture().save(str(path))
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(path)), QUrl.fromLocalFile(str(tmp_path / "model.gguf"))])
    none, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(QPoint(200, 200), copy, files, LEFT, none)
    QApplication.sendEvent(page, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(page, QDropEvent(QPointF(200, 200), copy, files, LEFT, none))
    QTest.mouseClick(child(page, QPushButton, "try_send"), LEFT)
    assert images_sent(bridge) == [path.read_bytes()]


@pytest.mark.parametrize("content", [b"no picture", None])
def test_other_files_are_refused(page: TryPage, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "fox.png"
    if content is not None:
        path.write_bytes(content)
    child(page, PromptEdit, "try_prompt").files_given.emit([path])
    assert "fox.png" in child(page, QWidget, "try_banner").accessibleName()
    assert not child(page, QWidget, "try_images").isVisible()


def test_a_model_that_cannot_see_gets_no_pictures(page: TryPage, bridge: FakeBridge) -> None:
    page.open_model("b-blind")
    assert not child(page, QToolButton, "try_attach").isVisible()
    child(page, PromptEdit, "try_prompt").image_given.emit(picture())
    assert child(page, QWidget, "try_banner").accessibleName().startswith("b-blind cannot look at pictures.")


def test_the_context_in_use_is_shown(page: TryPage, bridge: FakeBridge) -> None:
    bar = child(page, ContextBar, "try_context")
    assert not bar.isVisible()
    ask(page)
    bridge.generations[-1].end(DONE)
    assert bar.accessibleName() == "200 of 8,192 tokens of context"
    ask(page)
    bridge.generations[-1].say("one")
    assert bar.words() == "201 of 8,192 tokens of context"


def test_markdown_is_shown_while_it_is_written(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page)
    for piece, last in (("Some **bo", "bo"), ("ld** text\n\n- on", "on"), ("e\n- two\n\n```sh\nls", "ls")):
        bridge.generations[-1].say(piece)
        qtbot.waitUntil(partial(ends_with, page, last))
        assert "*" not in shown(page)
        assert "`" not in shown(page)
    before = shown(page)
    bridge.generations[-1].end(DONE)
    assert shown(page).startswith(before)


def test_thinking_is_shown_on_request(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page)
    bridge.generations[-1].thinking.emit("The user greets.")
    qtbot.waitUntil(lambda: "Thinking…\nThe user greets." in shown(page))
    bridge.generations[-1].say("Hello")
    qtbot.waitUntil(lambda: "Show the thinking\nHello" in shown(page))
    bridge.generations[-1].end(DONE)
    assert "greets" not in shown(page)
    child(page, Transcript, "transcript").anchorClicked.emit(QUrl("preheat:thinking/0"))
    assert "Hide the thinking\nThe user greets.\nHello" in shown(page)


def test_a_link_opens_after_a_question(page: TryPage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    child(page, Transcript, "transcript").anchorClicked.emit(QUrl("https://example.org/a"))
    question = child(page, QMessageBox, "open_link")
    assert question.informativeText() == "https://example.org/a"
    assert opened == []
    QTest.mouseClick(question.buttons()[0], LEFT)
    assert opened == ["https://example.org/a"]


def test_the_race_of_an_answer(page: TryPage, bridge: FakeBridge) -> None:
    ask(page)
    bridge.generations[-1].end(DONE)
    assert "first word after 160 ms" in shown(page)
    bridge.answer_with(get_cold_start=ColdStart("a-sees", ColdLoad(1.0, 2.5, Source.DISK), 0.002))
    assert "0.16 s to the first word; cold, it takes 2.9 s · 30 tokens/s · 60 tokens · Show the race" in shown(page)
    child(page, Transcript, "transcript").anchorClicked.emit(QUrl("preheat:race/0"))
    assert child(page, RaceDialog, "race").isVisible()


def test_without_a_measured_load_it_says_so(page: TryPage, bridge: FakeBridge) -> None:
    bridge.answer_with(get_cold_start=ColdStart("a-sees"))
    ask(page)
    bridge.generations[-1].end(DONE)
    assert "no race: its load was not measured yet" in shown(page)


def conversations() -> list[Path]:
    return sorted((paths.data_dir() / "conversations").glob("*.json"))


def test_nothing_is_kept_unless_it_is_wanted(page: TryPage, bridge: FakeBridge) -> None:
    ask(page)
    bridge.generations[-1].end(DONE)
    assert conversations() == []


def test_conversations_are_kept_opened_and_deleted(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.memory_changed):
        trigger(page, "try_keep")
    assert page.memory()["try_keep"] == "yes"
    for question in ("First & best?", "Second?"):
        ask(page, question)
        bridge.generations[-1].say(f"About {question}")
        bridge.generations[-1].end(DONE)
        QTest.mouseClick(child(page, QPushButton, "try_new"), LEFT)
    kept = conversations()
    assert len(kept) == 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    menu = child(page, QToolButton, "try_menu").menu()
    menu.aboutToShow.emit()
    newest, oldest = child(page, QMenu, "try_earlier").actions()
    assert newest.text().endswith("Second?")
    assert oldest.text().endswith("First && best?")
    oldest.trigger()
    assert "About First & best?" in shown(page)
    trigger(page, "try_delete")
    box = child(page, QMessageBox, "delete_conversations")
    QTest.mouseClick(next(button for button in box.buttons() if button.text() == "&Delete"), LEFT)
    assert conversations() == []
    QTest.mouseClick(child(page, QPushButton, "try_new"), LEFT)
    assert conversations() == []


@pytest.mark.parametrize(("name", "ending"), [("try_markdown", "md"), ("try_json", "json")])
def test_a_conversation_is_exported(page: TryPage, bridge: FakeBridge, tmp_path: Path, name: str, ending: str) -> None:
    ask(page, "Why: a/b?")
    bridge.generations[-1].say("Because.")
    bridge.generations[-1].end(DONE)
    child(page, QToolButton, "try_menu").menu().aboutToShow.emit()
    trigger(page, name)
    dialog = child(page, QFileDialog, "export_conversation")
    path = tmp_path / f"x.{ending}"
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    text = path.read_text(encoding="utf-8")
    assert ("## Why: a/b?" in text) if ending == "md" else (json.loads(text)["turns"][0]["answer"] == "Because.")
