from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest

from preheat.control import Command, GetHistory, GetStats
from preheat.core import PromptSnapshot
from preheat.inference import LoadStages
from preheat.messages import message_json, verbatim
from preheat.preload import FormAction, FormOutlook, PlanAction, PreloadPlan, PreloadTarget, TargetKind
from preheat.residency import Action, DecisionRecord, Form, Outcome
from preheat.server.control import ResultCache
from preheat.usage import SETTLING_S, Counts, RequestRecord, UsageLog
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine


@cache
def now() -> float:
    """Return the time of the first test, in Unix seconds."""
    return time.time()


@pytest.fixture
def log(engine: FakeEngine, tmp_path: Path) -> Iterator[UsageLog]:
    """The engine's log; records are written by ``write_pending``."""
    engine.usage_log = UsageLog(tmp_path / "usage.db", clock=now)
    yield engine.usage_log
    engine.usage_log.close()


def request(age_s: float, outcome: Outcome = Outcome.HIT, model_id: str = CHAT) -> RequestRecord:
    return RequestRecord(model_id, now() - age_s, outcome, wait_s=0.5, ttft_s=0.75, saved_s=2.0)


async def test_plan_says_what_is_next_and_why(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.preloads.planned = PreloadPlan(
        (
            PreloadTarget(CHAT, TargetKind.FAVOURITE, 1, PlanAction.KEEP),
            PreloadTarget(EMBED, TargetKind.LEARNED, 1, PlanAction.PRELOAD, displaces=("old",)),
            PreloadTarget("huge", TargetKind.LEARNED, 2, PlanAction.TOO_LARGE, missing_bytes=9),
        ),
        (EMBED, "other"),
    )
    engine.set_model(EMBED, standby=True)
    engine.preloads.unloaded = ("favourite",)
    prompt = PromptSnapshot("editor/1.0", 12_400, "disk", False, 1.0)
    engine.set_model(CHAT, prompts=(prompt,))
    engine.preloads.forms = (
        FormOutlook(CHAT, Form.MAPPED, Form.REPACKED, FormAction.WAIT, 70_000_000, verbatim("in a minute")),
        FormOutlook(EMBED, Form.MAPPED, Form.MAPPED, FormAction.KEEP, 0, None),
    )
    plan = (await client.get("/preheat/v1/plan")).json()
    assert plan["next"] == [EMBED]
    (kept,) = plan["decisions"][0]["prompts"]
    assert (kept["client"], kept["tokens"], kept["tier"], kept["ready"]) == ("editor/1.0", 12_400, "disk", False)
    assert (await client.get(f"/preheat/v1/models/{CHAT}/why")).json()["prompts"] == [kept]
    assert plan["unloaded"] == ["favourite"]
    assert plan["standby"] == [{"model": EMBED, "cached": True}, {"model": "other", "cached": False}]
    assert (plan["hold"], plan["paused"], plan["enabled"]) == (None, False, True)
    assert [decision["verdict"] for decision in plan["decisions"]] == ["keep", "preload", "too large"]
    assert plan["decisions"][1]["displaces"] == ["old"]
    assert plan["decisions"][2]["missing_bytes"] == 9
    assert plan["decisions"][0]["why"] == f"{CHAT} is a favourite"
    (form,) = plan["forms"]
    assert (form["model"], form["form"], form["wanted"], form["verdict"]) == (CHAT, "mapped", "repacked", "wait")
    assert (form["extra_bytes"], form["why"]) == (70_000_000, "in a minute")


async def test_another_limit_is_only_previewed(client: httpx2.AsyncClient) -> None:
    answer = (await client.post("/preheat/v1/plan/preview", json={"limit_bytes": 1_000_000_000})).json()
    assert (answer["limit_bytes"], answer["stays"], answer["leaves"]) == (1_000_000_000, [CHAT], [EMBED])


async def test_why(client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/preheat/v1/models/tiny-chat/why")).json()
    assert answer.items() >= {"id": CHAT, "state": "hot", "standby": False, "why": f"{CHAT} is a favourite"}.items()
    assert (await client.get("/preheat/v1/models/none/why")).status_code == 404


async def test_stats_of_a_span(client: httpx2.AsyncClient, log: UsageLog) -> None:
    log.record(request(10))
    log.record(request(20, Outcome.MISS))
    log.record(request(3 * 3600, Outcome.LATE_HIT, EMBED))
    assert log.write_pending()
    before = time.time()
    stats = (await client.get("/preheat/v1/stats?since=1h")).json()
    assert before <= stats["since"] + 3600 <= time.time()
    total = stats["total"]
    assert (total["span"]["requests"], total["last_hour"]["requests"], total["last_day"]["requests"]) == (2, 2, 3)
    assert (total["span"]["preload_hit_rate"], total["span"]["time_saved_s"]) == (0.5, 4.0)
    assert total["latency"]["hit"]["ttft"] == {"samples": 1, "median_s": 0.75, "p95_s": 0.75}
    assert total["latency"]["late_hit"]["wait"]["samples"] == 0
    assert stats["models"][EMBED]["last_day"]["late_hits"] == 1
    assert stats["memory"]["used_bytes"] == 3000
    assert stats["steady"] is None
    assert (await client.get(f"/preheat/v1/stats?since={now() - 15}")).json()["total"]["span"]["requests"] == 1
    assert (await client.get("/preheat/v1/stats")).json()["total"]["span"]["requests"] == 3


async def test_the_steady_state_begins_after_a_week(client: httpx2.AsyncClient, log: UsageLog) -> None:
    for age_s in (2 * SETTLING_S, 1.5 * SETTLING_S):
        log.record(request(age_s, Outcome.MISS))
    log.record(request(60))
    assert log.write_pending()
    steady = (await client.get("/preheat/v1/stats")).json()["steady"]
    assert (steady["requests"], steady["preload_hit_rate"]) == (1, 1.0)
    assert steady["since"] == pytest.approx(now() - SETTLING_S)


async def test_a_result_is_repeated_for_some_seconds() -> None:
    now, made = [100.0], list[str]()
    cache = ResultCache(clock=lambda: now[0])

    async def ask(command: Command[Any]) -> bytes:
        async def make() -> bytes:
            made.append(type(command).__name__)
            return str(len(made)).encode()

        return await cache.get(command, 3.0, make)

    assert [await ask(GetStats("1h")) for _ in range(2)] == [b"1", b"1"]
    assert await ask(GetStats("2h")) == b"2"
    assert await ask(GetHistory()) == b"3"
    now[0] += 3.1
    assert [await ask(GetStats("1h")), await ask(GetHistory())] == [b"4", b"5"]
    for hours in range(1, 12):
        await ask(GetHistory(hours=hours))
    assert await ask(GetStats("1h")) == b"17"


async def test_the_port_repeats_stats_and_history(client: httpx2.AsyncClient, log: UsageLog) -> None:
    for path in ("stats?since=1h", "history"):
        before = (await client.get(f"/preheat/v1/{path}")).json()
        log.record(request(10))
        assert log.write_pending()
        assert (await client.get(f"/preheat/v1/{path}")).json() == before


async def test_history_is_a_series_without_gaps(client: httpx2.AsyncClient, log: UsageLog) -> None:
    log.record(request(0))
    log.record(request(0, Outcome.MISS))
    assert log.write_pending()
    history = (await client.get("/preheat/v1/history")).json()
    assert (len(history["hours"]), len(history["days"])) == (48, 90)
    last = history["days"][-1]
    assert last.items() >= {"length_s": 86400, "hits": 1, "late_hits": 0, "misses": 1, "time_saved_s": 4.0}.items()
    assert last["begins_at"] <= now() < last["begins_at"] + 86400
    assert sum(hour["requests"] for hour in history["hours"]) == 2
    few = (await client.get("/preheat/v1/history?hours=1&days=7")).json()
    assert (len(few["hours"]), len(few["days"])) == (1, 7)


async def test_history_includes_the_requests_in_progress(
    client: httpx2.AsyncClient, log: UsageLog, engine: FakeEngine
) -> None:
    log.record(request(0, Outcome.MISS))
    engine.counts = Counts(hits=1)
    history = (await client.get("/preheat/v1/history")).json()
    for last in (history["hours"][-1], history["days"][-1]):
        assert (last["hits"], last["misses"], last["preload_hit_rate"]) == (1, 1, 0.5)


async def test_log_tells_the_newest_first(client: httpx2.AsyncClient, log: UsageLog) -> None:
    log.record(DecisionRecord(now() - 5400, CHAT, Action.PRELOAD, verbatim("favourite 1"), 1500, 0.4, "preload"))
    log.record(
        DecisionRecord(now() - 9, "gone", Action.EVICT, verbatim("a request needs room"), 900, None, "room", 60.0)
    )
    assert log.write_pending()
    decisions = (await client.get("/preheat/v1/log")).json()["decisions"]
    assert [(decision["model"], decision["action"]) for decision in decisions] == [("gone", "evict"), (CHAT, "preload")]
    assert decisions[0]["idle_s"] == 60.0
    assert decisions[1] == {
        "at": pytest.approx(now() - 5400),
        "model": CHAT,
        "action": "preload",
        "why": "favourite 1",
        "reason": message_json(verbatim("favourite 1")),
        "cause": "preload",
        "bytes": 1500,
        "seconds": 0.4,
        "idle_s": None,
        "wasted": False,
        "stages": None,
    }
    for query, count in (("limit=1", 1), ("since=1h", 1), ("model=tiny-chat", 1), ("model=GONE", 1), ("model=x", 0)):
        assert len((await client.get(f"/preheat/v1/log?{query}")).json()["decisions"]) == count, query


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("log?limit=0", "limit"),
        ("log?limit=x", "limit"),
        ("log?limit=99999", "limit"),
        ("log?since=yesterday", "since"),
        ("history?hours=0", "hours"),
        ("history?days=3651", "days"),
        ("history?days=x", "days"),
        ("stats?since=7", None),
        ("stats?since=-1", "since"),
        ("stats?since=7x", "since"),
    ],
)
async def test_wrong_parameters(path: str, param: str | None, client: httpx2.AsyncClient, log: UsageLog) -> None:
    answer = await client.get(f"/preheat/v1/{path}")
    assert (answer.status_code, answer.json().get("error", {}).get("param")) == (200 if param is None else 400, param)


