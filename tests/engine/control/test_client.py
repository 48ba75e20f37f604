from __future__ import annotations

import base64
import json
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import preheat.server.errors  # noqa: F401 (its kinds of error count too)
from preheat import errors, paths
from preheat.control import HttpClient, LoadModel, UnloadModel, find_running
from preheat.control.error_answers import error_from
from preheat.errors import EngineError, EngineStoppedError, ModelNotFoundError, NotRunningError, QueueFullError
from preheat.inference import Constraint, FinishReason, GenerateRequest, Sampling, chat_from_json
from preheat.server.errors import error_json
from tests.engine.application import Application, eventually

HELLO = chat_from_json([{"role": "user", "content": "Say hi"}])

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"

Answer = tuple[int, dict[str, str], bytes]


class FakePort:
    """A port that answers /health as Preheat does, and everything else as the test says."""

    def __init__(self) -> None:
        self.health: dict[str, Any] = {"app": "preheat", "pid": os.getpid()}
        self.requests: list[tuple[str, Any]] = []
        self.keys: list[str | None] = []
        self.connections = 0
        self.gone: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.answer: Callable[[str, Any], Answer] = lambda path, body: (200, {}, b"{}")
        self.drop_after_answer = False
        port = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                port.connections += 1

            def finish(self) -> None:
                super().finish()
                port.gone.put("connection")

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                if self.path == "/health":
                    self._send(200, {}, json.dumps(port.health).encode())
                else:
                    self.do_POST()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                port.requests.append((self.path, body))
                port.keys.append(self.headers.get("Authorization"))
                self._send(*port.answer(self.path, body))
                self.close_connection |= port.drop_after_answer

            def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Connection" not in headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]


@pytest.fixture
def fake() -> Iterator[FakePort]:
    port = FakePort()
    thread = threading.Thread(target=port.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield port
    port.server.shutdown()
    thread.join()
    port.server.server_close()


@pytest.fixture
def running(fake: FakePort, preheat_home: Path) -> Iterator[HttpClient]:
    write_runtime_file(port=fake.port)
    with find_running() as found:
        yield found


def write_runtime_file(**changes: Any) -> None:
    content = {"pid": os.getpid(), "host": "127.0.0.1", "port": 1, "version": "0", "started_at": 0.0, **changes}
    paths.runtime_dir().mkdir(parents=True, exist_ok=True)
    paths.runtime_file().write_text(json.dumps(content))


def stream(*events: Any, done: bool = True) -> Answer:
    content = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    return 200, {"Connection": "close"}, content + (b"data: [DONE]\n\n" if done else b"")


def text_event(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}], "usage": None}


def ended_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_nothing_runs(preheat_home: Path) -> None:
    with pytest.raises(NotRunningError) as caught:
        find_running()
    assert caught.value.hint == "Start it with: preheat serve"


RUNNING = '"pid": PID, "key": "k"'  # test ids must not depend on the process


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"pid": "x", "host": "h", "port": 1}', "\x00", "null", "[" * 100_000, " " * 2_000_000),
        *(f'{{{RUNNING}, "host": "127.0.0.1", "port": {port}}}' for port in ("1e999", "-1", "99999999999", "[]")),
        *(f'{{{RUNNING}, "host": "{host}", "port": 1}}' for host in ("a" * 1000, "\\u0000", "a\\nb", "\\ud800", "..")),
        '{"pid": 1e999, "host": "127.0.0.1", "port": 1}',
        '{"pid": 99999999999999999999999, "host": "127.0.0.1", "port": 1}',
    ],
)
def test_a_runtime_file_that_makes_no_sense_is_as_none(preheat_home: Path, content: str) -> None:
    paths.runtime_dir().mkdir(parents=True)
    paths.runtime_file().write_text(content.replace("PID", str(os.getpid())))
    with pytest.raises(NotRunningError):
        find_running()


