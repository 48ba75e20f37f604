"""Message boxes that do not block."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def inform(parent: QWidget, name: str, text: str, detail: str) -> None:
    """Tell the user something."""
    _box(parent, name, QMessageBox.Icon.Information, text, detail).open()


def ask(
    parent: QWidget,
    name: str,
    text: str,
    detail: str,
    *,
    yes: tuple[str, Callable[[], object]],  # The button's text and its action; ``no`` likewise
    no: tuple[str, Callable[[], object] | None],
    icon: QMessageBox.Icon = QMessageBox.Icon.Question,
    role: QMessageBox.ButtonRole = QMessageBox.ButtonRole.DestructiveRole,  # Of the yes button
) -> None:
    """Ask the user a question; "no" is the default and answers Escape."""
    box = _box(parent, name, icon, text, detail)
    agree = box.addButton(yes[0], role)
    decline = box.addButton(no[0], QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(decline)
    box.setEscapeButton(decline)
    agree.clicked.connect(lambda: yes[1]())
    if (refuse := no[1]) is not None:
        decline.clicked.connect(lambda: refuse())
    box.open()


def _box(parent: QWidget, name: str, icon: QMessageBox.Icon, text: str, detail: str) -> QMessageBox:
    box = QMessageBox(icon, QCoreApplication.translate("Question", "Preheat"), text, parent=parent)
    box.setObjectName(name)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(detail)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
