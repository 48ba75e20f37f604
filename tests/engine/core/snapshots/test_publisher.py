"""When snapshots are published."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from preheat.control import empty_snapshot
from preheat.core import EngineSnapshot
from preheat.core.snapshots.publisher import FIGURES_INTERVAL_S, PUBLISH_INTERVAL_S, Publisher


class Maker:
    """Makes numbered snapshots."""

    def __init__(self) -> None:
        self.made = 0
        self.measured = 0
        self.counted = asyncio.Event()

    def make(self) -> EngineSnapshot:
        self.made += 1
        return replace(empty_snapshot(), prompt_tokens=self.made)

    def measure(self) -> None:
        self.measured += 1

    def count(self, latest: EngineSnapshot) -> EngineSnapshot:
        self.counted.set()
        return replace(latest, prefix_tokens_reused=latest.prefix_tokens_reused + 1)


def publisher_of(maker: Maker) -> Publisher:
    publisher = Publisher()
    publisher.open(maker)
    return publisher


async def test_several_changes_make_one_timed_snapshot() -> None:
    maker = Maker()
    publisher = publisher_of(maker)
    got: list[int] = []
    timed = asyncio.Event()

    def take(snapshot: EngineSnapshot) -> None:
        got.append(snapshot.prompt_tokens)
        if len(got) > 1:
            timed.set()

    publisher.subscribe(take)
    for _ in range(100):
        publisher.publish_soon()
    assert got == [1]
    await asyncio.wait_for(timed.wait(), 100 * PUBLISH_INTERVAL_S)
    assert (got, maker.measured) == ([1, 2], 1)


async def test_a_transition_is_published_at_once_and_replaces_the_timed_snapshot() -> None:
    maker = Maker()
    publisher = publisher_of(maker)
    publisher.publish_soon()
    publisher.publish()
    assert (publisher.latest.prompt_tokens, maker.measured) == (2, 0)
    publisher.close()
    publisher.publish_soon()
    assert len(asyncio.all_tasks()) == 1
    assert maker.made == 2


async def test_an_ended_subscription_gets_nothing() -> None:
    publisher = publisher_of(Maker())
    got: list[EngineSnapshot] = []
    publisher.subscribe(got.append)()
    publisher.publish()
    assert len(got) == 1


async def test_tokens_are_published_without_a_whole_snapshot() -> None:
    maker = Maker()
    publisher = publisher_of(maker)
    publisher.publish_measured()
    for _ in range(100):
        publisher.publish_requests()
    await asyncio.wait_for(maker.counted.wait(), 100 * PUBLISH_INTERVAL_S)
    assert (publisher.latest.prompt_tokens, publisher.latest.prefix_tokens_reused) == (2, 1)
    assert maker.measured == 1
    publisher.close()


async def test_requests_lead_to_a_whole_snapshot_too() -> None:
    maker, whole = Maker(), asyncio.Event()
    publisher = publisher_of(maker)
    publisher.subscribe(lambda snapshot: whole.set() if snapshot.prompt_tokens > 1 else None)
    publisher.publish_requests()
    await asyncio.wait_for(whole.wait(), 100 * FIGURES_INTERVAL_S)
    assert maker.measured == 1
