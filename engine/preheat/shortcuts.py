"""One call from a script: ``embed``, ``chat`` and ``complete``, without asyncio. Any thread.

They use the running application. Without one, the first call starts an engine in this process, which ends with it.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, Unpack, overload

from preheat.control import ControlClient, HttpClient, ModelChoice, find_running
from preheat.errors import EngineStoppedError, InvalidRequestError, ModelNotFoundError, NotRunningError

if TYPE_CHECKING:
    from preheat.control import ScriptClient
    from preheat.inference import GenerateRequest, JsonObject

T = TypeVar("T")

COMPLETE_MAX_TOKENS: Final = 256
"""Most models continue a plain text without ever ending it."""

_RANGES: Final = {
    "max_tokens": (int, 1, 2**31 - 1),
    "temperature": (float, 0, 2),
    "top_k": (int, 0, 2**31 - 1),
    "top_p": (float, 0, 1),
    "min_p": (float, 0, 1),
    "repetition_penalty": (float, 0.01, 10),
    "presence_penalty": (float, -2, 2),
    "frequency_penalty": (float, -2, 2),
    "seed": (int, 0, 2**32 - 2),
}


class Options(TypedDict, total=False):
    """Generation options; missing ones, or None, take the model's defaults. See ``Sampling``."""

    max_tokens: int | None  # maximum length of the answer
    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    repetition_penalty: float | None
    presence_penalty: float | None
    frequency_penalty: float | None
    seed: int | None  # the same seed, prompt and options give the same text
    stop: str | Sequence[str] | None  # stop before this text, or any of these; it does not appear in the answer
    # a JSON schema that the answer follows; the answer is then JSON. For ``chat`` only.
    json_schema: dict[str, Any] | None


@overload
def embed(text: str, model: str | None = None) -> list[float]: ...
@overload
def embed(text: list[str] | tuple[str, ...], model: str | None = None) -> list[list[float]]: ...
def embed(text: str | list[str] | tuple[str, ...], model: str | None = None) -> list[float] | list[list[float]]:
    """Return the normalised embedding of a text, or those of several texts, in their order.

    Args:
        text: One text or several. Several in one call are much faster than one call each.
        model: A model's id or a unique prefix of it; None takes the favourite embedding model, else the first one.

    Raises:
        ModelNotFoundError: No such model.
        UnsupportedOperationError: The model generates text.
        EngineError: Another reason; see ``preheat.errors``.
    """
    texts = [text] if isinstance(text, str) else list(text)
    if not texts:
        return []
    vectors = _ask(lambda client: client.embed(model or default_model(client.models(), embeddings=True), texts))
    return vectors[0] if isinstance(text, str) else vectors


def chat(message: str | Sequence[JsonObject], model: str | None = None, **options: Unpack[Options]) -> str:
    """Return a model's answer to a message, or to a whole chat.

    Args:
        message: The user's message; or the messages of a chat in OpenAI's form, ``{"role": ..., "content": ...}``.
        model: A model's id or a unique prefix of it; None takes the favourite text model, else the first one.
        options: See ``Options``.

    Raises:
        InvalidRequestError: An option or message has a wrong value.
        ModelNotFoundError: No such model.
        UnsupportedOperationError: The model makes embeddings.
        EngineError: Another reason; see ``preheat.errors``.
    """
    messages = ({"role": "user", "content": message},) if isinstance(message, str) else tuple(message)
    return _generate(chat_request(messages, options), model)


def complete(prompt: str, model: str | None = None, **options: Unpack[Options]) -> str:
    """Return a model's continuation of a text; without ``max_tokens``, of ``COMPLETE_MAX_TOKENS`` at most.

    Arguments and errors are those of ``chat``.
    """
    return _generate(complete_request(prompt, options), model)


def chat_request(messages: Sequence[JsonObject], options: Options) -> GenerateRequest:
    """Return the request that continues a chat; raises InvalidRequestError for a wrong option."""
    import json

    from preheat.inference import Constraint, GenerateRequest, chat_from_json

    if not messages:
        raise InvalidRequestError("message: there is none", param="message")
    try:
        chat = chat_from_json(messages)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRequestError(
            "message: one is malformed", hint="Each has a role and content: text", param="message"
        ) from error
    schema = options.get("json_schema")
    constraint = None if schema is None else Constraint("json_schema", json.dumps(schema))
    return GenerateRequest(chat=chat, constraint=constraint, **_common(options))


