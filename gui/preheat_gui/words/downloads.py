"""What is said of a download. Pure but for the language."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
from preheat.models.downloads.snapshot import DownloadSnapshot, DownloadState
from preheat_gui.words.figures import format_bytes, format_duration, format_number
from preheat_gui.words.problems import sentence

BETWEEN: Final = " · "

UNDER_WAY: Final = frozenset({DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.CHECKING})
"""It goes on by itself."""

UNFINISHED: Final = UNDER_WAY | {DownloadState.PAUSED}


def state_words(download: DownloadSnapshot, model: ModelSnapshot | None = None) -> str:
    """Return a download's state.

    Args:
        model: The model that it has become, if that is known.
    """
    if download.state is DownloadState.DONE and model is None:
        return _tr("Downloaded")
    return {
        DownloadState.QUEUED: _tr("Waits for its turn"),
        DownloadState.RUNNING: _tr("Downloading"),
        DownloadState.CHECKING: _tr("Checking what is here"),
        DownloadState.PAUSED: _tr("Paused"),
        DownloadState.DONE: _tr("Ready to use"),
        DownloadState.FAILED: _tr("Did not arrive"),
    }[download.state]


def figures(download: DownloadSnapshot) -> str:
    """Return how far it is: ``1.2 of 4.7 GB · 38 MB/s · about 2 min``; what nobody knows is left out."""
    parts = [size_words(download)]
    if download.state is DownloadState.RUNNING and not download.error:
        if download.bytes_per_s is not None:
            parts.append(speed_words(download.bytes_per_s))
        if download.left_s is not None:
            # Tenths of a second would be a promise that no estimate keeps.
            left = format_duration(max(1.0, round(download.left_s)))
            parts.append(_tr("about {duration}").format(duration=left))
    return BETWEEN.join(part for part in parts if part)


def speed_words(bytes_per_s: float) -> str:
    """Return a speed: ``38 MB/s``, ``1.4 MB/s``, ``210 kB/s``."""
    speed, unit = (bytes_per_s / 1e6, "MB") if bytes_per_s >= 999_500 else (bytes_per_s / 1e3, "kB")
    decimals = 1 if unit == "MB" and speed < 9.95 else 0
    return _tr("{size} {unit}/s").format(size=format_number(speed, decimals), unit=unit)


def size_words(download: DownloadSnapshot) -> str:
    """Return what of it is here: ``1.2 of 4.7 GB``, and once it is all, ``4.7 GB``."""
    if download.total_bytes <= 0:
        return format_bytes(download.done_bytes) if download.done_bytes else ""
    total = format_bytes(download.total_bytes)
    if download.state is DownloadState.DONE or (download.state is DownloadState.QUEUED and not download.done_bytes):
        return total
    done = format_bytes(download.done_bytes)
    number, _, unit = done.partition(" ")
    same_unit = unit == total.partition(" ")[2]
    return _tr("{done} of {total}").format(done=number if same_unit else done, total=total)


def status_words(download: DownloadSnapshot, model: ModelSnapshot | None = None) -> str:
    """Return state, progress, and what is wrong with what to do about it."""
    state = state_words(download, model)
    if download.state is DownloadState.FAILED:
        return _tr("{state}: {reason}").format(state=state, reason=trouble(download) or _tr("the log says why."))
    words = BETWEEN.join(part for part in (state, figures(download)) if part)
    trouble_words = trouble(download)
    return BETWEEN.join(part for part in (words, trouble_words) if part)


def trouble(download: DownloadSnapshot) -> str:
    """Return what is wrong and what to do about it, as sentences; empty if nothing is."""
    parts = (sentence(download.error or ""), sentence(download.hint))
    return " ".join(part for part in parts if part)


def share(download: DownloadSnapshot) -> float:
    """Return how far it is, 0.0 to 1.0."""
    if download.total_bytes <= 0:
        return 0.0
    return min(max(download.done_bytes / download.total_bytes, 0.0), 1.0)


def model_of(download: DownloadSnapshot, snapshot: EngineSnapshot) -> ModelSnapshot | None:
    """Return the model that a download has become: the one whose file has its name, in its repository's folder."""
    if download.state is not DownloadState.DONE:
        return None
    file_name = PurePosixPath(download.file_name).name
    named = [model for model in snapshot.models if model.path and PurePath(model.path).name == file_name]
    folders = download.repo.lower().split("/")
    return next((model for model in named if _lies_in(model, folders)), named[0] if named else None)


def repos_under_way(snapshot: EngineSnapshot) -> frozenset[str]:
    """Return the repositories of which something is still to come."""
    return frozenset(download.repo for download in snapshot.downloads if download.state in UNFINISHED)


def repos_arrived(snapshot: EngineSnapshot) -> frozenset[str]:
    """Return the repositories of which a download is done."""
    return frozenset(download.repo for download in snapshot.downloads if download.state is DownloadState.DONE)


def _lies_in(model: ModelSnapshot, folders: list[str]) -> bool:
    parts = [part.lower() for part in PurePath(model.path).parent.parts]
    return any(parts[start : start + len(folders)] == folders for start in range(len(parts)))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Downloads", text)
