"""The page of one model: its facts, its sizes, and its card."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QResizeEvent
from PySide6.QtWidgets import QPushButton, QTabBar, QToolButton, QWidget

from preheat import control
from preheat.control import RepoOffer
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.card_view import CardView
from preheat_gui.dashboard.downloads.choice_list import ChoiceSection, ChoiceView
from preheat_gui.dashboard.downloads.choice_rows import offer_words, variant_rows, variant_words
from preheat_gui.dashboard.downloads.connection import GATED, trouble_words
from preheat_gui.dashboard.parts import detail_label
from preheat_gui.widgets import (
    GROUP_GAP,
    Banner,
    ElidedLabel,
    hbox,
    heading_font,
    named,
    set_role,
    shortcut,
    symbol,
    vbox,
)
from preheat_gui.words import message_text, sentence

HUB: Final = "https://huggingface.co"

_BESIDE_PX: Final = 860
"""From this width on, the card is next to the sizes; below it, a tab shows one of both."""


class OfferSection(ChoiceSection):
    """The sizes of one model, with the recommended one selected, and its card."""

    back_requested = Signal()  # The user wants to see the list again
    account_requested = Signal()  # The user wants to sign in to Hugging Face
    answered = Signal(object)  # The ``EngineError`` of a request to Hugging Face, or None

    def __init__(self, bridge: EngineBridge) -> None:
        self._back = named(QToolButton(), "offer_back", self.tr("Back to the list"), self.tr("Back to the list (Esc)"))
        self._title = named(ElidedLabel(), "offer_title")
        self._facts = named(detail_label(), "offer_facts")
        self._page = named(QPushButton(self.tr("&Web page")), "offer_page")
        self._page.setToolTip(self.tr("Open this model on Hugging Face"))
        self._gated = named(Banner(), "offer_gated")
        self._tabs = named(QTabBar(), "offer_tabs", self.tr("View"))
        self._card = CardView(bridge)
        top = hbox(self._back, (vbox(self._title, self._facts, spacing=0), 1), self._page)
        view = ChoiceView("offer", self.tr("Sizes of this model"))
        super().__init__(bridge, "offer", view, self.tr("&Download"), "", top, self._gated, self._tabs)
        self._wanted = ""
        self._offer: RepoOffer | None = None
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._back.setIcon(symbol("chevron-right" if mirrored else "chevron-left"))
        self._back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for button in (self._back, self._page):
            set_role(button, "quiet")
        self._title.setFont(heading_font())
        for text in (self.tr("Sizes"), self.tr("Model card")):
            self._tabs.addTab(text)
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._back.clicked.connect(self.back_requested)
        self._page.clicked.connect(self._open_page)
        self._gated.clicked.connect(self._on_gated)
        self._tabs.currentChanged.connect(self._arrange)
        self._card.answered.connect(self.answered)
        shortcut(Qt.Key.Key_Escape, self, self.back_requested)
        self._arrange()

    def open(self, name: str, title: str) -> None:
        """Ask the hub for a repository's sizes and card; ``name`` is any that a pull accepts."""
        self._wanted, self._offer = name, None
        self._title.setText(title)
        self._tabs.setCurrentIndex(0)
        self._ask()
        self._card.open(name)

    def retry(self) -> None:
        """Ask again."""
        self._ask()
        self._card.retry()

    def refresh(self) -> None:
        """Ask again for sizes that were not the hub's, or could not be downloaded."""
        offer = self._offer
        self._card.refresh()
        if self._error is not None or (offer is not None and (offer.from_catalogue or offer.access is False)):
            self._ask()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()

    def _body(self, sizes: QWidget) -> QWidget:
        body = QWidget()
        hbox((sizes, 1), (self._card, 1), parent=body, spacing=GROUP_GAP)
        self._sizes = sizes
        return body

    def _arrange(self) -> None:
        beside, on_card, failed = self.width() >= _BESIDE_PX, self._tabs.currentIndex() == 1, self._error is not None
        self._tabs.setVisible(not beside and not failed)
        self._sizes.setVisible(beside or failed or not on_card)
        self._card.setVisible(not failed and (beside or on_card))

    def _ask(self) -> None:
        self._error = None
        self._show()
        name = self._wanted
        self._bridge.ask(control.GetRepo(name), partial(self._on_offer, name), partial(self._on_offer_error, name))

    def _on_offer(self, name: str, offer: RepoOffer) -> None:
        if name != self._wanted:
            return
        if not offer.from_catalogue:
            self.answered.emit(None)
        self._offer = offer
        self._show()
        self._view.select(next((variant.name for variant in offer.variants if variant.recommended), ""))
        if self._view.isVisible():
            self._view.setFocus()

    def _on_offer_error(self, name: str, error: EngineError) -> None:
        self.answered.emit(error)
        if name == self._wanted:
            self._on_error(error)

    def _show(self) -> None:
        offer = self._offer
        self._facts.setText(offer_words(offer) if offer is not None else "")
        self._show_gate(offer)
        self._arrange()
        self._show_rows(variant_rows(offer) if offer is not None else [])

    def _show_gate(self, offer: RepoOffer | None) -> None:
        if offer is None or not offer.gated or offer.access:
            self._gated.hide()
            return
        self._gated.show_note(
            self.tr("The licence must be accepted first: on the model's web page. Then sign in here."),
            self.tr("&Sign in…"),
        )

    def _explain_empty(self) -> None:
        if self._error is not None:
            gated = self._error.code == GATED
            title = self.tr("Licence must be accepted") if gated else self.tr("This model could not be looked up")
            button = self.tr("Open the &page") if gated else self.tr("&Try again")
            self._empty.set_words(title, trouble_words(self._error), button)
        elif self._offer is not None:
            self._empty.set_words(
                self.tr("No model here"), self.tr("This repository has no GGUF model."), self.tr("&Back to the list")
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is asking Hugging Face for sizes."))

    def _show_selected(self) -> None:
        offer = self._offer
        variants = offer.variants if offer is not None else ()
        variant = next((variant for variant in variants if variant.name == self._view.selected_key), None)
        if variant is None or offer is None:
            self._strip.show_choice(self.tr("Nothing selected"))
            return
        words = sentence(message_text(offer.why)) if variant.recommended else ""
        if not words and not variant.fits:
            words = self.tr("Too big for the memory limit; choose a smaller size.")
        self._strip.show_choice(variant.name, words or variant_words(variant), main=True)

    def _on_empty(self) -> None:
        if self._error is None:
            self.back_requested.emit()
        elif self._error.code == GATED:
            self._open_page()
        else:
            self.retry()

    def _on_gated(self) -> None:
        self.account_requested.emit()

    def _open_page(self) -> None:
        repo = self._offer.repo if self._offer is not None else self._wanted
        QDesktopServices.openUrl(QUrl(f"{HUB}/{repo.partition(':')[0]}"))

    def _open(self, key: str) -> None:
        self.download_requested.emit(key)
