"""Streams of all protocols, whatever a model writes: well-formed frames, the whole answer in pieces, and one end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, Final

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preheat.errors import WorkerDiedError
from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, ToolCallDelta, Usage
from preheat.server.anthropic.formatting import MessageFormat
from preheat.server.generation import Wait
from preheat.server.ollama.formatting import ChatFormat as OllamaChatFormat
from preheat.server.openai.chat_format import ChatFormat
from tests.engine.server.fake_engine import FakeEngine

KEYS: Final = ("name", "text", "thinking", "arguments")
HOSTILE: Final = (
    *("\r", "\n", "\r\n\r\n", "\n\ndata: [DONE]\n\n", "\nevent: error\ndata: {}\n\n", ": x", "\u2028", "\x85", "\0"),
    *("\x1b[0m", "\ud83d", "\udd8a", "\N{FOX FACE}", "\ufeff", "\u202e", "", " ", '"\\', "</think>"),
)
BROKEN: Final = (
    *("", "{", "[1]", "x", "{}}", '{"a" 1}', '{"a": 1e999}', '{"a": NaN, "b": tr', '{"a": "\n"}', '{"a": "\\ud83d'),
    *('{"a": "\\ud83d"}', "[" * 3000, '{"a":' * 300, '{"a":' * 1100 + "1" + "}" * 1100, f'{{"a": {"9" * 5000}}}'),
)
TEXT = st.sampled_from(HOSTILE) | st.text(max_size=6)
JSON = st.recursive(st.floats() | st.integers() | TEXT, lambda inner: st.dictionaries(TEXT, inner, max_size=3))
ARGUMENTS = st.dictionaries(TEXT, JSON, max_size=3).map(json.dumps) | st.sampled_from(BROKEN)
NUMBERS = st.sampled_from([-0.5, float("-inf"), float("inf"), float("nan")])
LOGPROBS = st.builds(lambda text, number: TokenLogprob(text, b"\xff", number, ((text, b"", number),)), TEXT, NUMBERS)
CHAT: Final = {"messages": [{"role": "user", "content": "hi"}]}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "/v1/chat/completions": {**CHAT, "logprobs": True, "stream_options": {"include_usage": True}},
    "/v1/completions": {"prompt": "hi", "logprobs": 1},
    "/v1/responses": {"input": "hi", "include": ["reasoning.encrypted_content", "message.output_text.logprobs"]},
    "/v1/messages": {**CHAT, "max_tokens": 9},
    "/api/chat": {**CHAT, "logprobs": True},
    "/api/generate": {"prompt": "hi"},
}


@st.composite
def answers(draw: st.DrawFn) -> list[GenerationChunk]:
    """Draw a generation in chunks; the arguments of calls are cut anywhere."""
    chunks, calls = [], 0
    for kind in draw(st.lists(st.sampled_from(["text", "reasoning", "call"]), max_size=5)):
        if kind == "call":
            arguments, name = draw(ARGUMENTS), draw(TEXT) or "f"
            cuts = [0, *sorted(draw(st.lists(st.integers(0, min(len(arguments), 50)), max_size=4))), len(arguments)]
            for at, (start, end) in enumerate(pairwise(cuts)):
                head = ("", "") if at else (name, f"call_{calls}")
                chunks.append(GenerationChunk(tool_calls=(ToolCallDelta(calls, arguments[start:end], *head),)))
            calls += 1
        else:
            for text in draw(st.lists(TEXT, max_size=4)):
                logprobs = tuple(draw(st.lists(LOGPROBS, max_size=2)))
                chunks.append(GenerationChunk(text, logprobs) if kind == "text" else GenerationChunk(reasoning=text))
    reason, stop_text = draw(st.sampled_from(list(FinishReason))), draw(st.none() | TEXT)
    return [*chunks, GenerationChunk(draw(TEXT), finish_reason=reason, usage=Usage(7, 3), stop_text=stop_text)]


def strict(text: str) -> Any:
    """Parse ASCII JSON, without Python's extensions."""
    assert text.isascii()
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def frames_of(data: bytes) -> list[Any]:
    """Return the objects of NDJSON, or the events of a stream; a comment is none, and OpenAI's end mark is None."""
    if data.startswith(b"{"):
        return [strict(line) for line in data.decode().removesuffix("\n").split("\n")]
    text, events = data.decode(), []
    assert text.endswith("\n\n")
    assert "\r" not in text
    for block in text.removesuffix("\n\n").split("\n\n"):
        *names, content = [line for line in block.split("\n") if not line.startswith(":")]
        assert content.startswith("data: ")
        events.append(None if content == "data: [DONE]" else strict(content.removeprefix("data: ")))
        assert names in ([], [f"event: {(events[-1] or {}).get('type')}"])
    return events


