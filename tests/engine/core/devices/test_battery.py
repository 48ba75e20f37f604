"""Models leave devices on battery if the setting says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from preheat.core.devices.battery import BatteryWatch
from preheat.settings import Settings

OFF = Settings(gpu_on_battery=False)


@asynccontextmanager
async def watching(
    settings: Settings, reads: Callable[[], bool], clock: Callable[[], float] = lambda: 0.0
) -> AsyncIterator[tuple[BatteryWatch, asyncio.Queue[bool]]]:
    saved: asyncio.Queue[bool] = asyncio.Queue()
    watch = BatteryWatch(settings, saved.put, reads, clock, look_s=0.001)
    task = asyncio.create_task(watch.run())
    yield watch, saved
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_by_default_the_power_supply_is_not_looked_at() -> None:
    async with watching(Settings(), lambda: pytest.fail("looked")) as (_, saved):
        assert await saved.get() is False


async def test_models_follow_after_a_minute() -> None:
    now, battery = [0.0], [False]

    def clock() -> float:
        now[0] += 25.0
        return now[0]

    async with watching(OFF, lambda: battery[0], clock) as (_, saved):
        assert await saved.get() is False
        battery[0] = True
        assert await saved.get() is True
        battery[0] = False
        assert await saved.get() is False


async def test_a_start_on_battery_and_a_change_of_the_setting() -> None:
    async with watching(OFF, lambda: True) as (watch, saved):
        assert await saved.get() is True
        watch.apply_settings(Settings())
        assert await saved.get() is False
        watch.apply_settings(OFF)
        assert await saved.get() is True