def complete_request(prompt: str, options: Options) -> GenerateRequest:
    """Return the request that continues a text; raises InvalidRequestError for a wrong option."""
    from preheat.inference import GenerateRequest

    if options.get("json_schema") is not None:
        raise InvalidRequestError("json_schema: only chat follows one", hint="Use chat instead", param="json_schema")
    common = _common(options)
    return GenerateRequest(prompt=prompt, **{**common, "max_tokens": common["max_tokens"] or COMPLETE_MAX_TOKENS})


def _common(options: Options) -> dict[str, Any]:
    """Return the arguments of both kinds of request. Checked here, because the process's own engine does not."""
    from preheat.inference import Sampling

    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"unknown option {min(unknown)!r}; there are: {', '.join(Options.__annotations__)}")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    given.pop("json_schema", None)
    for name, (kind, low, high) in _RANGES.items():
        value = given.get(name, low)
        right_kind = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
        if not right_kind or not low <= value <= high:
            raise InvalidRequestError(
                f"{name}: {value!r} is not possible",
                hint=f"It is {'a whole' if kind is int else 'a'} number from {low} to {high}",
                param=name,
            )
    stop, max_tokens = given.pop("stop", ()), given.pop("max_tokens", None)
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    return {"max_tokens": max_tokens, "stop": stops, "sampling": Sampling(**given)}


def default_model(models: Iterable[ModelChoice], *, embeddings: bool) -> str:
    """Return a favourite of this kind, else the first model of this kind; raises ModelNotFoundError."""
    fitting = [model for model in models if model.embeddings is embeddings]
    if not fitting:
        raise ModelNotFoundError(
            f"There is no model that {'makes embeddings' if embeddings else 'writes text'}",
            hint="Get one: preheat catalogue suggests some, preheat pull fetches them",
            param="model",
        )
    return min(fitting, key=lambda model: (not model.favourite, model.model_id)).model_id


class Session:
    """The application or engine that this process uses, kept between calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: HttpClient | None = None
        self._own: ScriptClient | None = None

    @property
    def has_engine(self) -> bool:
        """Whether this process runs its own engine."""
        return self._own is not None

    def running(self) -> HttpClient | None:
        """Return the running application, if there is one and this process has no engine."""
        with self._lock:
            if self._own is None and self._running is None:
                try:
                    self._running = find_running()
                except NotRunningError:
                    return None
            return self._running

    def lose(self, running: HttpClient) -> None:
        """Forget an application that has ended."""
        with self._lock:
            if self._running is running:
                self._running = None
        running.close()

    def own(self) -> ScriptClient:
        """Return this process's own engine; the first call starts it."""
        with self._lock:
            if self._own is None:
                from preheat.control import ScriptClient

                self._own = ScriptClient()
            return self._own

    def close(self) -> None:
        """Close the connection and end the engine."""
        with self._lock:
            clients = (self._running, self._own)
            self._running = self._own = None
        for client in clients:
            if client is not None:
                client.close()

    def drop_after_fork(self) -> None:
        """Start over in a forked child, which cannot use the parent's engine and connections."""
        self._lock = threading.Lock()  # another thread may have held it
        if self._own is not None:
            self._own.drop_after_fork()
            _parents.append(self._own)
            self._own = None
        self.close()


session: Final = Session()
_parents: Final[list[ScriptClient]] = []  # engines of parent processes: destroying them would touch their loops
atexit.register(session.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=session.drop_after_fork)


def _ask(work: Callable[[ControlClient], T]) -> T:
    """Do the work with the running application; without one, or if it ends meanwhile, with an own engine."""
    running = session.running()
    if running is not None:
        try:
            return work(running)
        except (NotRunningError, EngineStoppedError):
            session.lose(running)
    return work(session.own())


def _generate(request: GenerateRequest, model: str | None) -> str:
    def text(client: ControlClient) -> str:
        chosen = model or default_model(client.models(), embeddings=False)
        return "".join(chunk.text for chunk in client.generate(chosen, request))

    return _ask(text)
