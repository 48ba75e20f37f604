"""Ollama's Python client, and programs that are built on it, with a real Preheat."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ollama
import pytest

from local_hub import LocalHub
from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat

Client = Any
"""Ollama's client. Its types want a cast for each answer."""

TOOLS = "scripted-tools"
THINKING = "scripted-thinking"
TRAINED = 16_384  # tokens of context, scripted-tools
GREEDY = {"temperature": 0, "num_predict": 20}
COUNT = [{"role": "user", "content": "Count from 1 to 100, separated by commas."}]


def get_weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


def get_time() -> str:
    """Tell the time."""
    return "noon"


@pytest.fixture
def client(serving: Preheat) -> Iterator[Client]:
    with ollama.Client(serving.url) as client:
        yield client


def test_a_stream_adds_up_to_the_whole_chat(serving: Preheat, client: Client) -> None:
    serving.post(f"/preheat/v1/models/{CHAT}/load")
    serving.empty_cache(CHAT)
    whole = client.chat(CHAT, COUNT, options=GREEDY)
    serving.empty_cache(CHAT)
    parts = list(client.chat(CHAT, COUNT, stream=True, options=GREEDY))
    assert "".join(part.message.content for part in parts) == whole.message.content
    assert sum(bool(part.message.content) for part in parts) > 5, "tokens came in one piece"
    assert (parts[-1].done_reason, parts[-1].eval_count) == (whole.done_reason, whole.eval_count) == ("length", 20)
    assert parts[-1].prompt_eval_count == whole.prompt_eval_count
    assert whole.load_duration > 10**6  # nanoseconds


def test_generate_continues_with_its_context(client: Client) -> None:
    first = client.generate(CHAT, "Say hello.", options=GREEDY)
    second = client.generate(CHAT, "Again.", context=first.context, options=GREEDY)
    assert second.prompt_eval_count > first.prompt_eval_count + first.eval_count


async def test_the_asynchronous_client(serving: Preheat) -> None:
    async with ollama.AsyncClient(serving.url) as plain:
        client: Client = plain
        answer = await client.chat(CHAT, COUNT, options={"num_predict": 3})
        stream = await client.generate(CHAT, "Hello", stream=True, options={"num_predict": 3})
        assert answer.eval_count == 3
        assert [part.eval_count async for part in stream if part.done] == [3]


def test_tools_are_called_in_streams_too(client: Client) -> None:
    messages: list[Any] = [{"role": "user", "content": "play(call_two)"}]
    whole = client.chat(TOOLS, messages, tools=[get_weather, get_time])
    calls = [(call.function.name, call.function.arguments) for call in whole.message.tool_calls]
    assert calls == [("get_weather", {"city": "Oslo"}), ("get_time", {})]
    streamed = client.chat(TOOLS, messages, tools=[get_weather, get_time], stream=True)
    assert [call.function.name for part in streamed for call in part.message.tool_calls or ()] == [
        name for name, _ in calls
    ]
    # The second turn, as programs send it: the client's own message, and results by name.
    messages += [whole.message, {"role": "tool", "tool_name": "get_weather", "content": get_weather("Oslo")}]
    messages += [{"role": "user", "content": "play(greeting)"}]
    assert client.chat(TOOLS, messages, tools=[get_weather]).message.content == "Good morning! How can I help?"


def test_thinking_is_apart(client: Client) -> None:
    messages = [{"role": "user", "content": "play(think)"}]
    whole = client.chat(THINKING, messages, think=True)
    parts = list(client.chat(THINKING, messages, think=True, stream=True))
    assert (whole.message.thinking, whole.message.content) == ("Two and two.", "The answer is 4.")
    assert "".join(part.message.thinking or "" for part in parts) == whole.message.thinking
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    with pytest.raises(ollama.ResponseError, match="does not support thinking"):
        client.chat(CHAT, messages, think=True)


def test_an_answer_follows_its_schema(client: Client) -> None:
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "green"]}}, "required": ["colour"]}
    answer = client.chat(CHAT, [{"role": "user", "content": "Which colour?"}], format=schema, options=GREEDY)
    assert json.loads(answer.message.content)["colour"] in ("red", "green")
    # A small model may write on and on: only the beginning is looked at.
    assert client.generate(CHAT, "Name two.", format="json", options=GREEDY).response.lstrip().startswith("{")


