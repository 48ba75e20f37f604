"""Background work is restarted after a bug."""

from __future__ import annotations

import asyncio
import threading

import pytest

from preheat.core.supervised import in_daemon_thread, keep_running


async def test_a_bug_is_logged_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    runs = 0
    again = asyncio.Event()

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ZeroDivisionError("a bug")
        again.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_running("the work", work, pause_s=0.0))
    await asyncio.wait_for(again.wait(), 10)
    assert "the work ended unexpectedly" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runs == 2


async def test_cancelling_ends_the_work_too() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(keep_running("the work", work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert ended.is_set()


async def test_blocking_work_returns_and_raises_from_its_thread() -> None:
    assert await in_daemon_thread(lambda: threading.current_thread().daemon, "look")
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 // 0, "look")


async def test_blocking_work_that_does_not_end_holds_nothing_up() -> None:
    began, goes_on = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        goes_on.wait(30)

    task = asyncio.create_task(in_daemon_thread(work, "look"))
    assert await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    goes_on.set()
