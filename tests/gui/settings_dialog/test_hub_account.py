"""The account on Hugging Face: signing in and out, and systems without a keyring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge
from fake_keyring import FakeKeyring
from preheat.control import HubAccount
from preheat.messages import msg
from preheat.settings import HubToken
from preheat_gui.settings_dialog.hub_account import HubAccountDialog
from preheat_gui.settings_dialog.page import Remark
from preheat_gui.widgets import Theme

TOKEN = "hf_AbCdEfGhIjKlMnOp"


def account(check: bool) -> HubAccount:
    """Return what an engine answers that sees the same keyring."""
    assert check
    token = HubToken().read()
    if token is None:
        return HubAccount("")
    return HubAccount("keyring", "ada") if token == TOKEN else HubAccount("keyring", problem=msg("hub_token_invalid"))


@pytest.fixture
def dialog(qtbot: QtBot, bridge: FakeBridge, theme: Theme, fake_keyring: FakeKeyring) -> HubAccountDialog:
    bridge.answer_with(get_hub_account=account)
    return opened(qtbot, bridge)


def opened(qtbot: QtBot, bridge: FakeBridge) -> HubAccountDialog:
    shown = HubAccountDialog(bridge)
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(shown)
    with qtbot.waitExposed(shown):
        shown.show()
    return shown


def find(dialog: QWidget, kind: type[Any], name: str) -> Any:
    found = dialog.findChild(kind, name)
    assert found is not None
    return found


def status(dialog: HubAccountDialog) -> str:
    return str(find(dialog, QLabel, "hub_status").text())


def test_signing_in_and_out(dialog: HubAccountDialog, fake_keyring: FakeKeyring) -> None:
    field, save, remove = (
        find(dialog, QLineEdit, "hub_token"),
        find(dialog, QPushButton, "hub_save"),
        find(dialog, QPushButton, "hub_remove"),
    )
    assert (status(dialog), save.isEnabled(), remove.isVisible()) == (
        "Not signed in. Most models need no account.",
        False,
        False,
    )
    assert field.echoMode() is QLineEdit.EchoMode.Password
    field.setText(f" {TOKEN} ")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert list(fake_keyring.stored.values()) == [TOKEN]
    assert (status(dialog), field.text(), remove.isVisible()) == ("Signed in as ada.", "", True)
    remove.click()
    assert fake_keyring.stored == {}
    assert status(dialog).startswith("Not signed in.")


def test_a_wrong_token_is_told(dialog: HubAccountDialog) -> None:
    field, remark = find(dialog, QLineEdit, "hub_token"), find(dialog, Remark, "hub_remark")
    field.setText("hf_some_other_token")
    find(dialog, QPushButton, "hub_save").click()
    assert remark.words == "Hugging Face does not accept it. Paste another one."
    assert find(dialog, QPushButton, "hub_remove").isVisible()
    field.setText("two words")
    find(dialog, QPushButton, "hub_save").click()
    assert "not a token" in remark.words


def test_without_a_keyring(
    qtbot: QtBot, bridge: FakeBridge, theme: Theme, fake_keyring: FakeKeyring, preheat_home: Path
) -> None:
    fake_keyring.priority = 0
    bridge.answer_with(get_hub_account=account)
    dialog = opened(qtbot, bridge)
    assert not find(dialog, QLineEdit, "hub_token").isVisible()
    assert "Set HF_TOKEN instead." in find(dialog, Remark, "hub_remark").words


def test_the_environments_token_is_not_replaced(
    qtbot: QtBot, bridge: FakeBridge, theme: Theme, fake_keyring: FakeKeyring
) -> None:
    bridge.answer_with(get_hub_account=HubAccount("environment", "ada"))
    dialog = opened(qtbot, bridge)
    assert status(dialog) == "The token of the environment variable HF_TOKEN is used. Signed in as ada."
    assert not find(dialog, QLineEdit, "hub_token").isVisible()


def test_without_a_connection_the_token_is_stored_all_the_same(
    qtbot: QtBot, bridge: FakeBridge, theme: Theme, fake_keyring: FakeKeyring
) -> None:
    offline = msg("hub_no_connection", hub="https://huggingface.co", reason="no route")
    bridge.answer_with(get_hub_account=HubAccount("keyring", problem=offline))
    dialog = opened(qtbot, bridge)
    assert status(dialog) == "A token is stored."
    assert "could not be checked" in find(dialog, Remark, "hub_remark").words
