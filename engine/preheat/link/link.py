"""What a user interface may ask of an engine, wherever that runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from preheat.core.live_settings import SettingsChange
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat.link.library_link import LibraryLink
from preheat.settings import Settings

if TYPE_CHECKING:
    from preheat.inference import GenerateRequest, GenerationChunk, JsonObject
    from preheat.residency.decisions import DecisionRecord
    from preheat.usage import UsageHistory

__all__ = ["EngineLink", "PortStatus", "SettingsChange"]


@dataclass(frozen=True, slots=True)
class PortStatus:
    """How the engine's port is, and the engine itself.

    Attributes:
        url: Where it answers, without a slash at the end; None while it is closed.
        error: Why it is not open, or not as the settings have it; None otherwise.
        engine_error: Why there is no engine any more, as one sentence; None while there is one.
    """

    url: str | None = None
    error: EngineError | None = None
    engine_error: str | None = None


class EngineLink(Protocol):
    """An engine as a user interface has it. Every method may block, and may be called from any thread.

    Only ``snapshot``, ``port``, ``subscribe`` and ``on_port`` never block. A method that asks the engine for something
    raises an ``EngineError``: ``EngineStoppedError`` or ``NotRunningError`` where there is no engine any more.

    Attributes:
        attached: The engine is another process's.
    """

    attached: bool

    @property
    def library(self) -> LibraryLink:
        """Models on disk and on the hub: search, downloads, deleting, adding."""

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot; one without models before the first."""

    @property
    def port(self) -> PortStatus:
        """The latest status of port and engine."""

    def subscribe(self, callback: Callable[[EngineSnapshot], None]) -> Callable[[], None]:
        """Call ``callback`` on a thread of the link with every snapshot, and at once, here, with the latest.

        Returns:
            A function that ends it.
        """

    def on_port(self, callback: Callable[[PortStatus], None]) -> Callable[[], None]:
        """Do as ``subscribe``, with the status of port and engine."""

    def load(self, model_id: str) -> None:
        """Make a model hot, evicting others if need be; returns when it is."""

    def unload(self, model_id: str) -> None:
        """Unload a model after the answers that it is giving, or stop its load; returns when its memory is free."""

    def set_favourites(self, model_ids: Sequence[str]) -> None:
        """Keep exactly these models hot, in this order."""

    def set_favourite(self, model_id: str, on: bool) -> None:
        """Keep a model hot whenever it fits, or only as long as it is used."""

    def pause(self, seconds: float | None) -> None:
        """Preload nothing for so long; None is until ``resume``."""

    def resume(self) -> None:
        """Preload again."""

    def settings(self) -> Settings:
        """Return the settings that hold."""

    def change_settings(self, texts: Mapping[str, str]) -> SettingsChange:
        """Write settings into the user's file, all or none, and act on them.

        An engine of this process opens its port anew where that is needed; an attached one names what it needs a
        restart for.

        Args:
            texts: By name, as a variable or an option would have them.

        Raises:
            SettingsError: A name or value is wrong, ``param`` names it. Nothing was changed.
        """

    def change_model_settings(self, model_id: str, values: Mapping[str, str | None]) -> SettingsChange:
        """Do the same with what one model has for itself; None is as for all models again."""

    def reload_settings(self) -> SettingsChange:
        """Read the settings again, and act on them.

        Raises:
            SettingsError: They cannot be read; those that held go on.
        """

    def why(self, model_id: str) -> str:
        """Return in words why a model is hot, standby or cold."""

    def stats(self, since: str | None = None) -> JsonObject:
        """Return the figures, as ``/preheat/v1/stats`` has them.

        Args:
            since: A Unix time, or a span before now such as ``7d``; None for all that was ever logged.

        Raises:
            UnsupportedOperationError: Figures are not kept.
        """

    def history(self) -> UsageHistory:
        """Return the sums of the last 48 hours and 90 days.

        Raises:
            UnsupportedOperationError: Figures are not kept.
        """

    def decisions(self, limit: int = 200) -> list[DecisionRecord]:
        """Return what was done about models, the newest first.

        Raises:
            UnsupportedOperationError: Figures are not kept.
        """

    def generate(
        self, model_id: str, request: GenerateRequest, on_wait: Callable[[str], None] | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request.

        Args:
            on_wait: Told in words what is waited for, as long as the model loads. Any thread.
        """

    def embed(self, model_id: str, inputs: Sequence[str]) -> list[list[float]]:
        """Return the inputs' normalised vectors; waits for the model if it is not hot."""

    def restart(self) -> None:
        """Start an engine that has ended anew, or try again to open its port; an attached one is looked for again.

        Raises:
            NotRunningError: There is nothing to attach to.
            SettingsError: The settings cannot be read.
        """

    def close(self) -> None:
        """End an engine of this process, within ``shutdown_grace``, and with it its workers; or just hang up."""
