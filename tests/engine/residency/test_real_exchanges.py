"""Exchanges of forms with real workers: requests go on, whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from benchmarks.gguf_files import AGENT
from preheat.core import Engine
from preheat.inference import GenerateRequest, Sampling
from preheat.messages import msg
from preheat.residency import Form, GainTable, Outcome, State
from tests.engine.engines import record, running, until, until_state, worker_pid

pytestmark = pytest.mark.usefixtures("preheat_home")
REASON = msg("repack_set_on")
MODEL = AGENT.path_name.removesuffix(".gguf")
SHORT = GenerateRequest(prompt="1, 2, 3,", max_tokens=6, sampling=Sampling(temperature=0))
LONG = GenerateRequest(prompt="1, 2, 3,", max_tokens=100, sampling=Sampling(temperature=0))


async def ask(engine: Engine, request: GenerateRequest = SHORT) -> int:
    """Send a request to the hot model; return the number of its tokens."""
    async with engine.lease(MODEL) as lease:
        async for chunk in lease.generate(request):
            if chunk.usage is not None:
                return chunk.usage.completion_tokens
    raise AssertionError("no answer")


async def until_form(engine: Engine, form: Form) -> None:
    """Wait until the model has this form, and no second worker."""
    await until(engine, lambda snapshot: (snapshot.models[0].form, snapshot.models[0].changes_form) == (form, False))


@pytest.fixture
def known_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What repacking gains on a busy machine cannot be measured."""
    monkeypatch.setattr(GainTable, "gain", lambda _table, _model: 0.3)


@pytest.mark.usefixtures("known_gain")
async def test_requests_during_exchanges(agent_model: Path) -> None:
    async with running(preload=False, models_dir=agent_model.parent) as engine:
        await ask(engine)
        outcomes: list[Outcome] = []
        ended = asyncio.Event()

        async def keep_asking() -> None:
            while not ended.is_set():
                assert await ask(engine) == 6
                outcomes.append(Outcome.HIT if record(engine, MODEL).state is State.HOT else Outcome.MISS)
                await asyncio.sleep(0.05)

        asking = [asyncio.create_task(keep_asking()) for _ in range(2)]
        for form in (Form.REPACKED, Form.MAPPED) * 2:
            pid = worker_pid(engine, MODEL)
            engine.residency.exchange(MODEL, form, REASON)
            await until_form(engine, form)
            assert worker_pid(engine, MODEL) != pid
        ended.set()
        await asyncio.gather(*asking)
        assert set(outcomes) == {Outcome.HIT}
        assert engine.snapshot.preload.misses == 1


@pytest.mark.usefixtures("known_gain")
async def test_a_long_answer_ends_in_the_worker_that_began_it(agent_model: Path) -> None:
    async with running(preload=False, models_dir=agent_model.parent) as engine:
        await ask(engine)
        long = asyncio.create_task(ask(engine, LONG))
        await asyncio.sleep(0)
        former = worker_pid(engine, MODEL)
        engine.residency.exchange(MODEL, Form.REPACKED, REASON)
        assert await long == 100
        await until_form(engine, Form.REPACKED)
        assert worker_pid(engine, MODEL) != former


@pytest.mark.usefixtures("known_gain")
@pytest.mark.parametrize("stopped", [False, True])
async def test_a_twin_that_ends_is_not_noticed(agent_model: Path, stopped: bool) -> None:
    async with running(preload=False, models_dir=agent_model.parent, spare_worker=True) as engine:
        await ask(engine)
        await until(engine, lambda _: engine.residency.spare_pid is not None)
        twin = engine.residency.spare_pid
        assert twin is not None
        engine.residency.exchange(MODEL, Form.REPACKED, REASON)
        while engine.residency.spare_pid == twin:
            await asyncio.sleep(0.005)
        if stopped:
            os.kill(twin, signal.SIGSTOP)
            await ask(engine)
            await engine.unload(MODEL)
            await until_state(engine, MODEL, State.COLD)
        else:
            os.kill(twin, signal.SIGKILL)
            await until(engine, lambda _: record(engine, MODEL).twin is None)
            assert record(engine, MODEL).form is Form.MAPPED
        await ask(engine)
