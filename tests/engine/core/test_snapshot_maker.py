"""What a snapshot costs, and what it says of a model that is not hot."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from preheat.core.engine import Engine
from preheat.models import Listing, find_models
from preheat.residency import State
from tests.engine.engines import settings

pytestmark = pytest.mark.usefixtures("starter_home")


@pytest.mark.parametrize("state", [State.COLD, State.HOT])
def test_a_thousand_models_take_less_than_10_ms(chat_model: Path, state: State) -> None:
    engine = Engine(settings())
    model = find_models([chat_model.parent])[0]
    models = tuple(replace(model, model_id=f"model-{number:04}") for number in range(1000))
    engine._files.listing = Listing(models)
    for each in engine._files.models:
        engine._pool.resident(each).state = state
    engine.apply_settings(settings(favourites=["model-0999"]))
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        engine._publisher.publish()
        seconds.append(time.perf_counter() - began)
    assert len(engine.snapshot.models) == 1000
    assert min(seconds) < 0.01


def test_a_model_that_is_not_hot_has_no_reason_to_be(chat_model: Path) -> None:
    engine = Engine(settings())
    engine._files.listing = Listing((find_models([chat_model.parent])[0],))
    resident = engine._pool.resident(engine._files.models[0])
    resident.reason = "favourite 1"
    reasons = []
    for state in (State.LOADING, State.HOT, State.FAILED):
        resident.state = state
        engine._publisher.publish()
        reasons.append(engine.snapshot.models[0].reason)
    assert reasons == ["", "favourite 1", ""]
