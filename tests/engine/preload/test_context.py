from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from preheat.models import ModelFile
from preheat.preload import PlanAction, PolicySettings, PreloadContext, PreloadPlanner, context
from preheat.residency import ResidentModel
from preheat.settings import Settings
from preheat.usage import UsageTracker


@pytest.fixture
def planner() -> PreloadPlanner:
    return PreloadPlanner(UsageTracker(Settings()), PolicySettings())


def context_of(planner: PreloadPlanner, settings: Settings) -> PreloadContext:
    """Return the context of a machine at rest, without models."""
    nothing = cast(Any, SimpleNamespace(active_requests=0, idle_s=1000.0))
    return PreloadContext(settings, nothing, nothing, planner, nothing, models=lambda: ())


def test_the_price_follows_the_power_supply(planner: PreloadPlanner, monkeypatch: pytest.MonkeyPatch) -> None:
    unplugged = False
    monkeypatch.setattr(context, "on_battery", lambda: unplugged)
    asked = context_of(planner, Settings(preload_on_battery=True, waste_price=0.5, waste_price_on_battery=8.0))
    assert (asked.hold(), planner.policy.waste_price) == (None, 0.5)
    unplugged = True
    assert (asked.hold(), planner.policy.waste_price) == (None, 8.0)
    asked.apply_settings(Settings(waste_price_on_battery=7.0))
    assert planner.policy.waste_price == 7.0
    unplugged = False
    assert (asked.hold(), planner.policy.waste_price) == (None, 1.0)


def test_settings_are_the_policy_at_once(planner: PreloadPlanner) -> None:
    asked = context_of(planner, Settings())
    asked.apply_settings(Settings(preload_learned=False, keep_after_use=5.0, eviction="lru", read_ahead="off"))
    assert planner.policy == PolicySettings(learned=False, keep_after_use_s=5.0, eviction="lru", read_ahead="off")


def test_the_defaults_of_settings_and_policy_agree(planner: PreloadPlanner) -> None:
    context_of(planner, Settings()).apply_settings(Settings())
    assert planner.policy == PolicySettings()


def test_a_model_that_failed_is_left_out_until_its_file_is_another(planner: PreloadPlanner) -> None:
    path = Path("a.gguf")
    model = ModelFile("a", path, 1, "llama", 2048, False, False, (path,), 0)
    held: list[ResidentModel] = []
    pool = SimpleNamespace(residents=lambda: held, reachable_bytes=10, device_limits={})
    sizes = SimpleNamespace(expected_bytes=lambda _: 5)
    planner.favourites = ("a",)
    asked = PreloadContext(
        Settings(), cast(Any, pool), cast(Any, sizes), planner, cast(Any, None), models=lambda: (model,)
    )
    assert [target.model_id for target in asked.plan().preloads] == ["a"]
    assert asked.plan({"a": model}).targets == ()
    assert [target.model_id for target in asked.plan({"a": replace(model, file_bytes=2)}).preloads] == ["a"]
    held.append(ResidentModel("a", 5, 0.0))  # a request has loaded it
    assert [target.action for target in asked.plan({"a": model}).targets] == [PlanAction.KEEP]
