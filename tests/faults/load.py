"""Clients that ask a running Preheat at random, and check that each request ends exactly once."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from running_preheat import CHAT, EMBEDDING

TIMEOUT_S: Final = 90.0
"""Longest time to the end of a request: a hung worker is found after 12 s, and its model is loaded again."""

CUT: Final = "cut"
"""Outcome of a request whose connection was closed: its engine was killed."""

LEFT: Final = "left"
"""Outcome of a request whose client left on purpose."""


@dataclass
class Endings:
    """How requests ended. Any thread.

    Attributes:
        outcomes: Requests by outcome: ``answered``, ``left``, ``cut``, or an error's code.
        problems: What must not happen.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        return f"{self.outcomes.total()} requests: {counts}"


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    body: dict[str, Any] | None  # None is GET
    leave_after: int | None = None  # the client leaves after so many lines of the answer

    @property
    def streams(self) -> bool:
        return self.body is not None and bool(self.body.get("stream"))


def random_ask(dice: random.Random) -> Ask:
    """Return a request of any protocol, mostly small."""
    kind = dice.randrange(9)
    words = " ".join(dice.choices(["one", "two", "three", "four"], k=dice.choice([1, 5, 40, 300])))
    if kind <= 1:
        texts = [f"{words} {number}" for number in range(dice.choice([1, 3, 16]))]
        return Ask("/v1/embeddings", {"model": EMBEDDING, "input": texts})
    if kind == 2:
        return Ask(dice.choice(["/health", "/v1/models", "/api/ps", "/preheat/v1/status", "/metrics"]), None)
    body: dict[str, Any] = {"model": CHAT, "messages": [{"role": "user", "content": words}]}
    tokens = dice.choice([1, 8, 24, 64])
    if kind == 3:
        body |= {"options": {"num_predict": tokens}, "stream": dice.random() < 0.5}
        return Ask("/api/chat", body)
    if kind == 4:
        body |= {"max_tokens": tokens, "response_format": {"type": "json_object"}}
    body |= {"max_tokens": tokens, "stream": kind >= 6}
    return Ask("/v1/chat/completions", body, dice.randrange(5) if kind == 8 else None)


class Clients:
    """Threads that ask until they are stopped.

    Args:
        port: Where Preheat listens.
        count: Number of clients.
        seed: Decides what they ask.
        pause_s: Longest pause between two requests of a client, in seconds.
    """

    def __init__(self, port: int, count: int, seed: int, endings: Endings, pause_s: float = 0.2) -> None:
        self._port = port
        self._endings = endings
        self._pause_s = pause_s
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(f"{seed}-{number}"),)) for number in range(count)
        ]
        self.engine_killed = False
        """Set before the engine is killed: connections may be cut then."""

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT_S)
            if thread.is_alive():
                self._endings.problems.append("a request did not end")

    def _run(self, dice: random.Random) -> None:
        while not self._stopped.wait(dice.random() * self._pause_s):
            ask = random_ask(dice)
            began = time.monotonic()
            try:
                outcome = send(self._port, ask)
            except (OSError, http.client.HTTPException) as error:
                outcome = CUT
                if not self.engine_killed:
                    self._endings.problems.append(
                        f"{ask.path} was cut after {time.monotonic() - began:.1f} s: {error!r}"
                    )
            except AssertionError as error:
                outcome = "malformed"
                self._endings.problems.append(f"{ask.path}: {error}")
            self._endings.outcomes[outcome] += 1
            if self.engine_killed:
                return


def send(port: int, ask: Ask) -> str:
    """Send a request; return its outcome.

    Raises:
        OSError, HTTPException: The connection was cut.
        AssertionError: The answer is malformed, or goes on after its end.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        content = json.dumps(ask.body).encode() if ask.body is not None else None
        headers = {"Content-Type": "application/json"} if content else {}
        connection.request("GET" if content is None else "POST", ask.path, content, headers)
        answer = connection.getresponse()
        if answer.status >= 400:
            return _code(answer.read())
        if not ask.streams:
            if answer.headers.get_content_type() == "application/json":
                json.loads(answer.read())
            else:
                answer.read()
            return "answered"
        return _stream_outcome(answer, ask)
    finally:
        connection.close()


def _stream_outcome(answer: http.client.HTTPResponse, ask: Ask) -> str:
    ends: list[str] = []
    for number, line in enumerate(answer):
        if ask.leave_after is not None and number >= ask.leave_after:
            return LEFT
        text = line.decode().strip()
        if not text or text.startswith(":"):
            continue
        if text == "data: [DONE]":
            ends.append("answered")
            continue
        event = json.loads(text.removeprefix("data: "))
        if "error" in event:
            ends.append(_code(json.dumps(event).encode()))
        elif event.get("done") is True:
            ends.append("answered")
    if not ends:
        raise http.client.HTTPException("the stream ended early")
    # OpenAI's streams end with [DONE] after an error, too.
    kinds = [end for end in ends if end != "answered"] or ends
    assert len(kinds) == 1, f"a stream ended with {ends}"
    return kinds[0]


def _code(body: bytes) -> str:
    content = json.loads(body)
    error = content["error"]
    code = content.get("code") if isinstance(error, str) else error.get("code")
    assert isinstance(code, str), f"an error without a code: {body[:200]!r}"
    return code
