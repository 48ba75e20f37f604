from __future__ import annotations

import ast
import json
import shlex
import tomllib

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QListWidget, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import State
from preheat.errors import PortInUseError, SettingsError
from preheat.settings import Settings
from preheat_gui.dashboard.connect.guides import MASK, Guide, Place, make_guides
from preheat_gui.dashboard.connect.page import UNKNOWN_KEY, ConnectPage

KEY = 'sk-it\'s-"mine"-4f7a'
URL = "http://127.0.0.1:11435"


def text_of(page: QWidget, name: str) -> str:
    return str(child(page, QWidget, name).accessibleName())


def guide(key: str, place: Place) -> Guide:
    return next(guide for guide in make_guides(place) if guide.key == key)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> ConnectPage:
    bridge.publish(snapshot(model("b-chat"), model("c-chat", State.HOT), model("a-embed", embeddings=True)))
    page = ConnectPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    page.activate()
    return page


KEYLESS = ("curl", "fetch", "codex", "ollama")
"""Guides that say nothing of a key where none is needed."""

# -- the guides -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize("key", ["", KEY])
def test_every_guide_has_address_model_and_key(key: str, embeddings: bool) -> None:
    place = Place(URL, "c-chat", key, embeddings)
    for one in make_guides(place):
        everything = one.code + " ".join(field.value for field in one.fields)
        assert (place.url if one.key in ("claude-code", "ollama") else place.base) in everything, one.key
        assert "c-chat" in everything or one.key == "open-webui"
        said = {key, json.dumps(key)[1:-1], shlex.quote(key)[1:-1]} if key else {"unused"}
        assert any(words in everything for words in said) or (not key and one.key in KEYLESS), one.key


def test_a_masked_guide_has_no_key_anywhere() -> None:
    for one in make_guides(Place(URL, "c-chat", "sk-secret").masked()):
        everything = one.code + " ".join(field.value for field in one.fields) + " ".join(one.steps)
        assert "sk-secret" not in everything
        assert MASK in everything


@pytest.mark.parametrize("embeddings", [False, True])
def test_the_python_code_is_python(embeddings: bool) -> None:
    ast.parse(guide("python", Place(URL, "c-chat", KEY, embeddings)).code)


def test_a_shell_parses_the_curl_command() -> None:
    words = shlex.split(guide("curl", Place(URL, "it's", KEY)).code)
    assert words[:2] == ["curl", f"{URL}/v1/chat/completions"]
    assert f"Authorization: Bearer {KEY}" in words
    assert json.loads(words[-1])["model"] == "it's"


def test_on_windows_the_curl_command_is_one_line_in_double_quotes() -> None:
    code = guide("curl", Place(URL, "c-chat", windows=True)).code
    assert code.startswith("curl.exe ")
    assert "\n" not in code
    assert "'" not in code
    assert '-d "{\\"model\\": \\"c-chat\\"' in code


def test_codex_reads_its_settings() -> None:
    settings = tomllib.loads(guide("codex", Place(URL, 'it"s', KEY)).code)
    assert settings["model"] == 'it"s'
    assert settings["model_providers"][settings["model_provider"]] == {
        "name": "Preheat",
        "base_url": f"{URL}/v1",
        "wire_api": "responses",
        "experimental_bearer_token": KEY,
    }


def test_a_shell_starts_claude_code() -> None:
    words = shlex.split(guide("claude-code", Place(URL, "c-chat", KEY)).code)
    assert words[-1] == "claude"
    assert f"ANTHROPIC_AUTH_TOKEN={KEY}" in words
    assert guide("claude-code", Place(URL, "c-chat", windows=True)).code.splitlines()[-1] == "claude"


def test_embedding_models_get_embedding_guides() -> None:
    for key in ("curl", "python", "javascript", "fetch"):
        code = guide(key, Place(URL, "a-embed", embeddings=True)).code
        assert "embeddings" in code
        assert "chat" not in code


def test_zeds_settings_are_json() -> None:
    settings = json.loads("{" + guide("zed", Place(URL, "c-chat")).code + "}")
    assert settings["language_models"]["openai_compatible"]["Preheat"]["api_url"] == f"{URL}/v1"


# -- the page ---------------------------------------------------------------------------------------------------------


