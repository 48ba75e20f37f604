"""Prompts, inputs and numbers that take time or memory: other requests of the same model go on."""

from __future__ import annotations

import http.client
import json
import select
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from running_preheat import EMBEDDING, Preheat, running_preheat
from scripted_models import TEMPLATES, write_scripted_model

MODEL: Final = "hostile"
MARK: Final = "<|im_end|>"
REFUSED: Final = frozenset({400, 413, 422})
SERVED: Final = frozenset({200})


def chat(text: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return messages([{"role": "user", "content": text}], **fields)


def messages(content: list[dict[str, Any]], **fields: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/chat/completions", {"model": MODEL, "messages": content, "max_tokens": 3, **fields}


def completion(prompt: Any, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/completions", {"model": MODEL, "prompt": prompt, "max_tokens": 3, **fields}


def calling(arguments: str) -> tuple[str, dict[str, Any]]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return messages(
        [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": "y"},
        ]
    )


def tools(count: int, description: str = "") -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": f"f{number}", "description": description}} for number in range(count)
    ]


def embedding(texts: list[str]) -> tuple[str, dict[str, Any]]:
    return "/v1/embeddings", {"model": EMBEDDING, "input": texts}


HOSTILE: Final[Mapping[str, tuple[tuple[str, dict[str, Any]], frozenset[int]]]] = {
    "marks": (chat(MARK * 1_000_000), REFUSED),
    "fewer marks": (chat(MARK * 40_000), REFUSED),
    "marks that fit": (chat(MARK * 300), SERVED),
    "marks in a prompt": (completion(MARK * 40_000), REFUSED),
    "beginnings of marks": (chat("<" * 400_000), REFUSED),
    "megabytes": (chat("word " * 2_000_000), REFUSED),
    "half a megabyte": (completion("word " * 100_000), REFUSED),
    "spaces": (chat(" " * 5_000_000), REFUSED),
    "31 MB of spaces": (completion(" " * 31_000_000), REFUSED),
    # llama.cpp's patterns take stack for each character
    "one letter": (completion("a" * 400_000), REFUSED),
    "one punctuation mark": (completion("!" * 400_000), REFUSED),
    "punctuation in a chat": (chat("!" * 3000), SERVED),
    "one digit": (completion("7" * 400_000), REFUSED),
    "line breaks": (completion("\n" * 400_000), REFUSED),
    "accents": (completion("e\N{COMBINING ACUTE ACCENT}" * 100_000), REFUSED),
    "joined emoji": (completion("👩\u200d" * 100_000), REFUSED),
    "many scripts": (completion("".join(map(chr, range(0x100, 0x3000))) * 20), REFUSED),
    "many messages": (messages([{"role": "user", "content": "a"}] * 20_000), REFUSED),
    "thousands of messages": (messages([{"role": "user", "content": "a"}] * 8000), REFUSED),
    "many parts": (messages([{"role": "user", "content": [{"type": "text", "text": "a"}] * 100_000}]), REFUSED),
    "many token ids": (completion([5] * 900_000), REFUSED),
    "many tools": (chat("x", tools=tools(1000)), REFUSED | SERVED),
    "a long tool": (chat("x", tools=tools(1, "d" * 400_000)), REFUSED),
    "open brackets": (calling("[" * 1000), REFUSED),
    "deep arguments": (calling('{"a":' * 900 + "1" + "}" * 900), REFUSED),
    "long arguments": (calling('{"a":"' + "\\n" * 200_000 + '"}'), REFUSED),
    "large bias": (completion("x", logit_bias={str(number): 1 for number in range(2048)}), REFUSED | SERVED),
    "long stops": (completion("x", stop=["a" * 500_000] * 64), REFUSED),
    "look back": (completion("x", repeat_last_n=2**31 - 1, repeat_penalty=1.1, top_k=2**31 - 1), SERVED),
    "cold": (completion("x", temperature=5e-324), SERVED),
    "suffix": (completion("x", suffix="y" * 3_000_000), REFUSED),
    "text to count": (("/tokenize", {"model": MODEL, "content": "word " * 800_000}), REFUSED),
    "tokens to write": (("/detokenize", {"model": MODEL, "tokens": [60] * 900_000}), REFUSED),
    "long input": (embedding(["a " * 200_000]), REFUSED),
    "many long inputs": (embedding(["a " * 10_000] * 500), REFUSED),
    "input of spaces": (embedding([" " * 2_000_000]), REFUSED),
}


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory, embedding_model: Path) -> Iterator[Preheat]:
    folder: Path = tmp_path_factory.mktemp("models")
    write_scripted_model(folder / f"{MODEL}.gguf", TEMPLATES["tools"], pre="falcon")
    (folder / embedding_model.name).symlink_to(embedding_model)
    with running_preheat(tmp_path_factory.mktemp("home"), folder) as running:
        yield running


def post(preheat: Preheat, path: str, body: dict[str, Any], client: str = "hostile") -> tuple[int, dict[str, Any]]:
    answer = preheat.ask("POST", path, body, {"User-Agent": client})
    return answer.status, answer.body


def ordinary(preheat: Preheat) -> None:
    status, answer = post(preheat, *chat("play(greeting)", max_tokens=40), client="ordinary")
    assert status == 200, answer
    assert answer["choices"][0]["message"]["content"] == "Good morning! How can I help?"


def test_ordinary_requests_go_on_meanwhile(preheat: Preheat) -> None:
    ordinary(preheat)
    assert post(preheat, *embedding(["a"]))[0] == 200
    workers = {worker.pid for worker in preheat.workers()}
    over = threading.Event()

    def attack() -> dict[str, int]:
        try:
            with ThreadPoolExecutor(4) as clients:
                asked = {name: clients.submit(post, preheat, *request) for name, (request, _) in HOSTILE.items()}
            return {name: future.result()[0] for name, future in asked.items()}
        finally:
            over.set()

    with ThreadPoolExecutor(1) as attacker:
        attacked = attacker.submit(attack)
        while not over.is_set():
            ordinary(preheat)
        statuses = attacked.result()
    assert {name: status for name, status in statuses.items() if status not in HOSTILE[name][1]} == {}
    ordinary(preheat)
    assert workers <= {worker.pid for worker in preheat.workers()}
    assert max(psutil.Process(pid).memory_info().rss for pid in workers) < 1 << 30


def test_a_client_that_leaves_takes_its_request_along(preheat: Preheat) -> None:
    """Each of these leaves while its request is prepared or computed."""
    body = json.dumps(chat("word " * 1500, stream=True)[1]).encode()
    for _ in range(10):
        connection = http.client.HTTPConnection("127.0.0.1", preheat.port)
        connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        select.select([connection.sock], [], [], 0.001)
        connection.close()
        ordinary(preheat)
