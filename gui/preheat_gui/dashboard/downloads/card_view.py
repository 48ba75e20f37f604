"""Shows the model card of a repository. Nothing in it can ask the network."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QByteArray, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QTextOption
from PySide6.QtWidgets import QTextBrowser, QWidget

from preheat import control
from preheat.control import RepoCard
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.connection import GATED, NO_CONNECTION, trouble_words
from preheat_gui.widgets import GROUP_GAP, EmptyState, Token, body_font, named, set_role, stacked, theme, vbox

_WEB: Final = ("http", "https")
_HEADING: Final = re.compile(r"<(/?)h([1-6])>")


class CardBrowser(QTextBrowser):
    """Rich text without resources: an image or a style sheet that it names is not fetched."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "model_card", self.tr("Model card"))
        set_role(self, "reading")
        self._html = ""
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(GROUP_GAP)
        self.anchorClicked.connect(self._open)
        theme().changed.connect(self._show)

    def show_html(self, html: str) -> None:
        """Show HTML of ``RepoCard``."""
        # Qt has sizes of its own for headings, which a style sheet only multiplies.
        self._html = _HEADING.sub(lambda tag: f"<{tag[1]}p{'' if tag[1] else f' class=h{tag[2]}'}>", html)
        self._show()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802
        return QByteArray()

    def _show(self) -> None:
        at = self.verticalScrollBar().value()
        self.document().setDefaultStyleSheet(_style())
        self.setHtml(self._html)
        self.verticalScrollBar().setValue(at)

    def _open(self, address: QUrl) -> None:
        if address.scheme() in _WEB:
            QDesktopServices.openUrl(address)


class CardView(QWidget):
    """Asks for a card when a repository is opened, and shows it, or why there is none."""

    answered = Signal(object)  # The ``EngineError`` of a request to Hugging Face, or None

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._wanted = ""
        self._failed = False
        self._browser = CardBrowser()
        self._empty = named(EmptyState("", ""), "card_empty")
        self._stack = stacked(self._browser, self._empty)
        vbox(self._stack, parent=self)
        self._empty.clicked.connect(self.retry)

    def open(self, name: str) -> None:
        """Show the card of a repository; ``name`` is any that a pull accepts."""
        self._wanted = name
        self.retry()

    def retry(self) -> None:
        """Ask again."""
        name, self._failed = self._wanted, False
        self._explain(self.tr("One moment"), self.tr("Preheat is asking for the model card."))
        self._bridge.ask(control.GetCard(name), partial(self._on_card, name), partial(self._on_error, name))

    def refresh(self) -> None:
        """Ask again if the card was not available."""
        if self._wanted and self._failed:
            self.retry()

    def _on_card(self, name: str, card: RepoCard) -> None:
        if name != self._wanted:
            return
        self.answered.emit(None)
        if not card.html.strip():
            self._explain(self.tr("No model card"), self.tr("The publisher has not described this model."))
            return
        rest = self.tr("The card is longer. The rest is on the model's page.")
        self._browser.show_html(f"{card.html}<hr><p><i>{rest}</i></p>" if card.shortened else card.html)
        self._browser.verticalScrollBar().setValue(0)
        self._stack.setCurrentWidget(self._browser)

    def _on_error(self, name: str, error: EngineError) -> None:
        if name != self._wanted:
            return
        self._failed = True
        self.answered.emit(error)
        offline = error.code in NO_CONNECTION
        words = self.tr("It appears here when Hugging Face can be reached.") if offline else trouble_words(error)
        again = None if error.code == GATED else self.tr("Try a&gain")
        self._explain(self.tr("The model card is not available"), words, again)

    def _explain(self, title: str, words: str, button: str | None = None) -> None:
        self._empty.set_words(title, words, button)
        self._stack.setCurrentWidget(self._empty)


def _style() -> str:
    """Return the style sheet of cards in the theme's colours."""
    colour = {token: theme().colour(token).name() for token in (Token.TEXT, Token.MUTED, Token.ACCENT, Token.HOVER)}
    size = body_font().pointSizeF()
    return f"""
        body, p, li, td, th {{ color: {colour[Token.TEXT]}; }}
        .h1 {{ font-size: {size * 1.4:.1f}pt; font-weight: 600; }}
        .h2 {{ font-size: {size * 1.2:.1f}pt; font-weight: 600; margin-top: 16px; }}
        .h3, .h4, .h5, .h6 {{ font-size: {size:.1f}pt; font-weight: 600; margin-top: 12px; }}
        a {{ color: {colour[Token.ACCENT]}; }}
        blockquote, blockquote p {{ color: {colour[Token.MUTED]}; }}
        pre, code {{ background-color: {colour[Token.HOVER]}; }}
        pre {{ white-space: pre-wrap; }}
        th {{ text-align: left; }}
        th, td {{ padding: 3px 10px 3px 0; }}
    """
