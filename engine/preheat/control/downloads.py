"""Commands about downloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from preheat.control.command import Command, Risk, command
from preheat.core import DownloadSnapshot
from preheat.errors import (
    DiskFullError,
    DownloadNotFoundError,
    FolderError,
    HubError,
    ModelNotFoundError,
)
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control.host import ControlHost


@dataclass(frozen=True, slots=True)
class DownloadList:
    """All downloads, the oldest first."""

    downloads: tuple[DownloadSnapshot, ...]


@dataclass(frozen=True, slots=True)
class EndedDownload:
    """A download that is no longer on the list."""

    download_id: str = field(metadata={"json": "id"})
    state: Literal["cancelled", "forgotten"]


@command("GET", "downloads", risk=Risk.USE)
class ListDownloads(Command[DownloadList]):
    """List all downloads, the oldest first."""

    async def run(self, host: ControlHost) -> DownloadList:
        return DownloadList(await host.engine.library.downloads())


_PULLING = (ModelNotFoundError, HubError, DiskFullError, FolderError)


@command("POST", "downloads", risk=Risk.MANAGE, errors=_PULLING, status=202)
class PullModel(Command[DownloadSnapshot]):
    """Start to download a model, or join its running download. Does not wait for the bytes."""

    name: str

    async def run(self, host: ControlHost) -> DownloadSnapshot:
        return _download(host, await host.engine.library.pull(self.name))


@command("POST", "downloads/{download_id}/pause", risk=Risk.MANAGE, errors=(DownloadNotFoundError,))
class PauseDownload(Command[DownloadSnapshot]):
    """Stop a download until it is resumed."""

    download_id: str

    async def run(self, host: ControlHost) -> DownloadSnapshot:
        await host.engine.library.pause(self.download_id)
        return _download(host, self.download_id)


@command("POST", "downloads/{download_id}/resume", risk=Risk.MANAGE, errors=(DownloadNotFoundError,))
class ResumeDownload(Command[DownloadSnapshot]):
    """Continue a paused download, or retry a failed one."""

    download_id: str

    async def run(self, host: ControlHost) -> DownloadSnapshot:
        await host.engine.library.resume(self.download_id)
        return _download(host, self.download_id)


@command("POST", "downloads/{download_id}/cancel", risk=Risk.MANAGE, errors=(DownloadNotFoundError, FolderError))
class CancelDownload(Command[EndedDownload]):
    """Stop a download and remove its files."""

    download_id: str

    async def run(self, host: ControlHost) -> EndedDownload:
        await host.engine.library.cancel(self.download_id)
        return EndedDownload(self.download_id, "cancelled")


@command("DELETE", "downloads/{download_id}", risk=Risk.MANAGE, errors=(DownloadNotFoundError,))
class ForgetDownload(Command[EndedDownload]):
    """Remove a finished or failed download from the list; its model stays."""

    download_id: str

    async def run(self, host: ControlHost) -> EndedDownload:
        await host.engine.library.forget(self.download_id)
        return EndedDownload(self.download_id, "forgotten")


def _download(host: ControlHost, download_id: str) -> DownloadSnapshot:
    for each in host.engine.library.snapshots():
        if each.download_id == download_id:
            return each
    raise DownloadNotFoundError(msg("download_cancelled_meanwhile"))
