"""Everything in German: each message, each text of the sources, and what the windows show."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from typing import Final

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from development import translations
from fake_bridge import FakeBridge
from pictures.day import show_day
from pictures.windows import window_makers
from preheat.messages import TABLE, Message, render
from preheat_gui.widgets import Theme
from preheat_gui.words import message_text
from preheat_gui.words.messages import message_words

_SAMPLES: Final = {"memory": 6_100_000_000, "bytes": 1_234_567, "count": 1234, "duration": 1.5, "percent": 0.5}
_NUMBERS: Final = {",", "g", ".3g", ".0f", ".1f"}
_TEXT_SETTERS: Final = {
    "setText", "setToolTip", "setWindowTitle", "setTitle", "setPlaceholderText", "setAccessibleName",
    "setAccessibleDescription", "QLabel", "QPushButton", "QCheckBox", "QAction", "button", "caption", "heading",
}  # fmt: skip
_NAMES: Final = {"Preheat"}
_ENGLISH: Final = re.compile(
    r"(?<![\w-])(the|of|and|is|are|not|for|with|your|you|this|that|to|it|no|more|needs|when|by|after|there)(?![\w-])",
    re.IGNORECASE,
)
_ENGLISH_NUMBER: Final = re.compile(r"(?<![\d.])\d+\.\d\s|\b\d,\d{3}\b")
_LEFT_OUT: Final = {"log", "error", "about"}
"""Windows with texts of programs: the log's lines, the trace of an error, and licences."""


pytestmark = pytest.mark.usefixtures("german")


def sample(code: str) -> Message:
    """Return a message of this code with a value for each of its fields."""
    params: dict[str, object] = {}
    for words in TABLE[code]:
        for _, name, form, _ in string.Formatter().parse(words):
            if name:
                known = 1234.5 if form in _NUMBERS else ("Xa", "Xb") if form == "names" else "X"
                params[name] = _SAMPLES.get(form or "", known)
    return Message(code, params)  # type: ignore[arg-type]


def test_every_message_is_german() -> None:
    wrong = {}
    for code in TABLE:
        message = sample(code)
        for english, words in zip(render(message), message_words(message), strict=True):
            number = _ENGLISH_NUMBER.search(words)
            if bool(english) != bool(words) or "{" in words or number or (_ENGLISH.search(words) and english == words):
                wrong[code] = words
    assert wrong == {}


def test_every_text_of_a_window_is_translated() -> None:
    found = []
    for path in sorted(translations.SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in _TEXT_SETTERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                text = first.value
                if re.search(r"[A-Za-z]{2}", text) and text not in _NAMES:
                    found.append(f"{path.name}:{node.lineno}: {text}")
    assert found == [], "use self.tr"


def test_no_translation_is_the_english_text() -> None:
    same = {
        each.source
        for each in translations.messages(translations.TRANSLATIONS / "preheat_de.ts")
        if each.source == each.translation and len(re.findall(r"[a-z]{2,}", each.source)) > 1
    }
    assert {text for text in same if _ENGLISH.search(re.sub(r"\{[^}]*\}", "", text))} == set()


def test_a_reason_of_the_system_is_translated() -> None:
    assert message_text(Message("os_eacces")) == "Keine Berechtigung"


def test_the_windows_are_german(qapp: QApplication, theme: Theme) -> None:
    bridge = FakeBridge(qapp)
    show_day(bridge)
    english = {}
    for name, make in window_makers(bridge).items():
        if name in _LEFT_OUT or (name.startswith("settings-") and name != "settings-memory"):
            continue  # every settings dialog has all pages
        window = make()
        window.show()
        qapp.processEvents()
        if found := {text for text in texts(window) if _ENGLISH.search(text)}:
            english[name] = found
        for shown in qapp.topLevelWidgets():  # a window may be in front of another one
            shown.hide()
        window.deleteLater()
    assert english == {}


def texts(window: QWidget) -> Iterator[str]:
    """Yield every text that a window shows or says."""
    yield window.windowTitle()
    for widget in [window, *window.findChildren(QWidget)]:
        yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
        match widget:
            case QLabel() | QAbstractButton():
                yield widget.text()
            case QLineEdit() | QPlainTextEdit():
                yield widget.placeholderText()
            case QComboBox():
                yield from (widget.itemText(row) for row in range(widget.count()))
            case QAbstractItemView() if widget.model() is not None:
                yield from cells(widget.model())
    for action in window.findChildren(QAction):
        yield action.text()


def cells(model: QAbstractItemModel) -> Iterator[str]:
    """Yield the texts of a table or list."""
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
    for role in roles:
        for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount()):
            yield str(model.headerData(column, Qt.Orientation.Horizontal, role) or "")
            for row in range(model.rowCount()):
                yield str(model.index(row, column).data(role) or "")
