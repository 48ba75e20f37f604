"""A Preheat that runs in a chroot, and requests to it from outside: the network is the same."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from linux.chroot import Chroot

T = TypeVar("T")

CHAT: Final = "smollm2-135m-instruct.q4_1"
EMBEDDING: Final = "all-minilm-l6-v2.q8_0"
_POLL_S: Final = 0.02
_REQUEST_S: Final = 180.0


def wait_for(what: str, condition: Callable[[], T | None], timeout_s: float = 120.0) -> T:
    """Return the condition's value once it is true.

    Raises:
        AssertionError: It was not within ``timeout_s``.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(_POLL_S)
    return value


@dataclass
class RunningPreheat:
    """The address of a running Preheat, and what it was started with."""

    pid: int
    port: int
    key: str
    started_at: float

    def get(self, path: str) -> Any:
        """Return the JSON of a path."""
        return self._ask(path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post JSON, and return the JSON of the answer."""
        return self._ask(path, body)

    def chat(self, text: str, max_tokens: int = 16) -> str:
        """Return the model's answer."""
        body = {"model": CHAT, "messages": [{"role": "user", "content": text}], "max_tokens": max_tokens}
        return str(self.post("/v1/chat/completions", body)["choices"][0]["message"]["content"])

    def embed(self, text: str) -> list[float]:
        """Return the embedding of a text."""
        answer = self.post("/v1/embeddings", {"model": EMBEDDING, "input": text})
        return list(answer["data"][0]["embedding"])

    def state(self, model: str) -> str:
        """Return the state of a model, such as ``hot``."""
        models = self.get("/preheat/v1/models")
        return next((str(each["state"]) for each in models["models"] if each["id"] == model), "")

    def stream(self, text: str, max_tokens: int) -> Stream:
        """Begin a streaming request, and return it after its first words."""
        return Stream(self, text, max_tokens)

    def request(self, path: str, body: dict[str, Any] | None) -> urllib.request.Request:
        """Return a request that proves to be the user's own."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        return urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)

    def _ask(self, path: str, body: dict[str, Any] | None) -> Any:
        with urllib.request.urlopen(self.request(path, body), timeout=_REQUEST_S) as answer:
            return json.load(answer)


class Stream:
    """A streaming chat, read on a thread of its own."""

    def __init__(self, preheat: RunningPreheat, text: str, max_tokens: int) -> None:
        self.tokens = 0
        self.ending = ""  # why it ended; empty while it runs
        body = {"model": CHAT, "messages": [{"role": "user", "content": text}], "max_tokens": max_tokens}
        self._request = preheat.request("/v1/chat/completions", {**body, "stream": True})
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_for("the first words of a stream", lambda: self.tokens or self.ending)

    def finish(self) -> str:
        """Wait for the end, and return its reason: ``length`` or ``stop`` if the answer is complete."""
        self._thread.join(_REQUEST_S)
        return self.ending

    def _read(self) -> None:
        reason, done = "", False
        try:
            with urllib.request.urlopen(self._request, timeout=_REQUEST_S) as answer:
                for line in answer:
                    data = line.decode().strip().removeprefix("data: ")
                    if data == "[DONE]":
                        done = True
                    elif data:
                        choice = json.loads(data)["choices"][0]
                        self.tokens += bool(choice["delta"].get("content"))
                        reason = choice.get("finish_reason") or reason
        except (OSError, LookupError, ValueError) as error:
            self.ending = f"broken off: {error!r}"
            return
        self.ending = reason if done else "no [DONE]"


def running(chroot: Chroot, user: str, *, not_before: float = 0.0) -> RunningPreheat:
    """Return the user's Preheat once it has its port.

    Args:
        not_before: The earliest start, to tell it from one that is ending; in seconds since 1970.
    """
    file = chroot.inside(f"{chroot.homes[user]}/.cache/preheat/runtime/engine.json")

    def read() -> RunningPreheat | None:
        with suppress(OSError, ValueError):
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["started_at"] >= not_before and Path(f"/proc/{found['pid']}").exists():
                return RunningPreheat(found["pid"], found["port"], found["key"], found["started_at"])
        return None

    return wait_for("the port of Preheat", read)


@contextmanager
def started(chroot: Chroot, user: str, *command: str, log: Path, **environ: str) -> Iterator[RunningPreheat]:
    """Run a command that is or becomes Preheat until the block ends."""
    begin = time.time()
    with log.open("ab") as output:
        process = chroot.start(*command, user=user, output=output, environ=environ)
        try:
            yield running(chroot, user, not_before=begin)
        except BaseException:
            print(log.read_text(errors="replace")[-3000:])
            raise
        finally:
            process.terminate()
            process.wait(60)


def is_running(pid: int) -> bool:
    """Return whether a process exists, and is no zombie."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def program(pid: int) -> str:
    """Return the file name of the program that a process runs."""
    return os.path.basename(os.readlink(f"/proc/{pid}/exe"))  # noqa: PTH115, PTH119 - a link of the kernel's