def test_embeddings(client: Client) -> None:
    several = client.embed(EMBEDDING, ["tea", "coffee " * 3000]).embeddings
    assert [len(vector) for vector in several] == [384, 384]
    assert client.embeddings(EMBEDDING, "tea").embedding == pytest.approx(several[0], abs=1e-3)
    with pytest.raises(ollama.ResponseError, match="Input 0") as caught:
        client.embed(EMBEDDING, "coffee " * 3000, truncate=False)
    assert caught.value.status_code == 400


def test_models_are_listed_shown_and_unloaded(client: Client) -> None:
    client.generate(CHAT, keep_alive="10m")
    listed = {model.model: model for model in client.list().models}
    assert f"{CHAT}:latest" in listed
    assert listed[f"{CHAT}:latest"].details.quantization_level == "Q4_1"
    shown = client.show(CHAT)
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo["llama.context_length"] == 8192
    assert "num_ctx" in shown.parameters
    assert "<|im_start|>" in shown.template
    assert client.show(f"{EMBEDDING}:latest").capabilities == ["embedding"]
    running = {model.model: model for model in client.ps().models}[f"{CHAT}:latest"]
    assert running.context_length == 8192
    assert (running.expires_at.timestamp() - listed[f"{CHAT}:latest"].modified_at.timestamp()) > 0
    assert client.generate(CHAT, keep_alive=0).done_reason == "unload"
    assert f"{CHAT}:latest" not in {model.model for model in client.ps().models}


def test_a_larger_context_than_the_set_one_reloads_once(tmp_path: Path, scripted_folder: Path) -> None:
    def loads() -> float:
        client.generate(TOOLS, "play(greeting)", options={"num_ctx": 4096})
        return float(preheat.model(TOOLS)["load_s"])

    with (
        running_preheat(tmp_path, scripted_folder, context_length="8192", preload="false") as preheat,
        ollama.Client(preheat.url) as plain,
    ):
        client: Client = plain
        before = loads()
        assert loads() == before
        client.generate(TOOLS, "play(greeting)", options={"num_ctx": 10_000})
        assert preheat.model(TOOLS)["context_length"] == 10_240  # llama.cpp rounds up to 256
        wider = preheat.model(TOOLS)["load_s"]
        client.generate(TOOLS, "play(greeting)", options={"num_ctx": 9_000})
        assert (loads(), preheat.model(TOOLS)["context_length"]) == (wider, 10_240)
        client.generate(TOOLS, "play(greeting)", options={"num_ctx": 1_000_000})
        assert preheat.model(TOOLS)["context_length"] == TRAINED


def test_an_automatic_context_has_room_for_all_a_client_asks_for(serving: Preheat, client: Client) -> None:
    loads: set[float] = set()
    for tokens in (4096, 10_000, 1_000_000):
        client.generate(TOOLS, "play(greeting)", options={"num_ctx": tokens})
        assert serving.model(TOOLS)["context_length"] == TRAINED
        loads.add(float(serving.model(TOOLS)["load_s"]))
    assert len(loads) == 1, "it was loaded again"


def test_names_are_made_and_deleted(client: Client) -> None:
    client.create("pirate", from_=CHAT, system="Talk like a pirate.", parameters={"num_predict": 2, "temperature": 0})
    client.copy("pirate", "pirate:backup")
    names = {model.model for model in client.list().models}
    assert {"pirate:latest", "pirate:backup"} <= names
    assert client.show("pirate").parameters.split() == ["num_ctx", "8192", "temperature", "0.0", "num_predict", "2"]
    plain = client.chat(CHAT, COUNT, options={"num_predict": 1})
    answer = client.chat("PIRATE:latest", COUNT)
    assert answer.eval_count == 2
    assert answer.prompt_eval_count != plain.prompt_eval_count
    client.delete("pirate")
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat("pirate", COUNT)
    assert caught.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="not supported"):
        client.create("other", from_=CHAT, template="{{ .Prompt }}")
    client.delete("pirate:backup")