def test_a_killed_application_is_not_running_and_its_port_is_left_alone(preheat_home: Path, fake: FakePort) -> None:
    write_runtime_file(pid=ended_pid(), port=fake.port)
    with pytest.raises(NotRunningError):
        find_running()
    assert fake.connections == 0


def test_an_application_that_lives_but_does_not_listen_is_not_running(preheat_home: Path) -> None:
    write_runtime_file(port=1)
    with pytest.raises(NotRunningError):
        find_running()


@pytest.mark.parametrize("health", [{}, {"app": "other", "pid": os.getpid()}, {"app": "preheat", "pid": 1}])
def test_another_program_on_the_port_is_told_nothing(
    preheat_home: Path, fake: FakePort, health: dict[str, Any]
) -> None:
    fake.health = health
    write_runtime_file(port=fake.port)
    with pytest.raises(NotRunningError):
        find_running()
    assert fake.requests == []


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8"),
        ("0.0.0.0", "http://127.0.0.1:8"),
        ("::", "http://[::1]:8"),
        ("::1", "http://[::1]:8"),
        ("box.local", "http://box.local:8"),
    ],
)
def test_url(host: str, url: str) -> None:
    assert HttpClient(1, host, 8).url == url


def kinds(kind: type[EngineError] = EngineError) -> list[type[EngineError]]:
    """Return Preheat's own errors, without those that other tests have declared."""
    own = [below for below in kind.__subclasses__() if below.__module__.startswith("preheat.")]
    return [kind, *(found for below in own for found in kinds(below))]


@pytest.mark.parametrize("kind", kinds())
def test_every_error_arrives_as_it_left(kind: type[EngineError]) -> None:
    sent = kind('There is no model named "a.gguf"', hint="Did you mean a.b? Or c", param="model")
    got = error_from(error_json(sent), 500, "3")
    assert (type(got), got.code, got.title, got.hint, got.param, got.retry_after_s) == (
        kind,
        kind.code,
        sent.title,
        sent.hint,
        "model",
        3.0,
    )
    assert error_from(error_json(kind("Short")), 500).title == "Short"


def test_an_error_of_a_newer_version_keeps_its_code() -> None:
    error = error_from({"error": {"message": "Too hot. Wait", "code": "too_hot"}}, 500)
    assert (type(error), error.code, error.title, error.hint) == (EngineError, "too_hot", "Too hot", "Wait")
    assert EngineError.code == "engine_error"


