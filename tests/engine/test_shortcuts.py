from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

import preheat
from preheat import shortcuts
from preheat.control import ModelChoice
from preheat.errors import InvalidRequestError, ModelNotFoundError, SettingsError, UnsupportedOperationError
from preheat.inference import ANY_JSON_OBJECT, Sampling
from preheat.shortcuts import chat_request, complete_request, default_model
from processes import wait_until_gone, workers_of, workers_of_this_process
from tests.engine.application import (
    TIMEOUT_S,
    Application,
    environment,
    eventually,
)

CHAT = "smollm2-135m-instruct.q4_1"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """End whatever a test started."""
    yield
    shortcuts.session.close()


def script(home: Path, code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(home: Path, code: str) -> str:
    """Run a script that must not say a word on standard error; return what it prints."""
    process = script(home, code)
    stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stderr) == (0, "")
    return stdout


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_default_is_a_favourite_that_fits() -> None:
    models = [
        ModelChoice("a", favourite=False, embeddings=True),
        ModelChoice("b", favourite=False, embeddings=False),
        ModelChoice("c", favourite=True, embeddings=False),
    ]
    assert default_model(models, embeddings=True) == "a"
    assert default_model(models, embeddings=False) == "c"
    assert default_model(reversed(models[:2]), embeddings=False) == "b"


@pytest.mark.parametrize(("embeddings", "words"), [(True, "makes embeddings"), (False, "writes text")])
def test_no_model_fits(embeddings: bool, words: str) -> None:
    with pytest.raises(ModelNotFoundError, match=words) as caught:
        default_model([ModelChoice("a", favourite=True, embeddings=not embeddings)], embeddings=embeddings)
    assert "preheat pull" in caught.value.hint


def test_options_become_a_request() -> None:
    request = chat_request([{"role": "user", "content": "a"}], {"max_tokens": 3, "stop": "x", "seed": 4, "top_p": None})
    assert (request.max_tokens, request.stop, request.sampling) == (3, ("x",), Sampling(seed=4))
    assert chat_request([{"role": "user"}], {"json_schema": {"type": "object"}}).constraint == ANY_JSON_OBJECT
    assert chat_request([{"role": "user"}], {}).max_tokens is None
    assert complete_request("a", {}).max_tokens == shortcuts.COMPLETE_MAX_TOKENS
    assert complete_request("a", {"stop": ["x", "y"], "temperature": 1}).stop == ("x", "y")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("temperature", -0.1),
        ("temperature", "hot"),
        ("temperature", float("nan")),
        ("top_p", 1.1),
        ("top_k", -1),
        ("seed", -1),
        ("seed", 2**32 - 1),
        ("repetition_penalty", 0),
    ],
)
def test_a_value_out_of_range_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=f"^{name}: ") as caught:
        preheat.chat("a", **{name: value})
    assert caught.value.param == name


def test_what_makes_no_sense_is_refused_before_anything_starts() -> None:
    with pytest.raises(TypeError, match="'temprature'"):
        preheat.chat("a", temprature=1)  # type: ignore[call-arg]
    with pytest.raises(InvalidRequestError, match="chat"):
        preheat.complete("a", json_schema={})
    with pytest.raises(InvalidRequestError, match="message"):
        preheat.chat([])
    assert preheat.embed([]) == []
    assert not shortcuts.session.has_engine


