from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from preheat.errors import InsufficientMemoryError
from preheat.messages import message_json, msg
from preheat.residency import State
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine, model_file


async def test_health_says_who_answers(client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/health")).json()
    assert (answer["status"], answer["app"]) == ("ok", "preheat")


async def test_health_answers_while_a_model_loads(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.load_gate = asyncio.Event()
    load = asyncio.create_task(wire.post(f"/preheat/v1/models/{CHAT}/load"))
    assert (await wire.get("/health")).status_code == 200
    assert not load.done()
    engine.load_gate.set()
    assert (await load).json()["state"] == "hot"


async def test_status_is_the_snapshot(client: httpx2.AsyncClient) -> None:
    status = (await client.get("/preheat/v1/status")).json()
    assert status["port"] == 11435
    assert 5 <= status["uptime_s"] < 60
    assert status["memory"] == {
        "limit_bytes": 8000,
        "used_bytes": 3000,
        "available_bytes": 5000,
        "peak_bytes": 0,
        "pressure": None,
        "pressure_message": None,
        "total_bytes": 0,
        "keep_free_bytes": 0,
        "headroom": {"limit_bytes": 0, "free_bytes": 0, "leaving": []},
        "devices": [],
    }
    assert status["preload"] == {
        "enabled": True,
        "paused": False,
        "paused_until": None,
        "hold": None,
        "hold_message": None,
        "hits": 3,
        "late_hits": 0,
        "misses": 1,
        "preload_hit_rate": 0.75,
        "preloads": 0,
        "wasted": 0,
        "time_saved_s": 0.0,
        "queue": [],
        "round_done": 0,
        "round_total": 0,
        "round_progress": None,
    }
    model = status["models"][0]
    assert (model["id"], model["state"], model["favourite"], model["resident_bytes"]) == (CHAT, "hot", True, 1500)
    assert (status["favourites"], status["warning"], status["requests"]) == ([], None, [])
    assert {"progress", "standby", "file_bytes", "expected_bytes", "last_used_at", "load_s", "error"} <= set(model)


async def test_models_are_listed_and_found_by_prefix(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == [CHAT, EMBED]
    assert (await client.get("/v1/models/TINY-CHAT")).json() == listed["data"][0]
    assert listed["data"][0]["created"] == 1_700_000_000
    missing = await client.get("/v1/models/org/other.gguf")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(("command", "state"), [("load", "hot"), ("unload", "cold")])
async def test_load_and_unload(command: str, state: str, client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = await client.post(f"/preheat/v1/models/tiny-chat/{command}")
    assert (answer.status_code, answer.json()["id"], answer.json()["state"]) == (200, CHAT, state)
    assert engine.commands == [(command, CHAT)]


async def test_a_command_need_not_be_waited_for(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.load_gate = asyncio.Event()
    answer = await client.post(f"/preheat/v1/models/{CHAT}/unload?wait=false")
    assert (answer.status_code, answer.json()["state"], engine.commands) == (202, "hot", [])
    engine.load_gate.set()
    async with asyncio.timeout(10):
        while engine.commands != [("unload", CHAT)]:
            await asyncio.sleep(0)


async def test_a_wrong_wait_starts_nothing(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = await client.post(f"/preheat/v1/models/{CHAT}/load?wait=maybe")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "wait")
    assert engine.commands == []


async def test_a_load_that_fails_is_an_error(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.failure = InsufficientMemoryError("It needs 9 GB, the limit is 8 GB")
    answer = await client.post(f"/preheat/v1/models/{CHAT}/load")
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "insufficient_memory")


async def test_events_tell_every_change_until_the_reader_leaves(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    async with wire.stream("GET", "/preheat/v1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = (line async for line in answer.aiter_lines() if line.startswith("data: "))
        first = json.loads((await anext(lines)).removeprefix("data: "))
        assert first["models"][0]["id"] == CHAT
        states = []
        for state in (State.UNLOADING, State.COLD, State.HOT):
            engine.set_model(CHAT, state=state)
            change = json.loads((await anext(lines)).removeprefix("data: "))["changes"]
            states.append(change["models"][CHAT]["state"])
    assert states == ["unloading", "cold", "hot"]
    while engine.subscribers:
        await asyncio.sleep(0)


async def test_the_description_of_the_port_is_whole(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    body = document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"].rsplit("/", 1)[-1] in schemas
    references = {part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}
    assert references <= set(schemas)


async def test_what_is_on_disk_is_told(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    for model in (CHAT, EMBED):
        snapshot = engine.snapshot.model(model)
        assert snapshot is not None
        engine.set_model(model, file=model_file(snapshot), expected_bytes=9_000 if model == CHAT else 10)
    answer = (await client.get("/preheat/v1/models")).json()
    assert answer["limit_bytes"] == 8_000
    assert [(model["id"], model["fits"], model["source"]) for model in answer["models"]] == [
        (CHAT, True, "ollama"),
        (EMBED, True, "ollama"),
    ]
    assert answer["left_out"] == [
        {
            "id": "lora",
            "kind": "adapter",
            "reason": "it is an adapter, which changes another model",
            "reason_message": message_json(msg("skipped_adapter")),
            "path": "/models/lora.gguf",
            "source": "folder",
            "file_bytes": 5,
        }
    ]
    assert answer["unreachable"] == ["/mnt/nas does not respond"]
    one = (await client.get("/preheat/v1/models/tiny-chat")).json()
    assert (one["id"], one["quantization"], one["licence"], one["parameters"]) == (CHAT, "Q4_1", "mit", 1500)
    assert (one["files"], one["why"]) == ([f"/models/{CHAT}.gguf"], f"{CHAT} is a favourite")
    listed = (await client.get("/v1/models")).json()["data"][0]
    assert (listed["quantization"], listed["fits"], listed["aliases"]) == ("Q4_1", True, ["tiny:latest"])


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "a%00b", "%2Fmodels%2Ftiny"]
)
async def test_a_model_is_no_path(client: httpx2.AsyncClient, path: str) -> None:
    for prefix in ("/v1/models/", "/preheat/v1/models/"):
        answer = await client.get(prefix + path)
        assert answer.status_code == 404
