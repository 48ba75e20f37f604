"""The overview's first card: a sentence, the band of memory, and its menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from preheat import control
from preheat.control import ModelSnapshot, State
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.cells import CANCELLABLE
from preheat_gui.dashboard.hearth.device_bands import DeviceBands
from preheat_gui.dashboard.hearth.headline import Headline, Help, make_headline, raised_limit
from preheat_gui.dashboard.hearth.limit_change import LimitChange
from preheat_gui.dashboard.hearth.scene import Order, Scene, gather
from preheat_gui.dashboard.hearth.widget import Hearth
from preheat_gui.dashboard.parts import align_to_start, detail_label
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, EmptyState, caption, hbox, named, symbol
from preheat_gui.words import message_text, sentence

if TYPE_CHECKING:
    from preheat.control import Explanation


_NEEDED: Final = {Help.SWITCH_ON: "preload", Help.CHOOSE: "favourites"}  # The setting that a button changes


class HearthCard(Card):
    """Shows the models in memory, and what the engine does."""

    page_requested = Signal(str, str)  # The user wants another page: its key, and a model_id or ""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        named(self, "hearth_card", self.tr("Memory"))
        self._bridge = bridge
        self._order = Order()
        self._scene = Scene()
        self._headline = Headline("")
        self._change = LimitChange(bridge, self)
        self._hearth = Hearth()
        self._devices = DeviceBands()
        self._sentence = named(ElidedLabel(), "hearth_sentence")
        self._aside = named(detail_label(), "hearth_aside")
        self._button = named(QPushButton(), "hearth_button")
        self._why = named(caption(), "hearth_why")
        self._empty = named(EmptyState("", ""), "hearth_empty")
        self.focus_order: Sequence[QWidget] = (self._hearth, self._empty.button)
        self._build()
        self._connect()

    def render_hearth(self) -> None:
        """Show the engine's present state."""
        bridge, change = self._bridge, self._change
        change.settle()
        failed = bridge.port.engine_error
        shows_band = failed is None and bool(bridge.snapshot.models)
        self._empty.setVisible(not shows_band)
        for part in (self._hearth, self._sentence, self._aside):
            part.setVisible(shows_band)
        if shows_band:
            self._render_band()
            self._devices.show_devices(bridge.snapshot, bridge.signs)
            return
        self._devices.hide()
        self._button.hide()
        if failed is not None:
            self._empty.set_words(
                self.tr("The engine has stopped"), sentence(message_text(failed)), self.tr("&Start again")
            )
        elif bridge.is_open:
            words = self.tr("Download a model, or drop GGUF files here.")
            self._empty.set_words(self.tr("No models yet"), words, self.tr("&Download a model"))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))

    def highlight(self, model_id: str) -> None:
        """Mark a model's block; empty for none."""
        self._hearth.highlight(model_id)

    def _render_band(self) -> None:
        bridge, change = self._bridge, self._change
        self._scene = gather(
            bridge.snapshot, self._order, bridge.signs, limit_bytes=change.limit_bytes, preview=change.preview
        )
        self._hearth.set_locked(change.locked)
        self._hearth.show_scene(self._scene, change.words(), moving=change.limit_bytes is not None)
        if change.limit_bytes is None:
            limit = "" if change.locked else str(bridge.settings.memory_limit)
            self._show_headline(self._possible(make_headline(bridge.snapshot, self._scene, limit)))

    def _possible(self, headline: Headline) -> Headline:
        """Return the headline without a button for a setting that cannot be changed here."""
        fixed = self._bridge.why_fixed(_NEEDED[headline.help]) if headline.help in _NEEDED else ""
        return replace(headline, help=Help.NONE, aside=fixed) if fixed else headline

    def _show_headline(self, headline: Headline) -> None:
        if headline == self._headline and self._sentence.text():
            self._button.setVisible(headline.help is not Help.NONE)
            return
        self._headline = headline
        self._sentence.setText(headline.sentence)
        self._aside.setText(headline.aside)
        texts = {
            Help.RESUME: self.tr("&Resume"),
            Help.END_ROOM: self.tr("&Load them again now"),
            Help.SWITCH_ON: self.tr("S&witch on"),
            Help.RAISE_LIMIT: self.tr("&Raise the limit"),
            Help.CHOOSE: self.tr("&Choose models"),
        }
        self._button.setText(texts.get(headline.help, ""))
        self._button.setVisible(headline.help is not Help.NONE)
        self.setAccessibleDescription(" ".join(filter(None, (headline.sentence, headline.aside))))

    def _build(self) -> None:
        self._sentence.setFont(self.title.font())
        align_to_start(self._why)
        self._why.hide()
        # With or without the button and the second line, nothing under them moves.
        self._sentence.setMinimumHeight(self._button.sizeHint().height())
        self.body.setSpacing(GAP // 2)
        self.body.addLayout(hbox((self._sentence, 1), self._button, spacing=GROUP_GAP))
        self.body.addWidget(self._aside)
        self.body.addSpacing(GAP)
        self.body.addWidget(self._hearth)
        self.body.addWidget(self._devices)
        self.body.addWidget(self._empty)
        self.body.addWidget(self._why)

    def _connect(self) -> None:
        hearth, change = self._hearth, self._change
        self._button.clicked.connect(self._on_button)
        self._empty.clicked.connect(self._on_empty)
        hearth.menu_requested.connect(self._open_menu)
        hearth.favourite_pressed.connect(self._toggle_favourite)
        hearth.unload_pressed.connect(self._bridge.unload)
        hearth.model_hovered.connect(self._bridge.model_pointed)
        self._bridge.model_pointed.connect(self.highlight)
        hearth.limit_touched.connect(change.touch)
        hearth.limit_moved.connect(change.move)
        hearth.limit_committed.connect(change.commit)
        hearth.limit_cancelled.connect(change.cancel)
        change.changed.connect(self.render_hearth)

    # Actions

    def _on_button(self) -> None:
        match self._headline.help:
            case Help.RESUME:
                self._bridge.resume()
            case Help.END_ROOM:
                self._bridge.end_room()
            case Help.SWITCH_ON:
                self._bridge.set_preloading(True)
            case Help.RAISE_LIMIT:
                self._change.apply(self._headline.limit)
            case Help.CHOOSE:
                self.page_requested.emit("models", "")

    def _on_empty(self) -> None:
        if self._bridge.port.engine_error is not None:
            self._bridge.restart_engine()
        else:
            self.page_requested.emit("downloads", "")

    def _open_menu(self, model_id: str, at: QPoint) -> None:
        model = self._bridge.snapshot.model(model_id)
        if model is not None:
            self._why.hide()
            self._menu(model).popup(at)

    def _menu(self, model: ModelSnapshot) -> QMenu:
        bridge, model_id = self._bridge, model.model_id
        menu = named(QMenu(self), "hearth_menu")
        menu.aboutToHide.connect(menu.deleteLater)
        if model.state is State.HOT:
            menu.addAction(symbol("eject"), self.tr("&Unload"), partial(bridge.unload, model_id))
        elif model.state in CANCELLABLE:
            menu.addAction(symbol("stop"), self.tr("&Cancel load"), partial(bridge.unload, model_id))
        elif model.state is not State.UNLOADING:
            menu.addAction(symbol("play"), self.tr("&Load"), partial(bridge.load, model_id))
        favourite = menu.addAction(self.tr("&Favourite: always ready"))
        favourite.setCheckable(True)
        if fixed := bridge.why_fixed("favourites"):
            favourite.setEnabled(False)
            favourite.setToolTip(fixed)
            menu.setToolTipsVisible(True)
        favourite.setChecked(model.favourite)
        favourite.triggered.connect(partial(self._toggle_favourite, model_id))
        setting = "" if self._change.locked else str(bridge.settings.memory_limit)
        if limit := raised_limit(bridge.snapshot, self._scene, setting, model_id):
            text = self.tr("&Raise the limit to {limit}").format(limit=_spaced(limit))
            menu.addAction(text, partial(self._change.apply, limit))
        menu.addSeparator()
        menu.addAction(symbol("info"), self.tr("&Why?"), partial(self._ask_why, model_id))
        menu.addAction(self.tr("&Show in Models"), partial(self.page_requested.emit, "models", model_id))
        return menu

    def _toggle_favourite(self, model_id: str) -> None:
        model = self._bridge.snapshot.model(model_id)
        if model is not None:
            self._bridge.set_favourite(model_id, not model.favourite)

    def _ask_why(self, model_id: str) -> None:
        self._bridge.ask(control.ExplainModel(model_id), partial(self._on_why, model_id))

    def _on_why(self, model_id: str, answer: Explanation) -> None:
        self._why.setText(self.tr("{model}: {why}").format(model=model_id, why=sentence(message_text(answer.why))))
        self._why.show()


def _spaced(limit: str) -> str:
    """Return a limit as the setting is written, as a person writes it: ``62 %``, ``20 GB``."""
    return limit.replace("%", " %").replace("GB", " GB")
