"""Frames between the engine and a worker, over the worker's stdin and stdout.

A frame is two 32-bit big-endian lengths, then JSON (``[name, [fields]]``), then raw bytes: embedding vectors, images,
long inputs. The classes below are the whole protocol. They are tuples, because dataclasses delay the start of a worker
by 5 ms.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeGuard, Union, get_args, get_origin, get_type_hints

from preheat.errors import (
    ChatTemplateError,
    ChatTemplateTooSlowError,
    ChatTemplateUnavailableError,
    ContextLengthExceededError,
    EngineError,
    InsufficientMemoryError,
    InternalError,
    InvalidRequestError,
    ModelLoadError,
    UnsupportedOperationError,
)
from preheat.inference import Chat, GenerateRequest, GenerationChunk, LoadOptions, LoadStages, ModelInfo, Priority
from preheat.messages import Message, message_from_json, message_json

MAX_FRAME_BYTES: Final = 1 << 30
"""A longer frame means that the stream is out of step."""

_REQUEST: Final = re.compile(rb'\["(?:Generate|Embed|Tokenize|Detokenize)",\[(\d+)')
_HEADER: Final = struct.Struct(">II")

_encode_plain: Final = json.JSONEncoder(separators=(",", ":")).encode

_RAW_BYTES: Final = 4096
"""From this length on, bytes and inputs are not written as JSON, which takes several times their memory."""

_MARK_BYTES: Final = 8


class Load(NamedTuple):
    """Load a model; the first frame to a worker."""

    options: LoadOptions


class HoldLoad(NamedTuple):
    """Pause a running load, or resume it."""

    hold: bool


class HurryLoad(NamedTuple):
    """A request waits for the running load: leave out what only makes the model ready ahead of requests."""


class Generate(NamedTuple):
    """Start a generation; answered by chunks in ``Step`` frames."""

    id: int
    request: GenerateRequest


class Embed(NamedTuple):
    """Embed texts or token ids; answered by ``Embedded``."""

    id: int
    inputs: Sequence[str | Sequence[int]]
    priority: Priority = Priority.INTERACTIVE
    client: str = ""


class Tokenize(NamedTuple):
    """Tokenize a text or a chat's prompt; answered by ``Tokens``."""

    id: int
    text: str | None
    chat: Chat | None = None
    add_special: bool = True
    parse_special: bool = True
    client: str = ""


class Detokenize(NamedTuple):
    """Turn token ids into text; answered by ``Detokenized``."""

    id: int
    tokens: Sequence[int]
    client: str = ""


class SavePrefixes(NamedTuple):
    """Store the prompts in the slots, as far as that is worth it and done in time; answered by ``PrefixesSaved``.

    ``hands_over``: another worker takes over now, so that short ones are worth it, too.
    """

    within_s: float
    hands_over: bool = False


class Cancel(NamedTuple):
    """Drop a request; it gets no further answer."""

    id: int


class Ping(NamedTuple):
    """Ask for a ``Pulse``."""


class Pulse(NamedTuple):
    """What the worker is doing: kind and id of each piece of work, and how many signs of progress it has shown."""

    works: Sequence[tuple[str, int, int]]


class Ready(NamedTuple):
    """The worker has started and can load."""


class Progress(NamedTuple):
    """Bytes of the model files in memory so far."""

    done_bytes: int
    total_bytes: int


class Loaded(NamedTuple):
    """Weights and context are in memory; the probe begins."""

    info: ModelInfo


class Probed(NamedTuple):
    """The model is hot."""

    stages: LoadStages


class Warned(NamedTuple):
    """The model is or becomes hot, but cannot do everything that its file promises."""

    warning: EngineError


class PrefixRestored(NamedTuple):
    """A stored beginning of prompts is back in a slot, as the load asked for.

    ``id`` is its key (see ``Usage.prefix``), ``tier`` is where it was: ``memory`` or ``disk``.
    """

    id: str
    tokens: int
    tier: str


class PrefixesSaved(NamedTuple):
    """What ``SavePrefixes`` has stored."""

    blocks: int = 0
    bytes: int = 0


class LoadFailed(NamedTuple):
    """The load failed; the worker exits."""

    error: EngineError


class Step(NamedTuple):
    """The output of one decode step: (request id, chunk) for each request that has any.

    In JSON, a chunk of text is that text.
    """

    chunks: Sequence[tuple[int, GenerationChunk]]


