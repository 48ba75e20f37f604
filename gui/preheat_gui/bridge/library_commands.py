"""What pages ask of the library: questions for ``EngineBridge.ask``, which run on other threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preheat.link.library_values import FoundModel, ModelFacts, RepoOffer, SuggestedModel
    from preheat.link.link import EngineLink


def ask_catalogue(link: EngineLink) -> tuple[SuggestedModel, ...]:
    """Return what Preheat suggests."""
    return link.library.catalogue()


def search(query: str, task: str, link: EngineLink) -> list[FoundModel]:
    """Return what the hub has under these words; an empty task is any."""
    return link.library.search(query, task or None)


def ask_offer(name: str, link: EngineLink) -> RepoOffer:
    """Return what a repository offers."""
    return link.library.repo_files(name)


def pull(name: str, link: EngineLink) -> str:
    """Begin a download."""
    return link.library.pull(name)


def pause(download_id: str, link: EngineLink) -> None:
    """Pause a download."""
    link.library.pause_download(download_id)


def resume(download_id: str, link: EngineLink) -> None:
    """Go on with a download."""
    link.library.resume_download(download_id)


def cancel(download_id: str, link: EngineLink) -> None:
    """End a download and remove what came."""
    link.library.cancel_download(download_id)


def forget(download_id: str, link: EngineLink) -> None:
    """Take a download off the list."""
    link.library.forget_download(download_id)


def ask_facts(model_id: str, link: EngineLink) -> ModelFacts:
    """Return what is known of a model on disk."""
    return link.library.model_details(model_id)


def remove(model_id: str, link: EngineLink) -> None:
    """Delete a model's files."""
    link.library.remove_model(model_id)


def import_file(path: Path, how: str, link: EngineLink) -> str:
    """Take a file into the models folder; return its new path."""
    return link.library.import_file(path, how)
