"""Questions of pages about the library, for ``EngineBridge.ask``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from preheat import control

if TYPE_CHECKING:
    from preheat.control import EngineSession, FoundModel, ModelFacts, RepoOffer, SuggestedModel


def ask_catalogue(session: EngineSession) -> tuple[SuggestedModel, ...]:
    """Return what Preheat suggests."""
    return session.call(control.GetCatalogue()).models


def search(query: str, task: str, session: EngineSession) -> tuple[FoundModel, ...]:
    """Return what the hub has under these words; an empty task is any."""
    return session.call(control.SearchHub(query, task or None)).models  # type: ignore[arg-type]  # one of the page's list


def ask_offer(name: str, session: EngineSession) -> RepoOffer:
    """Return what a repository offers."""
    return session.call(control.GetRepo(name))


def pull(name: str, session: EngineSession) -> str:
    """Start a download."""
    return session.call(control.PullModel(name)).download_id


def pause(download_id: str, session: EngineSession) -> None:
    """Pause a download."""
    session.call(control.PauseDownload(download_id))


def resume(download_id: str, session: EngineSession) -> None:
    """Continue a download."""
    session.call(control.ResumeDownload(download_id))


def cancel(download_id: str, session: EngineSession) -> None:
    """Stop a download and remove its files."""
    session.call(control.CancelDownload(download_id))


def forget(download_id: str, session: EngineSession) -> None:
    """Remove a download from the list."""
    session.call(control.ForgetDownload(download_id))


def ask_facts(model_id: str, session: EngineSession) -> ModelFacts:
    """Return the facts of a model on disk."""
    return session.call(control.GetModel(model_id))


def remove(model_id: str, session: EngineSession) -> None:
    """Delete a model's files."""
    session.call(control.RemoveModel(model_id))


def import_file(path: Path, how: str, session: EngineSession) -> str:
    """Add a file to the models folder; return its new path."""
    return session.call(control.ImportFile(str(path.absolute()), how)).path  # type: ignore[arg-type]  # auto or move
