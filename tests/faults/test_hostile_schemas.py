"""Schemas, patterns and grammars that eat time or memory: they are refused, and others of the same model go on."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from running_preheat import Preheat, running_preheat, wait_until

TEXT: Final = {"type": "string"}


def schema(value: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": value}}}


def grammar(kind: str, text: str) -> dict[str, Any]:
    return {"structured_outputs": {kind: text}}


def fan(keyword: str) -> dict[str, Any]:
    definitions = {str(n): {keyword: [{"$ref": f"#/$defs/{n + 1}"}] * 3} for n in range(40)}
    return {"$ref": "#/$defs/0", "$defs": {**definitions, "40": TEXT}}


ENDLESS: Final[Mapping[str, dict[str, Any]]] = {
    "patterns together": schema({"allOf": [{"type": "string", "pattern": f"(a|b)*{n}(a|b){{10}}"} for n in range(30)]}),
    "many anchors": schema(
        {
            "$defs": {f"d{n}": {"$anchor": f"a{n}", "$id": f"http://x/{n}"} for n in range(5000)},
            "anyOf": [{"$ref": f"http://x/{n}#a{n}"} for n in range(5000)],
        }
    ),
    "8 GB for a pattern": grammar("regex", ".*" * 20_000),
    "8 GB for a terminal": grammar(
        "grammar", "start: T\nT: " + " & ".join(f"/(.|\\n)*x{n}(.|\\n)*/" for n in range(40))
    ),
    "rules that double": grammar(
        "grammar", "\n".join([f"r{n} ::= r{n + 1} r{n + 1}" for n in range(900)] + ['r900 ::= "a"', "root ::= r0"])
    ),
}

REFUSED: Final[Mapping[str, dict[str, Any]]] = {
    "products": schema(
        {"allOf": [{"anyOf": [{"properties": {f"p{n}_{m}": TEXT}} for m in range(4)]} for n in range(12)]}
    ),
    "a long constant": schema({"const": "n" * 900_000}),
    "options that overlap": schema(fan("oneOf")),
    "counts in counts": grammar("regex", "((a{1,1000}){1,1000}){1,1000}"),
    "too complex after some tokens": grammar("regex", "[a-z]{1,1000}" * 15),
    "brackets": grammar("grammar", "start: " + "(" * 5000),
    "a large factor": schema({"type": "integer", "multipleOf": 982_451_653}),
}

SERVED: Final[Mapping[str, dict[str, Any]]] = {
    "a fan": schema(fan("anyOf")),
    "a long list": schema({"enum": [f"value number {n}" for n in range(20_000)]}),
    "many properties": schema({"type": "object", "properties": {f"p{n}": TEXT for n in range(2000)}}),
    "large counts": schema({"type": "array", "items": {**TEXT, "minLength": 10**9}, "minItems": 10**5}),
    "a text without end": grammar("grammar", 'start: /.a*/ "a"'),
    "left recursion": grammar("grammar", 'root ::= a\na ::= a "x" | b\nb ::= b "y" | a | "z"'),
}

MALFORMED: Final[Mapping[str, Any]] = {
    "#/$defs: it is not an object": {"$defs": [1]},
    "#/required: it is not a list of texts": {"required": [[]], "additionalProperties": False},
    "#/properties/a/type: it is not a text or a list of texts": {"properties": {"a": {"type": [[]]}}},
    "#/anyOf: it is not a list": {"anyOf": {"a": 1}},
    "#/minLength: it is not a whole number from 0": {"minLength": -1},
}


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory, chat_model: Path) -> Iterator[Preheat]:
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(chat_model, folder / "model.gguf")
    with running_preheat(tmp_path_factory.mktemp("home"), folder) as running:
        yield running


def ask(preheat: Preheat, **fields: Any) -> tuple[int, str]:
    """Return the status, and the error's message or the text."""
    body = {"model": "model", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3, **fields}
    answer = preheat.ask("POST", "/v1/chat/completions", body)
    text = answer.body["choices"][0]["message"]["content"] if answer.status == 200 else answer.body["error"]["message"]
    return answer.status, str(text)


class Stream:
    """Another client's answers, one after the other while the block runs. ``tokens`` counts their chunks."""

    def __init__(self, preheat: Preheat) -> None:
        self._port = preheat.port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.tokens = 0
        self.complete = 0

    def __enter__(self) -> Stream:
        self._thread.start()
        wait_until(lambda: self.tokens > 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
            body = {"model": "model", "prompt": "Once upon a time", "max_tokens": 400, "stream": True, "seed": 1}
            connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == 200
            while (line := response.readline()) and not self._stop.is_set():
                self.tokens += line.startswith(b"data: {")
                self.complete += line.startswith(b"data: [DONE]")
            connection.close()


def test_endless_work_is_refused_and_delays_nobody(preheat: Preheat) -> None:
    assert ask(preheat)[0] == 200
    workers = set(preheat.workers())
    with Stream(preheat) as stream:
        for name, fields in ENDLESS.items():
            tokens = stream.tokens
            status, message = ask(preheat, **fields)
            assert (status, "time or memory" in message) == (400, True), (name, message)
            assert stream.tokens > tokens, name
            assert ask(preheat)[0] == 200
    assert workers <= set(preheat.workers())  # the spare one may have been started


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_complex_is_refused(preheat: Preheat, name: str) -> None:
    status, message = ask(preheat, **REFUSED[name])
    assert status == 400, message
    assert ask(preheat, **REFUSED[name]) == (status, message)


@pytest.mark.parametrize("name", SERVED)
def test_what_only_looks_hostile_is_served(preheat: Preheat, name: str) -> None:
    status, message = ask(preheat, **SERVED[name])
    assert status == 200, message


@pytest.mark.parametrize("reason", MALFORMED)
def test_malformed_schemas_are_refused_with_their_place(preheat: Preheat, reason: str) -> None:
    value = MALFORMED[reason]
    status, message = ask(preheat, **schema(value))
    assert (status, reason in message) == (400, True), message
    tool = {"type": "function", "function": {"name": "get", "parameters": value}}
    status, message = ask(preheat, tools=[tool], tool_choice="required")
    assert (status, f"get: {reason}" in message) == (400, True), message
    assert ask(preheat, tools=[tool], tool_choice="auto")[0] == 200


def test_a_client_that_leaves_frees_its_place(preheat: Preheat) -> None:
    assert ask(preheat)[0] == 200
    for number in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", preheat.port, timeout=120)
        body = {"model": "model", "prompt": "x", **grammar("regex", f"x{number}" + ".*" * 20_000)}
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        connection.close()
    assert ask(preheat, **schema({"type": "string", "pattern": "^(a|b){200}$"}))[0] == 200
