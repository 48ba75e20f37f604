"""Downloads through the local hub, for tests: short pauses, and waiting for states."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from preheat.messages import Message
from preheat.models.downloads import DownloadEvent, Downloads, DownloadSnapshot, DownloadState, RetryPolicy
from preheat.models.hub import Hub, PullTarget

REPO = "someone/Tiny-GGUF"
FILE = "Tiny-Q4_K_M.gguf"
TARGET = PullTarget(REPO)
QUICK = RetryPolicy(stall_s=1.0, space_poll_s=0.05, first_s=0.01, longest_s=0.05)
ROOM = 8 * 10**9


def eventually(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """Return the condition's value once it is true; fail if that takes too long."""
    ends_at = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < ends_at, "not in time"
        time.sleep(0.005)
    return value


class Fetching:
    """Downloads into a folder, as an engine has them; stop it at the end."""

    def __init__(self, folder: Path, *, start: bool = True, **options: Any) -> None:
        self.folder = folder
        self.changes: list[tuple[DownloadSnapshot, ...]] = []
        self.events: list[DownloadEvent] = []
        options = {"retry_policy": QUICK, "room": lambda: ROOM, **options}
        self.downloads = Downloads(folder, Hub(timeout_s=2.0), on_event=self._note, **options)
        if start:
            self.downloads.start()

    def _note(self, event: DownloadEvent) -> None:
        self.events.append(event)
        self.changes.append(self.downloads.snapshots())

    def only(self) -> DownloadSnapshot:
        (snapshot,) = self.downloads.snapshots()
        return snapshot

    def of(self, download_id: str) -> DownloadSnapshot:
        return next(each for each in self.downloads.snapshots() if each.download_id == download_id)

    def until(self, *states: DownloadState, download_id: str = "", timeout_s: float = 30.0) -> DownloadSnapshot:
        """Return the snapshot once it is in one of these states."""

        def look() -> DownloadSnapshot | None:
            now = self.of(download_id) if download_id else self.only()
            return now if now.state in states else None

        found: DownloadSnapshot = eventually(look, timeout_s)
        return found

    def fetch(self, target: PullTarget = TARGET) -> DownloadSnapshot:
        """Download until the end, successful or not."""
        download_id = self.downloads.add(target)
        return self.until(DownloadState.DONE, DownloadState.FAILED, download_id=download_id)

    def notices(self) -> set[str]:
        """Return the codes of all notices of the oldest download, and of the problems that they name."""
        found: set[str] = set()
        for message in (now[0].notice for now in self.changes if now):
            while message is not None:
                found.add(message.code)
                problem = message.params.get("problem")
                message = problem if isinstance(problem, Message) else None
        return found

    def states(self) -> list[DownloadState]:
        """Return the states of the only download, in order, each once in a row."""
        seen = [now[0].state for now in self.changes if now]
        return [state for place, state in enumerate(seen) if place == 0 or seen[place - 1] is not state]

    @property
    def target(self) -> Path:
        return self.folder / REPO / FILE

    @property
    def part(self) -> Path:
        return next((self.folder / ".downloads").glob(f"*/{FILE}.part"))

    def stop(self) -> None:
        self.downloads.stop()
