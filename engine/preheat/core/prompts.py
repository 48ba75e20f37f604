"""The models' prompts: which ones a load puts back, and which are in place. Engine's loop only.

Only keys, lengths and clients are known here, never a prompt's text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat.clock import unix_time
from preheat.core.snapshots.snapshot import PromptSnapshot
from preheat.inference import PrefixOptions
from preheat.models import ModelFile
from preheat.prefixes import PrefixKeeper
from preheat.preload import PreloadPlanner, prompts_to_restore
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageTracker

MOST_SHOWN: Final = 5

_GIVE_WAY_S: Final = 0.2
"""Time in which prompts may move from memory to disk before a load, in seconds; what is left then is removed."""

_SLOT: Final = "slot"


class ModelPrompts:
    """Gives loads the folders of stored prompts and the keys of those to expect; see ``residency.PromptStore``.

    Args:
        keeper: Where prompts are stored.
        usage: Which prompts the clients use.
        planner: Decides which ones are worth being put back.
        on_change: Called when other prompts are stored.
        clock: Returns Unix time.
    """

    def __init__(
        self,
        settings: Settings,
        keeper: PrefixKeeper,
        usage: UsageTracker,
        planner: PreloadPlanner,
        on_change: Callable[[], None],
        *,
        clock: Callable[[], float] = unix_time,
    ) -> None:
        self._settings = settings
        self._keeper = keeper
        keeper.on_change = self.changed
        self._usage = usage
        self._planner = planner
        self._on_change = on_change
        self._allowed_bytes = 0
        self._clock = clock
        self._in_slots: dict[str, dict[str, int]] = {}  # tokens by key, the last used one last; by model
        self._stored: Mapping[str, Mapping[str, str]] = {}  # tiers by key; by model
        self._shown: dict[str, tuple[PromptSnapshot, ...]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings."""
        self._settings = settings

    @property
    def memory_bytes(self) -> int:
        """Memory that stored prompts take. They give way to models."""
        return self._keeper.memory_bytes

    def allow(self, memory_bytes: int) -> None:
        """Take no more memory than this: what the limit leaves besides models."""
        self._allowed_bytes = memory_bytes
        self._keeper.allow(memory_bytes)

    async def give_way(self) -> None:
        """Return once no more memory is taken than allowed: a load needs it."""
        if self._keeper.memory_bytes > self._allowed_bytes:
            await asyncio.to_thread(self._keeper.give_way, _GIVE_WAY_S)

    def keeps(self, model: ModelFile) -> bool:
        """Return whether the model's prompts are kept, so that another worker finds them."""
        return self._keeper.options(model.model_id) is not None

    def options(self, model: ModelFile, clients: Sequence[str]) -> PrefixOptions | None:
        """Return what a load of the model gets; None if its prompts are not kept.

        Args:
            clients: Names of the clients with a request that waits for it.
        """
        folders, prompts = self._keeper.options(model.model_id), self._usage.prompts
        if folders is None:
            return None
        now = self._clock()
        restore = prompts_to_restore(
            prompts.ranked(model.model_id, now, (*clients, *self._usage.awake(now))),
            self._room_tokens(model.model_id),
            used=1.0 if clients else 1.0 - self._planner.vain(model.model_id),
            waste_price=self._planner.policy.waste_price,
        )
        return folders._replace(restore=restore, seen=prompts.keys(model.model_id))

    def restored(self, model_id: str, key: str, tokens: int, tier: str) -> None:
        """A worker has put a stored prompt back."""
        self._hold(model_id, key, tokens)

    def unloaded(self, model_id: str) -> None:
        """The model is no longer in memory."""
        self._in_slots.pop(model_id, None)
        self._shown.pop(model_id, None)
        self._keeper.nudge()

    def request_ended(self, record: RequestRecord, *, hot: bool) -> None:
        """A request has ended; the beginning of its prompt is in a slot if its model is still ``hot``."""
        self._shown.pop(record.model_id, None)
        if record.prefix and hot:
            self._hold(record.model_id, record.prefix, record.prefix_tokens)

    def changed(self) -> None:
        """Other prompts may be stored now. Any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed
                self._loop.call_soon_threadsafe(self._changed.set)

    async def run(self) -> None:
        """Look for the stored prompts, now and whenever they may have changed, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            await self.look()
            self._on_change()
            await self._changed.wait()

    async def look(self) -> None:
        """Look for the stored prompts."""
        prompts = self._usage.prompts
        wanted = {model_id: self._keeper.options(model_id) for model_id in prompts.models}
        keys = {model_id: prompts.keys(model_id) for model_id in wanted}
        self._stored = await asyncio.to_thread(
            lambda: {
                model_id: _stored(folders, keys[model_id])
                for model_id, folders in wanted.items()
                if folders is not None
            }
        )
        self._shown.clear()

    def snapshots(self, model_id: str) -> tuple[PromptSnapshot, ...]:
        """Return a model's prompts that need not be computed again, the likeliest first."""
        if (shown := self._shown.get(model_id)) is None:
            slots, stored = self._in_slots.get(model_id, {}), self._stored.get(model_id, {})
            shown = tuple(
                PromptSnapshot(prompt.client, prompt.tokens, tier, tier == _SLOT, prompt.used_at)
                for prompt in self._usage.prompts.ranked(model_id, self._clock())
                if (tier := _SLOT if prompt.key in slots else stored.get(prompt.key))
            )[:MOST_SHOWN]
            self._shown[model_id] = shown
        return shown

    def _hold(self, model_id: str, key: str, tokens: int) -> None:
        """Note that a prompt is in a slot. Older ones are no longer there once they exceed what idle slots may hold."""
        slots = self._in_slots.setdefault(model_id, {})
        slots.pop(key, None)
        slots[key] = tokens
        room = self._room_tokens(model_id)
        while len(slots) > 1 and sum(slots.values()) > room:
            del slots[next(iter(slots))]
        self._shown.pop(model_id, None)

    def _room_tokens(self, model_id: str) -> int:
        """Return the tokens that idle slots may hold; see ``Scheduler``."""
        return self._settings.for_model(model_id).context_length // 2


def _stored(folders: PrefixOptions, keys: Sequence[str]) -> dict[str, str]:
    """Return the tiers of the keys with a file. Blocks on the disk."""
    tiers = {"memory": folders.memory_folder, "disk": folders.disk_folder}
    names = {tier: _names(Path(folder)) for tier, folder in tiers.items() if folder}
    return {key: tier for key in keys for tier, found in reversed(names.items()) if key in found}


def _names(folder: Path) -> set[str]:
    try:
        return {path.stem for path in folder.iterdir()}
    except OSError:
        return set()
