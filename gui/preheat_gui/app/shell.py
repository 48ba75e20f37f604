"""Connects the tray, the windows and the engine, from start to quit. GUI thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QKeySequence, QSessionManager, QShortcut
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from preheat.errors import EngineError, LoadCancelledError, ModelLoadError
from preheat.installation import ending_grace
from preheat.log import setup_logging
from preheat_gui.app.arrivals import FavouritesOnArrival
from preheat_gui.app.no_tray import LOGIN_PATIENCE_MS, PATIENCE_MS, CloseGuard, TrayPlace, explain_once
from preheat_gui.bridge import EngineBridge, open_engine
from preheat_gui.widgets import HELP_KEY, SETTINGS_KEY, WindowState, apply_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from preheat.settings import Settings
    from preheat_gui.app.about import AboutDialog
    from preheat_gui.app.help import HelpDialog
    from preheat_gui.app.process import SingleInstance
    from preheat_gui.app.welcome import WelcomeDialog
    from preheat_gui.bridge import Opened
    from preheat_gui.dashboard.window import DashboardWindow
    from preheat_gui.settings_dialog import SettingsDialog
    from preheat_gui.tray import Notifications, RoomOffer, Tray

logger = logging.getLogger(__name__)

# Time for workers to end after the grace period; then the process exits, and they with it
_END_BEYOND_GRACE_S: Final = 12.0

_SHOWN_BY_THE_MODEL: Final = (ModelLoadError, LoadCancelledError)  # Errors that the model's row and a notification show


class Shell(QObject):
    """The running application."""

    def __init__(
        self,
        application: QApplication,
        instance: SingleInstance,
        *,
        login: bool,  # Started at login: no window opens, unless there is no tray
        open_link: Callable[[], Opened] = open_engine,  # Opens the engine, on a thread
        place: TrayPlace | None = None,
        bridge: EngineBridge | None = None,
    ) -> None:
        super().__init__()
        self.bridge = bridge or EngineBridge(self)  # The engine
        self.dashboard: DashboardWindow | None = None  # The dashboard; None before it was first opened
        self._application = application
        self._instance = instance
        self._login = login
        self._open_link = open_link
        self._state = WindowState()
        self._place = place or TrayPlace(LOGIN_PATIENCE_MS if login else PATIENCE_MS, parent=self)
        self._tray: Tray | None = None
        self._settings_dialog: SettingsDialog | None = None
        self._about_dialog: AboutDialog | None = None
        self._help_dialog: HelpDialog | None = None
        self._welcome_dialog: WelcomeDialog | None = None
        self._arrivals = FavouritesOnArrival(self.bridge, self._state, self)
        self._failure: QMessageBox | None = None
        self._room_offer: RoomOffer | None = None
        self._ending = False
        self._place.found.connect(self._add_tray)
        self._place.missing.connect(self._start_without_tray)
        instance.show_requested.connect(self.show_dashboard)
        self.bridge.opened.connect(self._on_opened)
        self.bridge.closed.connect(application.quit)
        self.bridge.settings_changed.connect(self._on_settings)
        self.bridge.command_failed.connect(self._on_command_failed)
        self.bridge.view_requested.connect(self.show_view)
        application.focusChanged.connect(self._on_focus)
        application.aboutToQuit.connect(self._on_about_to_quit)
        application.commitDataRequest.connect(self._on_session_end)

    # Start

    def start(self) -> None:
        """Show the icon, then start everything else from the event loop."""
        self._place.start()
        QTimer.singleShot(0, self._start_engine)
        if not self._login:
            QTimer.singleShot(0, self.show_dashboard)

    def _start_engine(self) -> None:
        from preheat_gui.app.problem_watch import ProblemWatch

        ProblemWatch(self.bridge, self)
        self.bridge.start(self._open_link)

    def _add_tray(self) -> None:
        from preheat_gui.tray import Tray

        self._tray = Tray(self.bridge, self)
        self._tray.quit_requested.connect(self.quit)
        self._tray.show()
        QTimer.singleShot(0, self._add_notifications)

    def _add_notifications(self) -> None:
        from preheat_gui.tray import Notifications

        if self._tray is not None:
            notifications = Notifications(self.bridge, self._tray, at_login=self._login, parent=self)
            self._offer_room(notifications)

    def _offer_room(self, notifications: Notifications | None) -> None:
        from preheat_gui.tray import RoomOffer

        if self._room_offer is None:
            self._room_offer = RoomOffer(self.bridge, notifications, parent=self)
        self._room_offer.notifications = notifications

    def _start_without_tray(self) -> None:
        logger.info("this desktop has no tray: the dashboard replaces the icon")
        self._offer_room(None)
        if self._login:
            self._make_dashboard().showMinimized()
            return
        self.show_dashboard()
        if self._welcome_dialog is None:
            self._explain_no_tray()
        else:
            self._welcome_dialog.finished.connect(self._explain_no_tray)

    def _explain_no_tray(self) -> None:
        if self.dashboard is not None and not self._ending:
            explain_once(self.dashboard, self._state)

    def _on_opened(self) -> None:
        if self.bridge.attached:
            # The other process writes the log; two processes that rotate one file lose lines.
            setup_logging(self.bridge.settings.log_level, to_file=False, console=False)
        elif not self._login:
            self._welcome()

    def _welcome(self) -> None:
        from preheat_gui.app.welcome import make_welcome

        welcome = make_welcome(self.bridge, self._state, self._arrivals, self._make_dashboard)
        self._welcome_dialog = welcome
        if welcome is not None:
            welcome.finished.connect(self._forget_welcome)
            welcome.view_requested.connect(self.show_view)
            welcome.open()

    def _on_settings(self, settings: Settings) -> None:
        apply_theme(self._application, settings.theme)
        setup_logging(settings.log_level, to_file=not self.bridge.attached, console=False)

    # Windows

    def show_dashboard(self) -> None:
        if not self._ending:
            _bring_to_front(self._make_dashboard())

    def show_view(self, view: str, target: str = "") -> None:
        """Bring the dashboard, one of its pages, or the settings to the front; at a model_id or a group if given."""
        if view == "settings":
            self.show_settings(target)
            return
        if view == "about":
            self.show_about()
            return
        if view == "help":
            self.show_help()
            return
        self.show_dashboard()
        if self.dashboard is None or view == "dashboard":
            return
        if target:
            self.dashboard.open_model(target)
        else:
            self.dashboard.show_page(view)

    def show_settings(self, target: str = "") -> None:
        """Bring the settings to the front, at a group, or with a proposal: ``memory_limit=20GB``."""
        if self._ending:
            return
        if self._settings_dialog is None:
            from preheat_gui.settings_dialog import SettingsDialog

            self._settings_dialog = SettingsDialog(self.bridge, None)  # deletes itself
            self._settings_dialog.finished.connect(self._forget_settings)
        name, proposes, text = target.partition("=")
        if proposes:
            self._settings_dialog.propose(name, text)
        elif name:
            self._settings_dialog.show_page(name)
        _bring_to_front(self._settings_dialog)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Let the keys of settings and help work in every window, also in those that block the others."""
        window = now.window() if now is not None else None
        if window is None or window.findChild(QShortcut, SETTINGS_KEY) is not None:
            return
        for key, show in ((SETTINGS_KEY, self.show_settings), (HELP_KEY, self.show_help)):
            shortcut = QShortcut(QKeySequence(key), window)
            shortcut.setObjectName(key)
            shortcut.activated.connect(show)

    def show_about(self) -> None:
        """Show what this copy of Preheat is, and the licences of its parts."""
        if self._ending:
            return
        if self._about_dialog is None:
            from preheat_gui.app.about import AboutDialog

            self._about_dialog = AboutDialog()  # deletes itself
            self._about_dialog.finished.connect(self._forget_about)
        _bring_to_front(self._about_dialog)

    def show_help(self) -> None:
        """Show the documentation, how to report a problem, and the keys."""
        if self._ending:
            return
        if self._help_dialog is None:
            from preheat_gui.app.help import HelpDialog

            self._help_dialog = HelpDialog(self.bridge)  # deletes itself
            self._help_dialog.finished.connect(self._forget_help)
            self._help_dialog.about_requested.connect(self.show_about)
        _bring_to_front(self._help_dialog)

    def _make_dashboard(self) -> DashboardWindow:
        if self.dashboard is None:
            from preheat_gui.dashboard.window import DashboardWindow

            self.dashboard = window = DashboardWindow(self.bridge, state=self._state)
            window.settings_requested.connect(self.show_settings)
            window.help_requested.connect(self.show_help)
            CloseGuard(window, self._may_close, self._state).quit_requested.connect(self.quit)
        return self.dashboard

    def _may_close(self) -> bool:
        return self._ending or self._place.is_found

    def _on_command_failed(self, error: EngineError) -> None:
        from preheat_gui.words import error_hint, error_title

        logger.warning("%s", error)
        if isinstance(error, _SHOWN_BY_THE_MODEL) or self._failure is not None:
            return
        self._failure = box = QMessageBox(QMessageBox.Icon.Warning, "Preheat", error_title(error))
        box.setObjectName("command_failed")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(error_hint(error))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._forget_failure)
        box.open()

    def _forget_failure(self) -> None:
        self._failure = None

    def _forget_settings(self) -> None:
        self._settings_dialog = None

    def _forget_about(self) -> None:
        self._about_dialog = None

    def _forget_help(self) -> None:
        self._help_dialog = None

    def _forget_welcome(self) -> None:
        self._welcome_dialog = None

    # End

    def quit(self) -> None:
        """Hide everything, give running answers their grace period, and end the workers."""
        if self._ending:
            return
        self._ending = True
        self._instance.set_ending()
        if self._tray is not None:
            self._tray.hide()
        for window in self._application.topLevelWidgets():
            window.hide()
        QTimer.singleShot(int(self._longest_end_s() * 1000), self._application.quit)
        self.bridge.close()

    def quit_on_signal(self, number: int) -> None:
        """Quit; a second signal quits at once."""
        logger.info("signal %d ends Preheat", number)
        if self._ending:
            self._application.exit(128 + number)
        self.quit()

    def _longest_end_s(self) -> float:
        return ending_grace(self.bridge.settings.shutdown_grace) + _END_BEYOND_GRACE_S

    def _on_session_end(self, session: QSessionManager) -> None:
        # Start at login brings Preheat back, if the user wants that.
        session.setRestartHint(QSessionManager.RestartHint.RestartNever)
        if self.dashboard is not None and self.dashboard.isVisible():
            self._state.remember_geometry(self.dashboard)

    def _on_about_to_quit(self) -> None:
        self._ending = True
        self.bridge.close()
        if not self.bridge.wait_closed(self._longest_end_s()):
            logger.warning("some threads are still running; Preheat quits anyway")


def _bring_to_front(window: QWidget) -> None:
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()