def test_it_shows_the_address_and_a_model_that_is_ready(page: ConnectPage) -> None:
    assert text_of(page, "connect_address") == f"{URL}/v1"
    assert '"c-chat"' in child(page, QPlainTextEdit, "guide_code").toPlainText()
    assert "Not needed" in text_of(page, "connect_key")
    assert not child(page, QWidget, "connect_show_key").isVisible()


def test_another_model_changes_the_code(page: ConnectPage) -> None:
    models = child(page, QComboBox, "connect_model")
    models.setCurrentIndex(2)
    models.activated.emit(2)
    code = child(page, QPlainTextEdit, "guide_code").toPlainText()
    assert "/v1/embeddings" in code
    assert '"a-embed"' in code


def test_the_key_is_masked_and_copied_in_full(page: ConnectPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.publish_settings(Settings(api_keys=("sk-secret",)))
    code = child(page, QPlainTextEdit, "guide_code")
    assert text_of(page, "connect_key") == MASK
    assert "sk-secret" not in code.toPlainText()
    QTest.mouseClick(child(page, QPushButton, "guide_copy"), Qt.MouseButton.LeftButton)
    assert "Bearer sk-secret" in QGuiApplication.clipboard().text()
    QTest.mouseClick(child(page, QPushButton, "connect_copy_key"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "sk-secret"
    QTest.mouseClick(child(page, QPushButton, "connect_show_key"), Qt.MouseButton.LeftButton)
    assert text_of(page, "connect_key") == "sk-secret"
    assert "sk-secret" in code.toPlainText()
    page.deactivate()
    assert text_of(page, "connect_key") == MASK


def test_an_unknown_key_is_not_invented(page: ConnectPage, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(api_keys=("***",)))
    assert UNKNOWN_KEY in child(page, QPlainTextEdit, "guide_code").toPlainText()
    assert not child(page, QWidget, "connect_copy_key").isVisible()
    assert "preheat keys add" in text_of(page, "connect_key")


def test_an_applications_values_are_copied_one_by_one(page: ConnectPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.publish_settings(Settings(api_keys=("sk-secret",)))
    with qtbot.waitSignal(page.memory_changed):
        child(page, QListWidget, "connect_programs").setCurrentRow(6)
    assert page.memory() == {"connect_program": "cline"}
    assert [text_of(page, f"guide_value_{row}") for row in range(3)] == [f"{URL}/v1", MASK, "c-chat"]
    QTest.mouseClick(child(page, QPushButton, "guide_copy_1"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "sk-secret"
    assert not child(page, QPlainTextEdit, "guide_code").isVisible()


def test_the_app_is_stored(page: ConnectPage) -> None:
    page.remember({"connect_program": "zed"})
    assert child(page, QListWidget, "connect_programs").currentItem().text() == "Zed"
    page.remember({"connect_program": "nonsense"})
    assert page.memory() == {"connect_program": "zed"}


def test_a_closed_port_shows_the_reason(page: ConnectPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.publish_port(None, PortInUseError("Port 11435 is taken", hint="Use another port"))
    closed = child(page, QWidget, "connect_closed")
    assert closed.isVisible()
    assert closed.accessibleDescription() == "Port 11435 is taken. Use another port."
    assert not child(page, QWidget, "connect_address").isVisible()
    button = child(closed, QPushButton, "empty_state_button")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bridge.commands == [("restart_engine",)]
    bridge.publish_port(None, SettingsError("Cannot listen on 10.0.0.9:11435: no such address"))
    with qtbot.waitSignal(bridge.view_requested) as wanted:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted.args == ["settings", "access"]
    bridge.publish_port(URL)
    assert child(page, QWidget, "connect_address").isVisible()


def test_an_ended_engine_can_be_restarted(page: ConnectPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.publish_port(None, engine_error="The engine has ended")
    closed = child(page, QWidget, "connect_closed")
    QTest.mouseClick(child(closed, QPushButton, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert bridge.commands == [("restart_engine",)]


def test_another_port_is_shown_at_once(page: ConnectPage, bridge: FakeBridge) -> None:
    bridge.publish_port("http://127.0.0.1:9000")
    assert text_of(page, "connect_address") == "http://127.0.0.1:9000/v1"
    assert "http://127.0.0.1:9000/v1" in child(page, QPlainTextEdit, "guide_code").toPlainText()