class Embedded(NamedTuple):
    """The vectors of one ``Embed``, one after the other, as 32-bit floats."""

    id: int
    dimensions: int
    prompt_tokens: int
    vectors: bytes


class Tokens(NamedTuple):
    """The token ids of one ``Tokenize``."""

    id: int
    tokens: Sequence[int]


class Detokenized(NamedTuple):
    """The text of one ``Detokenize``, and the bytes of each token."""

    id: int
    text: str
    pieces: Sequence[bytes]


class Failed(NamedTuple):
    """A request failed."""

    id: int
    error: EngineError


Request: TypeAlias = Generate | Embed | Tokenize | Detokenize
ToWorker: TypeAlias = Load | HoldLoad | HurryLoad | Request | Cancel | SavePrefixes | Ping
FromWorker: TypeAlias = (
    Ready
    | Progress
    | Loaded
    | Probed
    | Warned
    | LoadFailed
    | PrefixRestored
    | PrefixesSaved
    | Step
    | Embedded
    | Tokens
    | Detokenized
    | Failed
    | Pulse
)
Frame: TypeAlias = ToWorker | FromWorker

_TYPES: Final[Mapping[str, Any]] = {kind.__name__: kind for kind in get_args(Frame)}
_ERRORS: Final = {
    error.code: error
    for error in (
        ChatTemplateError,
        ChatTemplateTooSlowError,
        ChatTemplateUnavailableError,
        ContextLengthExceededError,
        InsufficientMemoryError,
        InternalError,
        InvalidRequestError,
        ModelLoadError,
        UnsupportedOperationError,
    )
}
"""Errors of workers that keep their class; others arrive as ``EngineError``."""


def client_of(frame: Request) -> str:
    """Return the name of the client of a request."""
    return frame.request.client if isinstance(frame, Generate) else frame.client


class Unreadable(NamedTuple):
    """A request of which the reader has no memory or stack for the content."""

    id: int
    error: Exception


class ProtocolError(Exception):
    """The stream is not made of frames."""


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of one frame."""
    # First the frequent ones, which need no ``_RawWriter``.
    if isinstance(frame, Step) and all(chunk.is_text for _, chunk in frame.chunks):
        texts = [(request_id, chunk.text) for request_id, chunk in frame.chunks]
        body = _encode_plain(["Step", [texts]]).encode()
        return _HEADER.pack(len(body), 0) + body
    if isinstance(frame, Embedded):
        body = _encode_plain(["Embedded", frame[:-1]]).encode()
        return b"".join((_HEADER.pack(len(body), len(frame.vectors)), body, frame.vectors))
    if isinstance(frame, Embed) and not any(map(_is_long_text, frame.inputs)):
        body = _encode_plain(["Embed", frame]).encode()
        return _HEADER.pack(len(body), 0) + body
    raw = _RawWriter()
    content: tuple[Any, ...] = frame
    if isinstance(frame, Step):
        content = ([(request_id, chunk.text if chunk.is_text else chunk) for request_id, chunk in frame.chunks],)
    elif isinstance(frame, Embed):
        inputs = [_LongText(each) if _is_long_text(each) else each for each in frame.inputs]
        content = frame._replace(inputs=inputs)  # type: ignore[arg-type]  # ``_RawWriter`` knows long texts
    body = json.dumps([type(frame).__name__, content], default=raw.to_json, separators=(",", ":")).encode()
    return b"".join((_HEADER.pack(len(body), sum(map(len, raw.parts))), body, *raw.parts))


class FrameDecoder:
    """Cuts a byte stream, fed in any pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame | Unreadable]:
        """Yield the frames that ``data`` completes; raises ProtocolError."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            body_bytes, raw_bytes = _HEADER.unpack_from(self._buffer)
            start, end = _HEADER.size + body_bytes, _HEADER.size + body_bytes + raw_bytes
            if end > MAX_FRAME_BYTES:
                raise ProtocolError(f"a frame of {end} bytes")
            if len(self._buffer) < end:
                return
            body, raw = bytes(self._buffer[_HEADER.size : start]), bytes(self._buffer[start:end])
            del self._buffer[:end]
            yield _decode(body, raw)


def _decode(body: bytes, raw: bytes) -> Frame | Unreadable:
    try:
        # As text: ``json`` would look for its encoding.
        has_marks = raw and not body.startswith(b'["Embedded"')
        name, content = json.loads(body.decode(), object_hook=_raw_reader(raw) if has_marks else None)
        frame: Frame
        if name == "Step":
            frame = Step(tuple([(request_id, _read_chunk(chunk)) for request_id, chunk in content[0]]))
        elif name == "Embedded":
            frame = Embedded._make([*content, raw])
        else:
            frame = _reader(_TYPES[name])(content)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProtocolError(f"a frame that cannot be read: {error!r}") from error
    except (MemoryError, RecursionError) as error:
        request = _REQUEST.match(body)
        if request is None:
            raise
        return Unreadable(int(request[1]), error)
    return frame


def _read_chunk(content: Any) -> GenerationChunk:
    if isinstance(content, str):
        return GenerationChunk(content)
    chunk: GenerationChunk = _reader(GenerationChunk)(content)
    return chunk


def _is_long_text(value: str | Sequence[int]) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) >= _RAW_BYTES


class _LongText:
    """A text that is written as raw bytes."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "replace")


