"""The sizes in one repository on the hub."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QToolButton

from preheat import control
from preheat.control import RepoOffer
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.choice_rows import offer_words, variant_rows
from preheat_gui.dashboard.downloads.choice_section import ChoiceSection, ChoiceView
from preheat_gui.dashboard.labels import detail_label
from preheat_gui.widgets import Banner, ElidedLabel, hbox, heading_font, named, set_role, shortcut, symbol, vbox
from preheat_gui.words import error_text, message_text, sentence

HUB: Final = "https://huggingface.co"

_GATED: Final = "gated_repo"


class OfferSection(ChoiceSection):
    """The sizes of one model, with the recommended one selected."""

    back_requested = Signal()  # The user wants to see the list again

    def __init__(self, bridge: EngineBridge) -> None:
        self._back = named(QToolButton(), "offer_back", self.tr("Back to the list"), self.tr("Back to the list (Esc)"))
        self._title = named(ElidedLabel(), "offer_title")
        self._facts = detail_label()
        self._gated = named(Banner(), "offer_gated")
        top = hbox(self._back, (vbox(self._title, self._facts, spacing=0), 1))
        view = ChoiceView("offer", self.tr("Sizes of this model"))
        super().__init__(bridge, "offer", view, self.tr("&Download"), "", top, self._gated)
        self._wanted = ""
        self._offer: RepoOffer | None = None
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._back.setIcon(symbol("chevron-right" if mirrored else "chevron-left"))
        self._back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(self._back, "quiet")
        self._title.setFont(heading_font())
        self._back.clicked.connect(self.back_requested)
        self._gated.clicked.connect(self._open_page)
        shortcut(Qt.Key.Key_Escape, self, self.back_requested)

    def open(self, name: str, title: str) -> None:
        """Ask the hub for a repository's sizes, and show them; ``name`` is any that a pull accepts."""
        self._wanted, self._offer = name, None
        self._title.setText(title)
        self._ask()

    def _ask(self) -> None:
        self._error = None
        self._show()
        name = self._wanted
        self._bridge.ask(control.GetRepo(name), partial(self._on_offer, name), partial(self._on_offer_error, name))

    def _on_offer(self, name: str, offer: RepoOffer) -> None:
        if name != self._wanted:
            return
        self._offer = offer
        self._show()
        self._view.select(next((variant.name for variant in offer.variants if variant.recommended), ""))
        if self._view.isVisible():
            self._view.setFocus()

    def _on_offer_error(self, name: str, error: EngineError) -> None:
        if name == self._wanted:
            self._on_error(error)

    def _show(self) -> None:
        offer = self._offer
        self._facts.setText(offer_words(offer) if offer is not None else "")
        if offer is not None and offer.gated:
            self._gated.show_note(
                self.tr("Accept the licence on the model's page first, then sign in with: hf auth login"),
                self.tr("Open the &page"),
            )
        else:
            self._gated.hide()
        self._show_rows(variant_rows(offer) if offer is not None else [])

    def _explain_empty(self) -> None:
        if self._error is not None:
            gated = self._error.code == _GATED
            title = self.tr("Licence must be accepted") if gated else self.tr("This model could not be looked up")
            button = self.tr("Open the &page") if gated else self.tr("&Try again")
            self._empty.set_words(title, error_text(self._error), button)
        elif self._offer is not None:
            self._empty.set_words(
                self.tr("No model here"), self.tr("This repository has no GGUF model."), self.tr("&Back to the list")
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is asking the hub for sizes."))

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
        self._strip.show_choice(variant.name, words or offer.licence, main=True)

    def _on_empty(self) -> None:
        if self._error is None:
            self.back_requested.emit()
        elif self._error.code == _GATED:
            self._open_page()
        else:
            self._ask()

    def _open_page(self) -> None:
        repo = self._offer.repo if self._offer is not None else self._wanted
        QDesktopServices.openUrl(QUrl(f"{HUB}/{repo.partition(':')[0]}"))

    def _open(self, key: str) -> None:
        self.download_requested.emit(key)
