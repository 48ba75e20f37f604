"""What a user interface may ask about models on disk and on the hub, wherever the engine runs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from preheat.link.library_values import FoundModel, ModelFacts, RepoOffer, SuggestedModel


class LibraryLink(Protocol):
    """An engine's library. Every method may block, for minutes where it says so, and may be called from any thread.

    All raise ``EngineError``: those about the hub (``HubError`` and its kind) say what to do in their hint.
    """

    def search(self, query: str, task: str | None = None) -> list[FoundModel]:
        """Return repositories of the hub whose name contains the query, the most downloaded first."""

    def repo_files(self, name: str) -> RepoOffer:
        """Return what a repository offers; ``name`` is whatever a pull understands."""

    def catalogue(self) -> tuple[SuggestedModel, ...]:
        """Return the models that Preheat suggests, as they suit this machine; asks nobody else."""

    def pull(self, name: str) -> str:
        """Begin to fetch a model, or join the download that fetches it already; return the download's id."""

    def pause_download(self, download_id: str) -> None:
        """Stop a download for now; what is there stays."""

    def resume_download(self, download_id: str) -> None:
        """Go on with a download that is paused or has failed."""

    def cancel_download(self, download_id: str) -> None:
        """Stop a download and remove what is there of it."""

    def forget_download(self, download_id: str) -> None:
        """Take a download that is done or has failed off the list; a model that is there stays."""

    def model_details(self, model_id: str) -> ModelFacts:
        """Return what is known of a model on disk."""

    def remove_model(self, model_id: str) -> None:
        """Delete a model of Preheat's own folder from the disk, unloading it first.

        Raises:
            NotOwnFileError: It belongs to another program or to the user.
        """

    def import_file(self, path: Path, how: str = "auto") -> str:
        """Take a GGUF file into Preheat's own folder; return its new path. May take as long as a copy.

        Args:
            how: ``copy``, ``move``, ``link``, or ``auto``: without taking room where the disk can, else a copy.

        Raises:
            DiskFullError: There is no room for a copy.
        """
