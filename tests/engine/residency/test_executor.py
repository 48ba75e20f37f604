"""Effects on workers, timers and callers; with workers of the test's own."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from bug_watch import BugWatch
from preheat.errors import (
    EngineStoppedError,
    InsufficientMemoryError,
    InternalError,
    LoadCancelledError,
    ModelLoadError,
)
from preheat.inference import WorkerExit
from preheat.messages import msg
from preheat.models import ModelFile
from preheat.residency import Action, EvictionReason, Outcome, State, executor
from preheat.residency import events as ev
from preheat.residency.processes import loader, spare
from preheat.residency.step import HURRIED_SAVE_S, ROOM_SAVE_S, SAVE_S
from preheat.settings import Size
from tests.engine.residency.workers import MB, Bench, FakeWorker, model, settle

REASON = msg("favourite", rank=1)
BROKEN = ModelLoadError(msg("internal_error", id="0a1b2c3d"))

GB = 10**9


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_a_request_gets_the_worker_of_its_model(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    assert (claim.outcome, claim.saved_s) == (Outcome.MISS, 0.0)
    await settle()
    (worker,) = bench.workers
    assert worker.options is not None
    assert (worker.options.probe, worker.options.warm_prefix) == (False, False)
    worker.on_progress(0.5)
    (progress,) = bench.progress
    assert progress is not None
    assert 0.0 < progress < 0.5, "there is more to a load than reading"
    worker.on_warming()
    assert bench.of("a") is State.WARMING
    worker.become_hot()
    hot = await claim.hot()
    assert hot.worker is worker
    assert hot.info.resident_bytes == 40 * MB
    assert bench.executor.active_requests == 1
    assert bench.executor.request(model("a")).outcome is Outcome.HIT
    claim.release(answered=True)
    claim.release(answered=True)
    assert bench.executor.active_requests == 1


async def test_what_is_known_of_a_model(bench: Bench) -> None:
    assert bench.executor.context_length("a") is None
    assert bench.executor.load_left_s("a") is None
    assert bench.executor.worker_pid("a") is None
    await bench.hot("a")
    assert bench.executor.context_length("a") == 2048
    assert bench.executor.load_left_s("a") is None
    assert bench.executor.worker_pid("a") == bench.workers[0].pid
    assert bench.executor.worker_pids == (bench.workers[0].pid,)
    assert bench.executor.spare_pid is None
    assert bench.executor.models == {"a": model("a")}
    assert bench.executor.used_bytes == 40 * MB
    assert [each.model_id for each in bench.executor.residents()] == ["a"]
    assert bench.executor.active_requests == 0


async def test_what_a_hot_model_cannot_do(bench: Bench) -> None:
    warning = msg("template_unusable_slow")
    claim = bench.executor.request(model("a"))
    await settle()
    (worker,) = bench.workers
    worker.on_warning(warning)
    assert bench.executor.warning("a") is None
    worker.become_hot()
    await claim.hot()
    assert bench.executor.warning("a") == warning
    claim.release(answered=True)
    worker.die()
    await settle()
    assert bench.executor.warning("a") is None
    worker.on_warning(warning)  # of a worker that is gone
    await bench.hot("a")
    assert bench.executor.warning("a") is None


async def test_a_preload_is_probed_and_its_prefix_restored(bench: Bench) -> None:
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    (worker,) = bench.workers
    assert worker.options is not None
    assert (worker.options.probe, worker.options.warm_prefix) == (True, True)
    claim = bench.executor.request(model("b"))  # it makes way
    with pytest.raises(LoadCancelledError):
        await preloading
    assert worker.cancelled
    await settle()
    bench.workers[1].become_hot()
    await claim.hot()
    claim.release()
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    bench.workers[2].become_hot()
    assert await preloading
    assert bench.decisions[-1].reason == REASON


async def test_a_preload_of_a_model_that_is_unloading_is_none(bench: Bench) -> None:
    await bench.hot("a")
    bench.workers[0].may_close.clear()
    unloading = asyncio.create_task(bench.executor.unload("a"))
    await settle()
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    assert not preloading.done()
    bench.workers[0].may_close.set()
    await unloading
    assert not await preloading


async def test_a_preload_continues_without_its_caller(bench: Bench) -> None:
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    preloading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preloading
    bench.workers[0].become_hot()
    await settle()
    assert bench.of("a") is State.HOT


async def test_a_request_hurries_the_preload_that_it_joins(bench: Bench) -> None:
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    claims = [bench.executor.request(model("a"), client) for client in (None, "editor")]  # a command needs no hurry
    assert bench.workers[0].hurried == 1
    bench.workers[0].become_hot()
    assert await preloading
    for claim in claims:
        await claim.hot()
        claim.release()


async def test_preloads_are_held_and_cancelled(bench: Bench) -> None:
    await bench.hot("b")
    preloading = asyncio.create_task(bench.executor.preload(model("a"), REASON))
    await settle()
    claim = bench.executor.request(model("b"))
    claim.release()
    assert bench.workers[1].holds == [True, False]
    bench.executor.cancel_preloads(EvictionReason.PAUSED, msg("preload_paused"))
    with pytest.raises(LoadCancelledError):
        await preloading
    assert bench.of("a") is State.COLD


async def test_unloading_ends_when_memory_is_released(bench: Bench) -> None:
    """A worker that is stuck is waited for, and so is one that loads."""
    claim = bench.executor.request(model("a"))
    await settle()
    (worker,) = bench.workers
    worker.may_close.clear()
    unloading = asyncio.create_task(bench.executor.unload("a"))
    await settle()
    assert bench.of("a") is State.UNLOADING
    assert not unloading.done()
    worker.on_progress(0.9)  # too late
    worker.may_close.set()
    await unloading
    with pytest.raises(LoadCancelledError):
        await claim.hot()
    assert worker.cancelled
    assert bench.executor.worker_pids == ()
    assert bench.executor.models == {}


async def test_a_load_is_cancelled_before_it_has_a_worker(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    await bench.executor.unload("a")
    with pytest.raises(LoadCancelledError):
        await claim.hot()
    assert bench.workers == []


async def test_whoever_asks_to_unload_may_leave(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    await settle()
    bench.workers[0].become_hot()
    await claim.hot()
    unloading = asyncio.create_task(bench.executor.unload("a"))
    await settle()
    unloading.cancel()
    await asyncio.gather(unloading, return_exceptions=True)
    claim.release()
    assert bench.of("a") is State.HOT


async def test_a_request_that_is_cancelled_as_it_is_granted_holds_nothing(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    waiting = asyncio.create_task(claim.hot())
    await settle()
    waiting.cancel()
    bench.workers[0].become_hot()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await settle()
    assert bench.executor.active_requests == 1
    claim.release()
    assert bench.executor.active_requests == 0
    assert bench.of("a") is State.HOT


async def test_a_request_that_leaves_is_forgotten(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    waiting = asyncio.create_task(claim.hot())
    await settle()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    claim.release()
    assert bench.executor.active_requests == 0
    bench.workers[0].become_hot()
    await settle()
    assert bench.executor.active_requests == 0


async def test_a_rejected_request_whose_task_is_cancelled_is_no_trouble(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    waiting = asyncio.create_task(claim.hot())
    await settle()
    waiting.cancel()
    bench.workers[0].fail(BROKEN)
    await settle()
    claim.release()
    assert bench.executor.active_requests == 0


async def test_a_process_that_cannot_start(bench: Bench) -> None:
    bench.spawn_error = ModelLoadError(msg("worker_not_started", reason="no processes"))
    with pytest.raises(ModelLoadError) as caught:
        await bench.executor.load(model("a"))
    assert caught.value.message.code == "worker_not_started"
    assert bench.of("a") is State.FAILED


async def test_a_bug_in_a_load_fails_it_and_is_logged(bench: Bench, bugs: BugWatch) -> None:
    loading = asyncio.create_task(bench.executor.load(model("a")))
    await settle()
    bench.workers[0].fail(ZeroDivisionError("a bug"))
    with pytest.raises(InternalError) as caught:
        await loading
    (line,) = bugs.take()
    assert f"{caught.value.bug_id}: loading a model failed: ZeroDivisionError" in line
    await bench.hot("a")


async def test_a_bug_in_closing_a_worker_does_not_keep_its_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.hot("a")

    async def close(_self: FakeWorker) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(FakeWorker, "close", close)
    await bench.executor.unload("a")
    assert bench.of("a") is State.COLD
    assert "ZeroDivisionError" in caplog.text


async def test_a_worker_that_dies_is_replaced(bench: Bench) -> None:
    await bench.hot("a")
    bench.workers[0].die()
    await settle()
    assert bench.of("a") is State.FAILED
    assert bench.executor.worker_pid("a") is None
    await bench.hot("a")
    assert bench.executor.worker_pid("a") == bench.workers[1].pid


async def test_a_load_without_memory_is_tried_again_with_another_worker(bench: Bench) -> None:
    await bench.hot("b")
    loading = asyncio.create_task(bench.executor.load(model("a")))
    await settle()
    bench.workers[1].fail(InsufficientMemoryError(msg("memory_alarm")))
    await settle()
    assert bench.of("b") is State.COLD
    bench.workers[2].become_hot()
    await loading
    assert not bench.workers[1].alive


async def test_keep_alive_unloads_after_its_time(bench: Bench) -> None:
    claim = bench.executor.request(model("a"))
    await settle()
    bench.workers[0].become_hot()
    await claim.hot()
    claim.release(keep_alive_s=0.01)
    bench.now += 1.0
    async with asyncio.timeout(20):
        await bench.workers[0].exited
    await settle()
    assert bench.of("a") is State.COLD
    assert bench.decisions[-1].cause == EvictionReason.KEEP_ALIVE


async def test_memory_is_measured(bench: Bench) -> None:
    await bench.hot("a")
    expected = bench.sizes.expected_bytes(model("a"))
    assert bench.executor.records["a"].reserved_bytes == expected > 40 * MB
    bench.memory.held = {1: 45 * MB}
    bench.executor.measure()
    assert bench.executor.used_bytes == 45 * MB
    bench.memory.held = {1: 0}  # it has ended, which is not known yet
    bench.executor.measure()
    assert bench.executor.used_bytes == 45 * MB
    claim = bench.executor.request(model("b"))
    await settle()
    bench.executor.measure()
    assert bench.executor.used_bytes == 85 * MB
    claim.release()


async def test_the_limit_is_lower_where_the_system_has_less(bench: Bench) -> None:
    assert bench.executor.reachable_bytes == 500 * MB  # half of the memory
    bench.memory.available_bytes = 20 * MB
    assert bench.executor.reachable_bytes == 20 * MB
    with pytest.raises(InsufficientMemoryError):
        await bench.executor.load(model("a"))
    bench.memory.available_bytes = 800 * MB
    await bench.hot("a")
    bench.memory.available_bytes = 0
    assert bench.executor.reachable_bytes == 40 * MB  # what it holds


async def test_a_load_that_waits_for_room_sees_new_limits() -> None:
    bench = Bench(memory_limit="60MB")
    claim = bench.executor.request(model("a"))
    await settle()
    bench.workers[0].become_hot()
    await claim.hot()
    waiting = bench.executor.request(model("b"))
    await settle()
    assert bench.of("b") is State.QUEUED
    bench.executor.apply_settings(bench.settings.model_copy(update={"memory_limit": Size("1GB")}))
    await settle()
    bench.workers[1].become_hot()
    await waiting.hot()


async def test_settings_outdate_models_that_load_differently(bench: Bench) -> None:
    await bench.hot("a")
    bench.executor.apply_settings(bench.settings.model_copy(update={"load_timeout": 9.0}))
    assert bench.of("a") is State.HOT
    bench.executor.apply_settings(bench.settings.model_copy(update={"context_length": 512}))
    assert bench.of("a") is State.UNLOADING
    assert bench.decisions[-1].cause == EvictionReason.SETTINGS


async def test_other_devices_outdate_the_models_that_use_devices(bench: Bench) -> None:
    await bench.hot("a")
    bench.executor.use_devices({})
    assert bench.of("a") is State.HOT
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    assert bench.of("a") is State.UNLOADING
    await bench.hot("b")
    assert bench.workers[-1].options is not None
    assert bench.workers[-1].options.devices == ("Vulkan0",)


async def test_the_limit_of_devices_is_a_share_of_each(bench: Bench) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB, "Vulkan1": 5 * GB})
    assert bench.executor.device_limits == {"Vulkan0": 8 * GB, "Vulkan1": 4 * GB}
    assert bench.executor.state.limits.devices == bench.executor.device_limits
    await bench.hot("a")
    bench.executor.use_devices({"Vulkan0": 20 * GB, "Vulkan1": 5 * GB})  # the same ones: no model is loaded again
    assert bench.of("a") is State.HOT
    bench.executor.apply_settings(bench.settings.model_copy(update={"device_memory_limit": Size("6GB")}))
    assert bench.executor.state.limits.devices == {"Vulkan0": 6 * GB, "Vulkan1": 5 * GB}


async def test_models_without_layers_on_devices_stay() -> None:
    bench = Bench(gpu_layers=0)
    await bench.hot("a")
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    assert bench.of("a") is State.HOT
    assert bench.workers[0].options is not None
    assert bench.workers[0].options.devices == ()


async def test_a_preload_waits_for_what_has_to_be_known_before_it(bench: Bench) -> None:
    known, asked = asyncio.Event(), []

    async def before_load(file: ModelFile) -> None:
        asked.append(file.model_id)
        await known.wait()

    bench.executor.before_load = before_load
    preload = asyncio.create_task(bench.executor.preload(model("a"), msg("preload_off_device")))
    await settle()
    assert asked == ["a"]
    bench.executor.files_changed({"a": model("a")})  # the folders are read again meanwhile
    assert not bench.workers
    known.set()
    await settle()
    assert bench.of("a") is State.LOADING
    bench.workers[-1].become_hot()
    assert await preload


async def test_a_device_is_left_off_for_single_models(bench: Bench) -> None:
    slow: set[str] = set()
    devices = {"Vulkan0": 10 * GB}

    def left_off(model: ModelFile) -> tuple[str, ...]:
        return ("Vulkan0",) if model.model_id in slow else ()

    bench.executor.use_devices(devices, left_off=left_off)
    await bench.hot("a", "b")
    assert (bench.executor.devices("a"), bench.executor.devices("b")) == (("Vulkan0",), ("Vulkan0",))
    slow.add("a")
    bench.executor.use_devices(devices, left_off=left_off)
    assert (bench.of("a"), bench.of("b")) == (State.UNLOADING, State.HOT)
    await settle()
    await bench.hot("a")
    assert bench.executor.devices("a") == ()
    assert bench.executor.state.models["a"].device_bytes == {}


async def test_a_model_that_does_not_load_on_a_device_is_loaded_without_at_once(bench: Bench) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    loading = asyncio.create_task(bench.executor.load(model("a")))
    await settle()
    bench.workers[0].fail(ModelLoadError(msg("device_probe_crashes", reason="")))
    await settle()
    bench.workers[1].become_hot()
    await loading
    assert bench.failed_on == [("a", ("Vulkan0",), "model_load_failed")]
    assert [worker.options.devices for worker in bench.workers if worker.options] == [("Vulkan0",), ()]
    assert bench.of("a") is State.HOT
    assert bench.executor.state.models["a"].device_bytes == {}


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (WorkerExit(msg("exit_memory_fault")), "worker_died"),
        (WorkerExit(msg("exit_out_of_memory"), InsufficientMemoryError.code), InsufficientMemoryError.code),
    ],
)
async def test_a_model_that_crashes_again_and_again_on_a_device_is_loaded_without(
    bench: Bench, ended: WorkerExit, code: str
) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    for _ in range(2):
        await bench.hot("a")
        assert bench.executor.devices("a") == ("Vulkan0",)
        assert bench.failed_on == []
        bench.workers[-1].die(ended)
        await settle()
    assert bench.failed_on == [("a", ("Vulkan0",), code)]
    await bench.hot("a")
    assert bench.executor.devices("a") == ()


async def test_workers_that_others_kill_say_nothing_about_devices(bench: Bench) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    for _ in range(2):
        await bench.hot("a")
        bench.workers[-1].die(WorkerExit(msg("exit_killed")))
        await settle()
    assert bench.failed_on == []


async def test_a_cancelled_load_says_nothing_about_devices(bench: Bench) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    loading = asyncio.create_task(bench.executor.load(model("a")))
    await settle()
    bench.workers[0].fail(LoadCancelledError(msg("worker_load_cancelled")))
    with pytest.raises(LoadCancelledError):
        await loading
    assert bench.failed_on == []


async def test_a_device_that_is_missing_is_reported(bench: Bench) -> None:
    bench.executor.use_devices({"Vulkan0": 10 * GB})
    loading = asyncio.create_task(bench.executor.load(model("a")))
    await settle()
    bench.workers[0].become_hot(missing_devices=["Vulkan0"])
    await loading
    assert bench.devices_missing == 1
    assert bench.executor.devices("a") == ()
    assert bench.executor.warning("a") == msg("device_missing", devices=["Vulkan0"])


async def test_a_warning_lasts_until_the_next_load(bench: Bench) -> None:
    warning = msg("decode_fell", device="Vulkan0", speed=10, best=40)
    bench.executor.warn("unknown", warning)
    await bench.hot("a")
    bench.executor.warn("a", warning)
    assert bench.executor.warning("a") == warning
    await bench.executor.unload("a")
    await bench.hot("a")
    assert bench.executor.warning("a") is None


async def test_a_replaced_file_is_loaded_again_and_a_missing_one_stays(bench: Bench) -> None:
    await bench.hot("a", "b")
    bench.executor.files_changed({"a": model("a", modified_ns=5)})
    assert (bench.of("a"), bench.of("b")) == (State.UNLOADING, State.HOT)
    await settle()
    other = replace(model("a"), modified_ns=5)
    claim = bench.executor.request(other)
    assert bench.executor.models["a"] is other
    claim.release()


async def test_idle_models_are_unloaded_to_free_memory(bench: Bench) -> None:
    await bench.hot("a", "b")
    bench.executor.set_favourites([model("a")])
    bench.executor.free(1, EvictionReason.PRESSURE, msg("memory_alarm"))
    assert (bench.of("a"), bench.of("b")) == (State.HOT, State.UNLOADING)


async def test_closing_ends_loads_workers_and_timers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench(spare_worker=True)
    bench.executor.prepare()
    await settle()
    assert bench.executor.spare_pid == 1
    hot = bench.executor.request(model("a"))
    await settle()
    bench.workers[0].become_hot()
    await hot.hot()
    await settle()
    hot.release(keep_alive_s=1e9)
    loading = bench.executor.request(model("b"))
    await settle()
    await bench.executor.close()
    with pytest.raises(LoadCancelledError):
        await loading.hot()
    with pytest.raises(EngineStoppedError):
        await bench.executor.load(model("a"))
    assert not any(worker.alive for worker in bench.workers)
    assert [one.action for one in bench.decisions] == [Action.LOAD, Action.EVICT, Action.CANCEL]
    assert "model a: hot -> unloading" in caplog.text


async def test_a_long_preload_has_a_spare_worker_next_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the request that may cancel it. A load that a request waits for has none before it ends."""
    monkeypatch.setattr(loader, "SPARE_AFTER_S", 0.0)
    monkeypatch.setattr(spare, "REST_S", 0.0)
    bench = Bench(spare_worker=True)
    claim = bench.executor.request(model("a"))
    await settle()
    assert bench.executor.spare_pid is None
    bench.workers[0].become_hot()
    await claim.hot()
    claim.release()
    await settle()
    assert bench.executor.spare_pid == 2
    preloading = asyncio.create_task(bench.executor.preload(model("b"), REASON))
    async with asyncio.timeout(20):
        while bench.executor.spare_pid is None or len(bench.workers) < 3:
            await asyncio.sleep(0)
    assert bench.executor.worker_pid("b") == 2
    preloading.cancel()
    await bench.executor.close()


