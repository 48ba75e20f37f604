"""The tray icon's menu, which follows the snapshot even while it is open. GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QUrl, Signal, SignalInstance
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu

from preheat.control import State
from preheat.units import natural_key
from preheat_gui.widgets import SETTINGS_KEY
from preheat_gui.words import format_memory, paused_words, percent_done, short_name, status_line

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, ModelSnapshot, PortStatus, Release
    from preheat.settings import Settings
    from preheat_gui.bridge import EngineBridge


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry."""

    key: str  # Identifies the entry while its text changes
    text: str  # With ``&&`` for ``&``
    checked: bool = False
    enabled: bool = True


class MenuEntries(QObject):
    """Keeps entries before an action of a menu.

    While the menu is open, entries keep their places and new ones come last: nothing moves under the pointer.
    Without entries, the action ``instead`` is shown.
    """

    chosen = Signal(str)  # An entry was chosen, with its key
    toggled = Signal(str, bool)  # An entry was ticked or unticked, with its key and new state

    def __init__(self, menu: QMenu, name: str, before: QAction, instead: QAction, *, checkable: bool = False) -> None:
        super().__init__(menu)
        self._menu = menu
        self._name = name
        self._before = before
        self._instead = instead
        self._checkable = checkable
        self._enabled = True
        self._actions: dict[str, QAction] = {}
        self._entries: tuple[Entry, ...] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        if tuple(entries) == self._entries and (self._menu.isVisible() or self._in_order()):
            self._update()
            return
        self._entries = tuple(entries)
        wanted = {entry.key for entry in entries}
        for key in [key for key in self._actions if key not in wanted]:
            self._remove(key)
        for entry in entries:
            if entry.key not in self._actions:
                self._actions[entry.key] = self._new_action(entry.key)
        if not self._menu.isVisible() and not self._in_order():
            self._sort()
        self._update()
        self._instead.setVisible(not entries)

    def set_enabled(self, enabled: bool) -> None:
        if enabled != self._enabled:
            self._enabled = enabled
            self._update()

    def _update(self) -> None:
        for entry in self._entries:
            action = self._actions[entry.key]
            action.setText(entry.text)
            action.setChecked(entry.checked)
            action.setEnabled(entry.enabled and self._enabled)

    def _in_order(self) -> bool:
        return list(self._actions) == [entry.key for entry in self._entries]

    def _sort(self) -> None:
        self._actions = {entry.key: self._actions[entry.key] for entry in self._entries}
        for action in self._actions.values():
            self._menu.removeAction(action)
            self._menu.insertAction(self._before, action)

    def _new_action(self, key: str) -> QAction:
        action = QAction(self._menu)
        action.setObjectName(f"tray_{self._name}:{key}")
        action.setCheckable(self._checkable)
        action.triggered.connect(partial(self._on_triggered, key))
        self._menu.insertAction(self._before, action)
        return action

    def _remove(self, key: str) -> None:
        action = self._actions.pop(key)
        self._menu.removeAction(action)
        action.deleteLater()

    def _on_triggered(self, key: str) -> None:
        self.chosen.emit(key)
        if self._checkable:
            self.toggled.emit(key, self._actions[key].isChecked())


MAX_FAVOURITES: Final = 20  # Models in the submenu; the dashboard has all
HOUR_S: Final = 3600.0
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
        for action in (none_yet, nothing):
            action.setEnabled(False)

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
            Entry(model.model_id, _escaped(short_name(model.model_id)), checked=model.favourite)
            for model in most_used(snapshot)
        ]
        missing = self.tr("{name} (missing)")
        models += [
            Entry(name, _escaped(missing.format(name=short_name(name))), checked=True)
            for name in snapshot.missing_favourites
        ]
        self._favourites.show(models)
        self._loaded.show(
            [self._loaded_entry(model) for model in snapshot.models if model.state not in (State.COLD, State.FAILED)]
        )
        self._show_update(snapshot.update)
        paused_until = snapshot.preload.paused_until
        self._resume.setVisible(paused_until is not None)
        title = self.tr("P&ause") if paused_until is None else _escaped(paused_words(paused_until, datetime.now()))
        if title != self._pause_menu.title():
            self._pause_menu.setTitle(title)

    def _show_update(self, update: Release | None) -> None:
        self._update.setVisible(update is not None)
        if update is not None:
            text = self.tr("Version {version} is available…").format(version=update.version)
            if text != self._update.text():
                self._update.setText(text)

    def _show_status(self, _: object = None) -> None:
        text = _escaped(status_line(self._bridge.snapshot, self._bridge.port, problem=self._bridge.problem))
        if text != self._status.text():
            self._status.setText(text)

    def _show_port(self, port: PortStatus) -> None:
        self._show_status()
        self._copy.setEnabled(port.url is not None)
        running = port.engine_error is None
        for action in self._commands:
            action.setEnabled(running)
        if self._bridge.is_open:
            self._show_settings(self._bridge.settings)
        self._favourites.set_enabled(running and "favourites" not in self._bridge.overridden)
        self._loaded.set_enabled(running)

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
        return Entry(model.model_id, _escaped(text), enabled=model.state is not State.UNLOADING)

    # Commands

    def _open_settings(self) -> None:
        self.close()  # and its submenus
        self._show_view("settings")

    def _show_view(self, view: str, *_: object) -> None:
        self._bridge.view_requested.emit(view, "")

    def _pause(self, seconds: float | None, *_: object) -> None:
        self._bridge.pause(seconds)

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


def most_used(snapshot: EngineSnapshot) -> Sequence[ModelSnapshot]:
    """Return the models for the submenu: favourites in the user's order, then by last use, then by name."""
    places = {model_id: place for place, model_id in enumerate(snapshot.favourites)}

    def rank(model: ModelSnapshot) -> tuple[object, ...]:
        place = places.get(model.model_id, len(places))
        return not model.favourite, place, -(model.last_used_at or 0.0), natural_key(model.model_id)

    return sorted(snapshot.models, key=rank)[:MAX_FAVOURITES]


def _escaped(text: str) -> str:
    """Return text for a menu, where ``&`` marks a mnemonic."""
    return text.replace("&", "&&")
