from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from preheat.core import DeviceMemory
from preheat.messages import msg, verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.server.metrics import MAX_MODELS, OTHER, Histogram, Tally
from preheat.usage import RequestRecord
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def samples(client: httpx2.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def tell(engine: FakeEngine, *records: RequestRecord | DecisionRecord) -> None:
    for record in records:
        for observer in engine.observers:
            observer(record)


async def test_requests(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    tell(
        engine,
        RequestRecord(CHAT, 1.0, Outcome.HIT, 0.001, 0.3, 7, 2, saved_s=1.5),
        RequestRecord(CHAT, 2.0, Outcome.HIT, 0.002, 0.1, 5, 4),
        RequestRecord(EMBED, 3.0, Outcome.MISS, 2.5, None, 9, 0),
    )
    found = await samples(client)
    assert found["preheat_requests_total", (("model", CHAT), ("outcome", "hit"))] == 2
    assert found["preheat_requests_total", (("model", EMBED), ("outcome", "miss"))] == 1
    assert found["preheat_prompt_tokens_total", (("model", CHAT),)] == 12
    assert found["preheat_completion_tokens_total", (("model", CHAT),)] == 6
    assert found["preheat_time_saved_seconds_total", (("model", CHAT),)] == 1.5
    hit = (("model", CHAT), ("outcome", "hit"))
    assert found["preheat_request_wait_seconds_bucket", (("le", "0.001"), *hit)] == 1
    assert found["preheat_request_wait_seconds_bucket", (("le", "+Inf"), *hit)] == 2
    assert found["preheat_request_wait_seconds_count", hit] == 2
    assert found["preheat_request_wait_seconds_sum", (("model", EMBED), ("outcome", "miss"))] == 2.5
    assert found["preheat_ttft_seconds_sum", hit] == pytest.approx(0.4)
    assert ("preheat_ttft_seconds_count", (("model", EMBED), ("outcome", "miss"))) not in found


async def test_reused_prompts(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    again = msg("worker_ended", reason="it ran out of memory")
    tell(
        engine,
        RequestRecord(CHAT, 1.0, Outcome.HIT, prompt_tokens=90, slot_tokens=10, disk_tokens=50, prefill_saved_s=1.5),
        RequestRecord(CHAT, 2.0, Outcome.HIT, prompt_tokens=90, memory_tokens=7, slot_tokens=1, recomputed=again),
    )
    found = await samples(client)
    reused = {
        tier: found["preheat_prefix_tokens_reused_total", (("tier", tier),)] for tier in ("slot", "memory", "disk")
    }
    assert reused == {"slot": 11, "memory": 7, "disk": 50}
    assert found["preheat_prefix_recomputed_total", (("reason", "worker_ended"),)] == 1
    assert found["preheat_prefill_saved_seconds_total", (("model", CHAT),)] == 1.5


async def test_drafts(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    tell(engine, *(RequestRecord(CHAT, at, Outcome.HIT, draft_tokens=15, accepted_tokens=9) for at in (1.0, 2.0)))
    found = await samples(client)
    assert found["preheat_draft_tokens_total", (("model", CHAT),)] == 30
    assert found["preheat_accepted_draft_tokens_total", (("model", CHAT),)] == 18


async def test_decisions_and_gauges(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    tell(
        engine,
        DecisionRecord(1.0, CHAT, Action.PRELOAD, verbatim("favourite 1"), 9, 0.4, "preload"),
        DecisionRecord(2.0, CHAT, Action.LOAD, verbatim("a request"), 9, 3.0, "request"),
        DecisionRecord(3.0, CHAT, Action.EVICT, verbatim("room"), 9, None, "room", wasted=True),
        DecisionRecord(4.0, EMBED, Action.FAIL, verbatim("no memory"), cause="memory"),
    )
    engine.set_model(EMBED, active_requests=2)
    found = await samples(client)
    assert found["preheat_loads_total", (("cause", "preload"), ("model", CHAT))] == 1
    assert found["preheat_loads_total", (("cause", "request"), ("model", CHAT))] == 1
    assert found["preheat_load_failures_total", (("model", EMBED),)] == 1
    assert found["preheat_evictions_total", (("reason", "room"),)] == 1
    chat = (("model", CHAT),)
    assert found["preheat_wasted_preloads_total", chat] == 1
    assert (found["preheat_load_seconds_count", chat], found["preheat_load_seconds_sum", chat]) == (2, 3.4)
    assert (found["preheat_memory_used_bytes", ()], found["preheat_memory_limit_bytes", ()]) == (3000, 8000)
    assert found["preheat_prefix_bytes", (("tier", "disk"),)] == 0
    assert (found["preheat_hot_models", ()], found["preheat_active_requests", ()]) == (2, 2)
    assert found["preheat_build_info", (("version", "0.1.0"),)] == 1


async def test_gauges_of_devices(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    memory = replace(engine.snapshot.memory, devices=(DeviceMemory("Vulkan0", 8_000, 3_000),))
    engine.snapshot = replace(engine.snapshot, memory=memory)
    found = await samples(client)
    labels = (("device", "Vulkan0"),)
    assert found["preheat_device_memory_limit_bytes", labels] == 8000
    assert found["preheat_device_memory_used_bytes", labels] == 3000


async def test_openmetrics_by_accept_header(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_labels_are_bounded() -> None:
    tally = Tally()
    for number in range(MAX_MODELS + 10):
        tally.take(RequestRecord(f"model-{number}", 1.0, Outcome.HIT, ttft_s=0.1))
        tally.take(DecisionRecord(1.0, f"model-{number}", Action.LOAD, verbatim(""), seconds=1.0))
    tally.take(RequestRecord("model-0", 1.0, Outcome.HIT))
    lengths = [*map(len, tally.counters.values()), *map(len, tally.histograms.values())]
    assert set(lengths) == {0, 3, MAX_MODELS + 1}  # three tiers
    assert tally.counters["requests"][OTHER, "hit"] == 10
    assert tally.counters["requests"]["model-0", "hit"] == 2


@pytest.mark.parametrize(("value", "place"), [(0.0, 0), (1.0, 0), (1.5, 1), (2.0, 1), (9.0, 2)])
def test_a_bound_is_within(value: float, place: int) -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.add(value)
    assert histogram.counts.index(1) == place


def test_the_application_starts_without_prometheus() -> None:
    code = "import preheat.server.app, sys; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