async def test_events_from_outside_decide_alike(bench: Bench) -> None:
    await bench.hot("a")
    bench.executor.feed(ev.FileReplaced("a"))
    assert bench.executor.state.models["a"].state is State.UNLOADING


# Stored prompts


@pytest.mark.parametrize(
    ("why", "within_s"),
    [
        (EvictionReason.OTHERS, ROOM_SAVE_S),
        (EvictionReason.PRESSURE, HURRIED_SAVE_S),
        (EvictionReason.LIMIT, SAVE_S),
    ],
)
async def test_a_model_stores_its_prompts_before_it_leaves(bench: Bench, why: EvictionReason, within_s: float) -> None:
    await bench.hot("a")
    bench.executor.free(MB, why, REASON)
    await settle()
    assert bench.workers[0].save_within_s == within_s
    assert not bench.workers[0].alive
    assert bench.prompts.gone == ["a"]


async def test_a_request_ends_the_storing_of_another_models_prompts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "HURRIED_SAVE_S", 0.0)
    await bench.hot("a")
    bench.workers[0].may_save.clear()
    unloading = asyncio.create_task(bench.executor.unload("a"))
    await settle()
    assert (bench.of("a"), bench.workers[0].save_within_s) == (State.UNLOADING, SAVE_S)
    bench.executor.request(model("b"))
    await unloading
    assert bench.of("a") is State.COLD


