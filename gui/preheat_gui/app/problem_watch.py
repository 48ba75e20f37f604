"""Watches for problems and reports the most important one to the bridge. GUI thread."""

from __future__ import annotations

import shutil
import socket
import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject

from preheat import paths
from preheat.control import EngineSnapshot, PortStatus, State
from preheat.errors import PortInUseError
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import timer
from preheat_gui.words import Circumstances, find_problem

_RECENT_S: Final = 600.0
_DISK_EVERY_MS: Final = 60_000
_PORTS_TO_TRY: Final = 20
_AT_WORK: Final = (State.LOADING, State.WARMING, State.HOT)


class RecentFailures:
    """Counts each model's failures of the last ten minutes, from the snapshots."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._states: dict[str, State] = {}
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def see(self, snapshot: EngineSnapshot) -> None:
        """Note the failures since the last snapshot."""
        states = {model.model_id: model.state for model in snapshot.models}
        for model_id, state in states.items():
            if state is State.FAILED and self._states.get(model_id, State.LOADING) in _AT_WORK:
                self._times[model_id].append(self._monotonic())
        self._states = states

    def counts(self) -> dict[str, int]:
        """Return the counts above 0 by model_id."""
        oldest = self._monotonic() - _RECENT_S
        for times in self._times.values():
            while times and times[0] < oldest:
                times.popleft()
        return {model_id: len(times) for model_id, times in self._times.items() if times}


class ProblemWatch(QObject):
    """Keeps ``bridge.problem`` up to date."""

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._failures = RecentFailures()
        self._free_bytes: int | None = None
        self._free_port: int | None = None
        bridge.snapshot_changed.connect(self._on_snapshot)
        bridge.port_changed.connect(self._on_port)
        bridge.settings_problem_changed.connect(self._update)
        bridge.opened.connect(self._check_disk)
        # The timer also retires old failures when no snapshots arrive.
        self._timer = timer(self, _DISK_EVERY_MS, self._check_disk, repeat=True)
        self._timer.start()

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._failures.see(snapshot)
        self._update()

    def _on_port(self, port: PortStatus) -> None:
        if not isinstance(port.error, PortInUseError):
            self._free_port = None
        elif self._free_port is None:
            settings = self._bridge.settings
            self._bridge.ask(lambda _: find_free_port(settings.host, settings.port), self._take_free_port, self._ignore)
        self._update()

    def _take_free_port(self, port: int | None) -> None:
        self._free_port = port
        self._update()

    def _check_disk(self) -> None:
        folder = paths.data_dir()
        self._bridge.ask(lambda _: free_bytes(folder), self._take_free_bytes, self._ignore)
        self._update()

    def _take_free_bytes(self, count: int | None) -> None:
        self._free_bytes = count
        self._update()

    def _ignore(self, _error: object) -> None:
        """Do nothing: without an engine, that is the problem shown."""

    def _update(self, _: object = None) -> None:
        known = Circumstances(
            settings_file=str(paths.settings_path()),
            data_folder=str(paths.data_dir()),
            settings_problem=self._bridge.settings_problem,
            free_bytes=self._free_bytes,
            free_port=self._free_port,
            overridden=self._bridge.overridden,
            failures=self._failures.counts(),
        )
        self._bridge.report_problem(find_problem(self._bridge.snapshot, self._bridge.port, known))


def free_bytes(folder: Path) -> int | None:
    """Return the free space on the disk of a folder, which need not exist; None if unknown. Any thread."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def find_free_port(host: str, taken: int) -> int | None:
    """Return the next free port after ``taken``; None if none was found. Any thread."""
    for port in range(taken + 1, min(taken + 1 + _PORTS_TO_TRY, 65536)):
        try:
            family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as sock:
                sock.bind(address)
        except OSError:
            continue
        return port
    return None
