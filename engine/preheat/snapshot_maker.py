"""Makes the engine's snapshots from the state of its parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import psutil

from preheat._version import __version__
from preheat.library import ModelFile
from preheat.preload import Advisor, Director, PreloadCounters
from preheat.residency import Pool, SizeBook, State
from preheat.settings import Settings
from preheat.snapshot import DownloadSnapshot, EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot


class SnapshotMaker:
    """Reads every part once, on the engine's loop."""

    def __init__(
        self,
        pool: Pool,
        sizes: SizeBook,
        director: Director,
        counters: PreloadCounters,
        advisor: Advisor,
        downloads: Callable[[], tuple[DownloadSnapshot, ...]] = tuple,
    ) -> None:
        self._pool = pool
        self._sizes = sizes
        self._director = director
        self._counters = counters
        self._advisor = advisor
        self._downloads = downloads
        self._started_at = time.time()
        self._peak_bytes = 0

    def make(self, settings: Settings, models: Sequence[ModelFile], favourites: tuple[str, ...]) -> EngineSnapshot:
        """Return the snapshot of this moment."""
        counters, log = self._counters, self._advisor.log
        return EngineSnapshot(
            version=__version__,
            started_at=self._started_at,
            memory=self._memory(),
            preload=self._preload(settings),
            prompt_tokens=counters.prompt_tokens,
            prefix_tokens_reused=counters.prefix_tokens_reused,
            favourites=favourites,
            warning=log.warning if log is not None else None,
            models=self._models(models, favourites),
            downloads=self._downloads(),
        )

    def _memory(self) -> MemorySnapshot:
        used = self._pool.used_bytes
        self._peak_bytes = max(self._peak_bytes, used)
        return MemorySnapshot(
            limit_bytes=self._pool.limit_bytes,
            used_bytes=used,
            available_bytes=psutil.virtual_memory().available,
            peak_bytes=self._peak_bytes,
            pressure=self._director.pressure,
        )

    def _preload(self, settings: Settings) -> PreloadSnapshot:
        counters, hold = self._counters, self._director.hold()
        return PreloadSnapshot(
            enabled=settings.preload,
            paused_until=self._director.paused_until,
            hold=hold.reason if hold is not None else "",
            hits=counters.hits,
            late_hits=counters.late_hits,
            misses=counters.misses,
            preloads=counters.preloads,
            wasted=counters.wasted,
            time_saved_s=counters.time_saved_s,
        )

    def _models(self, models: Sequence[ModelFile], favourites: tuple[str, ...]) -> tuple[ModelSnapshot, ...]:
        on_disk = {model.model_id for model in models}
        return tuple(
            self._model(model, favourites, removed=model.model_id not in on_disk)
            for model in known_models(models, self._pool)
        )

    def _model(self, model: ModelFile, favourites: tuple[str, ...], *, removed: bool) -> ModelSnapshot:
        resident = self._pool.residents.get(model.model_id)
        favourite = model.model_id in favourites
        standby = self._director.is_standby(model.model_id)
        expected = self._sizes.expected_bytes(model)
        if resident is None:
            return ModelSnapshot(
                model.model_id, State.COLD, favourite, model.file_bytes, model.embeddings, standby, expected, file=model
            )
        loading = resident.state in (State.LOADING, State.WARMING)
        return ModelSnapshot(
            model_id=model.model_id,
            state=resident.state,
            favourite=favourite,
            file_bytes=model.file_bytes,
            embeddings=model.embeddings,
            standby=standby and resident.worker is None,
            expected_bytes=expected,
            progress=resident.progress if loading else None,
            resident_bytes=resident.held_bytes if resident.worker is not None else 0,
            context_length=resident.info.context_length if resident.info and resident.state is State.HOT else None,
            active_requests=resident.leases + resident.waiters,
            last_used_at=resident.last_used_at,
            load_s=resident.load_s,
            error=resident.error if resident.state is State.FAILED else None,
            file=model,
            file_removed=removed,
        )


def known_models(models: Sequence[ModelFile], pool: Pool) -> tuple[ModelFile, ...]:
    """Return the models on disk, and those whose file has gone while they are in memory, by id."""
    known = {resident.model_id: resident.model for resident in pool.residents.values() if resident.held_bytes}
    known.update((model.model_id, model) for model in models)
    return tuple(known[model_id] for model_id in sorted(known))