def test_thinking_comes_apart_from_the_text(fake: FakePort, running: HttpClient) -> None:
    thinking = {"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}, "finish_reason": None}], "usage": None}
    fake.answer = lambda path, body: stream(thinking, text_event("Yes", "stop"))
    chunks = list(running.generate("m", GenerateRequest(chat=HELLO)))
    assert [(chunk.reasoning, chunk.text) for chunk in chunks] == [("Hm.", ""), ("", "Yes")]


def test_an_answer_that_is_no_json_is_an_error(fake: FakePort, running: HttpClient) -> None:
    fake.answer = lambda path, body: (502, {}, b"<html>")
    with pytest.raises(EngineError, match="502"):
        running.status()


def test_requests_share_a_connection(fake: FakePort, running: HttpClient) -> None:
    for _ in range(3):
        running.status()
    assert (fake.connections, len(fake.requests)) == (1, 3)


def test_a_connection_that_was_closed_meanwhile_is_replaced(fake: FakePort, running: HttpClient) -> None:
    fake.drop_after_answer = True
    running.status()
    fake.gone.get(timeout=60)
    running.status()
    assert (fake.connections, len(fake.requests)) == (2, 2)


def test_a_stranger_that_took_the_port_over_is_told_nothing(fake: FakePort, running: HttpClient) -> None:
    fake.drop_after_answer = True
    running.status()
    fake.gone.get(timeout=60)
    fake.health = {"app": "other"}
    with pytest.raises(NotRunningError):
        running.call(LoadModel("secret"))
    assert len(fake.requests) == 1


def refuse_without_key(path: str, body: Any) -> Answer:
    error = {"error": {"message": "The API key is missing or wrong. Send one", "code": "invalid_api_key"}}
    return 401, {}, json.dumps(error).encode()


def test_the_key_of_the_runtime_file_is_sent(fake: FakePort, preheat_home: Path) -> None:
    write_runtime_file(port=fake.port, key="own")
    with find_running() as running:
        running.status()
    assert fake.keys == ["Bearer own"]


def test_without_a_key_the_refusal_is_the_error(fake: FakePort, running: HttpClient) -> None:
    fake.answer = refuse_without_key
    with pytest.raises(EngineError, match="API key") as caught:
        running.status()
    assert caught.value.code == "invalid_api_key"
    assert fake.keys == [None]


def test_embeddings_of_many_texts_come_in_order(fake: FakePort, running: HttpClient) -> None:
    def answer(path: str, body: Any) -> Answer:
        vectors = [base64.b64encode(struct.pack("<2f", float(text), 0.5)).decode() for text in body["input"]]
        return 200, {}, json.dumps({"data": [{"embedding": vector} for vector in vectors]}).encode()

    fake.answer = answer
    assert running.embed("m", [str(number) for number in range(600)]) == [[float(n), 0.5] for n in range(600)]
    assert [len(body["input"]) for _, body in fake.requests] == [256, 256, 88]
    assert running.embed("m", []) == []


def test_a_request_travels_in_full(fake: FakePort, running: HttpClient) -> None:
    fake.answer = lambda path, body: stream()
    sampling = Sampling(temperature=0.1, top_k=3, top_p=0.4, min_p=0.2, seed=7, penalty_last_n=5)
    chat = GenerateRequest(
        chat=chat_from_json([{"role": "user", "content": "é"}]),
        sampling=sampling,
        max_tokens=9,
        stop=("a", "b"),
        constraint=Constraint("json_schema", "{}"),
    )
    assert list(running.generate("m", chat)) == []
    assert list(running.generate("m", GenerateRequest(prompt="p", constraint=Constraint("regex", "[ab]")))) == []
    assert list(running.generate("m", GenerateRequest(prompt="p", constraint=Constraint("lark", "start: /a/")))) == []
    (chat_path, sent), (complete_path, completion), (_, grammatical) = fake.requests
    assert (chat_path, complete_path) == ("/v1/chat/completions", "/v1/completions")
    assert sent["messages"] == [{"role": "user", "content": "é"}]
    assert (sent["max_tokens"], sent["stop"], sent["seed"], sent["top_k"]) == (9, ["a", "b"], 7, 3)
    assert (sent["temperature"], sent["top_p"], sent["min_p"], sent["repeat_last_n"]) == (0.1, 0.4, 0.2, 5)
    assert sent["response_format"]["json_schema"]["schema"] == {}
    assert (completion["prompt"], completion["max_tokens"], "stop" in completion) == ("p", -1, False)
    assert (completion["regex"], grammatical["grammar"]) == ("[ab]", "start: /a/")


def test_waiting_is_told(fake: FakePort, running: HttpClient) -> None:
    _, headers, events = stream(text_event("Hi"))
    fake.answer = lambda path, body: (200, headers, b": loading m 37 %\n\n" + events)
    progress: list[str] = []
    request = GenerateRequest(chat=HELLO)
    assert [chunk.text for chunk in running.generate("m", request, progress.append)] == ["Hi"]
    assert progress == ["loading m 37 %"]


def test_a_stream_that_breaks_off_is_an_error_after_what_came(fake: FakePort, running: HttpClient) -> None:
    fake.answer = lambda path, body: stream(text_event("Hi"), done=False)
    chunks = running.generate("m", GenerateRequest(chat=HELLO))
    assert next(chunks).text == "Hi"
    with pytest.raises(EngineStoppedError):
        next(chunks)


def test_an_error_in_a_stream_is_its_kind(fake: FakePort, running: HttpClient) -> None:
    error = error_json(errors.WorkerDiedError("The worker process ended", hint="Send it again"))
    fake.answer = lambda path, body: stream(text_event("Hi"), error, done=False)
    chunks = running.generate("m", GenerateRequest(chat=HELLO))
    assert next(chunks).text == "Hi"
    with pytest.raises(errors.WorkerDiedError) as caught:
        next(chunks)
    assert caught.value.hint == "Send it again"


def test_an_answer_that_nobody_wants_any_more_ends_its_connection(fake: FakePort, running: HttpClient) -> None:
    fake.answer = lambda path, body: stream(text_event("Hi"), text_event("!"))
    chunks = running.generate("m", GenerateRequest(chat=HELLO))
    next(chunks)
    chunks.close()
    fake.gone.get(timeout=60)


def test_waiting_makes_sense_is_told(fake: FakePort, running: HttpClient) -> None:
    content = json.dumps(error_json(QueueFullError("64 requests wait", hint="Try again shortly"))).encode()
    fake.answer = lambda path, body: (503, {"Retry-After": "2"}, content)
    with pytest.raises(QueueFullError) as caught:
        running.call(LoadModel("m"))
    assert caught.value.retry_after_s == 2.0


@pytest.fixture
def real(application: Application, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    monkeypatch.setenv("PREHEAT_HOME", str(application.home))
    with find_running() as found:
        yield found


def test_real_status_and_models(real: HttpClient, application: Application) -> None:
    status = real.status()
    assert (status["pid"], status["port"]) == (application.process.pid, application.port)
    assert real.models() == [(EMBED, True, True), (CHAT, True, False)]


def test_real_embeddings(real: HttpClient) -> None:
    one, two = real.embed("all-mini", ["one", "two"])
    assert len(one) == len(two) == 384
    assert sum(number * number for number in one) == pytest.approx(1.0, abs=1e-3)
    assert real.embed(EMBED, ["one"]) == [one]


def test_real_chat(real: HttpClient) -> None:
    request = GenerateRequest(chat=HELLO, sampling=Sampling(temperature=0.0))
    chunks = list(real.generate("smol", request))
    assert "".join(chunk.text for chunk in chunks)
    assert chunks[-1].finish_reason is FinishReason.STOP
    assert all(chunk.finish_reason is None for chunk in chunks[:-1])
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.prompt_tokens > 5
    assert usage.completion_tokens >= len(chunks) - 1


def test_real_completion_ends_at_its_limit(real: HttpClient) -> None:
    # Greedy: a sampled answer may end sooner.
    request = GenerateRequest(prompt="One, two, three,", max_tokens=5, sampling=Sampling(temperature=0.0))
    chunks = list(real.generate(CHAT, request))
    assert chunks[-1].finish_reason is FinishReason.LENGTH
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5


def test_real_load_and_unload(real: HttpClient) -> None:
    assert real.call(UnloadModel("smol")).state == "cold"
    loaded = real.call(LoadModel(CHAT))
    assert (loaded.model_id, loaded.state) == (CHAT, "hot")
    assert loaded.resident_bytes > 0


def test_real_unknown_model(real: HttpClient) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        real.call(LoadModel("smoll/m2 %?#"))
    assert caught.value.hint
    with pytest.raises(ModelNotFoundError):
        list(real.generate("nothing", GenerateRequest(prompt="a")))


def test_real_answer_is_dropped_when_its_reader_stops(real: HttpClient) -> None:
    chunks = real.generate(CHAT, GenerateRequest(prompt="Once"))
    next(chunks)
    chunks.close()
    eventually(lambda: all(not model["active_requests"] for model in real.status()["models"]), "the request's end")
