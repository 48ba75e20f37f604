"""The engine with real models: preloading, counting, publishing, stopping."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import psutil
import pytest

from preheat import paths
from preheat.core import Engine, EngineSnapshot, model_files
from preheat.errors import (
    EngineStoppedError,
    ModelNotFoundError,
    QueueFullError,
    UnsupportedOperationError,
    WorkerDiedError,
)
from preheat.inference import GenerateRequest, Sampling
from preheat.models import Listing, ModelFile, ModelIndex
from preheat.residency import State
from preheat.usage import RequestRecord
from tests.engine.engines import (
    CHAT,
    EMBED,
    ENDLESS,
    LOADED,
    UNLOADED,
    Gate,
    Recorder,
    record,
    running,
    settings,
    state,
    until,
    until_idle,
    until_state,
    use,
    worker_pid,
    write,
)

pytestmark = pytest.mark.usefixtures("starter_home")


async def test_the_starter_models_are_preloaded_one_after_another() -> None:
    async with running(preload=True) as engine:
        recorder = Recorder(engine)
        assert all(model.favourite for model in engine.snapshot.models)
        await until_state(engine, EMBED, State.HOT)
        assert recorder.transitions == [(CHAT, state) for state in LOADED] + [(EMBED, state) for state in LOADED]
        rounds = [
            (preload.queue, preload.round_done, preload.round_total)
            for preload in (one.preload for one in recorder.snapshots)
            if preload.queue
        ]
        assert list(dict.fromkeys(rounds)) == [((CHAT, EMBED), 0, 2), ((EMBED,), 1, 2)]
        progress = [one.preload.round_progress for one in recorder.snapshots if one.preload.queue]
        assert progress == sorted(progress, key=lambda share: share or 0.0)
        assert None not in progress
        snapshot = await until(engine, lambda snapshot: snapshot.preload.round_total == 0)
        assert snapshot.preload.round_progress is None
        assert [str(model.reason) for model in snapshot.models] == ["favourite 2", "favourite 1"]
        assert snapshot.preload.enabled
        for model in snapshot.models:
            assert model.progress is None
            assert model.context_length == (2048 if model.model_id == CHAT else 512)
            assert 0 < model.file_bytes < model.resident_bytes
            assert model.load_s is not None
            assert 0 < model.load_s < 60
            assert model.last_used_at is None
        assert snapshot.memory.used_bytes == sum(model.resident_bytes for model in snapshot.models)
        assert snapshot.memory.used_bytes <= snapshot.memory.limit_bytes


async def test_starting_waits_for_no_load(gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(preload=True) as engine:
        assert state(engine.snapshot, CHAT) in (State.COLD, State.QUEUED)
        assert engine.snapshot.models != ()


async def test_with_other_models_there_are_no_default_favourites(embedding_model: Path) -> None:
    shutil.copy(embedding_model, paths.models_dir() / "other.gguf")
    async with running(preload=True) as engine:
        await until_idle(engine)
        assert {model.state for model in engine.snapshot.models} == {State.COLD}
        assert not any(model.favourite for model in engine.snapshot.models)


async def test_favourites_in_the_users_order() -> None:
    async with running(preload=True, favourites=["all-mini", "nosuch", "SmolLM2"]) as engine:
        recorder = Recorder(engine)
        await until_state(engine, CHAT, State.HOT)
        assert [name for name, state in recorder.transitions if state is State.HOT] == [EMBED, CHAT]


async def test_hits_late_hits_and_misses(gate: Gate) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        snapshot = await until_state(engine, EMBED, State.HOT)
        embed = snapshot.model(EMBED)
        assert embed is not None
        async with engine.lease(EMBED) as lease:  # the first hit of a preload saves its load
            await lease.embed(["a"])
        preload = engine.refresh().preload
        assert (preload.hits, preload.time_saved_s) == (1, embed.load_s)
        async with engine.lease(EMBED):  # the second saves nothing
            pass
        gate.shut(CHAT)
        first, second = (asyncio.create_task(engine.load(CHAT)) for _ in range(2))
        await until_state(engine, CHAT, State.LOADING)
        joining = asyncio.create_task(use(engine, CHAT))
        await until(engine, lambda snapshot: snapshot.preload.late_hits == 1)
        gate.open(CHAT)
        await asyncio.gather(first, second, joining)
        await engine.unload(CHAT)
        await use(engine, CHAT)
        preload = engine.refresh().preload
        assert (preload.hits, preload.late_hits, preload.misses, preload.wasted) == (2, 1, 1, 0)
        assert preload.time_saved_s == embed.load_s
        assert preload.preload_hit_rate == 0.5


async def test_a_preload_that_nobody_used_is_wasted() -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        await engine.unload(EMBED)
        assert engine.snapshot.preload.wasted == 1
        await engine.load(EMBED)
        await engine.unload(EMBED)
        assert engine.snapshot.preload.wasted == 1


async def test_a_request_that_joins_a_preload_makes_it_its_own(gate: Gate) -> None:
    gate.shut(EMBED)
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.LOADING)
        joining = asyncio.create_task(use(engine, EMBED))
        await until(engine, lambda snapshot: record(engine, EMBED).active_requests == 1)
        gate.open(EMBED)
        await joining
        await engine.unload(EMBED)
        assert engine.snapshot.preload.wasted == 0


async def test_prompt_tokens_and_reused_ones_are_counted() -> None:
    async with running() as engine:
        assert engine.snapshot.prefix_cache_hit_rate is None
        async with engine.lease(CHAT) as lease:
            for _ in range(2):
                await write(lease)
        await asyncio.sleep(0)
        snapshot = engine.refresh()
        assert snapshot.prompt_tokens == 10
        assert snapshot.prefix_tokens_reused == 4
        assert snapshot.prefix_cache_hit_rate == 0.4


async def test_the_record_of_a_stopped_answer_has_its_tokens() -> None:
    records: list[object] = []
    async with running() as engine:
        engine.observe(records.append)
        async with engine.lease(CHAT) as lease, aclosing(lease.generate(ENDLESS)) as stream:
            for _ in range(5):
                await anext(stream)
            written = lease.unfinished_tokens
        await asyncio.sleep(0)
        (stopped,) = (record for record in records if isinstance(record, RequestRecord))
        assert stopped.completion_tokens >= written > 1
        assert stopped.tokens_per_s is not None


async def test_a_lease_says_what_the_model_is() -> None:
    async with running() as engine, engine.lease("smol") as lease:
        assert lease.model_id == CHAT
        assert (lease.info.context_length, lease.info.embeddings, lease.info.chat_template) == (2048, False, True)
        assert lease.info.resident_bytes > 100_000_000
        model = engine.snapshot.model(CHAT)
        assert model is not None
        with pytest.raises(UnsupportedOperationError):
            await lease.embed(["a"])
        snapshot = await until(engine, lambda snapshot: bool(snapshot.models[1].active_requests))
        assert snapshot.models[1].last_used_at == pytest.approx(time.time(), abs=60)


async def test_sixteen_streams_at_once() -> None:
    async def answer(engine: Engine) -> str:
        async with engine.lease(CHAT) as lease:
            return await write(lease)

    async with running() as engine:
        texts = await asyncio.gather(*(answer(engine) for _ in range(16)))
        assert len(texts) == 16
        assert all(text.startswith(" Paris") for text in texts)
        preload = engine.refresh().preload
        assert (preload.misses, preload.late_hits) == (1, 15)


async def test_a_full_queue(gate: Gate) -> None:
    gate.shut(EMBED)
    async with running(parallel=1, max_queue=2) as engine:
        waiting = [asyncio.create_task(use(engine, EMBED)) for _ in range(3)]
        await until(engine, lambda _: record(engine, EMBED).active_requests == 3)
        with pytest.raises(QueueFullError, match="3 requests") as caught:
            await use(engine, EMBED)
        assert caught.value.retry_after_s
        gate.open(EMBED)
        await asyncio.gather(*waiting)
        await use(engine, EMBED)


async def test_stopping_lets_answers_finish_and_leaves_no_process() -> None:
    before = set(psutil.Process().children())
    async with running(preload=True) as engine:
        request = GenerateRequest(prompt="1, 2, 3,", max_tokens=40, sampling=Sampling(temperature=0))
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(request)
            await anext(stream)
            stopping = asyncio.create_task(engine.stop(30))
            chunks = [chunk async for chunk in stream]
            usage = chunks[-1].usage
            assert usage is not None
            assert usage.completion_tokens == 40
            with pytest.raises(EngineStoppedError):
                await engine.load(EMBED)
        await stopping
        assert not set(psutil.Process().children()) - before
        assert {model.state for model in engine.snapshot.models} == {State.COLD}


async def test_stopping_lets_requests_that_wait_for_a_load_finish(gate: Gate) -> None:
    gate.shut(EMBED)
    async with running() as engine:
        waiting = asyncio.create_task(use(engine, EMBED))
        await until(engine, lambda _: record(engine, EMBED).active_requests == 1)
        stopping = asyncio.create_task(engine.stop(30))
        await asyncio.sleep(0)
        gate.open(EMBED)
        await waiting
        await stopping


async def test_stopping_does_not_wait_for_ever() -> None:
    async with running() as engine, AsyncExitStack() as stack:
        lease = await stack.enter_async_context(engine.lease(CHAT))
        stream = lease.generate(ENDLESS)
        await anext(stream)
        async with asyncio.timeout(10):
            await engine.stop(0.1)
        with pytest.raises(WorkerDiedError):
            async for _ in stream:
                pass


async def test_stopping_twice_and_before_starting() -> None:
    await Engine(settings()).stop()
    async with running() as engine:
        await engine.stop()
        await engine.stop()


async def test_an_engine_that_was_not_started() -> None:
    with pytest.raises(EngineStoppedError, match="not running"):
        await Engine(settings()).load(CHAT)


async def test_subscribers_get_the_current_snapshot_at_once_and_then_every_transition() -> None:
    async with running() as engine:
        got: list[EngineSnapshot] = []
        unsubscribe = engine.subscribe(got.append)
        assert got == [engine.snapshot]
        recorder = Recorder(engine)
        await engine.load(EMBED)
        await engine.unload(EMBED)
        assert recorder.of(EMBED) == LOADED + UNLOADED
        assert got == recorder.snapshots
        assert got[-1] is engine.snapshot
        unsubscribe()
        await engine.load(EMBED)
        assert len(got) < len(recorder.snapshots)


async def test_a_model_that_was_just_put_there_is_found(embedding_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "_OLD_S", 0.0)
    async with running() as engine:
        with pytest.raises(ModelNotFoundError):
            await engine.load("brand-new")
        shutil.copy(embedding_model, paths.models_dir() / "Brand-New.gguf")
        await engine.load("brand-new")
        assert state(engine.snapshot, "brand-new") is State.HOT


async def test_unknown_names_do_not_hammer_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as engine:
        scans: list[object] = []

        def look(*places: object) -> Listing:
            scans.append(places)
            return Listing()

        monkeypatch.setattr(ModelIndex, "look", look)
        for _ in range(5):
            with pytest.raises(ModelNotFoundError):
                await engine.find("nosuch")
        assert len(scans) <= 1


async def test_a_file_that_changed_is_looked_at_again(chat_model: Path, embedding_model: Path) -> None:
    path = paths.models_dir() / "mine.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        async with engine.lease("mine") as lease:
            assert (await lease.embed(["a"])).dimensions == 384
        await engine.unload("mine")
        new = path.with_suffix(".new")
        shutil.copy(chat_model, new)
        os.replace(new, path)  # noqa: PTH105
        async with engine.lease("mine") as lease:
            assert "Paris" in await write(lease)
        model = engine.snapshot.model("mine")
        assert model is not None
        assert (model.embeddings, model.file_bytes) == (False, chat_model.stat().st_size)


def missing(engine: Engine, model_id: str) -> bool:
    """Return whether the snapshot reports a missing file of a model."""
    model = engine.refresh().model(model_id)
    assert model is not None
    return model.file_missing


async def test_a_hot_model_whose_file_has_gone_can_be_used_and_unloaded(
    embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "_OLD_S", 0.0)
    path = paths.models_dir() / "fleeting.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        await engine.load("fleeting")
        assert not missing(engine, "fleeting")
        path.unlink()
        await engine.models()
        assert missing(engine, "fleeting")
        async with engine.lease("fleeting") as lease:
            assert (await lease.embed(["a"])).vectors
        worker = worker_pid(engine, "fleeting")
        await engine.unload("fleeting")
        assert not psutil.pid_exists(worker)
        with pytest.raises(ModelNotFoundError):
            await engine.load("fleeting")


async def test_a_model_whose_folder_hangs_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(ModelFile, "changed", lambda _self: answers.wait(60))
    monkeypatch.setattr(model_files, "HANGS_AFTER_S", 0.2)
    async with running() as engine:
        try:
            # More than asyncio has threads.
            asked = [asyncio.create_task(engine.find(CHAT)) for _ in range(40)]
            async with asyncio.timeout(30):  # half of what the folder hangs
                await engine.models()
                await asyncio.gather(*asked)
        finally:
            answers.set()


async def test_a_file_that_vanished_is_not_found(embedding_model: Path) -> None:
    path = paths.models_dir() / "fleeting.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        path.unlink()
        with pytest.raises(ModelNotFoundError):
            await engine.load("fleeting")


async def test_a_file_that_is_put_there_is_noticed_unasked(embedding_model: Path) -> None:
    async with running() as engine:
        shutil.copy(embedding_model, paths.models_dir() / "noticed.gguf")
        await until(engine, lambda now: now.model("noticed") is not None)
        (paths.models_dir() / "noticed.gguf").unlink()
        await until(engine, lambda now: now.model("noticed") is None)


async def test_a_hot_model_whose_file_has_gone_is_shown_as_such(embedding_model: Path) -> None:
    path = paths.models_dir() / "fleeting.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        await engine.load("fleeting")
        path.unlink()
        await until(engine, lambda now: bool((model := now.model("fleeting")) and model.file_missing))
        async with engine.lease("fleeting") as lease:
            assert (await lease.embed(["a"])).vectors
        assert state(engine.snapshot, "fleeting") is State.HOT


async def test_use_and_name_survive_a_restart_and_a_second_link(embedding_model: Path) -> None:
    path = paths.models_dir() / "mine.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        await use(engine, "mine")
        path.with_name("another.gguf").hardlink_to(path)
        await engine.rescan()
        await until(engine, lambda now: bool((model := now.model("mine")) and not model.file_missing))  # it is there
    async with running() as engine:
        model = engine.snapshot.model("mine")
        assert model is not None
        assert model.last_used_at is not None
        assert engine.snapshot.model("another") is None
        assert (await engine.find("another")).model_id == "mine"


async def test_a_hot_model_whose_file_is_replaced_is_reloaded_when_it_is_idle(
    chat_model: Path, embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "_OLD_S", 0.0)
    path = paths.models_dir() / "mine.gguf"
    shutil.copy(embedding_model, path)
    async with running() as engine:
        async with engine.lease("mine") as lease:
            new = path.with_suffix(".new")
            shutil.copy(chat_model, new)
            os.utime(new, (1e9, 1e9))
            os.replace(new, path)  # noqa: PTH105
            await engine.models()
            assert state(engine.snapshot, "mine") is State.HOT  # it has a request in progress
            assert (await lease.embed(["a"])).dimensions == 384
        await until_state(engine, "mine", State.COLD)
        async with engine.lease("mine") as lease:
            assert "Paris" in await write(lease)
        assert engine.residency.models["mine"].quantization == "Q4_1"


async def test_snapshots_share_what_is_known_of_a_file(starter_home: Path) -> None:
    async with running() as engine:
        known = await engine.find(EMBED)
        assert [engine.refresh().model(EMBED) for _ in range(2)][-1] is not None
        assert all(one.file is known for one in (engine.snapshot.model(EMBED), engine.refresh().model(EMBED)) if one)
