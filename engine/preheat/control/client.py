"""Clients of the control API, and the one that talks to the running application over HTTP.

``http.client`` takes 28 ms to import and httpx2 79 ms, as much as everything else a script needs to embed one text.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import sys
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self, TypeVar
from urllib.parse import urlencode

from preheat import paths
from preheat._version import __version__
from preheat.control.error_answers import error_from
from preheat.errors import EngineError, EngineStoppedError, NotRunningError
from preheat.files import read_json
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control.command import Command
    from preheat.core import EngineSnapshot
    from preheat.inference import GenerateRequest, GenerationChunk, JsonObject

_ALIVE_TIMEOUT_S: Final = 5.0
"""/health answers at once, except for a second while the application starts."""

USER_AGENT: Final = f"preheat/{__version__}"
"""Client name of Preheat itself."""

_BATCH: Final = 256  # inputs an embedding request; the port takes up to 2,048 and 32 MiB
_BROKEN: Final = (OSError, http.client.HTTPException)
_SAMPLING: Final = (  # the names of both, OpenAI's form and ``Sampling``
    ["temperature", "top_k", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed"]
)
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}

OnWait = Callable[[str], None]
T = TypeVar("T")


class ModelChoice(NamedTuple):
    """Facts for the choice of a default model."""

    model_id: str
    favourite: bool
    embeddings: bool


class ControlClient(Protocol):
    """Sends commands to an engine. A context manager. Every method may block, and may be called from any thread.

    All raise the ``EngineError`` of the engine, and ``EngineStoppedError`` or ``NotRunningError`` if it has ended.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def call(self, command: Command[T]) -> T:
        """Run a command and return its result."""

    def models(self) -> list[ModelChoice]:
        """Return the known models; cheaper than ``ListModels``."""

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """Yield an answer's chunks; closing the generator drops the request.

        Args:
            on_wait: Called with the progress in words while the model loads. Any thread.
        """

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """Return the inputs' normalised vectors; waits for the model if it is not hot."""


def open_client(**settings: str) -> ControlClient:
    """Return a client of the running application, or else of an engine that starts in this process.

    Args:
        settings: For an engine of this process; see ``ScriptClient``.

    Raises:
        SettingsError: No application runs, and the settings cannot be read.
    """
    try:
        return find_running()
    except NotRunningError:
        from preheat.control.script_client import ScriptClient

        return ScriptClient(**settings)


def find_running() -> HttpClient:
    """Return a client of this user's running application.

    Raises:
        NotRunningError: None runs, or it does not answer.
    """
    try:
        content = _own_json(paths.runtime_file())
        pid, host, port = int(content["pid"]), str(content["host"]), int(content["port"])
        key = str(content.get("key", ""))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise NotRunningError(msg("not_running")) from error
    if not _is_alive(pid):
        raise NotRunningError(msg("not_running"))  # it was killed and left its file
    running = HttpClient(pid, host, port, key)
    running.check()
    return running


