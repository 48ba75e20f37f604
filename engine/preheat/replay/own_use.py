"""The user's own use and settings, for a replay."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from preheat.devices import (
    DeviceReport,
    DeviceRoom,
    PlacementTable,
    SpeedTable,
    choose_devices,
    remembered_devices,
    speeds_file,
)
from preheat.errors import InvalidRequestError, reason_of
from preheat.messages import msg
from preheat.models import ModelFile, look_once
from preheat.paths import cache_dir, data_dir
from preheat.preload import choose_favourites, policy_of
from preheat.replay.recorded import recorded_trace
from preheat.replay.reports import PREHEAT
from preheat.replay.trace import Kind, ModelSize
from preheat.residency import LEAST_GAIN, ContextLengths, Form, GainTable, SizeTable
from preheat.usage import DAY_S, FILE_NAME, UsageFileError, UsageLog, open_frozen

if TYPE_CHECKING:
    from preheat.replay.simulation import Strategy
    from preheat.replay.trace import Trace
    from preheat.settings import Settings


def recorded_use(settings: Settings, path: Path | None, days: int | None) -> Trace:
    """Return a usage log as a trace, without what it has of a time when the clock was far ahead.

    Args:
        path: The log; by default the user's.
        days: Length of the trace; by default all of the log.

    Raises:
        InvalidRequestError: The log has no request, or is none.
    """
    path = path or data_dir() / FILE_NAME
    _check(path)
    log = UsageLog(path)
    now = time.time()
    begin, end = 0.0 if days is None else now - days * DAY_S, now + DAY_S
    models = look_once(settings.models_dirs, settings.sources, settings.own_models_dir).models
    favourites = choose_favourites(settings.favourites, models)
    placements, gains = PlacementTable(cache_dir() / "placements.json"), GainTable(cache_dir() / "repack.json")
    placements.open()
    book = SizeTable(settings, table=placements)
    by_id = {model.model_id: model for model in models}
    rooms = _use_devices(book, settings, [by_id[name] for name in favourites])
    settings = ContextLengths(data_dir() / "contexts.json", sizes=book).choose(settings, models, favourites)
    book.apply_settings(settings)
    book.remember({key: record.resident_bytes for key, record in log.sizes().items()})
    gains.open()
    on_disk = {model.model_id: _size_of(model, settings, book, gains) for model in models}
    trace = recorded_trace(
        log.requests_between(begin, end),
        (decision for decision in log.decisions(limit=-1, since=begin) if decision.at < end),
        on_disk,
        favourites,
        log.wakes_between(begin, end),
        {room.name: room.limit_bytes for room in rooms},
    )
    if not any(event.kind is Kind.REQUEST for event in trace.events):
        raise InvalidRequestError(msg("nothing_to_replay"))
    return trace


def _check(path: Path) -> None:
    """Raise an error if the file is not a log: to a reader that cannot fail, it is empty."""
    try:
        if path.exists():
            open_frozen(path).close()
    except (sqlite3.Error, OSError, UsageFileError) as error:
        reason = error.args[0] if isinstance(error, UsageFileError) else reason_of(error)
        raise InvalidRequestError(msg("replay_log_unreadable", path=str(path), reason=reason)) from error


def _use_devices(book: SizeTable, settings: Settings, favourites: Sequence[ModelFile]) -> list[DeviceRoom]:
    """Place models on the devices as they were found and measured here; return what models may take of each."""
    speeds, automatic = SpeedTable(speeds_file()), settings.devices is None
    speeds.open()
    found = choose_devices(settings.devices, remembered_devices() or DeviceReport())
    choice, limit = speeds.decide(found, automatic=automatic), settings.device_memory_limit
    rooms = [
        DeviceRoom(name, min(limit.resolve(total), total), name in choice.in_main_memory, key=choice.keys[name])
        for name, total in choice.total_bytes.items()
    ]
    book.use_devices(rooms, favourites, lambda model: speeds.left_off(choice, model.speed_shape) if automatic else ())
    return rooms


def _size_of(model: ModelFile, settings: Settings, book: SizeTable, gains: GainTable) -> ModelSize:
    gain, repack = gains.gain(model), settings.for_model(model.model_id).repack
    device_bytes = book.device_bytes(model)
    worth_it = repack == "auto" and gain is not None and gain >= LEAST_GAIN and not device_bytes
    repacked_bytes = book.expected_bytes(model, Form.REPACKED) if worth_it else 0
    return ModelSize(book.expected_bytes(model), model.file_bytes, repacked_bytes, device_bytes)


def strategy_under(settings: Settings) -> Strategy:
    """Return Preheat's strategy under these settings, with preloading even if it is off."""
    return replace(
        PREHEAT,
        repack=True,
        wake_ups=settings.wake_with_clients,
        policy=policy_of(settings),
        half_life_s=settings.popularity_half_life * DAY_S,
    )
