from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QPushButton, QTextEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, FakeGeneration, model, snapshot
from preheat.control import FinishReason, State
from preheat.errors import InsufficientMemoryError, WorkerDiedError
from preheat.inference import JsonObject, message_to_json
from preheat.messages import msg
from preheat_gui.bridge import GenerationFigures
from preheat_gui.dashboard.try_it.page import TryPage
from preheat_gui.dashboard.try_it.session import figures_words, vector_words
from preheat_gui.dashboard.try_it.transcript import REPAINT_MS, Transcript

MODELS = (
    model("b-chat"),
    model("a-embed", State.HOT, embeddings=True),
    model("c-chat", State.HOT),
)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> TryPage:
    bridge.publish(snapshot(*MODELS))
    page = TryPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    page.activate()
    return page


def ask(page: TryPage, qtbot: QtBot, text: str = "Hello") -> None:
    prompt = child(page, QPlainTextEdit, "try_prompt")
    prompt.setPlainText(text)
    QTest.keyClick(prompt, Qt.Key.Key_Return)


def transcript(page: TryPage) -> str:
    return child(page, QTextEdit, "transcript").toPlainText()


def latest(bridge: FakeBridge) -> FakeGeneration:
    return bridge.generations[-1]


def messages(bridge: FakeBridge) -> tuple[JsonObject, ...]:
    chat = latest(bridge).request.chat
    assert chat is not None
    return tuple(map(message_to_json, chat.messages))


def listed(page: TryPage) -> list[str]:
    models = child(page, QComboBox, "try_model")
    return [models.itemText(row) for row in range(models.count())]


def test_ready_text_models_come_first_and_one_is_chosen(page: TryPage) -> None:
    models = child(page, QComboBox, "try_model")
    assert listed(page) == ["c-chat · Ready", "b-chat", "a-embed · embeddings · Ready"]
    assert models.currentText() == "c-chat · Ready"


def test_favourites_come_first_too_and_the_choice_stays(page: TryPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("b-chat", favourite=True), model("a-chat"), *MODELS[1:]))
    assert listed(page) == ["b-chat", "c-chat · Ready", "a-chat", "a-embed · embeddings · Ready"]
    assert child(page, QComboBox, "try_model").currentText() == "c-chat · Ready"


def test_nothing_moves_while_the_list_is_open(page: TryPage, bridge: FakeBridge) -> None:
    models = child(page, QComboBox, "try_model")
    models.showPopup()
    bridge.publish(snapshot(model("b-chat", State.HOT), *MODELS[1:]))
    assert listed(page) == ["c-chat · Ready", "b-chat · Ready", "a-embed · embeddings · Ready"]
    models.hidePopup()


