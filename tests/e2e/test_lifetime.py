"""Loads, crashes and shutdowns of a real Preheat: failures stay local, and no process is left."""

from __future__ import annotations

import http.client
import json
import re
import signal
import threading
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from processes import wait_until_gone
from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat, wait_until

COUNT: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Count from 1 to 500, separated by commas."}]


def test_a_first_request_finds_its_model_hot(own_preheat: Preheat) -> None:
    own_preheat.client().chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2)
    preload = own_preheat.status()["preload"]
    assert (preload["hits"], preload["late_hits"], preload["misses"]) == (1, 0, 0)
    assert preload["preload_hit_rate"] == 1.0
    assert preload["time_saved_s"] > 0


def test_a_worker_killed_during_a_stream_fails_only_its_requests(own_preheat: Preheat, chat_model: Path) -> None:
    client = own_preheat.client()
    stream = iter(client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=1000, stream=True))
    next(stream)
    own_preheat.worker_of(chat_model).kill()
    with pytest.raises(openai.APIError, match="killed") as caught:
        for _ in stream:
            pass
    assert caught.value.code == "worker_died"
    decisions = own_preheat.ask("GET", "/preheat/v1/log").body["decisions"]
    (failure,) = (each for each in decisions if each["action"] == "fail")  # at once, it is preloaded again
    assert failure["model"] == CHAT
    assert "killed" in failure["why"]
    assert len(client.embeddings.create(model=EMBEDDING, input="still here").data) == 1
    again = client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2)
    assert again.usage is not None
    assert own_preheat.model(CHAT)["state"] == "hot"


def test_no_worker_survives_a_killed_engine(own_preheat: Preheat) -> None:
    workers = own_preheat.workers()
    assert len(workers) >= 2
    stream = iter(own_preheat.client().chat.completions.create(model=CHAT, messages=COUNT, stream=True))
    next(stream)
    own_preheat.process.send_signal(signal.SIGKILL)
    own_preheat.process.wait(60)
    wait_until_gone(workers)


def test_a_stream_of_a_cold_model_starts_immediately_with_the_progress(own_preheat: Preheat) -> None:
    own_preheat.post(f"/preheat/v1/models/{CHAT}/unload")
    connection = http.client.HTTPConnection("127.0.0.1", own_preheat.port, timeout=60)
    body = {"model": CHAT, "messages": COUNT, "max_tokens": 3, "stream": True}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200
    lines = response.read().decode().split("\n\n")
    connection.close()
    assert lines[0].startswith(f": loading {CHAT}")
    assert lines[-2] == "data: [DONE]"


def test_loading_and_unloading_by_command(own_preheat: Preheat) -> None:
    wait_until(lambda: len(own_preheat.workers()) == 3)  # with the spare one
    assert own_preheat.post(f"/preheat/v1/models/{CHAT}/unload")["state"] == "cold"
    used = own_preheat.status()["memory"]["used_bytes"]
    assert used < own_preheat.model(EMBEDDING)["resident_bytes"] + 1_000_000
    assert own_preheat.post(f"/preheat/v1/models/{CHAT}/load")["state"] == "hot"
    wait_until(lambda: len(own_preheat.workers()) == 3)


def test_requests_in_progress_finish_during_a_shutdown(tmp_path: Path, starter_models: Path) -> None:
    with running_preheat(tmp_path, starter_models, shutdown_grace="60") as preheat:
        client = preheat.client()
        stream = iter(client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=60, stream=True))
        next(stream)
        preheat.process.terminate()
        finish = None
        for chunk in stream:
            finish = chunk.choices[0].finish_reason or finish
        assert finish in ("stop", "length")
        assert preheat.process.wait(60) == 0


def test_an_idle_preheat_ends_cleanly(own_preheat: Preheat) -> None:
    own_preheat.process.send_signal(signal.SIGINT)
    assert own_preheat.process.wait(60) == 0
    assert not (own_preheat.home / "runtime" / "engine.json").exists()


def test_the_least_recently_used_model_is_evicted(tmp_path: Path, starter_models: Path) -> None:
    with running_preheat(tmp_path, starter_models, memory_limit="380MB", context_length="2048") as preheat:
        client = preheat.client()
        client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2)
        assert preheat.model(CHAT)["state"] == "hot"
        limit = preheat.status()["memory"]["limit_bytes"]
        assert limit == 380_000_000
        done = threading.Event()
        peaks: list[int] = []

        def sample() -> None:
            while not done.wait(0.05):
                peaks.append(preheat.status()["memory"]["used_bytes"])

        sampler = threading.Thread(target=sample)
        sampler.start()
        for number in range(4):
            client.embeddings.create(model=EMBEDDING, input=f"text {number}")
            client.chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2)
        done.set()
        sampler.join()
        assert max(peaks) <= limit * 1.02


def test_a_model_that_cannot_fit_is_refused_with_both_sizes(tmp_path: Path, starter_models: Path) -> None:
    with running_preheat(tmp_path, starter_models, memory_limit="180MB") as preheat:
        with pytest.raises(openai.APIStatusError, match=r"needs .* GB.*limit of .* GB") as caught:
            preheat.client().chat.completions.create(model=CHAT, messages=COUNT, max_tokens=2)
        assert caught.value.code == "insufficient_memory"
        needed, *_, limit = (float(size) for size in re.findall(r"([0-9.]+) GB", caught.value.message))
        assert needed > limit == 0.18
        assert len(preheat.client().embeddings.create(model=EMBEDDING, input="fits").data) == 1
