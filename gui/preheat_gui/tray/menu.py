"""The tray icon's menu, which follows the snapshot even while it is open. GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QUrl, Signal, SignalInstance
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from preheat.control import State
from preheat.units import natural_key
from preheat_gui.tray.entries import Entry, MenuEntries, escaped
from preheat_gui.widgets import SETTINGS_KEY
from preheat_gui.words import format_memory, paused_words, percent_done, room_words, short_name, status_line

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, ModelSnapshot, PortStatus, Release, RoomSnapshot
    from preheat.settings import Settings
    from preheat_gui.bridge import EngineBridge


MAX_MODELS: Final = 20  # Models in a submenu; the dashboard has all
QUARTER_S: Final = 900.0
HOUR_S: Final = 3600.0
GIB: Final = 1 << 30
ROOMS_GIB: Final = (4, 8, 16, 32, 64)  # Offered where the computer has more memory
MORNING: Final = 6  # The hour at which a pause until tomorrow ends
_SHORTEST_NIGHT: Final = timedelta(hours=4)


class TrayMenu(QMenu):
    """Shows the snapshot and gives commands. Windows are opened through ``bridge.view_requested``."""

    quit_requested = Signal()

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self.setObjectName("tray_menu")
        self.menuAction().setObjectName("tray_menu_action")
        self.setAccessibleName(self.tr("Preheat"))
        self._bridge = bridge
        self._status = self._add("status", "", partial(self._show_view, "dashboard"))
        self.addSeparator()
        self._preloading = self._add("preloading", self.tr("&Preloading"), bridge.set_preloading, checkable=True)
        self._at_login = self._add(
            "preload_at_login", self.tr("Preload at &login"), bridge.set_preload_at_login, checkable=True
        )
        self._add_models()
        self._add_pause()
        self._add_room()
        self.addSeparator()
        self._add_windows()
        bridge.snapshot_changed.connect(self._show_snapshot)
        bridge.port_changed.connect(self._show_port)
        bridge.settings_changed.connect(self._show_settings)
        bridge.opened.connect(self._show_all)
        bridge.problem_changed.connect(self._show_status)
        bridge.command_failed.connect(self._show_all)  # the tick that the click set is wrong
        self.aboutToShow.connect(self._show_all)
        self._show_all()

    # Building

    def _add_models(self) -> None:
        favourites = self._add_menu("favourites", self.tr("&Favourites"))
        none_yet = self._add("no_models", self.tr("No models yet"), menu=favourites)
        separator = favourites.addSeparator()
        self._add("all_models", self.tr("&All models…"), partial(self._show_view, "models"), menu=favourites)
        self._favourites = MenuEntries(favourites, "favourite", separator, none_yet, checkable=True)
        self._favourites.toggled.connect(self._bridge.set_favourite)
        loaded = self._add_menu("loaded_models", self.tr("L&oaded models"))
        nothing = self._add("nothing_loaded", self.tr("No models loaded"), menu=loaded)
        self._loaded = MenuEntries(loaded, "unload", nothing, nothing)
        self._loaded.chosen.connect(self._bridge.unload)
        load = self._add_menu("load", self.tr("Load a mod&el"))
        all_loaded = self._add("all_loaded", self.tr("All models are loaded"), menu=load)
        separator = load.addSeparator()
        self._add("more_models", self.tr("&All models…"), partial(self._show_view, "models"), menu=load)
        self._loadable = MenuEntries(load, "load", separator, all_loaded)
        self._loadable.chosen.connect(self._bridge.load)
        for action in (none_yet, nothing, all_loaded):
            action.setEnabled(False)
        for menu, entries in ((favourites, self._favourites), (loaded, self._loaded), (load, self._loadable)):
            entries.hovered.connect(self._bridge.model_pointed)
            menu.aboutToHide.connect(partial(self._bridge.model_pointed.emit, ""))

    def _add_room(self) -> None:
        menu = self._room_menu = self._add_menu("room", self.tr("&Make room"))
        commands = self._add_rooms(menu, "room", None)
        self._sizes: dict[int, QMenu] = {}
        for gib in ROOMS_GIB:
            size = self._sizes[gib * GIB] = menu.addMenu(self.tr("{size} available").format(size=f"{gib} GiB"))
            size.menuAction().setObjectName(f"tray_room_{gib}")
            commands += self._add_rooms(size, f"room_{gib}", gib * GIB)
        self._room_end = self._add("room_end", self.tr("&Load them again now"), self._bridge.end_room, menu=menu)
        self._room_commands = (*commands, self._room_end)

    def _add_rooms(self, menu: QMenu, name: str, wanted_bytes: int | None) -> list[QAction]:
        """Add a command for each span of time."""
        if wanted_bytes is None:
            texts = (
                self.tr("Unload all for 15 &minutes"),
                self.tr("Unload all for 1 &hour"),
                self.tr("Unload all until I &end it"),
            )
        else:
            texts = (self.tr("For 15 &minutes"), self.tr("For 1 &hour"), self.tr("Until I &end it"))
        spans = (("quarter", QUARTER_S), ("hour", HOUR_S), ("open", None))
        return [
            self._add(f"{name}_{span}", text, partial(self._make_room, seconds, wanted_bytes), menu=menu)
            for text, (span, seconds) in zip(texts, spans, strict=True)
        ]

    def _add_pause(self) -> None:
        menu = self._pause_menu = self._add_menu("pause", self.tr("P&ause"))
        self._resume = self._add("resume", self.tr("&Resume now"), self._bridge.resume, menu=menu)
        hour = self._add("pause_hour", self.tr("For 1 &hour"), partial(self._pause, HOUR_S), menu=menu)
        night = self._add("pause_tomorrow", self.tr("Until &tomorrow"), self._pause_until_tomorrow, menu=menu)
        open_end = self._add("pause_open", self.tr("Until &I resume"), partial(self._pause, None), menu=menu)
        self._commands = (self._preloading, self._at_login, self._resume, hour, night, open_end)

    def _add_windows(self) -> None:
        self.setDefaultAction(self._add("dashboard", self.tr("&Dashboard"), partial(self._show_view, "dashboard")))
        self._copy = self._add("copy_address", self.tr("&Copy address"), self._copy_address)
        settings = self._add("settings", self.tr("&Settings…"), partial(self._show_view, "settings"))
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        settings.setShortcut(SETTINGS_KEY)
        settings.setShortcutVisibleInContextMenu(True)
        for menu in (self, *self.findChildren(QMenu)):  # the action's own shortcut has no window
            QShortcut(QKeySequence(SETTINGS_KEY), menu).activated.connect(self._open_settings)
        self._update = self._add("update", "", self._open_update)
        self._add("help", self.tr("&Help"), partial(self._show_view, "help"))
        about = self._add("about", self.tr("A&bout Preheat"), partial(self._show_view, "about"))
        about.setMenuRole(QAction.MenuRole.AboutRole)
        self.addSeparator()
        leave = self._add("quit", self.tr("&Quit"), self.quit_requested)
        leave.setMenuRole(QAction.MenuRole.QuitRole)

    def _add(
        self,
        name: str,
        text: str,
        on_triggered: Callable[..., None] | SignalInstance | None = None,
        *,
        menu: QMenu | None = None,
        checkable: bool = False,
    ) -> QAction:
        action = (menu or self).addAction(text)
        action.setObjectName(f"tray_{name}")
        action.setCheckable(checkable)
        if on_triggered is not None:
            action.triggered.connect(on_triggered)
        return action

    def _add_menu(self, name: str, text: str) -> QMenu:
        menu = self.addMenu(text)
        menu.setObjectName(f"tray_{name}_menu")
        menu.menuAction().setObjectName(f"tray_{name}")
        return menu

    # Showing

    def _show_all(self, _: object = None) -> None:
        self._show_snapshot(self._bridge.snapshot)
        self._show_port(self._bridge.port)
        if self._bridge.is_open:  # before that there are only defaults, which are slow to import
            self._show_settings(self._bridge.settings)

    def _show_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._show_status()
        self._preloading.setChecked(snapshot.preload.enabled)
        models = [
            # Without a sign: Qt's menus show it instead of the tick.
            Entry(model.model_id, escaped(short_name(model.model_id)), checked=model.favourite)
            for model in most_used(snapshot, snapshot.models)
        ]
        missing = self.tr("{name} (missing)")
        models += [
            Entry(name, escaped(missing.format(name=short_name(name))), checked=True)
            for name in snapshot.missing_favourites
        ]
        self._favourites.show(models)
        self._loaded.show(
            [self._loaded_entry(model) for model in snapshot.models if model.state not in (State.COLD, State.FAILED)]
        )
        cold = [model for model in snapshot.models if model.state in (State.COLD, State.FAILED)]
        self._loadable.show([self._loadable_entry(model) for model in most_used(snapshot, cold)])
        self._show_room(snapshot.room)
        for size, menu in self._sizes.items():
            menu.menuAction().setVisible(size < snapshot.memory.total_bytes)
        self._show_update(snapshot.update)
        paused_until = snapshot.preload.paused_until
        self._resume.setVisible(paused_until is not None)
        title = self.tr("P&ause") if paused_until is None else escaped(paused_words(paused_until, datetime.now()))
        if title != self._pause_menu.title():
            self._pause_menu.setTitle(title)

    def _show_room(self, room: RoomSnapshot | None) -> None:
        self._room_end.setVisible(room is not None)
        title = self.tr("&Make room") if room is None else escaped(room_words(room.until, datetime.now()))
        if title != self._room_menu.title():
            self._room_menu.setTitle(title)

    def _show_update(self, update: Release | None) -> None:
        self._update.setVisible(update is not None)
        if update is not None:
            text = self.tr("Version {version} is available…").format(version=update.version)
            if text != self._update.text():
                self._update.setText(text)

    def _show_status(self, _: object = None) -> None:
        text = escaped(status_line(self._bridge.snapshot, self._bridge.port, problem=self._bridge.problem))
        if text != self._status.text():
            self._status.setText(text)

    def _show_port(self, port: PortStatus) -> None:
        self._show_status()
        self._copy.setEnabled(port.url is not None)
        running = port.engine_error is None
        for action in (*self._commands, *self._room_commands):
            action.setEnabled(running)
        if self._bridge.is_open:
            self._show_settings(self._bridge.settings)
        self._favourites.set_enabled(running and "favourites" not in self._bridge.overridden)
        self._loaded.set_enabled(running)
        self._loadable.set_enabled(running)

    def _show_settings(self, settings: Settings) -> None:
        self._at_login.setChecked(settings.preload_at_login)
        self._show_fixed(self._preloading, "preload", self.tr("&Preloading"))
        self._show_fixed(self._at_login, "preload_at_login", self.tr("Preload at &login"))

    def _show_fixed(self, action: QAction, setting: str, text: str) -> None:
        source = self._bridge.overridden.get(setting)
        if source is not None:
            text = self.tr("{what} (set by {source})").format(what=text, source=source)
            action.setEnabled(False)
        if text != action.text():
            action.setText(text)

    def _loaded_entry(self, model: ModelSnapshot) -> Entry:
        name = short_name(model.model_id)
        if model.state is State.UNLOADING:
            text = self.tr("Unloading {model}").format(model=name)
        elif model.state is State.HOT:
            text = self.tr("Unload {model} ({size})").format(model=name, size=format_memory(model.resident_bytes))
        elif model.progress is None:
            text = self.tr("Cancel loading {model}").format(model=name)
        else:
            done = percent_done(model.progress)
            text = self.tr("Cancel loading {model} ({percent})").format(model=name, percent=done)
        return self._entry(model, text, enabled=model.state is not State.UNLOADING)

    def _loadable_entry(self, model: ModelSnapshot) -> Entry:
        size = format_memory(model.expected_bytes)
        return self._entry(model, self.tr("{model} ({size})").format(model=short_name(model.model_id), size=size))

    def _entry(self, model: ModelSnapshot, text: str, *, enabled: bool = True) -> Entry:
        sign = self._bridge.signs.sign(model.model_id)
        return Entry(model.model_id, escaped(text), enabled=enabled, sign=sign)

    # Commands

    def _open_settings(self) -> None:
        self.close()  # and its submenus
        self._show_view("settings")

    def _show_view(self, view: str, *_: object) -> None:
        self._bridge.view_requested.emit(view, "")

    def _pause(self, seconds: float | None, *_: object) -> None:
        self._bridge.pause(seconds)

    def _make_room(self, seconds: float | None, wanted_bytes: int | None, *_: object) -> None:
        self._bridge.make_room(seconds, wanted_bytes)

    def _pause_until_tomorrow(self) -> None:
        now = datetime.now()
        self._bridge.pause((next_morning(now) - now).total_seconds())

    def _open_update(self) -> None:
        update = self._bridge.snapshot.update
        if update is not None:  # its address was checked: a page with https
            QDesktopServices.openUrl(QUrl(update.url))

    def _copy_address(self) -> None:
        if self._bridge.port.url is not None:
            QGuiApplication.clipboard().setText(self._bridge.port.url)


def next_morning(now: datetime) -> datetime:
    """Return the end of a pause until tomorrow: at six, after a night of at least four hours."""
    morning = now.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    while morning - now < _SHORTEST_NIGHT:
        morning += timedelta(days=1)
    return morning


def most_used(snapshot: EngineSnapshot, models: Sequence[ModelSnapshot]) -> Sequence[ModelSnapshot]:
    """Return those of the models for a submenu: favourites in the user's order, then by last use, then by name."""
    places = {model_id: place for place, model_id in enumerate(snapshot.favourites)}

    def rank(model: ModelSnapshot) -> tuple[object, ...]:
        place = places.get(model.model_id, len(places))
        return not model.favourite, place, -(model.last_used_at or 0.0), natural_key(model.model_id)

    return nsmallest(MAX_MODELS, models, key=rank)
