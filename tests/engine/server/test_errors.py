from __future__ import annotations

import asyncio
import json

import httpx2
import openai
import pytest

from bug_watch import BugWatch
from preheat import errors as engine_errors
from preheat.errors import EngineError
from preheat.inference import GenerationChunk
from preheat.server import errors as server_errors
from preheat.server.errors import error_json, error_response
from tests.engine.server.conftest import Post, Sdk
from tests.engine.server.fake_engine import FakeEngine


def error_classes() -> list[type[EngineError]]:
    found = {
        value
        for module in (engine_errors, server_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, EngineError)
    }
    return sorted(found, key=lambda cls: cls.__name__)


def test_every_error_has_a_code_of_its_own_and_an_http_status() -> None:
    codes = [cls.code for cls in error_classes()]
    assert len(set(codes)) == len(codes)
    assert all(400 <= cls.status < 600 for cls in error_classes())


def test_title_and_hint_make_the_message() -> None:
    error = engine_errors.InvalidRequestError("Bad", hint="Do better", param="n")
    assert error_json(error)["error"] == {
        "message": "Bad. Do better",
        "type": "invalid_request_error",
        "param": "n",
        "code": "invalid_request",
    }


@pytest.mark.parametrize(("retry_after_s", "header"), [(2.2, "3"), (0.0, "1"), (None, None)])
def test_retry_after_is_whole_seconds(retry_after_s: float | None, header: str | None) -> None:
    response = error_response(
        engine_errors.WorkerDiedError("Gone", retry_after_s=retry_after_s), {"path": "/", "headers": []}
    )
    assert response.headers.get("retry-after") == header


@pytest.mark.parametrize("cls", error_classes())
@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_first_token_is_an_http_status(
    cls: type[EngineError], stream: bool, engine: FakeEngine, chat: Post
) -> None:
    engine.script = [cls("It failed", hint="Try this")]
    answer = await chat(stream=stream)
    assert answer.status_code == cls.status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == cls.code
    assert answer.json()["error"]["message"] == "It failed. Try this"
    assert engine.leases == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_of_the_load_is_an_http_status(stream: bool, engine: FakeEngine, chat: Post) -> None:
    engine.failure = engine_errors.QueueFullError("Full", retry_after_s=2)
    answer = await chat(stream=stream)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_unknown_paths_and_methods(client: httpx2.AsyncClient) -> None:
    missing = await client.get("/v1/nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    wrong = await client.get("/v1/embeddings")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/v1/models", {}), ("/v1/models", {"anthropic-version": "1"}), ("/api/tags", {}), ("/preheat/v1/models", {})],
)
async def test_a_bug_is_answered_in_the_protocols_form_with_the_id_in_the_log(
    path: str,
    headers: dict[str, str],
    client: httpx2.AsyncClient,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    bugs: BugWatch,
) -> None:
    def bug() -> None:
        raise ZeroDivisionError("a secret of the client")

    monkeypatch.setattr(engine, "models", bug)
    answer = await client.get(path, headers=headers)
    content = answer.json()
    error = content if path.startswith("/api/") else content["error"]
    assert (answer.status_code, error["code"]) == (500, "internal_error")
    (line,) = bugs.take()
    assert error["id"] in line
    assert "ZeroDivisionError" in line
    assert "secret" not in line + answer.text


async def test_a_bug_within_a_stream_ends_it_with_an_error(chat: Post, engine: FakeEngine, bugs: BugWatch) -> None:
    engine.script = [GenerationChunk("Hi"), ZeroDivisionError("a secret of the client")]
    answer = await chat(stream=True)
    assert answer.status_code == 200
    *_, last = (line for line in answer.text.splitlines() if line.startswith("data: "))
    error = json.loads(last.removeprefix("data: "))["error"]
    (line,) = bugs.take()
    assert error["id"] in line
    assert "secret" not in line + answer.text


async def test_a_command_that_nobody_waits_for_logs_its_bug(
    client: httpx2.AsyncClient, engine: FakeEngine, bugs: BugWatch
) -> None:
    engine.failure = ZeroDivisionError()
    answer = await client.post("/preheat/v1/models/tiny-chat/load?wait=false")
    assert answer.status_code == 202
    async with asyncio.timeout(10):
        while not (lines := bugs.take()):
            await asyncio.sleep(0)
    assert "LoadModel failed: ZeroDivisionError" in lines[0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (engine_errors.ContextLengthExceededError("Too long"), openai.BadRequestError),
        (engine_errors.ModelNotFoundError("None"), openai.NotFoundError),
        (engine_errors.QueueFullError("Full"), openai.InternalServerError),
        (engine_errors.WorkerDiedError("Gone"), openai.InternalServerError),
    ],
)
async def test_errors_become_the_sdks_exceptions(
    error: EngineError, expected: type[openai.APIStatusError], engine: FakeEngine, sdk: Sdk
) -> None:
    engine.script = [error]
    with pytest.raises(expected) as caught:
        await sdk.chat.completions.create(model="tiny-chat", messages=[{"role": "user", "content": "hi"}])
    assert caught.value.code == error.code
