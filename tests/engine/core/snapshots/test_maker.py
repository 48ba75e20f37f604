"""Snapshots from the state of the engine's parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from preheat.core import EngineSnapshot
from preheat.core.requests.live import LiveRequests
from preheat.core.snapshots.maker import SnapshotMaker
from preheat.devices import DeviceList
from preheat.messages import Message, msg
from preheat.models import FitAnswer, Headroom, Listing, ModelFile, find_models
from preheat.prefixes import PrefixFigures
from preheat.preload import Round
from preheat.residency import Cause, ContextLengths, Hot, Residency, SizeTable
from preheat.residency.phases import COLD, Failed, Load, Loading, Phase
from preheat.usage import Popularity, PreloadCounters
from preheat.usage.popularity import Row
from tests.engine.engines import settings

REASON = msg("load_requested")
HOT = Hot(Cause.PRELOAD, REASON, since=0.0)
LOADING = Loading(Load(Cause.PRELOAD, REASON, 0.0, None), 0.0)
FAILED = Failed(msg("internal_error", id="0a1b2c3d"))


def snapshot_of(
    models: tuple[ModelFile, ...], phase: Phase, on_disk: Collection[str] = (), favourites: tuple[str, ...] = ()
) -> EngineSnapshot:
    """Return the snapshot of an engine for which all models are in the same phase."""
    residency = SimpleNamespace(
        records={model.model_id: Residency(model.model_id, phase) for model in models},
        used_bytes=0,
        context_length=lambda _: None,
        load_left_s=lambda _: None,
        warning=lambda _: None,
        residents=list,
        device_limits={},
    )
    preloads = SimpleNamespace(
        pressure="",
        hold=lambda: None,
        paused_until=None,
        is_standby=lambda _: False,
        headroom=lambda _: Headroom.beside({}, 1),
    )
    parts: Any = SimpleNamespace(
        settings=settings(),
        residency=residency,
        sizes=SizeTable(settings()),
        lengths=ContextLengths(),
        preloads=preloads,
        preloader=SimpleNamespace(round=Round()),
        planner=SimpleNamespace(favourites=favourites),
        missing_favourites=(),
        counters=PreloadCounters(),
        usage=SimpleNamespace(log=None, popularity=Popularity(rows=[Row("used-before", -1, 1.0, 5.0)])),
        files=SimpleNamespace(known=models, on_disk=on_disk, listing=Listing()),
        requests=SimpleNamespace(live=LiveRequests(lambda: None)),
        prompts=SimpleNamespace(snapshots=lambda _: ()),
        prefixes=SimpleNamespace(figures=PrefixFigures()),
        updates=SimpleNamespace(newer=None),
        room=SimpleNamespace(current=None),
        devices=SimpleNamespace(list=DeviceList()),
    )
    library: Any = SimpleNamespace(snapshots=tuple)
    return SnapshotMaker(parts, library).make()


@pytest.fixture(scope="module")
def model(chat_model: Path) -> ModelFile:
    return find_models([chat_model.parent])[0]


def test_every_model_is_in_the_snapshot(model: ModelFile) -> None:
    models = tuple(replace(model, model_id=f"model-{number:04}") for number in range(1000))
    snapshot = snapshot_of(models, COLD, {models[0].model_id}, ("model-0999",))
    assert [each.model_id for each in snapshot.models] == [each.model_id for each in models]
    assert [each.model_id for each in snapshot.models if each.favourite] == ["model-0999"]
    assert [each.model_id for each in snapshot.models if not each.file_missing] == ["model-0000"]
    assert {each.fit for each in snapshot.models} == {FitAnswer.TOO_BIG}


def test_the_last_use_survives_a_restart(model: ModelFile) -> None:
    models = tuple(replace(model, model_id=name) for name in ("never-used", "used-before"))
    snapshot = snapshot_of(models, COLD)
    assert [each.last_used_at for each in snapshot.models] == [None, 5.0]


@pytest.mark.parametrize(("phase", "reason"), [(LOADING, None), (HOT, REASON), (FAILED, None)])
def test_a_model_that_is_not_hot_has_no_reason_to_be(model: ModelFile, phase: Phase, reason: Message | None) -> None:
    snapshot = snapshot_of((model,), phase)
    assert snapshot.models[0].reason == reason
