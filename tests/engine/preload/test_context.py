from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from preheat.messages import msg
from preheat.models import ModelFile
from preheat.preload import PlanAction, PolicySettings, PreloadContext, PreloadPlanner, context, plan_ahead
from preheat.preload.ahead import STEP_S
from preheat.preload.failures import FAILED_PAUSE_S
from preheat.preload.preloader import Ending
from preheat.residency import Now, ResidentModel
from preheat.settings import Settings
from preheat.usage import UsageTracker

NINE = datetime(2026, 3, 5, 9, tzinfo=UTC).timestamp()


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


class Machine:
    """A machine at rest with one model, a favourite, and room for it."""

    def __init__(self, planner: PreloadPlanner) -> None:
        path = Path("a.gguf")
        self.model = ModelFile("a", path, 1, "llama", 2048, False, False, (path,), 0)
        self.held: list[ResidentModel] = []
        self.now = 1000.0
        planner.favourites = ("a",)
        pool = SimpleNamespace(
            residents=lambda: self.held,
            records={},
            now=lambda: Now(NINE, self.now),
            active_requests=0,
            idle_s=1000.0,
            reachable_bytes=10,
            reachable_under=lambda limit_bytes: limit_bytes,
            free_bytes=10,
            prompt_bytes=0,
            device_limits={},
        )
        sizes = SimpleNamespace(expected_bytes=lambda _: 5)
        self.context = PreloadContext(
            Settings(),
            cast(Any, pool),
            cast(Any, sizes),
            planner,
            cast(Any, None),
            models=lambda: (self.model,),
            clock=lambda: NINE,
        )

    def fail(self) -> None:
        """Let the first preload of the plan fail."""
        self.context.ended(self.context.preloads(self.context.plan())[0], Ending.FAILED)

    @property
    def planned(self) -> list[str]:
        return [target.model_id for target in self.context.plan().preloads]


@pytest.fixture
def machine(planner: PreloadPlanner) -> Machine:
    return Machine(planner)


def test_a_model_that_failed_is_left_out_for_a_while(machine: Machine) -> None:
    assert (machine.planned, machine.context.retry_s()) == (["a"], math.inf)
    machine.fail()
    assert machine.context.plan().targets == ()
    assert machine.context.retry_s() == FAILED_PAUSE_S
    assert machine.context.why("a", form=False) == msg("plan_failed", wait_s=FAILED_PAUSE_S)
    assert machine.context.under_limit(20).loads == ("a",)  # other settings are why it is tried again
    machine.now += FAILED_PAUSE_S
    assert (machine.planned, machine.context.retry_s()) == (["a"], math.inf)


def test_what_is_loaded_in_the_next_hours_has_it_once_it_is_tried_again(machine: Machine) -> None:
    def loads() -> list[tuple[str, float]]:
        stays = plan_ahead(machine.context.ahead(NINE + 7200), NINE, NINE + 7200)
        return [(stay.model_id, stay.begins_at) for stay in stays if stay.loads]

    assert loads() == [("a", NINE)]
    machine.fail()
    assert loads() == [("a", NINE + STEP_S)]


def test_it_is_tried_again_at_once_if_its_file_is_another(machine: Machine) -> None:
    machine.fail()
    machine.model = replace(machine.model, file_bytes=2)
    assert machine.planned == ["a"]


def test_it_is_tried_again_at_once_with_other_settings(machine: Machine) -> None:
    machine.fail()
    machine.context.retry()
    assert machine.planned == ["a"]


def test_it_is_kept_if_a_request_has_loaded_it(machine: Machine) -> None:
    machine.fail()
    machine.held.append(ResidentModel("a", 5, 0.0))
    assert [target.action for target in machine.context.plan().targets] == [PlanAction.KEEP]
    assert machine.context.retry_s() == math.inf


def test_it_does_not_return_to_room_meanwhile(machine: Machine) -> None:
    machine.fail()
    machine.context.returning = ("a",)
    assert machine.context.preloads(machine.context.plan()) == ()


def test_the_pauses_grow_until_it_is_loaded(machine: Machine) -> None:
    def pause_s() -> float:
        machine.fail()
        wait_s = machine.context.retry_s()
        machine.now += wait_s
        return wait_s

    assert [pause_s() for _ in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    (preload,) = machine.context.preloads(machine.context.plan())
    machine.context.ended(preload, Ending.CANCELLED)
    assert machine.planned == ["a"]
    machine.context.ended(preload, Ending.LOADED)
    assert pause_s() == 60
