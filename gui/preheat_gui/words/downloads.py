"""Words about downloads. Pure except for the language."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import DownloadSnapshot, DownloadState, EngineSnapshot, ModelSnapshot
from preheat.messages import Message
from preheat_gui.words.figures import SEPARATOR, format_bytes, format_estimate, format_number
from preheat_gui.words.messages import message_sentences

# States that end without the user's help
UNDER_WAY: Final = frozenset(
    {DownloadState.QUEUED, DownloadState.RUNNING, DownloadState.CHECKING, DownloadState.WAITING_FOR_SPACE}
)

_WITHOUT_CONNECTION: Final = frozenset(
    {"connection_cut", "connection_failed", "connection_silent", "hub_no_connection", "hub_timeout"}
)

UNFINISHED: Final = UNDER_WAY | {DownloadState.PAUSED}


def download_state(download: DownloadSnapshot, model: ModelSnapshot | None = None) -> str:
    """Return a download's state; ``model`` is the one that it became, if known."""
    if download.state is DownloadState.DONE and model is None:
        return _tr("Downloaded")
    return {
        DownloadState.QUEUED: _tr("Queued"),
        DownloadState.RUNNING: _tr("Downloading"),
        DownloadState.CHECKING: _tr("Verifying"),
        DownloadState.WAITING_FOR_SPACE: _tr("Waiting for disk space"),
        DownloadState.PAUSED: _tr("Paused"),
        DownloadState.DONE: _tr("Ready to use"),
        DownloadState.FAILED: _tr("Failed"),
    }[download.state]


def download_figures(download: DownloadSnapshot) -> str:
    """Return the known progress: ``1.2 of 4.7 GB · 38 MB/s · about 2 min``."""
    parts = [_size(download)]
    if download.state is DownloadState.RUNNING and download.notice is None:
        if download.bytes_per_s is not None:
            parts.append(format_speed(download.bytes_per_s))
        if download.left_s is not None:
            parts.append(_tr("about {duration}").format(duration=format_estimate(download.left_s)))
    return SEPARATOR.join(filter(None, parts))


def format_speed(bytes_per_s: float) -> str:
    """Return a speed: ``38 MB/s``, ``1.4 MB/s``, ``210 kB/s``."""
    speed, unit = (bytes_per_s / 1e6, "MB") if bytes_per_s >= 999_500 else (bytes_per_s / 1e3, "kB")
    decimals = 1 if unit == "MB" and speed < 9.95 else 0
    return _tr("{size} {unit}/s").format(size=format_number(speed, decimals), unit=unit)


def download_status(download: DownloadSnapshot, model: ModelSnapshot | None = None) -> str:
    """Return state and progress, with a problem and its remedy."""
    state, trouble = download_state(download, model), download_trouble(download)
    if download.state is DownloadState.FAILED:
        return _tr("{state}: {reason}").format(state=state, reason=trouble or _tr("see the log."))
    return SEPARATOR.join(filter(None, (state, download_figures(download), trouble)))


def download_trouble(download: DownloadSnapshot) -> str:
    """Return the problem and its remedy, as sentences; empty without one.

    A lost connection is not for the user to mend: the download waits for it.
    """
    notice = download.notice
    if download.error is None and notice is not None and notice.code == "download_retries":
        problem = notice.params.get("problem")
        if isinstance(problem, Message) and problem.code in _WITHOUT_CONNECTION:
            return _tr("Waiting for the connection; the download continues by itself.")
    return message_sentences(download.error or download.notice)


def download_share(download: DownloadSnapshot) -> float:
    """Return the progress, 0.0 to 1.0."""
    if download.total_bytes <= 0:
        return 0.0
    return min(max(download.done_bytes / download.total_bytes, 0.0), 1.0)


def model_of(download: DownloadSnapshot, snapshot: EngineSnapshot) -> ModelSnapshot | None:
    """Return the model that a finished download became: same file name, preferably in its repository's folder."""
    if download.state is not DownloadState.DONE:
        return None
    file_name = PurePosixPath(download.file_name).name
    named = [model for model in snapshot.models if model.path and PurePath(model.path).name == file_name]
    folders = download.repo.lower().split("/")
    return next((model for model in named if _is_in(model, folders)), named[0] if named else None)


def repos_under_way(snapshot: EngineSnapshot) -> frozenset[str]:
    return frozenset(download.repo for download in snapshot.downloads if download.state in UNFINISHED)


def repos_arrived(snapshot: EngineSnapshot) -> frozenset[str]:
    return frozenset(download.repo for download in snapshot.downloads if download.state is DownloadState.DONE)


def _size(download: DownloadSnapshot) -> str:
    """Return ``1.2 of 4.7 GB``, or ``4.7 GB`` before the start and after the end."""
    if download.total_bytes <= 0:
        return format_bytes(download.done_bytes) if download.done_bytes else ""
    total = format_bytes(download.total_bytes)
    if download.state is DownloadState.DONE or (download.state is DownloadState.QUEUED and not download.done_bytes):
        return total
    done = format_bytes(download.done_bytes)
    number, _, unit = done.partition(" ")
    return _tr("{done} of {total}").format(done=number if unit == total.partition(" ")[2] else done, total=total)


def _is_in(model: ModelSnapshot, folders: list[str]) -> bool:
    parts = [part.lower() for part in PurePath(model.path).parent.parts]
    return any(parts[start : start + len(folders)] == folders for start in range(len(parts)))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Downloads", text)
