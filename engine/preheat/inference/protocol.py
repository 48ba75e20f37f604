"""Frames between the engine and a worker, over the worker's stdin and stdout.

A frame is two 32-bit big-endian lengths, then JSON (``[type name, fields]``), then raw bytes (embedding vectors). Both
ends use ``encode_frame`` and ``FrameDecoder``; the dataclasses below are the whole protocol.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from preheat.errors import (
    ContextLengthExceededError,
    EngineError,
    InsufficientMemoryError,
    InvalidRequestError,
    ModelLoadError,
    UnsupportedOperationError,
)
from preheat.inference.requests import GenerateRequest, GenerationChunk, LoadOptions, ModelInfo
from preheat.messages import message_from_json, message_json

MAX_FRAME_BYTES: Final = 1 << 30
"""A longer frame means that the stream is out of step."""

_HEADER: Final = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model; the first frame to a worker."""

    options: LoadOptions


@dataclass(frozen=True, slots=True)
class HoldLoad:
    """Pause a running load, or resume it."""

    hold: bool


@dataclass(frozen=True, slots=True)
class Generate:
    """Start a generation; answered by chunks in ``Step`` frames."""

    id: int
    request: GenerateRequest


@dataclass(frozen=True, slots=True)
class Embed:
    """Embed texts or token ids; answered by ``Embedded``."""

    id: int
    inputs: Sequence[str | Sequence[int]]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop a request; it gets no further answer."""

    id: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has started and can load."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes of the model files in memory so far."""

    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """Weights and context are in memory; the probe begins."""

    info: ModelInfo


@dataclass(frozen=True, slots=True)
class Probed:
    """The model is hot."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The load failed; the worker exits."""

    error: EngineError


@dataclass(frozen=True, slots=True)
class Step:
    """The output of one decode step: (request id, chunk) for each request that has any."""

    chunks: Sequence[tuple[int, GenerationChunk]]


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of one ``Embed``, one after the other, as 32-bit little-endian floats."""

    id: int
    dimensions: int
    prompt_tokens: int
    vectors: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed."""

    id: int
    error: EngineError


ToWorker: TypeAlias = Load | HoldLoad | Generate | Embed | Cancel
FromWorker: TypeAlias = Ready | Progress | Loaded | Probed | LoadFailed | Step | Embedded | Failed
Frame: TypeAlias = ToWorker | FromWorker

_TYPES: Final[Mapping[str, Any]] = {kind.__name__: kind for kind in get_args(Frame)}
_ERRORS: Final = {
    error.code: error
    for error in (
        ContextLengthExceededError,
        InsufficientMemoryError,
        InvalidRequestError,
        ModelLoadError,
        UnsupportedOperationError,
    )
}
"""Errors that a worker may report; anything else is a bug and ends it."""


class ProtocolError(Exception):
    """The stream is not made of frames."""


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of one frame."""
    raw = frame.vectors if isinstance(frame, Embedded) else b""
    body = json.dumps([type(frame).__name__, frame], default=_to_json, separators=(",", ":")).encode()
    return _HEADER.pack(len(body), len(raw)) + body + raw


class FrameDecoder:
    """Cuts a byte stream, fed in any pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that ``data`` completes.

        Raises:
            ProtocolError: The stream is not made of frames.
        """
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


def _decode(body: bytes, raw: bytes) -> Frame:
    try:
        name, content = json.loads(body)
        kind = _TYPES[name]
        frame: Frame = Embedded(**content, vectors=raw) if kind is Embedded else _reader(kind)(content)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ProtocolError(f"a frame that cannot be read: {error!r}") from error
    return frame


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """Return each field's name and default, ``MISSING`` if it has none."""
    return tuple((field.name, field.default) for field in fields(kind))


def _to_json(value: Any) -> Any:
    if isinstance(value, EngineError):
        return {"code": value.code, "message": message_json(value.message), "param": value.param}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Embedded):
        return {"id": value.id, "dimensions": value.dimensions, "prompt_tokens": value.prompt_tokens}
    # Only what differs from the default: a chunk of text is as short as the common case allows.
    kind: Any = type(value)
    items = ((name, getattr(value, name), default) for name, default in _defaults(kind))
    return {name: item for name, item, default in items if item != default}


def _error_from_json(content: Mapping[str, Any]) -> EngineError:
    kind = _ERRORS.get(content["code"], EngineError)
    return kind(message_from_json(content["message"]), param=content["param"])


def _plain(value: Any) -> Any:
    return value


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a value of this type from JSON."""
    if kind is EngineError:
        return _error_from_json
    if kind is bytes:
        return bytes.fromhex
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    arguments = get_args(kind)
    if get_origin(kind) in (tuple, Sequence) and arguments:
        return _sequence_reader(arguments)
    if get_origin(kind) is Mapping and arguments[0] is int:
        return lambda value: {int(key): item for key, item in value.items()}  # JSON's keys are text
    if type(None) in arguments:
        inner = _reader(Union[tuple(item for item in arguments if item is not type(None))])  # noqa: UP007 # of a tuple
        return _plain if inner is _plain else lambda value: None if value is None else inner(value)
    return _plain


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    return lambda value: kind(**{name: readers[name](item) for name, item in value.items()})


def _sequence_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if arguments[-1] is Ellipsis or len(arguments) == 1:
        inner = _reader(arguments[0])
        return tuple if inner is _plain else lambda value: tuple(map(inner, value))
    readers = [_reader(argument) for argument in arguments]
    return lambda value: tuple(read(item) for read, item in zip(readers, value, strict=True))
