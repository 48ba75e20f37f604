"""Makes every window as it looks in the middle of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final
from unittest.mock import patch

from PySide6.QtWidgets import QMessageBox, QPushButton, QSlider, QWidget

from fake_bridge import FakeBridge
from pictures.conversation import converse, make_race_dialog
from pictures.day import CHAT, limit_curve
from pictures.downloads import downloads_makers
from pictures.laptop import with_laptop
from preheat import paths
from preheat.control import LimitPreview, ModelSnapshot, PortStatus, State
from preheat.errors import PortInUseError
from preheat.installation import Build
from preheat.messages import msg
from preheat.settings import Group
from preheat_gui.app import about, error_dialog
from preheat_gui.app.help import HelpDialog
from preheat_gui.app.no_tray import CloseGuard
from preheat_gui.app.welcome import FoundModels, WelcomeDialog, WelcomeSuggestions
from preheat_gui.dashboard.window import DashboardWindow
from preheat_gui.settings_dialog import SettingsDialog
from preheat_gui.settings_dialog.model_dialog import ModelSettingsDialog
from preheat_gui.widgets import WindowState
from preheat_gui.words import Circumstances, find_problem
from suggested import CATALOGUE

WIDTH: Final = 1280
HEIGHT: Final = 800
SMALL: Final = (720, 480)

_MODELS_FOLDER: Final = Path("/home/ada/.local/share/preheat/models")
_VERSIONS: Final = "Preheat 0.1.0, Python 3.13.2, Qt 6.11.3, Linux-6.12.0-x86_64-with-glibc2.41"
_TRACEBACK: Final = """Traceback (most recent call last):
  File "preheat_gui/dashboard/curves.py", line 143, in set_series
    self._place(series.points[0])
IndexError: tuple index out of range"""

_LICENCES: Final = """Preheat

MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy

Preheat contains:

  anyio 4.16.0: MIT
  fastapi 0.165.0: MIT
  llama_cpp_python 0.3.36: MIT
  numpy 2.4.6: BSD-3-Clause
  PySide6_Essentials 6.11.3: LGPL-3.0-only
  Python 3.13.2: PSF-2.0
"""


_TRIED_STEP: Final = 7  # of 20: the tried limit


def window_makers(bridge: FakeBridge) -> dict[str, Callable[[], QWidget]]:
    """Return a function for each window, by picture name."""
    makers: dict[str, Callable[[], QWidget]] = {
        page: partial(_dashboard, bridge, page) for page in ("overview", "models", "activity", "try", "connect", "log")
    }
    for group in Group:
        makers[f"settings-{group.value}"] = partial(_settings_dialog, bridge, group)
    makers |= downloads_makers(bridge, (WIDTH, HEIGHT))
    return makers | {
        "activity-limit": partial(_day_with_another_limit, bridge),
        "activity-requests": partial(_dashboard, bridge, "activity", shown="requests"),
        "activity-loads": partial(_dashboard, bridge, "activity", shown="decisions"),
        "race": partial(make_race_dialog, bridge),
        "model-settings": partial(ModelSettingsDialog, bridge, CHAT),
        "welcome": partial(_welcome, bridge),
        "welcome-found": partial(_welcome_found, bridge),
        "error": _error_dialog,
        "about": _about,
        "help": partial(HelpDialog, bridge),
        "close-question": partial(_close_question, bridge),
        "problem": partial(_problem, bridge),
        "empty": _empty,
    }


def _dashboard(bridge: FakeBridge, page: str, *, shown: str = "") -> QWidget:
    window = DashboardWindow(bridge)
    window.resize(WIDTH, HEIGHT)
    window.show_page(page)
    if shown:
        button = window.findChild(QPushButton, f"show_{shown}")
        assert isinstance(button, QPushButton)
        button.click()
    if page == "models":
        window.open_model(CHAT)
    elif page == "try":
        converse(bridge, window)
    return window


def _day_with_another_limit(bridge: FakeBridge) -> QWidget:
    _answer_limits(bridge)
    window = _dashboard(bridge, "activity", shown="day")
    slider = window.findChild(QSlider, "trial_slider")
    assert isinstance(slider, QSlider)
    slider.setValue(_TRIED_STEP)
    return window


def _answer_limits(bridge: FakeBridge) -> None:
    hot = tuple(model.model_id for model in bridge.snapshot.models if model.resident_bytes)
    bridge.answer_with(
        replay_limits=limit_curve(bridge.snapshot.memory.total_bytes),
        preview_limit=lambda limit: LimitPreview(limit, hot, (), (), (), ()),
    )


def _settings_dialog(bridge: FakeBridge, group: Group) -> QWidget:
    _answer_limits(bridge)
    if group is Group.DEVICES:
        own = FakeBridge(bridge)
        own.publish_settings(bridge.settings)
        own.publish(with_laptop(bridge.snapshot))
        bridge = own
    dialog = SettingsDialog(bridge, login=_LoginItem())
    dialog.show_page(group)
    return dialog


class _LoginItem:
    def is_on(self) -> bool:
        return True

    def switch(self, on: bool) -> None:
        """Change nothing: this is for a picture."""


def _welcome(bridge: FakeBridge) -> QWidget:
    dialog = WelcomeDialog(_state(), folder=_MODELS_FOLDER, make_login_item=_LoginItem)
    own = FakeBridge(bridge)
    own.answer_with(catalogue=CATALOGUE)
    dialog.set_suggestions(WelcomeSuggestions(own))
    return dialog


def _welcome_found(bridge: FakeBridge) -> QWidget:
    own = FakeBridge(bridge)
    models = tuple(_as_found(model) for model in bridge.snapshot.models if model.state is not State.FAILED)
    favourites = tuple(model.model_id for model in models if model.favourite)
    own.publish(replace(bridge.snapshot, models=models, favourites=favourites, requests=()))
    dialog = WelcomeDialog(_state(), folder=_MODELS_FOLDER, make_login_item=_LoginItem)
    dialog.set_found(FoundModels(own), len(models))
    return dialog


def _as_found(model: ModelSnapshot) -> ModelSnapshot:
    """Return a model as it is a minute after the first start."""
    if model.state is State.HOT or model.state is State.LOADING:
        return replace(model, favourite=True, active_requests=0, prompts=())
    return replace(model, favourite=False, last_used_at=None, standby=False)


def _state() -> WindowState:
    return WindowState(paths.data_dir() / "pictured-windows.json")


def _error_dialog() -> QWidget:
    with patch.object(error_dialog, "_versions", lambda: _VERSIONS):  # not this machine's
        return error_dialog.ErrorDialog(_TRACEBACK)


def _about() -> QWidget:
    build = Build(package="deb", commit="4f1c2d9a7b60")
    with patch.multiple(about, build_info=lambda: build, licence_text=lambda: _LICENCES):
        return about.AboutDialog()


def _close_question(bridge: FakeBridge) -> QWidget:
    window = DashboardWindow(bridge)
    guard = CloseGuard(window, lambda: False, _state())
    window.show()
    window.close()
    question = guard.question
    assert isinstance(question, QMessageBox)
    return question


def _problem(bridge: FakeBridge) -> QWidget:
    window = DashboardWindow(bridge)
    window.resize(*SMALL)
    closed = PortStatus(
        None, PortInUseError(msg("port_taken_by_process", port=11435, process="ollama", pid=812, free=11436))
    )
    window.set_problem(find_problem(bridge.snapshot, closed, Circumstances("", "", free_port=11436)))
    return window


def _empty() -> QWidget:
    window = DashboardWindow(FakeBridge())
    window.resize(*SMALL)
    window.show_page("models")
    return window
