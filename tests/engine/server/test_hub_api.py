"""Search, repo and catalogue over HTTP; every failure of the hub with its status, code and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from local_hub import TOKEN, LocalHub
from preheat.models import Headroom
from tests.engine.server.fake_engine import FakeEngine

REPO = "someone/Tiny-GGUF"


@pytest.fixture
def hub(local_hub: LocalHub) -> LocalHub:
    local_hub.add_repo(REPO, {"Tiny-Q4_K_M.gguf": bytes(400)}, downloads=7, pipeline_tag="text-generation")
    local_hub.add_repo("a/embed-tiny", {"e-Q8_0.gguf": bytes(9)}, downloads=9, pipeline_tag="feature-extraction")
    return local_hub


@pytest.fixture
def engine(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    async def models() -> list[SimpleNamespace]:
        return [SimpleNamespace(model_id="tiny-q4_k_m", path=Path(f"/models/{REPO}/Tiny-Q4_K_M.gguf"), aliases=())]

    monkeypatch.setattr(engine, "models", models)
    memory = replace(engine.snapshot.memory, headroom=Headroom(engine.snapshot.memory.limit_bytes))
    monkeypatch.setattr(engine, "snapshot", replace(engine.snapshot, memory=memory))
    return engine


async def test_search(hub: LocalHub, client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/preheat/v1/search", params={"q": "tiny"})).json()
    assert [(model["repo"], model["here"]) for model in answer["models"]] == [
        ("a/embed-tiny", []),
        (REPO, ["tiny-q4_k_m"]),
    ]
    chat = (await client.get("/preheat/v1/search?q=tiny&task=chat&limit=1&sort=likes")).json()
    assert [model["repo"] for model in chat["models"]] == [REPO]


async def test_repo(hub: LocalHub, client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/preheat/v1/repo", params={"name": f"hf.co/{REPO}"})).json()
    assert (answer["repo"], answer["here"], answer["limit_bytes"]) == (REPO, ["tiny-q4_k_m"], 8000)
    assert [(variant["name"], variant["fits"]) for variant in answer["variants"]] == [(f"{REPO}:Q4_K_M", False)]


async def test_catalogue_works_without_a_hub(client: httpx2.AsyncClient) -> None:
    answer = (await client.get("/preheat/v1/catalogue")).json()
    assert {"qwen3:8b", "nomic-embed-text:v1.5"} <= {model["name"] for model in answer["models"]}
    assert not any(model["fits"] for model in answer["models"])  # the fake's limit is 8000 bytes
    code = (await client.get("/preheat/v1/catalogue?task=code")).json()
    assert {model["task"] for model in code["models"]} == {"code"}


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("search?q=x&limit=0", "limit"),
        ("search?q=x&limit=101", "limit"),
        ("search?q=x&sort=size", "sort"),
        ("search?q=x&task=poetry", "task"),
        (f"search?q={'x' * 201}", "q"),
        ("repo", "name"),
        ("repo?name=../../etc/passwd", "name"),
        ("repo?name=a/b:nonsense", "name"),
        ("catalogue?task=poetry", "task"),
    ],
)
async def test_what_is_asked_wrongly(hub: LocalHub, client: httpx2.AsyncClient, path: str, param: str) -> None:
    answer = await client.get(f"/preheat/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert hub.requests == []


def offline(hub: LocalHub, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def wrong_token(hub: LocalHub, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("HF_TOKEN", "hf_wrong")


def missing(hub: LocalHub, patch: pytest.MonkeyPatch) -> None:
    hub.repos.clear()


@pytest.mark.parametrize(
    ("prepare", "status", "code"),
    [
        (offline, 503, "hub_offline"),
        (lambda hub, patch: hub.stop(), 504, "hub_unreachable"),
        (lambda hub, patch: hub.drop_next(at="api"), 504, "hub_unreachable"),
        (lambda hub, patch: hub.fail_next(503, at="api"), 504, "hub_unreachable"),
        (missing, 404, "repo_not_found"),
        (lambda hub, patch: hub.fail_next(403, at="api", code="GatedRepo"), 403, "gated_repo"),
        (lambda hub, patch: hub.fail_next(429, at="api", retry_after="17"), 429, "hub_rate_limited"),
        (lambda hub, patch: hub.answer_next("<html>Sign in</html>"), 502, "hub_error"),
        (wrong_token, 502, "hub_error"),
    ],
)
async def test_every_failure_of_the_hub(
    hub: LocalHub,
    client: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[LocalHub, pytest.MonkeyPatch], None],
    status: int,
    code: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    prepare(hub, monkeypatch)
    answer = await client.get("/preheat/v1/repo", params={"name": REPO})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert ". " in error["message"]  # what happened, then what to do
    assert TOKEN not in answer.text
    assert answer.headers.get("Retry-After") == ("17" if status == 429 else None)


async def test_an_unknown_name_of_ollamas(hub: LocalHub, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/preheat/v1/repo?name=qwen3:5b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "qwen3:4b" in answer.json()["error"]["message"]
