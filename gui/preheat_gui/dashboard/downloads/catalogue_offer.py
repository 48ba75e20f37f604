"""What one repository on the hub offers: sizes to choose from, the recommended one selected."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from preheat.control import OfferedVariant, RepoOffer
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge import library_commands as commands
from preheat_gui.dashboard.downloads.catalogue_strip import ChoiceStrip
from preheat_gui.dashboard.downloads.catalogue_view import ChoiceView
from preheat_gui.dashboard.downloads.catalogue_words import offer_words, variant_rows
from preheat_gui.widgets import (
    CAPTION_SCALE,
    GAP,
    Banner,
    ElidedLabel,
    EmptyState,
    Token,
    heading_font,
    scaled_font,
    set_role,
    symbol,
)
from preheat_gui.words import message_text, sentence

HUB: Final = "https://huggingface.co"

_GATED: Final = "gated_repo"


class OfferSection(QWidget):
    """One repository at a time.

    Attributes:
        get_asked: The user wants to fetch a size (what to pull).
        back_asked: The user wants to see the list again.
    """

    get_asked = Signal(str)
    back_asked = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._wanted = ""
        self._offer: RepoOffer | None = None
        self._error: EngineError | None = None
        self._back = QToolButton(self)
        self._title = ElidedLabel(parent=self)
        self._facts = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._gated = Banner()
        self._view = ChoiceView("offer", self.tr("Sizes of this model"))
        self._empty = EmptyState("", "")
        self._stack = QStackedWidget()
        self._strip = ChoiceStrip("offer", self.tr("&Get"))
        self._build()
        self._connect()

    def open(self, name: str, title: str) -> None:
        """Ask the hub what a repository offers, and show it.

        Args:
            name: Whatever a pull understands.
            title: What to call it.
        """
        self._wanted, self._offer, self._error = name, None, None
        self._title.setText(title)
        self._show()
        self._ask()

    # -- private ------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._back.setObjectName("offer_back")
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._back.setIcon(symbol("chevron-right" if mirrored else "chevron-left"))
        self._back.setToolTip(self.tr("Back to the list (Esc)"))
        self._back.setAccessibleName(self.tr("Back to the list"))
        self._back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(self._back, "quiet")
        self._title.setObjectName("offer_title")
        self._title.setFont(heading_font())
        self._facts.setFont(scaled_font(CAPTION_SCALE))
        self._facts.set_token(Token.MUTED)
        self._gated.setObjectName("offer_gated")
        self._empty.setObjectName("offer_empty")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._facts)
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(self._back)
        top.addLayout(words, 1)
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(top)
        layout.addWidget(self._gated)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._strip)

    def _connect(self) -> None:
        self._back.clicked.connect(self.back_asked)
        self._gated.clicked.connect(self._open_page)
        self._view.chosen.connect(self._get)
        self._view.selected.connect(self._show_selected)
        self._strip.get_clicked.connect(self._get_selected)
        self._empty.clicked.connect(self._on_empty)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.back_asked)

    def _ask(self) -> None:
        name = self._wanted
        self._bridge.ask(
            partial(commands.ask_offer, name), partial(self._on_offer, name), partial(self._on_error, name)
        )

    def _on_offer(self, name: str, offer: RepoOffer) -> None:
        if name != self._wanted:
            return
        self._offer = offer
        self._show()
        recommended = next((variant.name for variant in offer.variants if variant.recommended), "")
        self._view.select(recommended)
        if self._view.isVisible():
            self._view.setFocus()

    def _on_error(self, name: str, error: EngineError) -> None:
        if name == self._wanted:
            self._error = error
            self._show()

    def _show(self) -> None:
        offer = self._offer
        rows = variant_rows(offer) if offer is not None else []
        self._facts.setText(offer_words(offer) if offer is not None else "")
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        if offer is not None and offer.gated:
            self._gated.show_note(
                self.tr(
                    "Its owner wants your consent first. Accept the terms on the model's page, then sign in with: "
                    "hf auth login"
                ),
                self.tr("Open the &page"),
            )
        else:
            self._gated.hide()
        self._show_selected()
        if not rows:
            self._say_empty()

    def _say_empty(self) -> None:
        if self._error is not None:
            words = f"{sentence(self._error.title)} {sentence(self._error.hint)}".strip()
            gated = self._error.code == _GATED
            title = self.tr("Its owner wants your consent") if gated else self.tr("This could not be looked up")
            self._empty.set_words(title, words, self.tr("Open the &page") if gated else self.tr("&Try again"))
        elif self._offer is not None:
            self._empty.set_words(
                self.tr("Nothing to run here"),
                self.tr("This repository has no GGUF file that is a model."),
                self.tr("&Back to the list"),
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is asking the hub which sizes there are."))

    def _selected(self) -> OfferedVariant | None:
        variants = self._offer.variants if self._offer is not None else ()
        return next((variant for variant in variants if variant.name == self._view.selected_key), None)

    def _show_selected(self) -> None:
        variant, offer = self._selected(), self._offer
        if variant is None or offer is None:
            self._strip.show_choice(self.tr("Nothing selected"), "", can_get=False)
            return
        words = sentence(message_text(offer.why)) if variant.recommended else ""
        if not words and not variant.fits:
            words = self.tr("It would not load within the memory limit; a smaller one would.")
        self._strip.show_choice(variant.name, words or offer.licence, can_get=True)

    def _on_empty(self) -> None:
        if self._error is None:
            self.back_asked.emit()
        elif self._error.code == _GATED:
            self._open_page()
        else:
            self._error = None
            self._show()
            self._ask()

    def _open_page(self) -> None:
        repo = self._offer.repo if self._offer is not None else self._wanted
        QDesktopServices.openUrl(QUrl(f"{HUB}/{repo.partition(':')[0]}"))

    def _get(self, key: str) -> None:
        self.get_asked.emit(key)

    def _get_selected(self) -> None:
        if self._view.selected_key:
            self._get(self._view.selected_key)
