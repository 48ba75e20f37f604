"""Holds the tray, the windows and the engine together, from the icon to the end. GUI thread."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from preheat.errors import EngineError, LoadCancelledError, ModelLoadError
from preheat.log import setup_logging
from preheat_gui.app.no_tray import LOGIN_PATIENCE_MS, PATIENCE_MS, CloseGuard, TrayPlace, tell_once
from preheat_gui.app.opening import open_engine
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import WindowState, apply_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from preheat.settings import Settings
    from preheat_gui.app.opening import Opened
    from preheat_gui.app.single_instance import SingleInstance
    from preheat_gui.app.welcome import WelcomeDialog
    from preheat_gui.dashboard.window import DashboardWindow
    from preheat_gui.settings_dialog import SettingsDialog
    from preheat_gui.tray.tray import Tray

logger = logging.getLogger(__name__)

_END_BEYOND_GRACE_S: Final = 12.0
"""Workers are asked to end, then made to; after that the process goes, and they with it."""

_SHOWN_BY_THE_MODEL: Final = (ModelLoadError, LoadCancelledError)
"""What the model's own row and a notification say already."""


class Shell(QObject):
    """The application, once it is the only one.

    Args:
        login: It was started by the login: no window opens, unless there is no tray.
        open_link: Opens the engine, on a thread; another one than the usual, for tests.
    """

    def __init__(
        self,
        application: QApplication,
        instance: SingleInstance,
        *,
        login: bool,
        open_link: Callable[[], Opened] | None = None,
        place: TrayPlace | None = None,
        bridge: EngineBridge | None = None,
    ) -> None:
        super().__init__()
        self._application = application
        self._instance = instance
        self._login = login
        self._open_link = open_link or partial(open_engine, at_login=login)
        self._state = WindowState()
        self._bridge = bridge or EngineBridge(self)
        self._place = place or TrayPlace(LOGIN_PATIENCE_MS if login else PATIENCE_MS, parent=self)
        self._tray: Tray | None = None
        self._dashboard: DashboardWindow | None = None
        self._settings_dialog: SettingsDialog | None = None
        self._welcoming: WelcomeDialog | None = None
        self._failure: QMessageBox | None = None
        self._ending = False
        self._connect()

    # -- start --

    def start(self) -> None:
        """Show the icon, then start everything else from the event loop."""
        self._place.start()
        QTimer.singleShot(0, self._start_engine)
        if not self._login:
            QTimer.singleShot(0, self.show_dashboard)

    @property
    def bridge(self) -> EngineBridge:
        """The engine."""
        return self._bridge

    @property
    def dashboard(self) -> DashboardWindow | None:
        """The dashboard; None before it was opened for the first time."""
        return self._dashboard

    def _connect(self) -> None:
        self._place.found.connect(self._add_tray)
        self._place.missing.connect(self._do_without_tray)
        self._instance.show_requested.connect(self.show_dashboard)
        self._bridge.opened.connect(self._on_opened)
        self._bridge.closed.connect(self._on_closed)
        self._bridge.settings_changed.connect(self._on_settings)
        self._bridge.command_failed.connect(self._on_command_failed)
        self._bridge.view_requested.connect(self._show_view)
        self._application.aboutToQuit.connect(self._on_about_to_quit)
        self._application.commitDataRequest.connect(self._on_session_end)

    def _start_engine(self) -> None:
        from preheat_gui.app.problem_watch import ProblemWatch
        from preheat_gui.app.settings_watch import SettingsWatch

        ProblemWatch(self._bridge, self)
        try:
            SettingsWatch(parent=self).changed.connect(self._bridge.reload_settings)
        except OSError as error:
            logger.warning("changes of the settings file will not be noticed: %s", error)
        self._bridge.start(self._open_link)

    def _add_tray(self) -> None:
        from preheat_gui.tray.tray import Tray

        self._tray = tray = Tray(self._bridge, self)
        tray.dashboard_requested.connect(self.show_dashboard)
        tray.models_requested.connect(self._show_models)
        tray.settings_requested.connect(self.show_settings)
        tray.quit_requested.connect(self.quit)
        tray.show()
        QTimer.singleShot(0, self._begin_to_notify)

    def _begin_to_notify(self) -> None:
        from preheat_gui.tray.notifications import Notifications

        if self._tray is not None:
            notifications = Notifications(self._bridge, self._tray, at_login=self._login, parent=self)
            notifications.page_requested.connect(self.show_page)

    def _do_without_tray(self) -> None:
        logger.info("this desktop has no tray: the dashboard stands in for the icon")
        if self._login:
            window = self._make_dashboard()
            window.showMinimized()
        else:
            self.show_dashboard()
            if self._welcoming is None:
                self._tell_no_tray()
            else:
                self._welcoming.finished.connect(self._tell_no_tray)  # one thing after another

    def _tell_no_tray(self) -> None:
        if self._dashboard is not None and not self._ending:
            tell_once(self._dashboard, self._state)

    def _on_opened(self) -> None:
        if self._bridge.attached:
            # Its log is the other process's; two that turn over one file would lose lines.
            setup_logging(self._bridge.settings.log_level, to_file=False, console=False)
        elif not self._login:
            self._welcome()

    def _welcome(self) -> None:
        from preheat_gui.app.welcome import WelcomeDialog, wants_welcome
        from preheat_gui.app.welcome_suggestions import WelcomeSuggestions

        if wants_welcome(self._bridge.snapshot, self._state):
            self._welcoming = welcome = WelcomeDialog(
                self._state, self._make_dashboard(), folder=self._bridge.settings.own_models_dir
            )
            welcome.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            welcome.finished.connect(self._forget_welcome)
            welcome.set_suggestions(WelcomeSuggestions(self._bridge))
            welcome.open()

    def _forget_welcome(self) -> None:
        self._welcoming = None

    def _on_settings(self, settings: Settings) -> None:
        apply_theme(self._application, settings.theme)
        setup_logging(settings.log_level, to_file=not self._bridge.attached, console=False)

    # -- windows --

    def show_dashboard(self) -> None:
        """Bring the dashboard to the front."""
        if not self._ending:
            _bring_up(self._make_dashboard())

    def show_page(self, page: str, model_id: str = "") -> None:
        """Bring a page of the dashboard to the front, and a model on it if one is given."""
        self.show_dashboard()
        if self._dashboard is None:
            return
        if model_id:
            self._dashboard.open_model(model_id)
        else:
            self._dashboard.show_page(page)

    def _show_models(self) -> None:
        self.show_page("models")

    def show_settings(self, group: str = "") -> None:
        """Bring the settings to the front, at the page of this group if one is given."""
        if self._ending:
            return
        if self._settings_dialog is None:
            from preheat_gui.settings_dialog import SettingsDialog

            self._settings_dialog = SettingsDialog(self._bridge, None)
            self._settings_dialog.finished.connect(self._forget_settings_dialog)
        if group:
            self._settings_dialog.show_page(group)
        _bring_up(self._settings_dialog)

    def _forget_settings_dialog(self) -> None:
        self._settings_dialog = None  # it deletes itself

    def _show_view(self, view: str, group: str) -> None:
        if view == "settings":
            self.show_settings(group)
        else:
            self.show_page(view)

    def _make_dashboard(self) -> DashboardWindow:
        if self._dashboard is None:
            from preheat_gui.dashboard.window import DashboardWindow

            self._dashboard = window = DashboardWindow(self._bridge, state=self._state)
            window.settings_requested.connect(self.show_settings)
            CloseGuard(window, self._may_close, self._state).quit_requested.connect(self.quit)
        return self._dashboard

    def _may_close(self) -> bool:
        return self._ending or self._place.is_found

    def _on_command_failed(self, error: EngineError) -> None:
        logger.warning("%s", error)
        if isinstance(error, _SHOWN_BY_THE_MODEL) or self._failure is not None:
            return
        self._failure = box = QMessageBox(QMessageBox.Icon.Warning, "Preheat", f"{error.title}.")
        box.setObjectName("command_failed")
        box.setInformativeText(error.hint)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._forget_failure)
        box.open()

    def _forget_failure(self) -> None:
        self._failure = None

    # -- end --

    def quit(self) -> None:
        """End: nothing is to be seen any more, answers in flight have their grace, and workers go."""
        if self._ending:
            return
        self._ending = True
        self._instance.set_ending()
        if self._tray is not None:
            self._tray.hide()
        for window in self._application.topLevelWidgets():
            window.hide()
        grace_s = self._bridge.settings.shutdown_grace
        QTimer.singleShot(int((grace_s + _END_BEYOND_GRACE_S) * 1000), self._application.quit)
        self._bridge.close()

    def quit_on_signal(self, number: int) -> None:
        """End as ``quit`` does; a second signal ends at once."""
        logger.info("signal %d ends Preheat", number)
        if self._ending:
            self._application.exit(128 + number)
        self.quit()

    def _on_closed(self) -> None:
        self._application.quit()

    def _on_session_end(self, session: QSessionManager) -> None:
        # The session's own start at login brings Preheat back, if the user wants it.
        session.setRestartHint(QSessionManager.RestartHint.RestartNever)
        if self._dashboard is not None and self._dashboard.isVisible():
            self._state.remember_geometry(self._dashboard)

    def _on_about_to_quit(self) -> None:
        self._ending = True
        self._bridge.close()
        if not self._bridge.wait_closed(self._bridge.settings.shutdown_grace + _END_BEYOND_GRACE_S):
            logger.warning("something is still at work; Preheat ends all the same")


def _bring_up(window: QWidget) -> None:
    if window.isMinimized():
        window.showNormal()
    window.show()
    window.raise_()
    window.activateWindow()