def texts_of(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the pieces of texts in a frame or in a whole answer, with the name of their text."""
    for choice in value.get("choices", ()):
        yield "text", choice.get("text", "")
        yield from texts_of({"message": choice.get("delta") or choice.get("message", {})})
    message, kind = value.get("message", {}), value.get("type", "")
    yield "text", message.get("content") or (value.get("response", "") if "done" in value else "")
    yield "thinking", value.get("thinking") or message.get("thinking") or message.get("reasoning_content", "")
    for call in message.get("tool_calls", ()):
        name, arguments = call["function"].get("name", ""), call["function"]["arguments"]
        yield "calls", name + (arguments if isinstance(arguments, str) else json.dumps(arguments))
    items = [value.get("item"), value.get("content_block")] if kind.endswith(("item.added", "block_start")) else []
    for item in [*filter(None, items), *value.get("output", value.get("content", ()))]:  # of Responses and Messages
        parts = [item, *(item.get("content", ()))]
        yield "items", item["type"] + "".join(part.get(key, "") for part in parts for key in KEYS)
    if kind.endswith((".delta", "block_delta")):
        delta = value["delta"]
        yield "items", delta if isinstance(delta, str) else delta.get("text", delta.get("thinking", ""))


def joined(values: Iterable[dict[str, Any]]) -> list[str]:
    """Return the whole texts, without the empty arguments of calls. Cut surrogates are joined."""
    pieces = [*chain.from_iterable(map(texts_of, values))]
    texts = (
        "".join(piece for each, piece in pieces if each == name) for name in ("text", "thinking", "calls", "items")
    )
    whole = (text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for text in texts)
    return [text.replace("{}", "") for text in whole]


def ending(event: Any) -> str:
    """Return ``error`` or ``end`` for an event after which nothing may come, and nothing for others."""
    kind = "message_stop" if event is None or event.get("done") else event.get("type")
    if kind == "response.failed" or (event and event.get("error")):
        return "error"
    return "end" if kind in ("message_stop", "response.completed", "response.incomplete") else ""


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(chunks=answers(), fault=st.none() | TEXT)
async def test_a_stream_is_the_whole_answer_in_pieces(
    path: str, chunks: list[GenerationChunk], fault: str | None, engine: FakeEngine, client: httpx2.AsyncClient
) -> None:
    body = {"model": "tiny-chat", **BODIES[path]}
    engine.requests, engine.script = [], [*chunks]
    whole = await client.post(path, json={**body, "stream": False})
    assert whole.status_code == 200, whole.text
    if fault is not None:
        engine.script[-1] = WorkerDiedError(f"It died: {fault}")
    answer = await client.post(path, json={**body, "stream": True})
    events = frames_of(answer.content)  # one object, if it failed before the first frame
    assert "".join(map(ending, events)) == ending(events[-1]) == ("end" if fault is None else "error")
    if fault is None:
        assert joined(filter(None, events)) == joined([strict(whole.text)])


@given(model=TEXT, error=TEXT)
def test_signs_of_life_and_errors_are_frames(model: str, error: str) -> None:
    for form in (ChatFormat(model), MessageFormat(model, max_tokens=None, show_thinking=True), OllamaChatFormat(model)):
        frames = form.waiting(Wait(model)) + form.error(WorkerDiedError(f"It died: {error}"))
        assert "".join(map(ending, frames_of(frames.encode()))) == "error"