@pytest.mark.parametrize("path", ["stats", "history", "log"])
async def test_without_a_log_there_are_no_figures(path: str, client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/preheat/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")
    assert "history_days" in answer.json()["error"]["message"]


@pytest.mark.parametrize("limits", [[-1], [10**30], [1] * 65, [1.5], ["1"], 5, None])
async def test_a_replay_has_bounds(limits: object, client: httpx2.AsyncClient) -> None:
    answer = await client.post("/preheat/v1/replay", json={"limits": limits})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limits")


async def test_requests_are_listed_the_newest_first(client: httpx2.AsyncClient, log: UsageLog) -> None:
    log.record(request(5400, Outcome.LATE_HIT))
    log.record(request(9, model_id="gone"))
    assert log.write_pending()
    requests = (await client.get("/preheat/v1/requests")).json()["requests"]
    assert [(each["model"], each["outcome"]) for each in requests] == [("gone", "hit"), (CHAT, "late_hit")]
    assert requests[1].items() >= {"started_at": pytest.approx(now() - 5400), "wait_s": 0.5, "ttft_s": 0.75}.items()
    for query, count in (("limit=1", 1), ("since=1h", 1), ("model=tiny-chat", 1), ("model=GONE", 1), ("model=x", 0)):
        assert len((await client.get(f"/preheat/v1/requests?{query}")).json()["requests"]) == count, query


async def test_a_cold_start_is_measured_by_loads_and_prompts(client: httpx2.AsyncClient, log: UsageLog) -> None:
    path = f"/preheat/v1/models/{CHAT}/cold"
    assert (await client.get(path)).json() == {"model": CHAT, "load": None, "prefill_token_s": None}
    stages = LoadStages(1.5, 0.25, 0.1, 0.9)
    log.record(DecisionRecord(now() - 9, CHAT, Action.LOAD, verbatim("asked"), 900, 2.0, stages=stages))
    log.record(DecisionRecord(now() - 5, EMBED, Action.LOAD, verbatim("asked"), 900, 9.0, stages=stages))
    log.record(RequestRecord(CHAT, now() - 7, Outcome.HIT, 0.5, 1.5, prompt_tokens=120, slot_tokens=20))
    log.write_pending()
    load = {"at": now() - 9, "seconds": 2.0, "source": "disk", "read_s": 1.5, "make_s": 0.25}
    assert (await client.get(path)).json() == {"model": CHAT, "load": load, "prefill_token_s": 0.01}
