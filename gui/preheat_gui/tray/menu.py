"""The tray icon's menu: always as the newest snapshot has it, also while it is open. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu

from preheat.residency.states import State
from preheat_gui.tray.menu_entries import Entry, MenuEntries
from preheat_gui.words import format_memory, paused_words, percent_done, short_name, status_line

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
    from preheat.link.link import PortStatus
    from preheat.settings import Settings
    from preheat_gui.bridge import EngineBridge
    from preheat_gui.words import Problem

MOST_FAVOURITES: Final = 20
"""Models in the submenu; the dashboard has all."""

HOUR_S: Final = 3600.0
MORNING: Final = 6
"""The hour at which tomorrow begins, for a pause."""

_SHORTEST_NIGHT: Final = timedelta(hours=4)


class TrayMenu(QMenu):
    """Shows the snapshot and gives commands.

    Attributes:
        dashboard_requested: The status line or "Dashboard".
        models_requested: "All models…".
        settings_requested: "Settings…".
        quit_requested: "Quit".
    """

    dashboard_requested = Signal()
    models_requested = Signal()
    settings_requested = Signal()
    quit_requested = Signal()

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self.setObjectName("tray_menu")
        self.menuAction().setObjectName("tray_menu_action")
        self.setAccessibleName(self.tr("Preheat"))
        self._bridge = bridge
        self._problem: Problem | None = None
        self._status = self._add("status", "")
        self._status.triggered.connect(self.dashboard_requested)
        self.addSeparator()
        self._preloading = self._add("preloading", self.tr("&Preloading"), checkable=True)
        self._preloading.triggered.connect(bridge.set_preloading)
        self._at_login = self._add("preload_at_login", self.tr("Preload at &login"), checkable=True)
        self._at_login.triggered.connect(bridge.set_preload_at_login)
        self._add_models()
        self._add_pause()
        self.addSeparator()
        self._add_windows()
        bridge.snapshot_changed.connect(self._show_snapshot)
        bridge.port_changed.connect(self._show_port)
        bridge.settings_changed.connect(self._show_settings)
        bridge.command_failed.connect(self._undo)
        self.aboutToShow.connect(self._show_all)
        self._show_all()

    def set_problem(self, problem: Problem | None) -> None:
        """Show what is wrong in the status line; None shows what goes on."""
        self._problem = problem
        self._show_status()

    # What it consists of

    def _add_models(self) -> None:
        self._favourites_menu = self._add_menu("favourites", self.tr("&Favourites"))
        none_yet = self._add("no_models", self.tr("No models yet"), menu=self._favourites_menu)
        none_yet.setEnabled(False)
        separator = self._favourites_menu.addSeparator()
        self._all_models = self._add("all_models", self.tr("&All models…"), menu=self._favourites_menu)
        self._all_models.triggered.connect(self.models_requested)
        self._favourites = MenuEntries(self._favourites_menu, "favourite", separator, none_yet, checkable=True)
        self._favourites.toggled.connect(self._bridge.set_favourite)
        self._hot_menu = self._add_menu("hot_models", self.tr("&Hot models"))
        nothing = self._add("nothing_hot", self.tr("Nothing is in memory"), menu=self._hot_menu)
        nothing.setEnabled(False)
        self._hot = MenuEntries(self._hot_menu, "unload", nothing, nothing)
        self._hot.chosen.connect(self._bridge.unload)

    def _add_pause(self) -> None:
        self._pause_menu = self._add_menu("pause", self.tr("P&ause"))
        self._resume = self._add("resume", self.tr("&Resume now"), menu=self._pause_menu)
        self._resume.triggered.connect(self._bridge.resume)
        hour = self._add("pause_hour", self.tr("For 1 &hour"), menu=self._pause_menu)
        hour.triggered.connect(partial(self._pause_for, HOUR_S))
        night = self._add("pause_tomorrow", self.tr("Until &tomorrow"), menu=self._pause_menu)
        night.triggered.connect(self._pause_until_tomorrow)
        open_end = self._add("pause_open", self.tr("Until &I resume"), menu=self._pause_menu)
        open_end.triggered.connect(partial(self._pause_for, None))
        self._commands = (self._preloading, self._at_login, self._resume, hour, night, open_end)

    def _add_windows(self) -> None:
        dashboard = self._add("dashboard", self.tr("&Dashboard"))
        dashboard.triggered.connect(self.dashboard_requested)
        self.setDefaultAction(dashboard)
        self._copy = self._add("copy_address", self.tr("&Copy address"))
        self._copy.triggered.connect(self._copy_address)
        settings = self._add("settings", self.tr("&Settings…"))
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        settings.triggered.connect(self.settings_requested)
        self.addSeparator()
        leave = self._add("quit", self.tr("&Quit"))
        leave.setMenuRole(QAction.MenuRole.QuitRole)
        leave.triggered.connect(self.quit_requested)

    def _add(self, name: str, text: str, *, menu: QMenu | None = None, checkable: bool = False) -> QAction:
        action = (menu or self).addAction(text)
        action.setObjectName(f"tray_{name}")
        action.setCheckable(checkable)
        return action

    def _add_menu(self, name: str, text: str) -> QMenu:
        menu = self.addMenu(text)
        menu.setObjectName(f"tray_{name}_menu")
        menu.menuAction().setObjectName(f"tray_{name}")
        return menu

    # What it shows

    def _show_all(self) -> None:
        self._show_snapshot(self._bridge.snapshot)
        self._show_port(self._bridge.port)
        if self._bridge.is_open:  # before, there are only defaults, which take long to import
            self._show_settings(self._bridge.settings)

    def _undo(self, error: object) -> None:
        """Show what is, after a command that did not work: the tick that it set is wrong."""
        self._show_all()

    def _show_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._show_status()
        self._preloading.setChecked(snapshot.preload.enabled)
        self._favourites.show([_favourite_entry(model) for model in most_used(snapshot)])
        self._hot.show([self._hot_entry(model) for model in snapshot.models if _takes_memory(model)])
        paused_until = snapshot.preload.paused_until
        self._resume.setVisible(paused_until is not None)
        title = self.tr("P&ause")
        if paused_until is not None:
            title = _plain(paused_words(paused_until, datetime.now()))
        if title != self._pause_menu.title():
            self._pause_menu.setTitle(title)

    def _show_status(self) -> None:
        text = _plain(status_line(self._bridge.snapshot, self._bridge.port, problem=self._problem))
        if text != self._status.text():
            self._status.setText(text)

    def _show_port(self, port: PortStatus) -> None:
        self._show_status()
        self._copy.setEnabled(port.url is not None)
        there = port.engine_error is None
        for action in self._commands:
            action.setEnabled(there)
        self._favourites.set_enabled(there)
        self._hot.set_enabled(there)

    def _show_settings(self, settings: Settings) -> None:
        self._at_login.setChecked(settings.preload_at_login)

    def _hot_entry(self, model: ModelSnapshot) -> Entry:
        name = short_name(model.model_id)
        if model.state is State.UNLOADING:
            text, enabled = self.tr("Unloading {model}").format(model=name), False
        elif model.state is State.HOT:
            size = format_memory(model.resident_bytes)
            text, enabled = self.tr("Unload {model} ({size})").format(model=name, size=size), True
        elif model.progress is None:
            text, enabled = self.tr("Do not load {model}").format(model=name), True
        else:
            done = percent_done(model.progress)
            text, enabled = self.tr("Stop loading {model} ({percent})").format(model=name, percent=done), True
        return Entry(model.model_id, _plain(text), enabled=enabled)

    # What it does

    def _pause_for(self, seconds: float | None) -> None:
        self._bridge.pause(seconds)

    def _pause_until_tomorrow(self) -> None:
        now = datetime.now()
        self._bridge.pause((next_morning(now) - now).total_seconds())

    def _copy_address(self) -> None:
        if self._bridge.port.url is not None:
            QGuiApplication.clipboard().setText(self._bridge.port.url)


def next_morning(now: datetime) -> datetime:
    """Return when a pause until tomorrow ends: at six, but not before a night has passed."""
    morning = now.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    while morning - now < _SHORTEST_NIGHT:
        morning += timedelta(days=1)
    return morning


def most_used(snapshot: EngineSnapshot) -> Sequence[ModelSnapshot]:
    """Return the models for the submenu: favourites in the user's order, then the last used ones, then by name."""
    places = {model_id: place for place, model_id in enumerate(snapshot.favourites)}

    def worth(model: ModelSnapshot) -> tuple[bool, int, float, str]:
        place = places.get(model.model_id, len(places))
        return not model.favourite, place, -(model.last_used_at or 0.0), model.model_id

    return sorted(snapshot.models, key=worth)[:MOST_FAVOURITES]


def _favourite_entry(model: ModelSnapshot) -> Entry:
    return Entry(model.model_id, _plain(short_name(model.model_id)), checked=model.favourite)


def _takes_memory(model: ModelSnapshot) -> bool:
    return model.state not in (State.COLD, State.FAILED)


def _plain(text: str) -> str:
    """Return text for a menu, in which ``&`` would mark a mnemonic."""
    return text.replace("&", "&&")
