"""Workers that are stopped are noticed, replaced, and remembered."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


def failure(preheat: Preheat, path: str, body: dict[str, Any]) -> tuple[int, str, str | None]:
    """Return status, code and Retry-After of a request that fails."""
    answer = preheat.ask("POST", path, body)
    return answer.status, answer.body["error"]["code"], answer.headers["Retry-After"]


def test_stopped_while_busy_and_while_idle(preheat_home: Path, chat_model: Path, embedding_model: Path) -> None:
    """A stream ends with an error, a new request with a status; the models work again afterwards."""
    with running_preheat(preheat_home, chat_model.parent, preload="false") as preheat:
        client = preheat.client(timeout=90)
        client.embeddings.create(model=EMBEDDING, input="hello")
        stream = client.completions.create(model=CHAT, prompt="1, 2, 3, 4, 5,", max_tokens=2000, stream=True)
        assert next(iter(stream)).choices
        for model in (chat_model, embedding_model):
            preheat.worker_of(model).suspend()
        with ThreadPoolExecutor() as pool:
            idle = pool.submit(failure, preheat, "/v1/embeddings", {"model": EMBEDDING, "input": "again"})
            with pytest.raises(Exception, match="stopped responding") as caught:
                list(stream)
            assert getattr(caught.value, "code", None) == "worker_hung"
            assert idle.result() == (503, "worker_hung", "1")
        assert client.embeddings.create(model=EMBEDDING, input="again").data
        assert client.completions.create(model=CHAT, prompt="1, 2, 3,", max_tokens=2).choices
        decisions = preheat.ask("GET", "/preheat/v1/log").body["decisions"]
        failed = {decision["model"]: decision["cause"] for decision in decisions if decision["action"] == "fail"}
        assert failed == {CHAT: "worker_hung", EMBEDDING: "worker_hung"}
