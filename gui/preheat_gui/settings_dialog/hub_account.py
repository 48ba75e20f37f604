"""The account on Hugging Face: a token that goes from its field to the system's keyring. GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QWidget

from preheat.control import EngineSession, GetHubAccount, HubAccount
from preheat.errors import EngineError
from preheat.messages import Message
from preheat.settings import HubToken, keyring_problem
from preheat_gui.bridge import EngineBridge
from preheat_gui.settings_dialog.page import ExtraRow, Remark, lay_out_row
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    button,
    caption,
    hbox,
    heading,
    named,
    text_label,
    vbox,
)
from preheat_gui.words import error_text, message_sentences

TOKENS_PAGE: Final = "https://huggingface.co/settings/tokens"
_REFUSED: Final = "hub_token_invalid"
_UNCHECKED: Final = frozenset({"hub_no_connection", "hub_offline", "hub_server_error", "hub_timeout"})
_WIDTH: Final = 460
_MAX_TOKEN: Final = 600


@dataclass(frozen=True, slots=True)
class _State:
    """What the dialog shows."""

    account: HubAccount
    keyring_problem: Message | None  # Why no token can be stored; None if it can


class HubAccountDialog(QDialog):
    """Shows the account in use; stores and removes a token."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hub_account_dialog")
        self.setWindowTitle(self.tr("Hugging Face account"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge = bridge
        self._status = text_label(self.tr("One moment"), "hub_status", self)
        self._token = named(QLineEdit(self), "hub_token", self.tr("Access token"))
        self._token.setEchoMode(QLineEdit.EchoMode.Password)
        self._token.setPlaceholderText(self.tr("Paste an access token: hf_…"))
        self._token.setMaxLength(_MAX_TOKEN)
        self._save = button(self.tr("&Sign in"), "hub_save", self._on_save, self, role="main")
        self._remove = button(self.tr("Sign &out"), "hub_remove", self._on_remove, self)
        self._get = button(self.tr("&Get a token…"), "hub_get_token", self._open_page, self, role="quiet")
        self._remark = named(Remark(self), "hub_remark")
        self._entry = QWidget(self)
        hbox((self._token, 1), self._save, parent=self._entry)
        about = caption(
            self.tr(
                "Needed only for models whose licence must be accepted, and for private ones. A token with read access "
                "is enough. It is kept in the system's keyring, never in Preheat's files or log."
            ),
            self,
        )
        self._lay_out(about)
        self._token.textChanged.connect(self._enable)
        self._token.returnPressed.connect(self._on_save)
        self._show_busy(True)
        bridge.ask(_look, self._show, self._on_error)

    def _lay_out(self, about: QLabel) -> None:
        close = button(self.tr("Close"), "hub_close", self.reject, self)  # never the default: Return is for the token
        title = heading(self.tr("Hugging Face account"), self)
        foot = hbox(self._get, None, self._remove, close)
        layout = vbox(title, about, self._status, self._entry, self._remark, None, foot, parent=self, spacing=GAP)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, GROUP_GAP)
        self.setMinimumWidth(_WIDTH)

    def _show(self, state: _State) -> None:
        account, stored = state.account, state.account.source == "keyring"
        from_elsewhere = account.source in ("environment", "file")
        self._status.setText(self._status_words(account))
        self._entry.setVisible(state.keyring_problem is None and not from_elsewhere)
        self._remove.setVisible(stored or HubToken().saved_at > 0)
        self._save.setText(self.tr("&Replace") if stored else self.tr("&Sign in"))
        problem = account.problem or (state.keyring_problem if not account.source else None)
        self._show_problem(problem, account)
        self._token.clear()
        self._show_busy(False)
        if self._entry.isVisible():
            self._token.setFocus()

    def _show_problem(self, problem: Message | None, account: HubAccount) -> None:
        words, wrong = message_sentences(problem), account.problem is not None
        if problem is not None and account.source:
            if problem.code in _UNCHECKED:
                words, wrong = self.tr("It could not be checked: Hugging Face cannot be reached now."), False
            elif problem.code == _REFUSED and account.source == "keyring":
                words = self.tr("Hugging Face does not accept it. Paste another one.")
        self._remark.show_words(words, wrong=wrong)

    def _status_words(self, account: HubAccount) -> str:
        signed_in = self.tr("Signed in as {name}.").format(name=account.user) if account.user else ""
        if signed_in and account.source == "keyring":
            return signed_in
        if account.source == "environment":
            words = self.tr("The token of the environment variable HF_TOKEN is used.")
        elif account.source == "file":
            words = self.tr("The token of “hf auth login” is used.")
        elif account.source:
            return self.tr("A token is stored.")
        else:
            return self.tr("Not signed in. Most models need no account.")
        return f"{words} {signed_in}".strip()

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self._token.setReadOnly(busy)
        self._remove.setEnabled(not busy)
        self._enable()

    def _enable(self) -> None:
        self._save.setEnabled(not self._busy and bool(self._token.text().strip()))

    def _on_save(self) -> None:
        token = self._token.text().strip()
        if not token or self._busy:
            return
        self._show_busy(True)
        self._status.setText(self.tr("Checking the token"))

        def store(session: EngineSession) -> _State:
            HubToken().write(token)
            return _look(session)

        self._bridge.ask(store, self._show, self._on_error)

    def _on_remove(self) -> None:
        self._show_busy(True)

        def remove(session: EngineSession) -> _State:
            HubToken().remove()
            return _look(session)

        self._bridge.ask(remove, self._show, self._on_error)

    def _on_error(self, error: EngineError) -> None:
        self._show_busy(False)
        self._status.setText("")
        self._remark.show_words(error_text(error), wrong=True)

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(TOKENS_PAGE))


class HubAccountRow(ExtraRow):
    """The row of the settings dialog that opens the account."""

    def __init__(self, bridge: EngineBridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._side = text_label(self.tr("Hugging Face"), "hub_label", self)
        opener = button(self.tr("A&ccount…"), "hub_account", self._open, self)
        opener.setAccessibleName(self.tr("Hugging Face account"))
        field = QWidget(self)
        hbox(opener, None, parent=field)
        about = caption(self.tr("Needed only for models whose licence must be accepted, and for private ones."), self)
        lay_out_row(self, self._side, field, about, QWidget(self))
        self.search_text = f"{opener.accessibleName()} token {about.text()}".casefold()

    def set_label_width(self, width: int) -> None:
        """Align with the labels of the other rows."""
        self._side.setFixedWidth(width)

    def _open(self) -> None:
        HubAccountDialog(self._bridge, self).open()


def _look(session: EngineSession) -> _State:
    return _State(session.call(GetHubAccount(check=True)), keyring_problem())
