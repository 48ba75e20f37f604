"""The few things worth a notification. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from preheat.models.downloads import DownloadState
from preheat.residency.decisions import EvictionReason
from preheat.residency.states import State
from preheat_gui.words import download_trouble, list_names, sentence, short_name

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
    from preheat.link.link import EngineLink
    from preheat.residency.decisions import DecisionRecord
    from preheat_gui.bridge import EngineBridge

QUIET_S: Final = 600.0
"""So long nothing more is said of the same model's failures, or of memory pressure."""

LOGIN_S: Final = 900.0
"""Favourites that are ready later than this after the start are no news of the login any more."""

_RECENT_DECISIONS: Final = 20


class Notifications(QObject):
    """Watches the snapshots and shows notifications by the tray icon, as far as the user wants them.

    Attributes:
        page_requested: A notification was clicked: the dashboard's page, and a model_id or "".
    """

    page_requested = Signal(str, str)

    def __init__(
        self,
        bridge: EngineBridge,
        tray: QSystemTrayIcon,
        *,
        at_login: bool,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch.

        Args:
            at_login: The system has started Preheat after the login.
            clock: For tests; seconds that never run backwards.
        """
        super().__init__(parent)
        self._bridge = bridge
        self._tray = tray
        self._clock = clock
        self._login_until = clock() + LOGIN_S if at_login else None
        self._before: dict[str, ModelSnapshot] | None = None
        self._downloads: dict[str, DownloadState] = {}
        self._said_of: dict[str, float] = {}
        self._pressure_said: float | None = None
        self._pressure_since = time.time()
        self._asking = False
        self._page = ("overview", "")
        tray.messageClicked.connect(self._on_clicked)
        bridge.snapshot_changed.connect(self._look)

    def _look(self, snapshot: EngineSnapshot) -> None:
        models = {model.model_id: model for model in snapshot.models}
        before, self._before = self._before, models
        self._look_at_favourites(snapshot)
        self._look_at_downloads(snapshot, first=before is None)
        if before is None:  # how things were when the tray came is no news
            return
        for model in snapshot.models:
            known = before.get(model.model_id)
            if known is not None and model.state is State.FAILED and known.state is not State.FAILED:
                self._say_failed(model, was_hot=known.state is State.HOT)
        left = [
            model_id
            for model_id, known in before.items()
            if known.state is State.HOT
            and model_id in models
            and models[model_id].state not in (State.HOT, State.FAILED)
        ]
        if left and snapshot.memory.pressure:
            self._ask_why_they_left()

    # Favourites after the login

    def _look_at_favourites(self, snapshot: EngineSnapshot) -> None:
        if self._login_until is None:
            return
        if self._clock() > self._login_until:
            self._login_until = None
            return
        favourites = [model for model in snapshot.models if model.favourite]
        ready = [model.model_id for model in favourites if model.state is State.HOT]
        under_way = snapshot.preload.round_progress is not None or any(
            model.state in (State.QUEUED, State.LOADING, State.WARMING) for model in favourites
        )
        if not ready or under_way:
            return
        self._login_until = None
        ready.sort(key=snapshot.favourites.index)
        if len(ready) == len(favourites):
            title = self.tr("Your favourites are ready")
        else:
            title = self.tr("{count} of {total} favourites are ready").format(count=len(ready), total=len(favourites))
        answer = self.tr("{models} answers at once.") if len(ready) == 1 else self.tr("{models} answer at once.")
        self._say(title, answer.format(models=list_names(ready)), ("overview", ""))

    # Downloads

    def _look_at_downloads(self, snapshot: EngineSnapshot, *, first: bool) -> None:
        before = self._downloads
        self._downloads = {download.download_id: download.state for download in snapshot.downloads}
        for download in () if first else snapshot.downloads:
            # One that is seen for the first time may be an old one: they are read after the start.
            was = before.get(download.download_id, download.state)
            if was is download.state:
                continue
            if download.state is DownloadState.DONE:
                title = self.tr("{model} has arrived").format(model=short_name(download.name))
                self._say(title, self.tr("It is ready to use."), ("downloads", ""))
            elif download.state is DownloadState.FAILED:
                title = self.tr("{model} did not arrive").format(model=short_name(download.name))
                self._say(
                    title, download_trouble(download) or self.tr("The log says why."), ("downloads", ""), warning=True
                )

    # Failures

    def _say_failed(self, model: ModelSnapshot, *, was_hot: bool) -> None:
        now, last = self._clock(), self._said_of.get(model.model_id)
        if last is not None and now - last < QUIET_S:
            return
        self._said_of[model.model_id] = now
        title = self.tr("{model} stopped working") if was_hot else self.tr("{model} did not load")
        reason = sentence(model.error or self.tr("The log says why"))
        way_on = (
            self.tr("It is loaded again when it is needed.") if was_hot else self.tr("Click to see what can be done.")
        )
        self._say(
            title.format(model=short_name(model.model_id)),
            f"{reason[:1].upper()}{reason[1:]} {way_on}",
            ("models", model.model_id),
            warning=True,
        )

    # Memory pressure

    def _ask_why_they_left(self) -> None:
        quiet = self._pressure_said is not None and self._clock() - self._pressure_said < QUIET_S
        if quiet or self._asking:
            return
        self._asking = True
        self._bridge.ask(_recent_decisions, self._take_decisions, self._take_no_decisions)

    def _take_decisions(self, decisions: list[DecisionRecord]) -> None:
        self._asking = False
        gone = [
            decision
            for decision in decisions
            if decision.cause == EvictionReason.PRESSURE.value and decision.at > self._pressure_since
        ]
        if not gone:
            return
        self._pressure_said = self._clock()
        self._pressure_since = max(decision.at for decision in gone)
        names = list(dict.fromkeys(decision.model_id for decision in gone))
        title = self.tr("{model} was unloaded") if len(names) == 1 else self.tr("{model} were unloaded")
        text = self.tr("Other programs need the memory. Favourites come back when there is room again.")
        self._say(title.format(model=list_names(names)), text, ("activity", ""))

    def _take_no_decisions(self, error: object) -> None:
        """No log is kept, or the engine has gone: without a reason there is nothing to say."""
        self._asking = False

    def _say(self, title: str, text: str, page: tuple[str, str], *, warning: bool = False) -> None:
        if not self._bridge.settings.notifications:
            return
        self._page = page
        icon = QSystemTrayIcon.MessageIcon.Warning if warning else QSystemTrayIcon.MessageIcon.Information
        self._tray.showMessage(title, text, icon)

    def _on_clicked(self) -> None:
        self.page_requested.emit(*self._page)


def _recent_decisions(link: EngineLink) -> list[DecisionRecord]:
    return link.decisions(_RECENT_DECISIONS)