def test_a_model_that_crashed_stays_chosen(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    latest(bridge).fail(WorkerDiedError(msg("worker_ended", reason=msg("shutdown"))))
    bridge.publish(snapshot(model("b-chat", State.HOT), model("c-chat", State.FAILED), MODELS[1]))
    bridge.publish(snapshot(model("b-chat", State.HOT), MODELS[1]))  # its file may be out of reach for a moment
    bridge.publish(snapshot(model("b-chat", State.HOT), model("c-chat"), MODELS[1]))
    assert child(page, QComboBox, "try_model").currentText() == "c-chat"
    QTest.mouseClick(child(page, QPushButton, "banner_button"), Qt.MouseButton.LeftButton)
    assert latest(bridge).model_id == "c-chat"


def test_the_chosen_model_is_remembered(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    models = child(page, QComboBox, "try_model")
    with qtbot.waitSignal(page.memory_changed):
        models.setCurrentIndex(1)
        models.activated.emit(1)
    assert page.memory()["try_model"] == "b-chat"
    assert bridge.commands[-1] == ("expect", "b-chat")
    later = TryPage(bridge)
    qtbot.addWidget(later)
    later.remember({"try_model": "b-chat"})
    later.activate()
    assert child(later, QComboBox, "try_model").currentText() == "b-chat"


def test_enter_sends_and_shift_enter_starts_a_line(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    prompt = child(page, QPlainTextEdit, "try_prompt")
    QTest.keyClicks(prompt, "one")
    QTest.keyClick(prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(prompt, "two")
    assert bridge.generations == []
    QTest.keyClick(prompt, Qt.Key.Key_Return)
    assert latest(bridge).model_id == "c-chat"
    assert messages(bridge) == ({"role": "user", "content": "one\ntwo"},)
    assert prompt.toPlainText() == ""


def test_empty_text_is_not_sent(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot, "  \n ")
    assert bridge.generations == []
    assert not child(page, QPushButton, "try_send").isEnabled()


def test_an_answer_streams_in_and_ends_with_its_figures(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    latest(bridge).waiting.emit("loading c-chat 63 %")
    qtbot.waitUntil(lambda: "Waiting: loading c-chat 63 %" in transcript(page))
    latest(bridge).say("Good ")
    latest(bridge).say("day")
    qtbot.waitUntil(lambda: "Good day" in transcript(page))
    assert "Waiting" not in transcript(page)
    latest(bridge).end(GenerationFigures(0.08, 27.2, 120, 4.4, FinishReason.STOP))
    assert transcript(page).endswith(
        "Good day\nfirst word after 80 ms · 27 tokens/s · 120 tokens · waited for the model to load · Copy"
    )


def test_text_is_painted_at_most_twenty_times_a_second(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    assert REPAINT_MS >= 50
    ask(page, qtbot)
    document = child(page, QTextEdit, "transcript").document()
    changes: list[int] = []
    document.contentsChange.connect(lambda *_: changes.append(1))
    for _ in range(500):
        latest(bridge).say("word ")
    qtbot.waitUntil(lambda: "word" in transcript(page))
    assert len(changes) <= 4


def test_a_long_answer_does_not_slow_down(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    text = "A sentence of some words in a long answer. " * 20 + "\n"
    for _ in range(100):
        latest(bridge).say(text)
        qtbot.wait(1)
    latest(bridge).end()
    assert transcript(page).count("A sentence") == 2000


def test_markdown_is_rendered_at_the_end_and_loads_nothing(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    latest(bridge).say("**Bold** <b>html</b> ![x](https://example.org/a.png)\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n")
    latest(bridge).end()
    assert "Bold <b>html</b>" in transcript(page)
    assert "**" not in transcript(page)
    view = child(page, QTextEdit, "transcript")
    picture = view.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("file:///etc/passwd"))
    assert picture.isNull()


def test_the_next_request_includes_the_conversation(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot, "One?")
    latest(bridge).say("First.")
    latest(bridge).end()
    ask(page, qtbot, "Two?")
    assert messages(bridge) == (
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "First."},
        {"role": "user", "content": "Two?"},
    )


def test_escape_stops_and_keeps_the_partial_answer(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    latest(bridge).say("Half an ans")
    assert child(page, QPushButton, "try_stop").isVisible()
    page.activateWindow()
    qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is not None)
    QTest.keyClick(child(page, QPlainTextEdit, "try_prompt"), Qt.Key.Key_Escape)
    assert latest(bridge).stopped
    assert "Half an ans" in transcript(page)
    assert "stopped" in transcript(page)
    assert child(page, QPushButton, "try_send").isVisible()


def test_a_new_conversation_is_empty(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot, "Secret?")
    QTest.mouseClick(child(page, QPushButton, "try_new"), Qt.MouseButton.LeftButton)
    assert latest(bridge).stopped
    assert transcript(page).strip() == ""
    assert child(page, QWidget, "try_empty").isVisible()
    ask(page, qtbot, "Next?")
    assert messages(bridge) == ({"role": "user", "content": "Next?"},)


def test_each_answer_is_copied_as_the_model_wrote_it(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    for answer in ("**Bold**", "*Last*"):
        ask(page, qtbot)
        latest(bridge).say(answer)
        latest(bridge).end()
    child(page, Transcript, "transcript").anchorClicked.emit(QUrl("preheat:copy/0"))
    assert QGuiApplication.clipboard().text() == "**Bold**"


def test_code_blocks_have_a_button_each(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot)
    latest(bridge).say("Text\n\n```sh\nls -l\n\ncd /\n```\n\nand\n\n```\nmore\n```\n")
    latest(bridge).end()
    qtbot.waitUntil(lambda: len(code_buttons(page)) == 2)
    QTest.mouseClick(code_buttons(page)[0], Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "ls -l\n\ncd /"
    assert code_buttons(page)[0].text() == "Copied"


def code_buttons(page: TryPage) -> list[QToolButton]:
    found = child(page, Transcript, "transcript").findChildren(QToolButton, "copy_code")
    return [button for button in found if isinstance(button, QToolButton) and button.isVisible()]


def test_a_failure_explains_and_can_be_retried(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    ask(page, qtbot, "Hello?")
    latest(bridge).fail(InsufficientMemoryError("c-chat does not fit", hint="Raise the limit"))
    banner = child(page, QWidget, "try_banner")
    assert banner.isVisible()
    assert banner.accessibleName() == "c-chat does not fit. Raise the limit."
    QTest.mouseClick(child(page, QPushButton, "banner_button"), Qt.MouseButton.LeftButton)
    assert not banner.isVisible()
    assert len(bridge.generations) == 2
    assert messages(bridge) == ({"role": "user", "content": "Hello?"},)
    assert transcript(page).count("Hello?") == 1


def test_an_embedding_model_shows_its_vector(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    page.remember({"try_model": "a-embed"})
    ask(page, qtbot)
    qtbot.waitUntil(lambda: "Waiting" in transcript(page))
    bridge.publish(snapshot(MODELS[0], model("a-embed", State.LOADING, embeddings=True, progress=0.4), MODELS[2]))
    qtbot.waitUntil(lambda: "Waiting: Loading 40 %" in transcript(page))
    bridge.answer_with(embed=lambda model_id, inputs: [[0.5] * 384] if inputs == ["Hello"] else [])
    assert "[0.5000, 0.5000, " in transcript(page)
    assert "a vector of 384 numbers · " in transcript(page)
    assert bridge.generations == []


def test_a_stopped_vector_is_dropped(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    page.remember({"try_model": "a-embed"})
    ask(page, qtbot)
    QTest.mouseClick(child(page, QPushButton, "try_stop"), Qt.MouseButton.LeftButton)
    bridge.answer_with(embed=[[0.5] * 4])
    assert "0.5" not in transcript(page)


def test_without_models_it_explains(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    page = TryPage(bridge)
    qtbot.addWidget(page)
    page.activate()
    assert child(page, QWidget, "try_empty").accessibleName() == "No models yet"
    assert not child(page, QPlainTextEdit, "try_prompt").isEnabled()


def test_a_theme_change_keeps_the_conversation(page: TryPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QApplication

    from preheat_gui.widgets import apply_theme

    ask(page, qtbot)
    latest(bridge).say("An answer")
    qtbot.waitUntil(lambda: "An answer" in transcript(page))
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, "dark")
    try:
        assert "An answer" in transcript(page)
        latest(bridge).say(" goes on")
        qtbot.waitUntil(lambda: "An answer goes on" in transcript(page))
    finally:
        apply_theme(app, "light")


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            GenerationFigures(0.08, 4.26, 12, 3.0, FinishReason.LENGTH),
            "first word after 80 ms · 4.3 tokens/s · 12 tokens · cut off: the context is full",
        ),
        (GenerationFigures(None, None, 0, 0.2), "0 tokens · stopped"),
        (GenerationFigures(1.6, None, 1, 1.6, FinishReason.STOP), "first word after 1.6 s · 1 token"),
    ],
)
def test_figures_are_shown_in_words(figures: GenerationFigures, said: str) -> None:
    assert figures_words(figures) == said


def test_a_short_vector_is_shown_whole() -> None:
    assert vector_words([0.25, -1.0]) == "[0.2500, -1.0000]"
