"""Frames between the engine and a worker, over the worker's stdin and stdout.

A frame is two 32-bit big-endian lengths, then JSON text, then bytes (embedding vectors; mostly none). Each JSON value
is one message: ``{"type": ..., ...}``. Messages to a worker: ``load``, ``hold_load``, ``generate``, ``embed``,
``cancel``. Messages from it: ``ready``, ``progress``, ``loaded``, ``probed``, ``load_failed``, ``step``
(what one decode step brought, for all requests at once), ``embedded``, ``failed`` (one request).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Final

from preheat.errors import (
    ContextLengthExceededError,
    EngineError,
    InsufficientMemoryError,
    InvalidRequestError,
    ModelLoadError,
    UnsupportedOperationError,
)
from preheat.inference.requests import (
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    JsonObject,
    Sampling,
    TokenLogprob,
    Usage,
)

_HEADER: Final = struct.Struct(">II")

MAX_FRAME_BYTES: Final = 1 << 30
"""Larger lengths mean a stream out of step, not a message."""


class ProtocolError(Exception):
    """The other side wrote something that is no frame."""


def encode_frame(message: JsonObject, blob: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return _HEADER.pack(len(body), len(blob)) + body + blob


class FrameDecoder:
    """Cuts a byte stream, fed in any pieces, into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[JsonObject, bytes]]:
        """Yield the messages that ``data`` completes, each with its bytes.

        Raises:
            ProtocolError: The stream is not made of frames.
        """
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            body_bytes, blob_bytes = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + body_bytes + blob_bytes
            if end > MAX_FRAME_BYTES:
                raise ProtocolError(f"a frame of {end} bytes")
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEADER.size : _HEADER.size + body_bytes])
            blob = bytes(self._buffer[_HEADER.size + body_bytes : end])
            del self._buffer[:end]
            try:
                message = json.loads(body)
            except ValueError as error:
                raise ProtocolError("a frame without JSON") from error
            if not isinstance(message, dict):
                raise ProtocolError("a frame without a message")
            yield message, blob


def shallow_dict(value: object) -> JsonObject:
    """Return a dataclass's fields as a dict, without ``dataclasses.asdict``'s deep copy of every message."""
    return {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type] # any dataclass


def generate_message(request_id: int, request: GenerateRequest) -> JsonObject:
    """Return the message that starts a generation."""
    body = shallow_dict(request)
    body["sampling"] = shallow_dict(request.sampling)
    return {"type": "generate", "id": request_id, "request": body}


def parse_generate(message: JsonObject) -> GenerateRequest:
    """Return the request inside a ``generate`` message."""
    body = dict(message["request"])
    sampling = dict(body.pop("sampling"))
    sampling["logit_bias"] = {int(token): bias for token, bias in sampling["logit_bias"].items()}
    prompt_tokens = body.pop("prompt_tokens")
    messages = body.pop("messages")
    return GenerateRequest(
        **{**body, "tools": tuple(body["tools"]), "stop": tuple(body["stop"])},
        sampling=Sampling(**sampling),
        messages=None if messages is None else tuple(messages),
        prompt_tokens=None if prompt_tokens is None else tuple(prompt_tokens),
    )


def encode_chunk(request_id: int, chunk: GenerationChunk) -> list[Any]:
    """Return one request's share of a ``step`` message: as short as the common case allows."""
    if chunk.finish_reason is None and not chunk.logprobs:
        return [request_id, chunk.text]
    usage = chunk.usage and (chunk.usage.prompt_tokens, chunk.usage.completion_tokens, chunk.usage.cached_tokens)
    logprobs = [
        (entry.token, entry.token_bytes.hex(), entry.logprob, [(t, b.hex(), p) for t, b, p in entry.top])
        for entry in chunk.logprobs
    ]
    return [request_id, chunk.text, logprobs, chunk.finish_reason, usage]


def decode_chunk(item: Sequence[Any]) -> tuple[int, GenerationChunk]:
    """Return the request id and the chunk of one item of a ``step`` message."""
    if len(item) == 2:
        return item[0], GenerationChunk(item[1])
    request_id, text, logprobs, finish_reason, usage = item
    return request_id, GenerationChunk(
        text,
        tuple(
            TokenLogprob(
                token, bytes.fromhex(raw), logprob, tuple((text, bytes.fromhex(raw), p) for text, raw, p in top)
            )
            for token, raw, logprob, top in logprobs
        ),
        FinishReason(finish_reason) if finish_reason else None,
        Usage(*usage) if usage else None,
    )


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
"""The failures that a worker may report; others are bugs and end it."""


def encode_error(error: EngineError) -> JsonObject:
    """Return the fields that carry an error."""
    return {"code": error.code, "title": error.title, "hint": error.hint, "param": error.param}


def decode_error(fields_: JsonObject) -> EngineError:
    """Return the error that ``encode_error`` wrote."""
    kind = _ERRORS.get(fields_["code"], EngineError)
    return kind(fields_["title"], hint=fields_["hint"], param=fields_["param"])
