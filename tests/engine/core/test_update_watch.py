from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from preheat.core.update_watch import UpdateWatch
from preheat.messages import msg
from preheat.settings import Settings
from preheat.updates import Release, UpdateCheck, UpdateCheckError

NEW = Release("9.1", "https://example.org/get")
ON, OFF = Settings(update_check=True), Settings()


class Server:
    """A server of releases, and the changes that the watch has reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked = 0
        self.error: UpdateCheckError | None = None
        self.changes: asyncio.Queue[None] = asyncio.Queue()
        self.questions: asyncio.Queue[None] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()

    def fetch(self, _: str) -> Release:
        self.asked += 1
        self.loop.call_soon_threadsafe(self.questions.put_nowait, None)
        if self.error is not None:
            raise self.error
        return NEW

    @asynccontextmanager
    async def watch(self, settings: Settings, address: str = "https://a") -> AsyncIterator[UpdateWatch]:
        def make() -> UpdateCheck:
            return UpdateCheck(address, self.path, fetch=self.fetch)

        watch = UpdateWatch(settings, lambda: self.changes.put_nowait(None), make, first_s=0.0)
        task = asyncio.create_task(watch.run())
        try:
            yield watch
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "update.json")


async def test_nothing_is_asked_unless_the_user_wants_it(server: Server) -> None:
    async with server.watch(OFF) as watch:
        await asyncio.sleep(0)
        assert server.asked == 0
        watch.apply_settings(ON)
        await server.changes.get()
        assert (server.asked, watch.newer) == (1, NEW)
        watch.apply_settings(OFF)
        assert watch.newer is None


async def test_a_restart_shows_what_is_known_and_does_not_ask_again(server: Server) -> None:
    for _ in range(2):
        async with server.watch(ON) as watch:
            await server.changes.get()
            assert watch.newer == NEW
    assert server.asked == 1


async def test_a_failure_is_not_repeated_at_once(server: Server) -> None:
    server.error = UpdateCheckError(msg("update_check_failed", reason=msg("update_too_slow")))
    async with server.watch(ON) as watch:
        await server.questions.get()
        watch.apply_settings(OFF)
        watch.apply_settings(ON)
        await watch.check_if_due()  # waits for the first check, and does not check again
        assert (server.asked, watch.newer) == (1, None)


async def test_a_build_without_an_address_never_asks(server: Server) -> None:
    async with server.watch(ON, address="") as watch:
        await asyncio.sleep(0)
        assert watch.newer is None
    assert server.asked == 0


async def test_a_client_may_ask_although_the_setting_is_off(server: Server) -> None:
    async with server.watch(OFF) as watch:
        assert (await watch.check_if_due()).newer == watch.newer == NEW
        await watch.check_if_due(now=True)
        assert server.asked == 1
