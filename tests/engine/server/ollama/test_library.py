from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from preheat.residency import State
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine

pytestmark = pytest.mark.usefixtures("preheat_home")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/api/version", "/api/tags"])
async def test_what_clients_look_for(client: httpx2.AsyncClient, method: str, path: str) -> None:
    assert (await client.request(method, path)).status_code == 200


async def test_the_root_and_the_version(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/")).text == "Ollama is running"
    assert len((await client.get("/api/version")).json()["version"].split(".")) == 3


async def test_the_list_of_models(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/tags", headers={"User-Agent": "obsidian/1.5"})
    first = answer.json()["models"][0]
    assert (first["name"], first["model"], first["size"]) == (f"{CHAT}:latest", f"{CHAT}:latest", 1000)
    assert first["modified_at"] == "2023-11-14T22:13:20.500000Z"
    assert first["details"]["parameter_size"] == "1.50K"
    assert len(first["digest"]) == 64
    assert engine.woken == [("obsidian/1.5", "")]


async def test_the_models_in_memory(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.set_model(EMBED, state=State.COLD)
    (forever,) = (await client.get("/api/ps")).json()["models"]
    assert (forever["name"], forever["size"], forever["context_length"]) == (f"{CHAT}:latest", 1500, 512)
    assert forever["expires_at"].startswith("9999-")
    engine.set_model(CHAT, expires_at=1_700_000_000.0)
    (expiring,) = (await client.get("/api/ps")).json()["models"]
    assert expiring["expires_at"] == "2023-11-14T22:13:20Z"


async def test_names_outlive_the_application(
    engine: FakeEngine, client: httpx2.AsyncClient, preheat_home: Path
) -> None:
    body = {"model": "pirate", "from": CHAT, "system": "Arr.", "parameters": {"num_predict": 3}, "stream": False}
    assert (await client.post("/api/create", json=body)).json() == {"status": "success"}
    copy = {"source": "Pirate:latest", "destination": "parrot"}
    assert (await client.post("/api/copy", json=copy)).status_code == 200
    assert (await client.request("DELETE", "/api/delete", json={"name": "pirate"})).status_code == 200
    stored = (preheat_home / "data" / "ollama-models.json").read_text(encoding="utf-8")
    assert "pirate" not in stored
    assert "parrot" in stored
    messages = [{"role": "user", "content": "hi"}]
    answer = await client.post("/api/chat", json={"model": "parrot", "messages": messages, "stream": False})
    assert answer.json()["model"] == "parrot"
    (request,) = engine.requests
    assert request.chat is not None
    assert [message.text for message in request.chat.messages] == ["Arr.", "hi"]
    assert request.max_tokens == 3


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("copy", {"source": "nothing", "destination": "a"}, 404),
        ("copy", {"source": CHAT, "destination": "../a"}, 400),
        ("copy", {"source": CHAT, "destination": CHAT.upper()}, 409),
        ("copy", {"source": CHAT, "destination": "tiny"}, 409),
        ("create", {"model": "a", "from": CHAT, "template": "x"}, 400),
        ("create", {"model": "a", "from": CHAT, "files": {"a.gguf": "sha256:0"}}, 400),
        ("create", {"model": "a", "modelfile": "FROM b"}, 400),
        ("create", {"model": "a", "from": CHAT, "parameters": {"mirostat": 1}}, 400),
        ("push", {"model": CHAT}, 400),
        ("blobs/sha256:0", {}, 400),
        ("nothing", {}, 404),
    ],
)
async def test_what_is_refused(client: httpx2.AsyncClient, path: str, body: dict[str, object], status: int) -> None:
    answer = await client.post(f"/api/{path}", json=body)
    assert (answer.status_code, isinstance(answer.json()["error"], str)) == (status, True)
    assert len((await client.get("/api/tags")).json()["models"]) == 2
