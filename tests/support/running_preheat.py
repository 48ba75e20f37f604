"""Runs a real Preheat for tests on its own port, started like a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple

import openai
import psutil

from bug_watch import bugs_of
from processes import maps, wait_until_gone, workers_of

CHAT = "smollm2-135m-instruct.q4_1"
EMBEDDING = "all-minilm-l6-v2.q8_0"
START_TIMEOUT_S = 60.0
EXIT_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 120.0


def wait_until(condition: Callable[[], Any], timeout_s: float = START_TIMEOUT_S) -> Any:
    """Return the condition's value once it is true; fail after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true after {timeout_s} s: {condition}"
        time.sleep(0.02)
    return value


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    body: Any  # of JSON; None if it is empty
    headers: Message[str, str]


@dataclass
class Preheat:
    """A running ``preheat serve``."""

    process: subprocess.Popen[bytes]
    home: Path
    port: int
    clients: ExitStack = field(default_factory=ExitStack, init=False)
    """Closes what ``client`` returned. A client left to Python's collector would fail whichever test runs then."""

    @property
    def own_headers(self) -> dict[str, str]:
        """Headers that prove a request to be this user's own."""
        key = json.loads((self.home / "runtime" / "engine.json").read_text())["key"]
        return {"Authorization": f"Bearer {key}"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options: Any) -> openai.OpenAI:
        """Return a client that is closed when Preheat ends."""
        client = openai.OpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0, **options)
        self.clients.callback(client.close)
        return client

    def async_client(self, **options: Any) -> openai.AsyncOpenAI:
        """Return a client that the caller closes."""
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0, **options)

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/preheat/v1/status", timeout=60) as response:
            status: dict[str, Any] = json.load(response)
            return status

    def model(self, model_id: str) -> dict[str, Any]:
        return next(model for model in self.status()["models"] if model["id"] == model_id)

    def wait_hot(self, *model_ids: str) -> None:
        wait_until(lambda: all(self.model(model_id)["state"] == "hot" for model_id in model_ids))

    def post(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}{path}", method="POST", data=b"")
        with urllib.request.urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request, with ``body`` as JSON if it is not None. Errors are answers, too."""
        data = None if body is None else json.dumps(body).encode()
        json_type = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data, {**json_type, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:
                return Answer(answer.status, json.loads(answer.read() or b"null"), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, json.loads(error.read() or b"null"), error.headers)

    def empty_cache(self, model_id: str) -> None:
        """Unload the model: its next request finds an empty KV cache.

        llama.cpp's attention rounds differently when other conversations fill the cache, so that only a model in the
        same state repeats a text exactly.
        """
        assert self.post(f"/preheat/v1/models/{model_id}/unload")["state"] == "cold"

    def workers(self) -> list[psutil.Process]:
        return workers_of(self.process.pid)

    def worker_of(self, model: Path) -> psutil.Process:
        """Wait for a worker that maps this model's file, and return it."""
        found: list[psutil.Process] = wait_until(lambda: [each for each in self.workers() if maps(each, model)])
        return found[0]


@contextmanager
def running_preheat(
    home: Path, *models_dirs: Path, options: tuple[str, ...] = (), **settings: str
) -> Iterator[Preheat]:
    """Run ``preheat serve`` on a free port until the block ends; it must then end without leaving processes."""
    environment = {**os.environ, "PREHEAT_HOME": str(home)}
    environment |= {f"PREHEAT_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "preheat", "serve", "--port", "0", *options]
    for folder in models_dirs:
        command += ["--models-dir", str(folder)]
    runtime_file = home / "runtime" / "engine.json"
    with (home / "serve.out").open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _written_by(process.pid, runtime_file) or process.poll() is not None)
        assert process.poll() is None, (home / "serve.out").read_text()
        preheat = Preheat(process, home, json.loads(runtime_file.read_text())["port"])
        wait_until(lambda: _answers(preheat) or process.poll() is not None)
        with preheat.clients:
            yield preheat
    finally:
        if process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait(EXIT_TIMEOUT_S)
            wait_until_gone(children)
    assert bugs_of(home) == []


def _written_by(pid: int, runtime_file: Path) -> bool:
    """Return whether the file is that of this process: a killed one may have left another."""
    return runtime_file.exists() and json.loads(runtime_file.read_text())["pid"] == pid


def _answers(preheat: Preheat) -> bool:
    try:
        with urllib.request.urlopen(f"{preheat.url}/health", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False
