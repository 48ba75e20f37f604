"""The dashboard's pages: one line a page, in the order of the navigation. A page is imported when first shown."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication
from PySide6.QtWidgets import QWidget

from preheat_gui.bridge import EngineBridge


class Page(Protocol):
    """What the window asks of a page, which is also a QWidget."""

    def activate(self) -> None:
        """Follow the engine: the page is being shown."""

    def deactivate(self) -> None:
        """Stand still: poll nothing, follow nothing."""


class RememberingPage(Page, Protocol):
    """A page that begins as it was left. It also has a signal ``memory_changed``."""

    def memory(self) -> dict[str, str]:
        """Return what to begin with next time."""

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this."""


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A page that can be shown.

    Attributes:
        key: Its name in ``show_page`` and in what is remembered.
        title: In the navigation, to be translated.
        icon: A symbol's name.
        module: Where its class is, under ``preheat_gui.dashboard``.
    """

    key: str
    title: str
    icon: str
    module: str
    class_name: str

    def words(self) -> str:
        """Return the title in the user's language."""
        return QCoreApplication.translate("Pages", self.title)

    def make(self, bridge: EngineBridge) -> QWidget:
        """Return a new page."""
        module = importlib.import_module(f"preheat_gui.dashboard.{self.module}")
        return cast(QWidget, getattr(module, self.class_name)(bridge))


PAGES: Final = (
    PageSpec("overview", str(QT_TRANSLATE_NOOP("Pages", "Overview")), "chart", "overview", "OverviewPage"),
    PageSpec("models", str(QT_TRANSLATE_NOOP("Pages", "Models")), "flame", "models", "ModelsPage"),
    PageSpec("downloads", str(QT_TRANSLATE_NOOP("Pages", "Downloads")), "download", "downloads", "DownloadsPage"),
    PageSpec("activity", str(QT_TRANSLATE_NOOP("Pages", "Activity")), "list", "activity", "ActivityPage"),
    PageSpec("try", str(QT_TRANSLATE_NOOP("Pages", "Try it")), "chat", "try_it", "TryPage"),
    PageSpec("connect", str(QT_TRANSLATE_NOOP("Pages", "Connect")), "plug", "connect", "ConnectPage"),
    PageSpec("log", str(QT_TRANSLATE_NOOP("Pages", "Log")), "info", "log", "LogPage"),
)
