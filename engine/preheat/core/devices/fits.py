"""Asks llama.cpp where a model's layers fit, once for each file, device, driver and limit.

The header tells the sizes of weights and KV cache, but not those of the buffers for computing: a process that is thrown
away simulates the load. llama.cpp's own proposal (``common_fit_params``) is one more candidate, where it can be had. It
is trusted less than ours: each candidate is simulated, and those above a limit are out. See docs/graphics-cards.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from typing import Final, Protocol

from preheat.devices import Placement, corrected, fits, place, place_as, with_buffers
from preheat.errors import EngineError
from preheat.inference import LoadOptions
from preheat.inference.processor import DeviceFit
from preheat.models import ModelFile
from preheat.residency import Form, PlacementQuestion, SizeTable, load_options
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_MOST_TRIES: Final = 4
"""Simulated loads of our own; the second one is nearly always the last."""


class Fit(Protocol):
    """Simulates a load; see ``fit_in_process``."""

    async def __call__(self, options: LoadOptions, targets: Mapping[str, int] | None = None) -> DeviceFit: ...


class DeviceFits:
    """Runs on the engine's loop.

    Args:
        in_memory: Returns the ids of models in memory, which stay where they are.
        fit: Simulates a load in another process.
    """

    def __init__(self, settings: Settings, sizes: SizeTable, in_memory: Callable[[], Container[str]], fit: Fit) -> None:
        self._settings = settings
        self._sizes: Final = sizes
        self._in_memory: Final = in_memory
        self._fit: Final = fit
        self._running: Final[dict[str, asyncio.Task[None]]] = {}
        self._failed: Final[set[str]] = set()

    def apply_settings(self, settings: Settings) -> None:
        """Simulate loads with these settings."""
        self._settings = settings

    async def close(self) -> None:
        """End the processes that simulate loads."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def settle(self, model: ModelFile) -> None:
        """Find out where a model fits before it is loaded, unless that is known or plain; takes a second or two.

        Several callers share one answer. Without one, the placement by the header stays.
        """
        if model.model_id in self._in_memory() or (question := self._sizes.placement_question(model)) is None:
            return
        key = question.key
        if key in self._failed:
            return
        if (running := self._running.get(key)) is None:
            self._running[key] = running = asyncio.create_task(self._ask(model, question))
            running.add_done_callback(lambda _: self._running.pop(key))
        await asyncio.shield(running)  # a client that leaves takes nothing from the others

    async def _ask(self, model: ModelFile, question: PlacementQuestion) -> None:
        try:
            placement = await self._find(model, question)
        except EngineError as error:
            logger.warning("model %s is put on devices by its header alone: %s", model.model_id, error)
            self._failed.add(question.key)
            return
        logger.info("model %s: %s (%s)", model.model_id, placement.reason, dict(placement.device_bytes))
        self._sizes.confirm_placement(question, placement)

    async def _find(self, model: ModelFile, question: PlacementQuestion) -> Placement:
        """Return the best placement that fits according to a simulated load.

        Raises:
            ModelLoadError: llama.cpp gives no answer.
        """
        rooms, parts, candidate = question.rooms, question.parts, question.guess
        if not candidate.devices:  # some may fit if the buffers are smaller than estimated
            parts = replace(parts, compute_bytes=parts.compute_bytes // 2)
            candidate = place(parts, rooms)
        known: dict[str, Placement] = {}
        offered = best = place_as(parts, rooms, {}, 0)
        while candidate.devices and candidate.key not in known and len(known) < _MOST_TRIES:
            targets = {room.name: room.limit_bytes for room in rooms if room.name in candidate.devices}
            found = await self._fit(_options(model, self._settings, candidate), None if known else targets)
            known[candidate.key] = exact = with_buffers(parts, candidate, found.compute_bytes)
            if not question.searches:
                return exact  # the user's choice, whether it fits or not
            if fits(exact, rooms):
                best = max(best, exact, key=lambda each: each.rank)
            fitted = found.fitted
            if fitted is not None and len(fitted.layer_split) == len(candidate.devices):  # none of them is gone
                split = dict(zip(candidate.devices, fitted.layer_split, strict=True))
                offered = place_as(question.parts, rooms, split, fitted.cpu_experts)
            parts, left = corrected(parts, rooms, candidate, found.compute_bytes)
            candidate = place(parts, left)
        if offered.rank > best.rank and offered.key not in known:
            found = await self._fit(_options(model, self._settings, offered))
            exact = with_buffers(question.parts, offered, found.compute_bytes)
            best = exact if fits(exact, rooms) else best
        return best


def _options(model: ModelFile, settings: Settings, placement: Placement) -> LoadOptions:
    return load_options(model, settings, Form.MAPPED, probe=False, warm_prefix=False, placement=placement)
