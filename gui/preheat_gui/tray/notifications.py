"""The few notifications. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSystemTrayIcon

from preheat import control
from preheat.control import DownloadState, EvictionReason, State
from preheat_gui.words import (
    download_trouble,
    lacking_words,
    list_names,
    message_opening,
    raised_limit,
    sentence,
    short_name,
)

if TYPE_CHECKING:
    from preheat.control import DecisionRecord, EngineSession, EngineSnapshot, ModelSnapshot
    from preheat_gui.bridge import EngineBridge

QUIET_S: Final = 600.0  # Shortest time between two notifications of the same model's failures, or of memory pressure
LOGIN_S: Final = 900.0  # Time after a start at login in which ready favourites are announced
_RECENT_DECISIONS: Final = 20
_LOADING: Final = (State.QUEUED, State.LOADING, State.WARMING)


class Notifications(QObject):
    """Watches the snapshots and shows notifications at the tray icon, unless the user switched them off.

    A click on one arrives as ``bridge.view_requested``, with a model_id or "", unless it was an offer.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        tray: QSystemTrayIcon,
        *,
        at_login: bool,  # The system started Preheat at login
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,  # Monotonic time in seconds
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._tray = tray
        self._clock = clock
        self._login_until = clock() + LOGIN_S if at_login else None
        self._models: dict[str, ModelSnapshot] | None = None
        self._downloads: dict[str, DownloadState] = {}
        self._lacking: set[str] = set()  # Favourites that were said to have no room
        self._failed_at: dict[str, float] = {}
        self._pressure_at: float | None = None
        self._pressure_since = time.time()
        self._asking = False
        self._on_click: Callable[[], object] = lambda: None
        tray.messageClicked.connect(self._on_clicked)
        bridge.snapshot_changed.connect(self._look)

    def offer_room(self, program: str, make_room: Callable[[], object]) -> None:
        """Offer to unload the models until a program ends; a click calls ``make_room``."""
        what = self.tr("{program} fills the screen").format(program=program) if program else self.tr("A game runs")
        self._say(what, self.tr("Click to unload the models until it ends, so that it has their memory."), make_room)

    def _look(self, snapshot: EngineSnapshot) -> None:
        models = {model.model_id: model for model in snapshot.models}
        before, self._models = self._models, models
        self._look_at_favourites(snapshot)
        self._look_at_room(snapshot, first=not before)
        self._look_at_downloads(snapshot, first=before is None)
        if before is None:  # the state at the start is not news
            return
        evicted = False
        for model_id, known in before.items():
            model = models.get(model_id)
            if model is None:
                continue
            if model.state is State.FAILED and known.state is not State.FAILED:
                self._notify_failure(model, was_hot=known.state is State.HOT)
            evicted |= known.state is State.HOT and model.state not in (State.HOT, State.FAILED)
        if evicted and snapshot.memory.pressure:
            self._ask_for_decisions()

    def _look_at_favourites(self, snapshot: EngineSnapshot) -> None:
        if self._login_until is None:
            return
        if self._clock() > self._login_until:
            self._login_until = None
            return
        favourites = [model for model in snapshot.models if model.favourite]
        ready = [model.model_id for model in favourites if model.state is State.HOT]
        loading = any(model.state in _LOADING for model in favourites)
        if not ready or loading or snapshot.preload.round_progress is not None:
            return
        self._login_until = None
        ready.sort(key=snapshot.favourites.index)
        if len(ready) == len(favourites):
            title = self.tr("Your favourites are ready")
        else:
            title = self.tr("{count} of {total} favourites are ready").format(count=len(ready), total=len(favourites))
        self._notify(title, list_names(ready), ("overview", ""))

    def _look_at_room(self, snapshot: EngineSnapshot, *, first: bool) -> None:
        """Say once that a favourite has no room; what was so at the start is shown in the windows."""
        lacking = set(snapshot.favourites_without_room)
        news, self._lacking = lacking - self._lacking, self._lacking | lacking
        if not news or first:
            return
        limit = raised_limit(snapshot.favourites_bytes, snapshot.memory, str(self._bridge.settings.memory_limit))
        view = ("settings", f"memory_limit={limit}") if limit else ("models", min(news))
        self._notify(self.tr("A favourite has no room"), lacking_words(snapshot), view, warning=True)

    def _look_at_downloads(self, snapshot: EngineSnapshot, *, first: bool) -> None:
        before = self._downloads
        self._downloads = {download.download_id: download.state for download in snapshot.downloads}
        for download in () if first else snapshot.downloads:
            # A new one may be old: downloads are read after the start.
            if before.get(download.download_id, download.state) is download.state:
                continue
            name = short_name(download.name)
            if download.state is DownloadState.DONE:
                title = self.tr("{model} downloaded").format(model=name)
                self._notify(title, self.tr("It is ready to use."), ("downloads", ""))
            elif download.state is DownloadState.FAILED:
                title = self.tr("Download of {model} failed").format(model=name)
                reason = download_trouble(download) or self.tr("See the log.")
                self._notify(title, reason, ("downloads", ""), warning=True)

    def _notify_failure(self, model: ModelSnapshot, *, was_hot: bool) -> None:
        now, last = self._clock(), self._failed_at.get(model.model_id)
        if last is not None and now - last < QUIET_S:
            return
        self._failed_at[model.model_id] = now
        title = self.tr("{model} crashed") if was_hot else self.tr("{model} did not load")
        reason = sentence(message_opening(model.error) or self.tr("See the log"))
        hint = self.tr("It loads again when needed.") if was_hot else self.tr("Click for details.")
        text = f"{reason} {hint}"
        self._notify(title.format(model=short_name(model.model_id)), text, ("models", model.model_id), warning=True)

    # Memory pressure

    def _ask_for_decisions(self) -> None:
        quiet = self._pressure_at is not None and self._clock() - self._pressure_at < QUIET_S
        if not quiet and not self._asking:
            self._asking = True
            self._bridge.ask(_recent_decisions, self._take_decisions, self._take_no_decisions)

    def _take_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        self._asking = False
        evicted = [
            decision
            for decision in decisions
            if decision.cause == EvictionReason.PRESSURE.value and decision.at > self._pressure_since
        ]
        if not evicted:
            return
        self._pressure_at = self._clock()
        self._pressure_since = max(decision.at for decision in evicted)
        names = list(dict.fromkeys(decision.model_id for decision in evicted))
        title = self.tr("{model} was unloaded") if len(names) == 1 else self.tr("{model} were unloaded")
        text = self.tr("Other programs need the memory. Favourites are loaded again when there is room.")
        self._notify(title.format(model=list_names(names)), text, ("activity", ""))

    def _take_no_decisions(self, _error: object) -> None:
        """Stay silent: without a recorded reason there is nothing to say."""
        self._asking = False

    def _notify(self, title: str, text: str, view: tuple[str, str], *, warning: bool = False) -> None:
        self._say(title, text, partial(self._bridge.view_requested.emit, *view), warning=warning)

    def _say(self, title: str, text: str, on_click: Callable[[], object], *, warning: bool = False) -> None:
        if self._bridge.settings.notifications:
            self._on_click = on_click
            icons = QSystemTrayIcon.MessageIcon
            self._tray.showMessage(title, text, icons.Warning if warning else icons.Information)

    def _on_clicked(self) -> None:
        self._on_click()


def _recent_decisions(session: EngineSession) -> tuple[DecisionRecord, ...]:
    return session.call(control.ListDecisions(_RECENT_DECISIONS)).decisions
