"""Which prompts a load puts back, and which are shown as being in place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from preheat.core.prompts import MOST_SHOWN, ModelPrompts
from preheat.inference import PrefixOptions
from preheat.models import ModelFile
from preheat.prefixes import PrefixKeeper
from preheat.preload import PlanAction, PolicySettings, PreloadPlanner, PreloadTarget, TargetKind
from preheat.preload.prompts import MOST_RESTORED
from preheat.residency import Outcome
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageTracker

NOW = 1_760_000_000.0
SETTINGS = Settings(context_length=4096)


@dataclass
class FakeKeeper:
    """Folders of a test."""

    folder: Path
    memory_bytes: int = 7
    off: bool = False
    nudges: int = 0
    allowed: list[int] = field(default_factory=list)

    def options(self, model_id: str) -> PrefixOptions | None:
        memory, disk = self.folder / "memory" / model_id, self.folder / "disk" / model_id
        return None if self.off else PrefixOptions(str(memory), str(disk), 1000)

    def allow(self, memory_bytes: int) -> None:
        self.allowed.append(memory_bytes)

    def give_way(self, within_s: float) -> None:
        self.memory_bytes = self.allowed[-1]

    def nudge(self) -> None:
        self.nudges += 1

    def store(self, tier: str, key: str, model_id: str = "a") -> None:
        path = self.folder / tier / model_id / f"{key}.prefix"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


class Known:
    """A model's prompts, with a keeper of the test."""

    def __init__(self, folder: Path) -> None:
        self.keeper = FakeKeeper(folder)
        self.usage = UsageTracker(SETTINGS, clock=lambda: NOW)
        keeper: Any = self.keeper
        self.published = asyncio.Event()
        self.planner = PreloadPlanner(self.usage, PolicySettings())
        self.prompts = ModelPrompts(
            SETTINGS, cast(PrefixKeeper, keeper), self.usage, self.planner, self.published.set, clock=lambda: NOW
        )

    def used(self, client: str, key: str, tokens: int = 100, *, age_s: float = 60.0, hot: bool = False) -> None:
        record = RequestRecord("a", NOW - age_s, Outcome.HIT, client=client, prefix=key, prefix_tokens=tokens)
        self.usage.request_ended(record)
        self.prompts.request_ended(record, hot=hot)

    def shown(self) -> list[tuple[str, str, bool]]:
        return [(prompt.client, prompt.tier, prompt.ready) for prompt in self.prompts.snapshots("a")]

    def restore(self, *clients: str) -> tuple[str, ...]:
        options = self.prompts.options(model("a"), clients)
        assert options is not None
        return options.restore


def model(name: str) -> ModelFile:
    path = Path(f"/models/{name}.gguf")
    return ModelFile(name, path, 1000, "llama", 8192, False, False, (path,), 0)


@pytest.fixture
def known(tmp_path: Path) -> Known:
    return Known(tmp_path)


def test_a_load_gets_folders_and_keys(known: Known) -> None:
    known.used("notes", "n", age_s=50)
    known.used("editor", "e", age_s=40)
    assert known.restore() == ("e", "n")
    assert known.restore("notes") == ("n", "e")
    known.usage.client_woke("notes", "", NOW)
    assert known.restore() == ("n", "e")
    assert known.restore("editor") == ("e", "n")
    options = known.prompts.options(model("a"), ())
    assert options is not None
    assert options.memory_folder.endswith("memory/a")
    assert set(options.seen) == {"e", "n"}
    known.keeper.off = True
    assert known.prompts.options(model("a"), ()) is None


def test_a_load_restores_what_idle_slots_can_hold(known: Known) -> None:
    known.used("large", "l", 2000, age_s=40)
    known.used("huge", "h", 3000, age_s=30)
    assert known.restore("huge", "large") == ()
    assert known.restore("large") == ("l",)
    known.prompts.apply_settings(Settings(context_length=8192))
    assert known.restore("huge") == ("h",)


def test_a_load_restores_several_prompts(known: Known) -> None:
    known.used("small", "s", 200, age_s=50)
    known.used("large", "l", 2000, age_s=40)
    known.used("huge", "h", 3000, age_s=30)
    assert known.restore("huge", "small") == ("s",)
    known.prompts.apply_settings(Settings(context_length=8192))
    assert known.restore("huge", "small") == ("h", "s")
    assert known.restore("large", "small") == ("l", "s")
    tiny = [f"tiny {number}" for number in range(2 * MOST_RESTORED)]
    for client in tiny:
        known.used(client, client, 1, age_s=20)
    assert known.restore(*tiny) == tuple(tiny[:MOST_RESTORED])


def test_a_preload_restores_what_its_own_chance_is_worth(known: Known) -> None:
    known.used("editor", "e", 1500)
    assert known.restore() == ("e",)
    target = PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.8)
    known.planner.preload_started(target, NOW)
    assert known.restore() == ()
    assert known.restore("editor") == ("e",)
    known.planner.request_arrived("a", "editor", NOW)
    assert known.restore() == ("e",)


async def test_prompts_are_shown_where_they_are(known: Known) -> None:
    known.used("notes", "n", age_s=50)
    known.used("editor", "e", age_s=40)
    known.used("scripts", "x", age_s=30)
    assert known.shown() == []
    known.keeper.store("disk", "n")
    known.keeper.store("disk", "e")
    known.keeper.store("memory", "e")
    await known.prompts.look()
    assert sorted(known.shown()) == [("editor", "memory", False), ("notes", "disk", False)]
    known.prompts.restored("a", "n", 100, "disk")
    assert sorted(known.shown()) == [("editor", "memory", False), ("notes", "slot", True)]
    known.used("scripts", "x", hot=True)
    assert ("scripts", "slot", True) in known.shown()
    known.prompts.unloaded("a")
    assert sorted(known.shown()) == [("editor", "memory", False), ("notes", "disk", False)]
    assert known.keeper.nudges == 1


async def test_other_stored_prompts_are_noticed_and_published(known: Known) -> None:
    known.used("notes", "n")
    known.prompts.changed()  # before anything runs
    running = asyncio.create_task(known.prompts.run())
    await known.published.wait()
    assert known.shown() == []
    known.published.clear()
    known.keeper.store("disk", "n")
    await asyncio.to_thread(known.prompts.changed)
    await known.published.wait()
    assert known.shown() == [("notes", "disk", False)]
    running.cancel()


def test_slots_hold_the_last_prompts_only(known: Known) -> None:
    for number in range(4):
        known.used(f"{number}", f"{number}", 900, age_s=50 - number, hot=True)
    assert [client for client, _, _ in known.shown()] == ["3", "2"]
    for number in range(20):
        known.used(f"tiny {number}", f"tiny {number}", 1, age_s=20, hot=True)
    assert len(known.shown()) == MOST_SHOWN


async def test_memory_of_prompts_is_the_keepers(known: Known) -> None:
    for allowed, taken in ((12, 7), (3, 3)):
        known.prompts.allow(allowed)
        await known.prompts.give_way()
        assert (known.prompts.memory_bytes, known.keeper.allowed[-1]) == (taken, allowed)