class _RawWriter:
    """Turns values into JSON and raw bytes.

    An object with one key stands for raw bytes. The key is random and precedes them, so that no client's JSON has it.
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._length = 0
        self._mark = ""

    def to_json(self, value: Any) -> Any:
        if is_dataclass(value):
            # Only what differs from the default: a chunk of text is as short as the common case allows.
            content = {}
            for field in fields(value):
                item = getattr(value, field.name)
                if item != field.default:
                    content[field.name] = message_json(item) if isinstance(item, Message) else item
            return content
        if isinstance(value, bytes):
            return value.hex() if len(value) < _RAW_BYTES else self._add(value)
        if isinstance(value, _LongText):
            return self._add(value.data, "text")
        return {"code": value.code, "message": message_json(value.message), "param": value.param}

    def _add(self, data: bytes, *kind: str) -> dict[str, list[Any]]:
        if not self._mark:
            self._mark = os.urandom(_MARK_BYTES).hex()
            self._add(self._mark.encode())
        start, self._length = self._length, self._length + len(data)
        self.parts.append(data)
        return {self._mark: [start, self._length, *kind]}


def _raw_reader(raw: bytes) -> Callable[[dict[str, Any]], Any]:
    """Return the function that returns what a JSON object stands for: raw bytes, their text, or itself."""
    mark = raw[: 2 * _MARK_BYTES].decode("latin-1")

    def read(value: dict[str, Any]) -> Any:
        if mark not in value:
            return value
        start, end, *kind = value[mark]
        return raw[start:end].decode() if kind else raw[start:end]

    return read


def _error_from_json(content: Mapping[str, Any]) -> EngineError:
    kind = _ERRORS.get(content["code"], EngineError)
    return kind(message_from_json(content["message"]), param=content["param"])


def _plain(value: Any) -> Any:
    return value


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a value of this type from JSON."""
    arguments, origin = get_args(kind), get_origin(kind)
    if kind is EngineError:
        return _error_from_json
    if kind is Message:
        return message_from_json
    if kind is bytes:
        return lambda value: value if isinstance(value, bytes) else bytes.fromhex(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and is_dataclass(kind):
        readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
        return lambda value: kind(**{name: readers[name](item) for name, item in value.items()})
    if hasattr(kind, "_fields"):
        return _tuple_reader(kind._make, list(get_type_hints(kind).values()))
    if origin in (tuple, Sequence) and (len(arguments) == 1 or arguments[-1] is Ellipsis):
        inner = _reader(arguments[0])
        return tuple if inner is _plain else lambda value: tuple(map(inner, value))
    if origin is tuple:
        return _tuple_reader(tuple, arguments)
    if origin is Mapping:
        return lambda value: {int(key): item for key, item in value.items()}  # JSON has only texts as keys
    if type(None) in arguments:
        inner = _reader(Union[tuple(item for item in arguments if item is not type(None))])  # noqa: UP007 # of a tuple
        return _plain if inner is _plain else lambda value: None if value is None else inner(value)
    return _plain


def _tuple_reader(make: Callable[[Iterable[Any]], Any], kinds: Sequence[Any]) -> Callable[[Any], Any]:
    readers = [_reader(kind) for kind in kinds]
    return lambda value: make(read(item) for read, item in zip(readers, value, strict=True))
