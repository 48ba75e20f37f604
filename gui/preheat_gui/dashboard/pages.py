"""The dashboard's pages in the order of the navigation. A page is imported when it is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

if TYPE_CHECKING:
    from preheat_gui.bridge import EngineBridge
    from preheat_gui.dashboard.page import DashboardPage


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A page that can be shown."""

    key: str  # Its name in ``show_page`` and in stored state
    title: str  # Its source text for translation
    icon: str  # A symbol's name
    module: str  # Its package in ``preheat_gui.dashboard``
    class_name: str

    def words(self) -> str:
        """Return the translated title."""
        return QCoreApplication.translate("Pages", self.title)

    def make(self, bridge: EngineBridge) -> DashboardPage:
        """Return a new page."""
        module = importlib.import_module(f"preheat_gui.dashboard.{self.module}")
        return cast("DashboardPage", getattr(module, self.class_name)(bridge))


PAGES: Final = (
    PageSpec("overview", str(QT_TRANSLATE_NOOP("Pages", "Overview")), "chart", "overview", "OverviewPage"),
    PageSpec("models", str(QT_TRANSLATE_NOOP("Pages", "Models")), "flame", "models", "ModelsPage"),
    PageSpec("downloads", str(QT_TRANSLATE_NOOP("Pages", "Downloads")), "download", "downloads", "DownloadsPage"),
    PageSpec("activity", str(QT_TRANSLATE_NOOP("Pages", "Activity")), "list", "activity", "ActivityPage"),
    PageSpec("try", str(QT_TRANSLATE_NOOP("Pages", "Try it")), "chat", "try_it", "TryPage"),
    PageSpec("connect", str(QT_TRANSLATE_NOOP("Pages", "Connect")), "plug", "connect", "ConnectPage"),
    PageSpec("log", str(QT_TRANSLATE_NOOP("Pages", "Log")), "info", "log", "LogPage"),
)