async def test_the_end_waits_for_prompts_only_as_long_as_it_may(bench: Bench) -> None:
    await bench.hot("a", "b")
    for worker in bench.workers:
        worker.may_save.clear()
    unloading = asyncio.create_task(bench.executor.unload("a"))
    await settle()
    ending = asyncio.create_task(bench.executor.close(0.01))
    await settle()
    assert bench.workers[1].save_within_s == 0.01
    bench.workers[1].may_save.set()
    await asyncio.gather(ending, unloading)
    assert [worker.alive for worker in bench.workers] == [False, False]


async def test_a_load_that_is_cancelled_has_no_prompts(bench: Bench) -> None:
    bench.executor.request(model("a"))
    await settle()
    (worker,) = bench.workers
    ending = asyncio.create_task(bench.executor.close(1.0))
    await settle()
    await ending
    assert worker.save_within_s is None


async def test_a_load_knows_who_waits_and_which_prompts_to_put_back(bench: Bench) -> None:
    claims = [bench.executor.request(model("a"), client) for client in ("editor/1", "notes/1", "editor/1")]
    await settle()
    assert bench.prompts.asked == [("a", ("editor/1", "notes/1"))]
    (worker,) = bench.workers
    assert worker.options is not None
    assert worker.options.prefixes is not None
    assert worker.options.prefixes.restore == ("0a",)
    worker.become_hot()
    await asyncio.gather(*(claim.hot() for claim in claims))
    worker.on_restored("0a", 256, "disk")
    assert bench.prompts.restored_keys == [("a", "0a", 256, "disk")]


async def test_stored_prompts_give_way_to_models() -> None:
    bench = Bench(memory_limit="300MB")
    bench.memory.available_bytes = bench.prompts.memory_bytes = 100 * MB  # the prompts' memory is not in the former
    await bench.hot("a")
    taken = sum(each.resident_bytes for each in bench.executor.residents())
    assert bench.prompts.allowed[-1] == 200 * MB - taken  # without what the worker has taken since
    assert bench.executor.reachable_bytes == 240 * MB  # 40 MB of the worker, and what is or can be free
    assert bench.prompts.gave_way == 1
    bench.executor.share_memory()
    assert bench.prompts.allowed[-1] == 240 * MB - taken
