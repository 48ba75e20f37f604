"""Makes the engine's snapshots from the state of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import starmap
from typing import Final

from preheat._version import __version__
from preheat.clock import unix_time
from preheat.core.library_service import LibraryService
from preheat.core.parts import EngineParts
from preheat.core.persistent_state import Room
from preheat.core.snapshots.snapshot import (
    IN_MEMORY,
    DeviceMemory,
    DeviceShare,
    EngineSnapshot,
    MemorySnapshot,
    ModelSnapshot,
    PreloadSnapshot,
    RoomSnapshot,
)
from preheat.devices import ON_PROCESSOR
from preheat.models import Ability, FitAnswer, Headroom, ModelFile
from preheat.preload import FavouritesRoom, favourites_room
from preheat.residency import (
    Residency,
    State,
    read_memory,
)

_COLD: Final = Residency("")


class SnapshotMaker:
    """Reads every part once, on the engine's loop."""

    def __init__(self, parts: EngineParts, library: LibraryService) -> None:
        self._parts = parts
        self._library = library
        self._started_at = unix_time()
        self._peak_bytes = 0
        self._latest: dict[str, ModelSnapshot] = {}

    def make(self) -> EngineSnapshot:
        """Return the snapshot of this moment."""
        parts = self._parts
        counters, log, models, memory = parts.counters, parts.usage.log, parts.files.known, self._memory()
        wanted = self._favourites_room(models, memory.limit_bytes) if parts.settings.preload else FavouritesRoom()
        return EngineSnapshot(
            version=__version__,
            started_at=self._started_at,
            memory=memory,
            preload=self._preload(),
            prompt_tokens=counters.prompt_tokens,
            prefix_tokens_reused=counters.prefix_tokens_reused,
            favourites=parts.planner.favourites,
            missing_favourites=parts.missing_favourites,
            favourites_without_room=wanted.without_room,
            favourites_bytes=wanted.needed_bytes,
            warning=log.warning if log is not None else None,
            models=self._models(models, memory.headroom),
            broken_files=parts.files.listing.broken,
            requests=parts.requests.live.snapshots(),
            downloads=self._library.snapshots(),
            update=parts.updates.newer,
            prefixes=parts.prefixes.figures,
            room=_room_snapshot(parts.room.current),
            devices=parts.devices.list,
        )

    def count(self, latest: EngineSnapshot) -> EngineSnapshot:
        """Return a snapshot with the open requests as they are now, and everything else as it was."""
        return replace(latest, requests=self._parts.requests.live.snapshots())

    def measure(self) -> None:
        """Measure the memory of the workers."""
        self._parts.residency.measure()

    def _memory(self) -> MemorySnapshot:
        settings, pool, preloads = self._parts.settings, self._parts.residency, self._parts.preloads
        used, system = pool.used_bytes, read_memory()
        self._peak_bytes = max(self._peak_bytes, used)
        limit_bytes = settings.memory_limit.resolve(system.total_bytes)
        return MemorySnapshot(
            limit_bytes=limit_bytes,
            used_bytes=used,
            available_bytes=system.available_bytes,
            peak_bytes=self._peak_bytes,
            pressure=preloads.pressure,
            total_bytes=system.total_bytes,
            keep_free_bytes=settings.keep_free.resolve(system.total_bytes),
            headroom=preloads.headroom(limit_bytes),
            devices=tuple(
                DeviceMemory(device, limit, pool.device_bytes.get(device, 0))
                for device, limit in pool.device_limits.items()
            ),
        )

    def _favourites_room(self, models: Sequence[ModelFile], limit_bytes: int) -> FavouritesRoom:
        parts, favourites = self._parts, self._parts.planner.favourites
        files = [model for model in models if model.model_id in favourites]
        wanted = {model.model_id: parts.sizes.expected_bytes(model) for model in files}
        held = {each.model_id: each.least_bytes for each in parts.residency.residents() if each.model_id in wanted}
        return favourites_room([name for name in favourites if name in wanted], wanted, held, limit_bytes)

    def _preload(self) -> PreloadSnapshot:
        parts, counters = self._parts, self._parts.counters
        hold, preloads = parts.preloads.hold(), parts.preloader.round
        first = parts.residency.records.get(preloads.queue[0]) if preloads.queue else None
        share = first.progress or 0.0 if first is not None else 0.0
        return PreloadSnapshot(
            enabled=parts.settings.preload,
            paused_until=parts.preloads.paused_until,
            hold=hold.reason if hold is not None else None,
            hits=counters.hits,
            late_hits=counters.late_hits,
            misses=counters.misses,
            preloads=counters.preloads,
            wasted=counters.wasted,
            time_saved_s=counters.time_saved_s,
            queue=preloads.queue,
            round_done=preloads.done,
            round_total=preloads.total,
            round_progress=preloads.progress(share),
        )

    def _models(self, models: Sequence[ModelFile], headroom: Headroom) -> tuple[ModelSnapshot, ...]:
        before, now = self._latest, {}
        for model in models:
            snapshot = self._model(model, headroom)
            known = before.get(model.model_id)
            now[model.model_id] = known if known is not None and known == snapshot else snapshot
        self._latest = now
        return tuple(now.values())

    def _model(self, model: ModelFile, headroom: Headroom) -> ModelSnapshot:
        parts, model_id = self._parts, model.model_id
        settings, pool, lengths = parts.settings, parts.residency, parts.lengths
        context, loaded = lengths.choice(model, settings), pool.context_length(model_id)
        record, expected_bytes = pool.records.get(model_id, _COLD), parts.sizes.expected_bytes(model)
        placement = parts.sizes.placement(model)
        return ModelSnapshot(
            model_id=model_id,
            state=record.state,
            favourite=model_id in parts.planner.favourites,
            file_bytes=model.file_bytes,
            embeddings=model.embeddings,
            vision=Ability.VISION in model.abilities,
            standby=not record.reserved_bytes and parts.preloads.is_standby(model_id),
            expected_bytes=expected_bytes,
            fit=FitAnswer.NOW if record.state in IN_MEMORY else headroom.fit(expected_bytes).fit,
            progress=record.progress,
            resident_bytes=record.held_bytes,
            devices=tuple(starmap(DeviceShare, record.device_bytes.items())) if record.taken_bytes else (),
            placement=placement.reason if placement != ON_PROCESSOR else None,
            form=record.form,
            extra_bytes=record.extra_bytes,
            changes_form=record.twin is not None,
            context_length=loaded or context.tokens,
            context_bytes=context.cost_bytes
            if loaded in (None, context.tokens)
            else lengths.cost(model, loaded, settings),
            context_reason=context.reason,
            active_requests=record.active_requests,
            # Residency forgets it when Preheat ends.
            last_used_at=record.last_used_at or parts.usage.popularity.last_used_at(model_id),
            expires_at=record.expires_at,
            load_s=record.load_s,
            load_left_s=pool.load_left_s(model_id),
            reason=record.reason if record.state is State.HOT else None,
            error=record.error,
            warning=pool.warning(model_id),
            prompts=parts.prompts.snapshots(model_id),
            file_missing=model_id not in parts.files.on_disk,
            path=str(model.path),
            file=model,
        )


def _room_snapshot(room: Room | None) -> RoomSnapshot | None:
    return None if room is None else RoomSnapshot(room.limit_bytes, room.wanted_bytes, room.until)
