"""Stored prompts, as the models in memory use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from preheat.inference import PrefixOptions
from preheat.models import ModelFile


class PromptStore(Protocol):
    """Where workers keep prompts, and which of them a load puts back. Engine's loop only; must not block."""

    @property
    def memory_bytes(self) -> int:
        """Memory that stored prompts take. They give way to models."""

    def allow(self, memory_bytes: int) -> None:
        """Take no more memory than this: what the limit leaves besides models."""

    async def give_way(self) -> None:
        """Return once no more memory is taken than allowed: a load needs it."""

    def keeps(self, model: ModelFile) -> bool:
        """Return whether the model's prompts are kept, so that another worker finds them."""

    def options(self, model: ModelFile, clients: Sequence[str]) -> PrefixOptions | None:
        """Return what a load of the model gets; None if its prompts are not kept.

        Args:
            clients: Names of the clients with a request that waits for it.
        """

    def restored(self, model_id: str, key: str, tokens: int, tier: str) -> None:
        """A worker has put a stored prompt back."""

    def unloaded(self, model_id: str) -> None:
        """The model is no longer in memory."""


class NoPrompts:
    """Keeps no prompts."""

    memory_bytes = 0

    def allow(self, memory_bytes: int) -> None:
        """Do nothing."""

    async def give_way(self) -> None:
        """Do nothing."""

    def keeps(self, model: ModelFile) -> bool:
        """Return False."""
        return False

    def options(self, model: ModelFile, clients: Sequence[str]) -> None:
        """Return nothing for a load."""

    def restored(self, model_id: str, key: str, tokens: int, tier: str) -> None:
        """Do nothing."""

    def unloaded(self, model_id: str) -> None:
        """Do nothing."""
