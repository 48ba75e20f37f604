"""Preloads of a running engine with real models: when they wait, make way, come back, and what they learn from."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from typing import Any

import psutil
import pytest

from bug_watch import BugWatch
from preheat import paths
from preheat.core import Engine
from preheat.errors import ModelLoadError
from preheat.inference import LoadOptions
from preheat.messages import Message
from preheat.models import ModelFile
from preheat.preload import context
from preheat.residency import Action, EvictionReason, Outcome, State
from preheat.residency.processes.load_options import load_options as options_for
from preheat.settings import Size
from preheat.usage import RequestRecord, UsageLog, WakeRecord
from tests.engine.engines import (
    CHAT,
    EMBED,
    Gate,
    Recorder,
    change,
    decisions_of,
    record,
    running,
    settings,
    state,
    until,
    until_idle,
    until_state,
    use,
    write,
)

pytestmark = pytest.mark.usefixtures("starter_home")


def reason_in(message: Message) -> Message:
    """Return the reason within an explanation."""
    reason = message.params.get("reason", message.params.get("plan"))
    assert isinstance(reason, Message)
    return reason


async def test_a_preload_pauses_during_requests(gate: Gate) -> None:
    async with running(preload=True, favourites=[EMBED, CHAT]) as engine:
        gate.shut(CHAT)
        await until_state(engine, CHAT, State.LOADING)
        async with engine.lease(EMBED) as lease:
            assert record(engine, CHAT).held
            gate.open(CHAT)
            before: float | None = -1.0
            while record(engine, CHAT).progress != before:  # its worker may have read some before it was told
                before = record(engine, CHAT).progress
                for _ in range(20):
                    assert (await lease.embed(["some text"])).vectors
                assert state(engine.snapshot, CHAT) is State.LOADING
            load = record(engine, CHAT).load
            assert load is not None
            assert load.deadline_mono is None  # the pause does not count
        await until_state(engine, CHAT, State.HOT)
        assert engine.refresh().preload.wasted == 0


async def test_a_paused_preload_continues_for_its_own_request(gate: Gate) -> None:
    async with running(preload=True, favourites=[EMBED, CHAT]) as engine:
        gate.shut(CHAT)
        await until_state(engine, CHAT, State.LOADING)
        async with engine.lease(EMBED):
            assert record(engine, CHAT).held
            gate.open(CHAT)
            async with engine.lease(CHAT) as lease:
                assert "Paris" in await write(lease)


async def test_a_request_cancels_a_preload_and_it_is_repeated(gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        decisions = decisions_of(engine)
        await until_state(engine, CHAT, State.LOADING)
        asking = asyncio.create_task(use(engine, EMBED))
        await until_state(engine, CHAT, State.COLD)  # while the gate is still shut
        await asking
        cancelled = decisions[0]
        assert (cancelled.action, cancelled.model_id) == (Action.CANCEL, CHAT)
        assert f"made room for {EMBED}" in cancelled.why
        gate.open(CHAT)
        await until_state(engine, CHAT, State.HOT)


@pytest.mark.parametrize("by", ["pausing", "switching off"])
async def test_pausing_or_switching_off_cancels_a_preload_and_it_is_repeated(gate: Gate, by: str) -> None:
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        decisions = decisions_of(engine)
        await until_state(engine, CHAT, State.LOADING)
        engine.pause() if by == "pausing" else change(engine, preload=False)
        await until_state(engine, CHAT, State.COLD)  # while the gate is still shut
        cancelled = decisions[0]
        assert (cancelled.action, cancelled.cause, cancelled.wasted) == (Action.CANCEL, EvictionReason.PAUSED, False)
        assert ("paused" if by == "pausing" else "is off") in cancelled.why
        await until(engine, lambda snapshot: snapshot.preload.queue == ())
        gate.open(CHAT)
        engine.resume() if by == "pausing" else change(engine, preload=True)
        await until_state(engine, CHAT, State.HOT)


async def test_pausing_does_not_cancel_a_load_with_a_waiting_request(gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        await until_state(engine, CHAT, State.LOADING)
        asking = asyncio.create_task(use(engine, CHAT))
        await until(engine, lambda _: record(engine, CHAT).active_requests == 1)
        engine.pause()
        gate.open(CHAT)
        await asking


async def test_a_running_preload_completes_on_battery(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT, EMBED]) as engine:
        recorder = Recorder(engine)
        await until_state(engine, CHAT, State.LOADING)
        monkeypatch.setattr(context, "on_battery", lambda: True)
        change(engine, preload_on_battery=False)
        gate.open(CHAT)
        await until_state(engine, CHAT, State.HOT)
        assert State.UNLOADING not in recorder.of(CHAT)
        assert "battery" in str(engine.refresh().preload.hold)
        assert recorder.of(EMBED) == []  # nothing else starts


async def test_an_explicit_load_wakes_the_preloader_when_it_ends() -> None:
    async with running(preload=False, favourites=[CHAT]) as engine:
        loading = asyncio.create_task(engine.load(EMBED))
        await until_state(engine, EMBED, State.QUEUED, State.LOADING)
        change(engine, preload=True)
        await loading
        async with asyncio.timeout(20):
            await until_state(engine, CHAT, State.HOT)


async def test_pausing_and_resuming_survive_a_restart() -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        engine.pause()
        assert engine.snapshot.preload.paused
        await engine.stop(0)
    async with running(preload=True, favourites=[EMBED]) as engine:
        assert engine.snapshot.preload.paused_until == math.inf
        assert "resume" in str(engine.snapshot.preload.hold)
        assert state(engine.snapshot, EMBED) is State.COLD
        engine.resume()
        await until_state(engine, EMBED, State.HOT)
        assert not engine.snapshot.preload.paused
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)


@pytest.mark.parametrize("wish", ["request", "resume", "setting"])
async def test_without_preload_at_login_the_first_use_starts_preloading(wish: str) -> None:
    engine = Engine(settings(preload=True, favourites=[EMBED], preload_at_login=False))
    await engine.start(at_login=True)
    try:
        assert "at login" in str(engine.refresh().preload.hold)
        assert state(engine.snapshot, EMBED) is State.COLD
        match wish:
            case "request":
                await use(engine, CHAT)
            case "resume":
                engine.resume()
            case "setting":
                engine.apply_settings(settings(preload=True, favourites=[EMBED], preload_at_login=True))
        await until_state(engine, EMBED, State.HOT)
    finally:
        await engine.stop(0)


async def test_a_timed_pause_expires() -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        engine.pause(0.3)
        assert state(engine.snapshot, EMBED) is State.COLD
        paused_until = engine.snapshot.preload.paused_until
        assert paused_until is not None
        await until_state(engine, EMBED, State.HOT)
        assert time.time() >= paused_until


async def test_used_models_are_preloaded_after_a_restart() -> None:
    async with running(preload=True, favourites=[]) as engine:
        await until_idle(engine)
        assert {model.state for model in engine.snapshot.models} == {State.COLD}
        for _ in range(5):
            await use(engine, EMBED)
    async with running(preload=True, favourites=[]) as engine:
        snapshot = await until_state(engine, EMBED, State.HOT)
        assert snapshot.preload.preloads == 1
        await until_idle(engine)
        assert state(engine.snapshot, CHAT) is State.COLD
        assert "used 5 times" in str(engine.preloads.why(EMBED))
        assert reason_in(engine.preloads.why(CHAT)).code == "never_used"
        await use(engine, EMBED)
        assert engine.refresh().preload.hits == 1


async def test_a_preload_in_vain_makes_the_next_run_more_careful() -> None:
    def odds(engine: Engine) -> float:
        return engine.preloads.ahead(time.time() + 3600).basis.odds[False]

    remember_habit()
    changes: dict[str, Any] = {"preload": True, "favourites": [], "waste_price": 0.0}
    async with running(**changes) as engine:
        first = odds(engine)
        await until_state(engine, CHAT, State.HOT)
        await engine.unload(CHAT)
        learned = odds(engine)
        assert learned > first
    async with running(**changes) as engine:
        assert odds(engine) == learned
    async with running(**changes, history_days=0) as engine:
        assert odds(engine) == first
    (paths.data_dir() / "usage.db").unlink()
    async with running(**changes) as engine:
        assert odds(engine) == first


def remember_habit() -> None:
    """Write a log of some hours in which the client ``notes`` always used EMBED, and another one CHAT."""
    log = UsageLog(paths.data_dir() / "usage.db")
    for hours in range(9, 0, -1):
        at = time.time() - hours * 3600
        log.record(WakeRecord(at, "notes"))
        log.record(RequestRecord(EMBED, at + 1, Outcome.HIT, client="notes"))
        log.record(RequestRecord(CHAT, at + 1800, Outcome.HIT, client="chat"))
    assert log.write_pending()
    log.close()


async def test_a_waking_client_has_its_model_preloaded() -> None:
    remember_habit()
    async with running(preload=True, favourites=[], preload_learned=False) as engine:
        engine.client_woke("editor")  # an unknown client
        await asyncio.sleep(0)
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD
        engine.client_woke("notes")
        await until_state(engine, EMBED, State.HOT)
        assert str(record(engine, EMBED).reason) == "expected, since notes was opened"


async def test_wake_with_clients_off_ignores_waking_clients() -> None:
    remember_habit()
    async with running(preload=True, favourites=[], preload_learned=False, wake_with_clients=False) as engine:
        engine.client_woke("notes")
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD


async def test_decisions_are_logged_with_reasons() -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        await engine.unload(EMBED)
        await use(engine, CHAT)
        log = engine.usage_log
        assert log is not None
        assert await asyncio.to_thread(log.flush)
        loaded, unloaded, preloaded = await asyncio.to_thread(log.decisions)
        assert (preloaded.model_id, preloaded.action, preloaded.why) == (EMBED, Action.PRELOAD, "favourite 1")
        assert preloaded.bytes > 50_000_000
        assert preloaded.seconds is not None
        assert 0 < preloaded.seconds < 60
        assert (unloaded.action, unloaded.why, unloaded.wasted) == (Action.UNLOAD, "as requested", True)
        assert (loaded.model_id, loaded.action, loaded.why) == (CHAT, Action.LOAD, "a request asked for it")


async def test_a_bug_in_a_preload_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, bugs: BugWatch) -> None:
    async with running(preload=False, favourites=[CHAT, EMBED]) as engine:
        broken = [True]

        def load_options(model: ModelFile, *given: Any, **options: Any) -> LoadOptions:
            if broken[0] and model.model_id == CHAT:
                raise ZeroDivisionError("a bug")
            return options_for(model, *given, **options)

        monkeypatch.setattr("preheat.residency.processes.loader.load_options", load_options)
        change(engine, preload=True)
        snapshot = await until_state(engine, EMBED, State.HOT)
        chat = snapshot.model(CHAT)
        assert chat is not None
        assert (chat.state, chat.resident_bytes) == (State.FAILED, 0)
        assert "ZeroDivisionError" in bugs.take()[0]
        broken[0] = False
        await engine.load(CHAT)  # and the model itself can be had
        assert state(engine.snapshot, CHAT) is State.HOT


async def test_the_room_of_a_model_that_cannot_be_loaded_is_there_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(preload=False, favourites=[CHAT, EMBED]) as engine:

        async def before_load(model: ModelFile) -> None:
            if model.model_id == CHAT:
                raise ModelLoadError("broken")

        monkeypatch.setattr(engine.residency, "before_load", before_load)
        chat = engine.snapshot.model(CHAT)
        assert chat is not None
        change(engine, preload=True, memory_limit=Size(str(chat.expected_bytes)))
        await until_state(engine, EMBED, State.HOT)


@pytest.mark.parametrize("trouble", ["garbage", "locked", "folder"])
async def test_a_broken_usage_log_costs_no_request(trouble: str) -> None:
    paths.data_dir().mkdir(parents=True, exist_ok=True)
    path = paths.data_dir() / "usage.db"
    holder: sqlite3.Connection | None = None
    if trouble == "garbage":
        path.write_bytes(b"no database" * 1000)
    elif trouble == "folder":
        path.mkdir()
    else:
        async with running() as engine:
            await use(engine, EMBED)
        holder = sqlite3.connect(path)
        holder.execute("BEGIN EXCLUSIVE")
    async with running(preload=True, favourites=[CHAT]) as engine:
        await until_state(engine, CHAT, State.HOT)
        async with engine.lease(CHAT) as lease:
            assert "Paris" in await write(lease)
        if trouble != "locked":
            log = engine.usage_log
            assert log is not None
            await asyncio.to_thread(log.flush)
            assert engine.refresh().warning
    if holder is not None:
        holder.close()


async def test_without_history_no_file_is_written() -> None:
    async with running(preload=True, favourites=[EMBED], history_days=0) as engine:
        await until_state(engine, EMBED, State.HOT)
        await use(engine, EMBED)
        assert engine.usage_log is None
    assert not (paths.data_dir() / "usage.db").exists()


@pytest.mark.parametrize("when", [State.QUEUED, State.LOADING, State.HOT])
async def test_stopping_leaves_no_process_or_task(when: State) -> None:
    before = set(psutil.Process().children())
    async with running(preload=True, favourites=[CHAT]) as engine:
        recorder = Recorder(engine)
        if when is not State.QUEUED:
            await until(engine, lambda _: when in recorder.of(CHAT))
        await engine.stop(0)
        assert not set(psutil.Process().children()) - before
        assert {model.state for model in engine.snapshot.models} == {State.COLD}
        assert engine.snapshot.memory.used_bytes == 0
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others
        engine.client_woke("notes")
        await engine.stop(0)


async def test_stopping_ends_a_queued_load() -> None:
    async with running() as engine:
        loading = asyncio.create_task(engine.load(EMBED))
        await until_state(engine, EMBED, State.QUEUED)
        await engine.stop(0)
        assert state(engine.snapshot, EMBED) is State.COLD
        assert isinstance((await asyncio.gather(loading, return_exceptions=True))[0], Exception)
