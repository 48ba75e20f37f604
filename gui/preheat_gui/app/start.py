"""Starts the tray application: the icon first, then everything else through ``Shell``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from preheat._version import __version__
from preheat.errors import EngineError
from preheat.installation import start_after_upgrade, tray_command
from preheat.log import setup_logging
from preheat_gui.app.error_dialog import ErrorReporter
from preheat_gui.app.language import apply_language
from preheat_gui.app.process import END_TIMEOUT_S, Answer, ProcessSignals, Request, SingleInstance
from preheat_gui.app.shell import Shell
from preheat_gui.bridge import NO_OPTIONS, looks_at_start, open_engine
from preheat_gui.platform import identify_application
from preheat_gui.widgets import apply_theme, mark_icon

EXIT_FAILURE = 1

_ATTACHED_DELAY_S = 3.0  # After an upgrade, the process that had the engine starts first, and gets its port back


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tray until it quits, or hand over to a running one; return the process's exit code."""
    options = _parse(argv)
    if not _has_screen():
        print("There is no display. Without one, use: preheat serve", file=sys.stderr)
        return EXIT_FAILURE
    chosen = dict(option.partition("=")[::2] for option in options.set)
    try:
        application = make_application(chosen)
        instance = SingleInstance()
    except EngineError as error:  # there is no usable home
        return refuse(str(error.title), error.hint, login=options.login)
    if not instance.take() and (code := hand_over(instance, login=options.login)) is not None:
        return code
    instance.listen()
    setup_logging("info", to_file=True, console=False)
    reporter = ErrorReporter()
    reporter.install()
    signals = ProcessSignals()
    try:
        login = options.login or options.after_upgrade
        open_link = partial(open_engine, chosen, at_login=options.login)
        shell = Shell(application, instance, login=login, open_link=open_link)
        signals.received.connect(shell.quit_on_signal)
        shell.start()
        code = application.exec()
    finally:
        instance.release()
        signals.close()
        reporter.remove()
    command = tray_command("--after-upgrade", *(f"--set={option}" for option in options.set))
    start_after_upgrade(command, delay_s=_ATTACHED_DELAY_S if shell.bridge.attached else 0.0)
    return code


def make_application(options: Mapping[str, str] = NO_OPTIONS) -> QApplication:
    """Return the application object, configured by settings from the command line; it outlives its windows."""
    identify_application()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("preheat")
    application.setApplicationDisplayName("Preheat")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("preheat")
    application.setQuitOnLastWindowClosed(False)
    looks = looks_at_start(options)
    apply_language(application, looks.language)
    apply_theme(application, looks.theme)
    application.setWindowIcon(mark_icon())
    return application


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="preheat-tray", description="Preheat's tray icon: keeps local models ready.")
    parser.add_argument("--login", action="store_true", help="open no window, as at login")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="override a setting")
    parser.add_argument("--after-upgrade", action="store_true", help=argparse.SUPPRESS)  # no window, but preload
    parser.add_argument("--version", action="version", version=f"preheat {__version__}")
    return parser.parse_args(argv)


def _has_screen() -> bool:
    """Return whether there is a display; without one Qt would abort the process."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def hand_over(instance: SingleInstance, *, login: bool) -> int | None:
    """Make the first instance show itself; return the exit code, or None if this one has taken its place."""
    answer = instance.ask_first(Request.PING if login else Request.SHOW)
    if answer is Answer.DONE:
        return 0
    if instance.take(END_TIMEOUT_S if answer is Answer.ENDING else 0.0):
        return None
    pid = instance.first_pid()
    problem = QApplication.translate("App", "Preheat is already running, but does not respond.")
    remedy = QApplication.translate("App", "End its process ({pid}), then start it again.").format(pid=pid or "?")
    return refuse(problem, remedy, login=login)


def refuse(problem: str, remedy: str, *, login: bool) -> int:
    """Say why Preheat does not start, in a window too unless it starts at login; return the exit code."""
    print(f"{problem.rstrip('.')}. {remedy}", file=sys.stderr)
    if not login:
        _application = QApplication.instance() or QApplication(sys.argv[:1])  # it must outlive the window
        box = QMessageBox(QMessageBox.Icon.Warning, "Preheat", problem)
        box.setObjectName("not_starting")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(remedy)
        box.exec()
    return EXIT_FAILURE
