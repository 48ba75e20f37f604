"""The library of this process's engine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from preheat.link.library_values import FoundModel, ModelFacts, RepoOffer, SuggestedModel

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.models import ModelFile
    from preheat.models.catalogue import Machine

T = TypeVar("T")


class Call(Protocol):
    """Runs a coroutine on the engine's loop, and waits for what it returns."""

    def __call__(self, ask: Callable[[Engine], Coroutine[Any, Any, T]], /) -> T: ...


class OwnLibrary:
    """A ``LibraryLink`` to the engine of this process.

    The network is waited for on the caller's thread: the engine's loop has answers to give.

    Args:
        call: Asks the engine.
    """

    def __init__(self, call: Call) -> None:
        self._call = call

    def search(self, query: str, task: str | None = None) -> list[FoundModel]:
        """See ``LibraryLink``."""
        from preheat.link.library_json import found_from_json
        from preheat.models.catalogue import search_json
        from preheat.models.hub import Hub

        return found_from_json(search_json(Hub(), self._call(_machine), query, task=task or ""))

    def repo_files(self, name: str) -> RepoOffer:
        """See ``LibraryLink``."""
        from preheat.link.library_json import offer_from_json
        from preheat.models.catalogue import repo_json
        from preheat.models.hub import Hub

        return offer_from_json(repo_json(Hub(), self._call(_machine), name))

    def catalogue(self) -> tuple[SuggestedModel, ...]:
        """See ``LibraryLink``."""
        from preheat.link.library_json import suggestions_from_json
        from preheat.models.catalogue import catalogue_json

        return suggestions_from_json(catalogue_json(self._call(_machine)))

    def pull(self, name: str) -> str:
        """See ``LibraryLink``."""
        return self._call(lambda engine: engine.downloads.pull(name))

    def pause_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._call(lambda engine: engine.downloads.pause(download_id))

    def resume_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._call(lambda engine: engine.downloads.resume(download_id))

    def cancel_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._call(lambda engine: engine.downloads.cancel(download_id))

    def forget_download(self, download_id: str) -> None:
        """See ``LibraryLink``."""
        self._call(lambda engine: engine.downloads.forget(download_id))

    def model_details(self, model_id: str) -> ModelFacts:
        """See ``LibraryLink``."""
        return _facts(self._call(lambda engine: engine.find(model_id)))

    def remove_model(self, model_id: str) -> None:
        """See ``LibraryLink``."""
        self._call(lambda engine: engine.downloads.remove_model(model_id))

    def import_file(self, path: Path, how: str = "auto") -> str:
        """See ``LibraryLink``."""
        return str(self._call(lambda engine: engine.downloads.import_file(path, how)))


async def _machine(engine: Engine) -> Machine:
    from preheat.models.catalogue import Machine

    return Machine(engine.snapshot.memory.limit_bytes, engine.settings, tuple(await engine.models()))


def _facts(file: ModelFile) -> ModelFacts:
    details = file.details
    return ModelFacts(
        model_id=file.model_id,
        source=file.source.value,
        own=file.own,
        files=tuple(str(path) for path in file.files),
        file_bytes=file.file_bytes,
        name=details.name,
        parameters=details.parameters,
        quantization=details.quantization,
        quantization_words=details.quantization_words,
        trained_context=details.trained_context,
        licence=details.licence,
        abilities=tuple(ability.value for ability in details.abilities),
        aliases=file.aliases,
    )
