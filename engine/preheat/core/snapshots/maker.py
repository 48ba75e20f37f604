"""Makes the engine's snapshots from the state of its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import Final

from preheat._version import __version__
from preheat.clock import unix_time
from preheat.core.persistent_state import Room
from preheat.core.prompts import ModelPrompts
from preheat.core.requests.live import LiveRequests
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
from preheat.devices import ON_PROCESSOR, DeviceList
from preheat.models import Ability, BrokenFile, FitAnswer, Headroom, ModelFile
from preheat.models.downloads import DownloadSnapshot
from preheat.prefixes import PrefixFigures
from preheat.preload import FavouritesRoom, PreloadContext, Round, favourites_room
from preheat.residency import (
    ContextLengths,
    Residency,
    ResidencyExecutor,
    SizeTable,
    State,
    read_memory,
)
from preheat.settings import Settings
from preheat.updates import Release
from preheat.usage import PreloadCounters, UsageTracker

_COLD: Final = Residency("")


@dataclass(slots=True)
class SnapshotMaker:
    """Reads every part once, on the engine's loop."""

    pool: ResidencyExecutor
    sizes: SizeTable
    preloads: PreloadContext
    preload_round: Round
    counters: PreloadCounters
    usage: UsageTracker
    requests: LiveRequests
    prompts: ModelPrompts
    downloads: Callable[[], tuple[DownloadSnapshot, ...]] = tuple
    update: Callable[[], Release | None] = lambda: None
    prefixes: Callable[[], PrefixFigures] = PrefixFigures
    room: Callable[[], Room | None] = lambda: None
    contexts: ContextLengths = field(default_factory=ContextLengths)
    devices: Callable[[], DeviceList] = DeviceList
    _started_at: float = field(init=False, default_factory=unix_time)
    _peak_bytes: int = field(init=False, default=0)
    _latest: dict[str, ModelSnapshot] = field(init=False, default_factory=dict)

    def make(
        self,
        settings: Settings,
        models: Sequence[ModelFile],
        on_disk: Set[str],
        favourites: tuple[str, ...],
        missing_favourites: tuple[str, ...] = (),
        broken_files: tuple[BrokenFile, ...] = (),
    ) -> EngineSnapshot:
        """Return the snapshot of this moment.

        Args:
            models: All that are known, by id.
            on_disk: The ids of those with files on disk.
        """
        counters, log = self.counters, self.usage.log
        memory = self._memory(settings)
        wanted = self._favourites_room(models, favourites, memory.limit_bytes) if settings.preload else FavouritesRoom()
        return EngineSnapshot(
            version=__version__,
            started_at=self._started_at,
            memory=memory,
            preload=self._preload(settings),
            prompt_tokens=counters.prompt_tokens,
            prefix_tokens_reused=counters.prefix_tokens_reused,
            favourites=favourites,
            missing_favourites=missing_favourites,
            favourites_without_room=wanted.without_room,
            favourites_bytes=wanted.needed_bytes,
            warning=log.warning if log is not None else None,
            models=self._models(settings, models, favourites, on_disk, memory.headroom),
            broken_files=broken_files,
            requests=self.requests.snapshots(),
            downloads=self.downloads(),
            update=self.update(),
            prefixes=self.prefixes(),
            room=_room_snapshot(self.room()),
            devices=self.devices(),
        )

    def count(self, latest: EngineSnapshot) -> EngineSnapshot:
        """Return a snapshot with the open requests as they are now."""
        return replace(latest, requests=self.requests.snapshots())

    def _memory(self, settings: Settings) -> MemorySnapshot:
        used, system = self.pool.used_bytes, read_memory()
        self._peak_bytes = max(self._peak_bytes, used)
        limit_bytes = settings.memory_limit.resolve(system.total_bytes)
        return MemorySnapshot(
            limit_bytes=limit_bytes,
            used_bytes=used,
            available_bytes=system.available_bytes,
            peak_bytes=self._peak_bytes,
            pressure=self.preloads.pressure,
            total_bytes=system.total_bytes,
            keep_free_bytes=settings.keep_free.resolve(system.total_bytes),
            headroom=self.preloads.headroom(limit_bytes),
            devices=tuple(
                DeviceMemory(device, limit, self.pool.device_bytes.get(device, 0))
                for device, limit in self.pool.device_limits.items()
            ),
        )

    def _favourites_room(
        self, models: Sequence[ModelFile], favourites: tuple[str, ...], limit_bytes: int
    ) -> FavouritesRoom:
        wanted = {model.model_id: self.sizes.expected_bytes(model) for model in models if model.model_id in favourites}
        held = {each.model_id: each.least_bytes for each in self.pool.residents() if each.model_id in wanted}
        return favourites_room([name for name in favourites if name in wanted], wanted, held, limit_bytes)

    def _preload(self, settings: Settings) -> PreloadSnapshot:
        counters, hold, preloads = self.counters, self.preloads.hold(), self.preload_round
        first = self.pool.records.get(preloads.queue[0]) if preloads.queue else None
        share = first.progress or 0.0 if first is not None else 0.0
        return PreloadSnapshot(
            enabled=settings.preload,
            paused_until=self.preloads.paused_until,
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

    def _models(
        self,
        settings: Settings,
        models: Sequence[ModelFile],
        favourites: tuple[str, ...],
        on_disk: Set[str],
        headroom: Headroom,
    ) -> tuple[ModelSnapshot, ...]:
        """Return the snapshots of all models; one that has not changed is the same object as before."""
        before, now = self._latest, {}
        for model in models:
            snapshot = self._model(settings, model, favourites, on_disk, headroom)
            known = before.get(model.model_id)
            now[model.model_id] = known if known is not None and known == snapshot else snapshot
        self._latest = now
        return tuple(now.values())

    def _model(
        self,
        settings: Settings,
        model: ModelFile,
        favourites: tuple[str, ...],
        on_disk: Set[str],
        headroom: Headroom,
    ) -> ModelSnapshot:
        context, loaded = self.contexts.choice(model, settings), self.pool.context_length(model.model_id)
        record, expected_bytes = self.pool.records.get(model.model_id, _COLD), self.sizes.expected_bytes(model)
        placement = self.sizes.placement(model)
        return ModelSnapshot(
            model_id=model.model_id,
            state=record.state,
            favourite=model.model_id in favourites,
            file_bytes=model.file_bytes,
            embeddings=model.embeddings,
            vision=Ability.VISION in model.abilities,
            standby=not record.reserved_bytes and self.preloads.is_standby(model.model_id),
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
            else self.contexts.cost(model, loaded, settings),
            context_reason=context.reason,
            active_requests=record.active_requests,
            # Residency forgets it when Preheat ends.
            last_used_at=record.last_used_at or self.usage.popularity.last_used_at(model.model_id),
            expires_at=record.expires_at,
            load_s=record.load_s,
            load_left_s=self.pool.load_left_s(model.model_id),
            reason=record.reason if record.state is State.HOT else None,
            error=record.error,
            warning=self.pool.warning(model.model_id),
            prompts=self.prompts.snapshots(model.model_id),
            file_missing=model.model_id not in on_disk,
            path=str(model.path),
            file=model,
        )


def _room_snapshot(room: Room | None) -> RoomSnapshot | None:
    return None if room is None else RoomSnapshot(room.limit_bytes, room.wanted_bytes, room.until)