def test_a_model_is_pulled_by_its_name_on_the_hub(tmp_path: Path, local_hub: LocalHub, embedding_model: Path) -> None:
    name = "hf.co/someone/Tiny-GGUF:Q8_0"
    local_hub.add_repo("someone/Tiny-GGUF", {"Tiny.Q8_0.gguf": embedding_model})
    with running_preheat(tmp_path) as preheat, ollama.Client(preheat.url) as plain:
        client: Client = plain
        states = list(client.pull(name, stream=True))
        assert (states[0].status, states[-1].status) == ("pulling manifest", "success")
        done = [state for state in states if state.digest]
        assert [model.model for model in client.list().models] == ["tiny.q8_0:latest"]
        assert done[-1].completed == done[-1].total == embedding_model.stat().st_size
        assert len(client.embed(name, "tea").embeddings[0]) == 384
        assert client.pull(name).status == "success"
        with pytest.raises(ollama.ResponseError, match="no-such"):
            client.pull("no-such-model")
        client.delete(name)
        assert client.list().models == []


def test_only_downloads_are_deleted_without_proof(tmp_path: Path, embedding_model: Path) -> None:
    mine = tmp_path / "data" / "models" / "mine.gguf"
    mine.parent.mkdir(parents=True)
    shutil.copy(embedding_model, mine)
    with running_preheat(tmp_path) as preheat, ollama.Client(preheat.url) as plain:
        with pytest.raises(ollama.ResponseError) as caught:
            plain.delete("mine")
        assert caught.value.status_code == 403
        assert mine.exists()
    with running_preheat(tmp_path) as preheat, ollama.Client(preheat.url, headers=preheat.own_headers) as own:
        own.delete("mine")
        assert not mine.exists()


NAMES = f"""
chat, tools, embedding = {CHAT!r}, {TOOLS!r}, {EMBEDDING!r}
hi, call_me = [{{"role": "user", "content": "hi"}}], [{{"role": "user", "content": "play(call)"}}]
"""

LANGCHAIN = """
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM

model = ChatOllama(model=chat, num_predict=3, temperature=0, validate_model_on_init=True)
assert model.invoke("hi").usage_metadata["output_tokens"] == 3
assert len([piece for piece in model.stream("hi") if piece.content]) >= 2

def get_weather(city: str) -> str:
    "Tell the weather"

(call,) = ChatOllama(model=tools).bind_tools([get_weather]).invoke(call_me).tool_calls
assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"}), call
assert OllamaLLM(model=chat, num_predict=3).invoke("hi")
assert len(OllamaEmbeddings(model=embedding).embed_documents(["a", "b"])[1]) == 384
"""

LITELLM = """
import os
from litellm import completion, embedding as embed

url = os.environ["OLLAMA_HOST"]
assert completion(f"ollama_chat/{chat}", hi, api_base=url, max_tokens=3).usage.completion_tokens == 3
stream = completion(f"ollama/{chat}", hi, api_base=url, max_tokens=3, stream=True)
assert "".join(part.choices[0].delta.content or "" for part in stream)
tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
answer = completion(f"ollama_chat/{tools}", call_me, tools=[tool], api_base=url)
assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"
assert len(embed(f"ollama/{embedding}", ["a"], api_base=url).data[0]["embedding"]) == 384
"""

LLM = """
import llm

model = llm.get_model(f"ollama/{chat}:latest")
assert model.supports_tools
assert model.prompt("hi", num_predict=3).text()
assert len(llm.get_embedding_model(f"ollama/{embedding}").embed("a")) == 384
"""


@pytest.mark.parametrize("program", [LANGCHAIN, LITELLM, LLM], ids=["langchain", "litellm", "llm"])
def test_programs_that_use_ollama(serving: Preheat, tmp_path: Path, program: str) -> None:
    """In a process of their own: they are slow to import, and warn."""
    environment = {**os.environ, "OLLAMA_HOST": serving.url, "LLM_USER_PATH": str(tmp_path)}
    environment["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    done = subprocess.run(
        [sys.executable, "-c", NAMES + program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
