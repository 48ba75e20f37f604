"""The library of a Preheat that runs already, over its port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from preheat.control.client import RunningPreheat, quoted
from preheat.link.library_values import FoundModel, ModelFacts, RepoOffer, SuggestedModel


class AttachedLibrary:
    """A ``LibraryLink`` to another process's engine.

    Args:
        running: Returns the application.
    """

    def __init__(self, running: Callable[[], RunningPreheat]) -> None:
        self._running = running

    def search(self, query: str, task: str | None = None) -> list[FoundModel]:
        """See ``LibraryLink``."""
        from preheat.link.library_json import found_from_json

        return found_from_json(self._running().control("GET", "search", q=query, task=task))

    def repo_files(self, name: str) -> RepoOffer:
        """See ``LibraryLink``."""
        from preheat.link.library_json import offer_from_json

        return offer_from_json(self._running().control("GET", "repo", name=name))

    def catalogue(self) -> tuple[SuggestedModel, ...]:
        """See ``LibraryLink``."""
        from preheat.link.library_json import suggestions_from_json

        return suggestions_from_json(self._running().control("GET", "catalogue"))

    def pull(self, name: str) -> str:
        """See ``LibraryLink``."""
        return str(self._running().control("POST", "downloads", {"name": name})["id"])

    def pause_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._running().control("POST", f"downloads/{quoted(download_id)}/pause")

    def resume_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._running().control("POST", f"downloads/{quoted(download_id)}/resume")

    def cancel_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._running().control("POST", f"downloads/{quoted(download_id)}/cancel")

    def forget_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._running().control("DELETE", f"downloads/{quoted(download_id)}")

    def model_details(self, model_id: str) -> ModelFacts:
        """See ``LibraryLink``."""
        from preheat.link.library_json import facts_from_json

        return facts_from_json(self._running().control("GET", f"models/{quote(model_id)}"))

    def remove_model(self, model_id: str) -> None:
        """See ``LibraryLink``."""
        self._running().control("DELETE", f"models/{quote(model_id)}")

    def import_file(self, path: Path, how: str = "auto") -> str:
        """See ``LibraryLink``."""
        body = {"path": str(path.absolute()), "how": how}
        return str(self._running().control("POST", "import", body)["path"])
