"""Makes the pictures of the downloads page: suggestions, a search, and the sizes of one model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from fake_bridge import FakeBridge, download
from preheat.control import DownloadState
from preheat.errors import HubUnreachableError
from preheat.messages import msg
from preheat_gui.dashboard.window import DashboardWindow
from suggested import CARD, CATALOGUE, FOUND, OFFER

_OFFLINE: Final = HubUnreachableError(
    msg("hub_no_connection", hub="https://huggingface.co", reason=msg("name_unknown_now"))
)
_QUEUE: Final = (
    download("running", name="Qwen/Qwen3-8B-GGUF:Q4_K_M"),
    download(
        "done",
        DownloadState.DONE,
        name="nomic-ai/nomic-embed-text-v1.5-GGUF:Q8_0",
        repo="nomic-ai/nomic-embed-text-v1.5-GGUF",
        file_name="nomic-embed-text-v1.5.Q8_0.gguf",
        done_bytes=146_000_000,
        total_bytes=146_000_000,
    ),
)


def downloads_makers(bridge: FakeBridge, size: tuple[int, int]) -> dict[str, Callable[[], QWidget]]:
    """Return a function for each window, by picture name."""
    return {
        "downloads": partial(_downloads, bridge, size, ""),
        "downloads-search": partial(_downloads, bridge, size, "qwen3"),
        "downloads-sizes": partial(_downloads, bridge, size, "Qwen/Qwen3-8B-GGUF"),
        "downloads-offline": partial(_downloads, bridge, size, "qwen3", offline=True),
    }


def _downloads(bridge: FakeBridge, size: tuple[int, int], text: str, *, offline: bool = False) -> QWidget:
    own = FakeBridge(bridge)
    own.publish(replace(bridge.snapshot, downloads=_QUEUE))
    own.answer_with(catalogue=CATALOGUE, search=_OFFLINE if offline else FOUND, repo_files=OFFER, get_card=CARD)
    window = DashboardWindow(own)
    window.resize(*size)
    window.show_page("downloads")
    window.show()
    box = window.findChild(QLineEdit, "downloads_search")
    assert isinstance(box, QLineEdit)
    if text:
        box.setText(text)
        enter = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(box, enter)
    return window