class HttpClient:
    """A ``ControlClient`` of the running application.

    ``EngineStoppedError`` means that it ended before its answer was complete.

    Args:
        pid: Its process.
        host: The address it listens on.
        key: The key in its runtime file.
    """

    def __init__(self, pid: int, host: str, port: int, key: str = "") -> None:
        self.pid = pid
        self.host = _LOOPBACK.get(host, host)
        self.port = port
        self._key = key
        # Idle connections; append and pop are atomic.
        self._idle: list[http.client.HTTPConnection] = []
        self._reading: set[socket.socket | None] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections; later requests use a new connection each."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @property
    def url(self) -> str:
        """Base URL without a slash at the end."""
        return base_url(self.host, self.port)

    def interrupt(self) -> None:
        """Abort the answers that other threads are reading; they raise ``EngineStoppedError``."""
        for sock in tuple(self._reading):
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Return if it answers.

        Raises:
            NotRunningError: It does not.
        """
        self._idle.append(self._connect())

    def call(self, command: Command[T]) -> T:
        """See ``ControlClient``."""
        from preheat.control.command import result_type, to_http

        method, path, query, body = to_http(command)
        url = f"/preheat/v1/{path}{'?' if query else ''}{urlencode(query)}"
        result: T = _decoded(result_type(type(command)), self._ask(method, url, body))
        return result

    def snapshots(self) -> Generator[EngineSnapshot, None, None]:
        """Yield the snapshot now and at every change, until the application ends or ``interrupt`` is called."""
        from dataclasses import replace

        from preheat.control.models import Status
        from preheat.core import ModelSnapshot

        known: dict[str, tuple[JsonObject, ModelSnapshot]] = {}  # what has not changed is not decoded again
        for status in self.events():
            snapshot = _decoded(Status, {**status, "models": []}).snapshot  # first: another version may have no models
            before, known = known, {}
            for content in status["models"]:
                entry = before.get(content["id"])
                if entry is None or entry[0] is not content:
                    entry = content, _decoded(ModelSnapshot, content)
                known[content["id"]] = entry
            yield replace(snapshot, models=tuple(model for _, model in known.values()))

    def status(self) -> JsonObject:
        """Return the status as JSON."""
        return self._ask("GET", "/preheat/v1/status")

    def events(self) -> Generator[JsonObject, None, None]:
        """Yield the status as JSON now and at every change. What has not changed is the same object as before."""
        from preheat.control.status_changes import merged

        status: JsonObject = {}
        for event in self._events("GET", "/preheat/v1/events", None, None):
            status = merged(status, event["changes"]) if "changes" in event else event
            yield status

    def models(self) -> list[ModelChoice]:
        """See ``ControlClient``."""
        return [ModelChoice(model["id"], model["favourite"], model["embeddings"]) for model in self.status()["models"]]

    def embed(self, model: str, inputs: Sequence[str]) -> list[list[float]]:
        """See ``ControlClient``."""
        vectors: list[list[float]] = []
        for start in range(0, len(inputs), _BATCH):
            batch = list(inputs[start : start + _BATCH])
            answer = self._ask("POST", "/v1/embeddings", {"model": model, "input": batch, "encoding_format": "base64"})
            vectors += (floats(base64.b64decode(item["embedding"])) for item in answer["data"])
        return vectors

    def generate(
        self, model: str, request: GenerateRequest, on_wait: OnWait | None = None
    ) -> Generator[GenerationChunk, None, None]:
        """See ``ControlClient``; ``on_wait`` is called on the calling thread, twice a second."""
        from preheat.inference import FinishReason, GenerationChunk, Usage

        path = "/v1/completions" if request.chat is None else "/v1/chat/completions"
        finish_reason = None
        for event in self._events("POST", path, _generate_body(model, request), on_wait):
            for choice in event["choices"]:
                delta = choice if request.chat is None else choice["delta"]
                text, thinking = delta.get("text") or delta.get("content"), delta.get("reasoning_content")
                if text or thinking:
                    yield GenerationChunk(text or "", reasoning=thinking or "")
                if choice["finish_reason"] is not None:
                    finish_reason = FinishReason(choice["finish_reason"])
            if (usage := event.get("usage")) is not None:
                cached = usage["prompt_tokens_details"]["cached_tokens"]
                counted = Usage(usage["prompt_tokens"], usage["completion_tokens"], cached)
                yield GenerationChunk("", finish_reason=finish_reason, usage=counted)

    def _ask(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        with self._answer(method, path, body) as response:
            return _parsed(_read(response.read))

    def _events(self, method: str, path: str, body: JsonObject | None, on_wait: OnWait | None) -> Iterator[JsonObject]:
        with self._answer(method, path, body) as response:
            while line := _read(response.readline):
                if line.startswith(b": ") and on_wait is not None:
                    on_wait(line[2:].decode("utf-8", "replace").strip())
                elif line.startswith(b"data: [DONE]"):
                    _read(response.read)  # to its end, so that the connection can be reused
                    return
                elif line.startswith(b"data: "):
                    event: JsonObject = json.loads(line[6:])
                    if "error" in event:
                        raise error_from(event, response.status)
                    yield event
            raise EngineStoppedError(msg("answer_incomplete"))

    @contextmanager
    def _answer(self, method: str, path: str, body: JsonObject | None) -> Iterator[http.client.HTTPResponse]:
        """Send a request and yield its answer; the connection is kept if the answer is read to its end.

        Raises:
            EngineError: The answer is an error.
        """
        sock = None
        connection, response = self._send(method, path, body)
        try:
            sock = connection.sock
            self._reading.add(sock)
            if response.status >= 400:
                raise error_from(_parsed(_read(response.read)), response.status, response.headers.get("Retry-After"))
            yield response
        finally:
            self._reading.discard(sock)
            if response.isclosed() and not response.will_close and not self._closed:
                self._idle.append(connection)
            else:
                response.close()  # if the port ends the connection, the answer owns the socket
                connection.close()

    def _send(
        self, method: str, path: str, body: JsonObject | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"User-Agent": USER_AGENT}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        content = None if body is None else json.dumps(body).encode()
        while self._idle:
            connection = self._idle.pop()
            try:
                connection.request(method, path, content, headers)
                return connection, connection.getresponse()
            except _BROKEN:
                connection.close()  # it was idle too long
        connection = self._connect()
        try:
            connection.request(method, path, content, headers)
            return connection, connection.getresponse()
        except _BROKEN as error:
            connection.close()
            raise EngineStoppedError(msg("answer_incomplete")) from error

    def _connect(self) -> http.client.HTTPConnection:
        """Return a new connection to the right application.

        Raises:
            NotRunningError: It has ended. Another program may have its port, and must see neither prompts nor keys.
        """
        try:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=_ALIVE_TIMEOUT_S)
        except http.client.HTTPException as error:
            raise NotRunningError(msg("not_running")) from error
        try:
            connection.connect()
            connection.request("GET", "/health")
            answer = _parsed(connection.getresponse().read())
        except (*_BROKEN, ValueError, ArithmeticError) as error:  # the latter for a malformed address
            connection.close()
            raise NotRunningError(msg("not_running")) from error
        if answer.get("app") != "preheat" or answer.get("pid") != self.pid:
            connection.close()
            raise NotRunningError(msg("not_running"))
        connection.auto_open = 0  # or it would reopen unchecked
        connection.sock.settimeout(None)  # a load may take minutes
        return connection


def base_url(host: str, port: int) -> str:
    """Return the URL at which a program on this machine reaches a port that listens at ``host``."""
    name = _LOOPBACK.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def floats(vector: bytes) -> list[float]:
    """Return a vector's 32-bit little-endian floats as numbers."""
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _generate_body(model: str, request: GenerateRequest) -> JsonObject:
    """Return the request in OpenAI's form."""
    from preheat.inference import Constraint, message_to_json

    sampling = request.sampling
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": -1 if request.max_tokens is None else request.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        "repeat_last_n": sampling.penalty_last_n,
        **{name: getattr(sampling, name) for name in _SAMPLING},
    }
    if request.stop:
        body["stop"] = list(request.stop)
    match request.constraint:
        case Constraint("json_schema", text):
            schema = {"name": "answer", "schema": json.loads(text)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        case Constraint(kind, text):
            body["regex" if kind == "regex" else "grammar"] = text
    if request.chat is None:
        return {**body, "prompt": request.prompt}
    return {**body, "messages": [message_to_json(message) for message in request.chat.messages]}


def _decoded(kind: type[T], content: JsonObject) -> T:
    """Return a result.

    Raises:
        EngineError: Another version sent it.
    """
    from preheat.control.codec import decode

    try:
        return decode(kind, content)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(msg("other_version", version=content.get("version", "unknown"))) from error


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except _BROKEN as error:
        raise EngineStoppedError(msg("answer_incomplete")) from error


def _parsed(content: bytes) -> JsonObject:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _own_json(path: Path) -> Any:
    """Return a file of this user; raises OSError for another user's, who would receive the requests, or ValueError."""
    user = os.geteuid() if sys.platform != "win32" else None
    if user and path.stat().st_uid != user:
        raise PermissionError(path)
    return read_json(path)


def _is_alive(pid: int) -> bool:
    # Only asking the port would take seconds on Windows.
    if sys.platform == "win32":
        import psutil

        return psutil.pid_exists(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OverflowError):
        return False  # or another user's program has got its number
    return True
