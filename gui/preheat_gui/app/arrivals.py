"""What the welcome downloads becomes a favourite when it arrives, also after a restart. GUI thread."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject

from preheat.control import DownloadState, EngineSnapshot
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import WindowState
from preheat_gui.words import model_of

_EXPECTED: Final = "welcome_downloads"


class FavouritesOnArrival(QObject):
    """Makes the models of certain downloads favourites, which loads them."""

    def __init__(self, bridge: EngineBridge, state: WindowState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._state = state
        self._expected = set(state.text(_EXPECTED).split())
        self._seen: set[str] = set()  # Those that this process has seen; one that is missing then was cancelled
        bridge.snapshot_changed.connect(self._on_snapshot)

    def expect(self, download_id: str) -> None:
        """Make the model of this download a favourite once it is there."""
        self._expected.add(download_id)
        self._remember()
        self._on_snapshot(self._bridge.snapshot)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        if not self._expected:
            return
        downloads = {each.download_id: each for each in snapshot.downloads}
        over = {each for each in self._expected & self._seen if each not in downloads}
        for download_id in self._expected & downloads.keys():
            download = downloads[download_id]
            self._seen.add(download_id)
            model = model_of(download, snapshot) if download.state is DownloadState.DONE else None
            if model is not None:
                over.add(download_id)
                if not model.favourite:
                    self._bridge.set_favourite(model.model_id, True)
        if over:
            self._expected -= over
            self._remember()

    def _remember(self) -> None:
        self._state.remember(_EXPECTED, " ".join(sorted(self._expected)))