def test_wrong_settings_are_an_error_each_time(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_THREADS", "none")
    for _ in range(2):
        with pytest.raises(SettingsError):
            preheat.embed("a")


def test_no_models_at_all(preheat_home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="makes embeddings"):
        preheat.embed("a")
    with pytest.raises(ModelNotFoundError):
        preheat.embed("a", model="some")


def test_own_engine_answers_everything(starter_home: Path) -> None:
    vector = preheat.embed("test")
    assert len(vector) == 384
    assert preheat.embed(["other", "test"])[1] == pytest.approx(vector, abs=1e-3)
    first = preheat.chat("Name a colour", seed=7, max_tokens=12)
    again = preheat.chat([{"role": "user", "content": "Name a colour"}], model="smol", seed=7, max_tokens=12)
    assert first == again != ""
    assert preheat.complete("One, two, three,", max_tokens=4, temperature=0)
    assert "three" not in preheat.complete("One, two,", stop="three", max_tokens=8, temperature=0)
    assert len(workers_of_this_process()) == 2


def test_a_model_of_the_other_kind_is_not_loaded_for_nothing(starter_home: Path) -> None:
    with pytest.raises(UnsupportedOperationError, match="text"):
        preheat.embed("a", model="smol")
    with pytest.raises(UnsupportedOperationError, match="embeddings"):
        preheat.chat("a", model="all-mini")
    assert workers_of_this_process() == []


def test_an_answer_can_follow_a_schema(starter_home: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    answer = json.loads(preheat.chat("A number", json_schema=schema, seed=1, max_tokens=64))
    assert isinstance(answer["n"], int)


def test_many_threads_share_one_engine(starter_home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(lambda _: preheat.embed("test"), range(16)))
    # A text's neighbours in a batch change the last digits.
    assert all(vector == pytest.approx(vectors[0], abs=1e-3) for vector in vectors)
    assert len(workers_of_this_process()) == 1


async def test_a_running_loop_does_not_matter(starter_home: Path) -> None:
    assert len(preheat.embed("test")) == 384
    assert preheat.chat("Hi", max_tokens=2, seed=1)


def test_both_ways_give_the_same(application: Application, starter_home: Path) -> None:
    code = """
import json, preheat, sys
vector = preheat.embed("test")
text = preheat.chat("Name a colour", temperature=0, max_tokens=12)
print(json.dumps([vector, text, preheat.complete("One, two,", temperature=0, max_tokens=6)]))
print("preheat.core.engine" in sys.modules)
"""
    with_it, alone = output_of(application.home, code), output_of(starter_home, code)
    (answers, own), (other_answers, other_own) = with_it.splitlines(), alone.splitlines()
    assert json.loads(answers) == json.loads(other_answers)
    assert len(json.loads(answers)[0]) == 384
    assert (own, other_own) == ("False", "True")


def test_with_the_application_running_a_script_imports_next_to_nothing(application: Application) -> None:
    """The promised half second is lost one import at a time."""
    slow = "asyncio psutil pydantic httpx2 dataclasses logging concurrent.futures"
    code = f"""
import sys
before = set(sys.modules)
from preheat import embed
embed("test")
print(*sorted(set("{slow}".split()) & (set(sys.modules) - before)))
"""
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment(application.home), capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == []


def test_a_key_is_found_in_the_settings(start: Callable[..., Application], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_API_KEYS", "secret")
    start()
    assert len(preheat.embed("test")) == 384
    assert not shortcuts.session.has_engine


def test_an_application_that_goes_away_is_replaced(start: Callable[..., Application]) -> None:
    application = start()
    vector = preheat.embed("test")
    assert not shortcuts.session.has_engine
    application.process.kill()
    application.process.wait()
    assert preheat.embed("test") == vector
    assert shortcuts.session.has_engine


def test_a_script_ends_at_once_and_leaves_no_worker(starter_home: Path) -> None:
    code = """
import os, psutil, preheat
preheat.embed("test")
print(*(child.pid for child in psutil.Process().children()))
"""
    pids = [int(pid) for pid in output_of(starter_home, code).split()]
    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_script_that_ends_during_a_load_ends_all_the_same(starter_home: Path) -> None:
    code = """
import threading, preheat
from preheat import shortcuts
engine = shortcuts.session.own()
loading = threading.Event()
engine.host().engine.subscribe(lambda s: loading.set() if any(m.progress is not None for m in s.models) else None)
threading.Thread(target=preheat.chat, args=("Hi",), daemon=True).start()
loading.wait(30)
"""
    process = script(starter_home, code)
    process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_no_worker_outlives_a_killed_script(starter_home: Path) -> None:
    process = script(starter_home, "import preheat, time; preheat.embed('a'); print('up', flush=True); time.sleep(600)")
    assert first_line(process) == "up"
    workers = workers_of(process.pid)
    assert len(workers) == 1
    process.kill()
    process.communicate()
    wait_until_gone(workers)


@pytest.mark.skipif(os.name == "nt", reason="there is no fork")
def test_a_forked_child_has_an_engine_of_its_own(starter_home: Path) -> None:
    code = """
import os, preheat
vector = preheat.embed("test")
pid = os.fork()
assert preheat.embed("test") == vector
if pid:
    assert os.waitpid(pid, 0)[1] == 0
"""
    assert output_of(starter_home, code) == ""


@pytest.mark.skipif(os.name == "nt", reason="there is no fork")
def test_a_forked_child_does_not_keep_its_parents_worker_alive(starter_home: Path) -> None:
    code = """
import os, preheat, time
preheat.embed("test")
pid = os.fork()
if pid:
    print(pid, flush=True)
time.sleep(600)
"""
    process = script(starter_home, code)
    child = psutil.Process(int(first_line(process)))
    workers = [worker for worker in workers_of(process.pid) if worker.pid != child.pid]
    assert len(workers) == 1
    process.kill()
    process.wait()
    try:
        wait_until_gone(workers)
        assert child.is_running()
    finally:
        child.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal there")
def test_ctrl_c_stops_an_answer_and_the_engine_goes_on(starter_home: Path) -> None:
    code = """
import preheat, threading
from preheat import shortcuts
preheat.chat("Hi", max_tokens=1)
engine = shortcuts.session.own().host().engine
print("ready", flush=True)
try:
    preheat.complete("Once upon a time", max_tokens=8000)
except KeyboardInterrupt:
    print("stopped", flush=True)
gone = threading.Event()
engine.subscribe(lambda s: None if any(model.active_requests for model in s.models) else gone.set())
print(gone.wait(30))
"""
    process = script(starter_home, code)
    assert first_line(process) == "ready"
    (worker,) = workers_of(process.pid)
    busy_s = worker.cpu_times().user
    eventually(lambda: worker.cpu_times().user > busy_s + 0.1, "the answer's begin")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (stdout.split(), stderr) == (["stopped", "True"], "")


def test_the_embedding_of_one_text_is_typed_as_a_vector(starter_home: Path) -> None:
    one: list[float] = preheat.embed("a")
    several: list[list[float]] = preheat.embed(["a"])
    assert several == [one]
    assert preheat.embed(("a",)) == [one]
