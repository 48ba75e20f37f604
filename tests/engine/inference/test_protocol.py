"""Frames and messages between engine and worker."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import (
    ContextLengthExceededError,
    EngineError,
    InvalidRequestError,
    ModelLoadError,
    QueueFullError,
    UnsupportedOperationError,
)
from preheat.inference import (
    ANY_JSON,
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    Sampling,
    TokenLogprob,
    Usage,
)
from preheat.inference.protocol import (
    MAX_FRAME_BYTES,
    FrameDecoder,
    ProtocolError,
    decode_chunk,
    decode_error,
    encode_chunk,
    encode_error,
    encode_frame,
    generate_message,
    parse_generate,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
# Texts may hold lone surrogates: JSON's "\\ud800" makes them, and so may a client.
TEXTS = st.text()
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.dictionaries(TEXTS, JSON_VALUES, max_size=4)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``data`` at these places, wherever they are."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.tuples(MESSAGES, st.binary(max_size=50)), max_size=5), st.lists(st.integers(0, 2000)))
def test_any_splitting_gives_the_same_messages(frames: list[tuple[dict[str, object], bytes]], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(message, blob) for message, blob in frames)
    decoder = FrameDecoder()
    assert [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)] == frames


def test_byte_by_byte() -> None:
    decoder = FrameDecoder()
    stream = encode_frame({"type": "a"}, b"\x00\xff") + encode_frame({"type": "b"})
    got = [frame for byte in stream for frame in decoder.feed(bytes([byte]))]
    assert got == [({"type": "a"}, b"\x00\xff"), ({"type": "b"}, b"")]


def test_an_unfinished_frame_is_not_handed_out() -> None:
    decoder = FrameDecoder()
    frame = encode_frame({"type": "a"}, b"blob")
    assert list(decoder.feed(frame[:-1])) == []
    assert list(decoder.feed(frame[-1:])) == [({"type": "a"}, b"blob")]


@pytest.mark.parametrize(
    "stream",
    [
        b"ggml: loading model, please wait\n",  # native output in the pipe
        struct.pack(">II", MAX_FRAME_BYTES, 1),
        struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF),
        struct.pack(">II", 3, 0) + b"{a}",
        struct.pack(">II", 2, 0) + b"\xff\xfe",
        struct.pack(">II", 0, 0),
        struct.pack(">II", 3, 0) + b"[1]",  # JSON, and no message
        struct.pack(">II", 4, 0) + b"null",
    ],
)
def test_what_is_no_frame_is_refused(stream: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(FrameDecoder().feed(stream))


def test_frames_before_a_broken_one_arrive() -> None:
    frames = FrameDecoder().feed(encode_frame({"type": "a"}) + b"\xff" * 8)
    assert next(frames) == ({"type": "a"}, b"")
    with pytest.raises(ProtocolError):
        next(frames)


LOGPROBS = st.builds(
    TokenLogprob,
    TEXTS,
    st.binary(max_size=8),
    FINITE,
    st.lists(st.tuples(TEXTS, st.binary(max_size=8), FINITE), max_size=3).map(tuple),
)
CHUNKS = st.builds(
    GenerationChunk,
    TEXTS,
    st.lists(LOGPROBS, max_size=3).map(tuple),
    st.none() | st.sampled_from(FinishReason),
).map(lambda chunk: chunk if chunk.finish_reason is None else _with_usage(chunk))


def _with_usage(chunk: GenerationChunk) -> GenerationChunk:
    return GenerationChunk(chunk.text, chunk.logprobs, chunk.finish_reason, Usage(7, 5, 3))


@given(st.integers(0), CHUNKS)
def test_chunks_round_trip(request_id: int, chunk: GenerationChunk) -> None:
    item = json.loads(json.dumps(encode_chunk(request_id, chunk)))
    assert decode_chunk(item) == (request_id, chunk)


def test_a_plain_token_is_short() -> None:
    assert encode_chunk(3, GenerationChunk("hi")) == [3, "hi"]


def test_an_impossible_token_has_its_logprob_on_the_other_side() -> None:
    chunk = GenerationChunk("a", (TokenLogprob("a", b"a", float("-inf")),))
    [(message, _)] = FrameDecoder().feed(encode_frame({"type": "step", "chunks": [encode_chunk(1, chunk)]}))
    assert decode_chunk(message["chunks"][0]) == (1, chunk)


SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0, 2),
    top_k=st.integers(0, 100),
    top_p=st.floats(0, 1),
    penalty_last_n=st.integers(-1, 100),
    seed=st.none() | st.integers(0, 2**63),
    logit_bias=st.dictionaries(st.integers(0, 50_000), st.floats(-100, 100), max_size=3),
)
REQUESTS = st.builds(
    GenerateRequest,
    messages=st.none() | st.lists(MESSAGES, max_size=2).map(tuple),
    tools=st.lists(MESSAGES, max_size=2).map(tuple),
    prompt=st.none() | TEXTS,
    prompt_tokens=st.none() | st.lists(st.integers(0, 50_000), max_size=3).map(tuple),
    sampling=SAMPLINGS,
    max_tokens=st.none() | st.integers(0, 9999),
    stop=st.lists(TEXTS, max_size=3).map(tuple),
    json_schema=st.none() | st.just(ANY_JSON),
    top_logprobs=st.none() | st.integers(0, 20),
)


@given(REQUESTS)
def test_requests_round_trip(request: GenerateRequest) -> None:
    [(message, _)] = FrameDecoder().feed(encode_frame(generate_message(5, request)))
    assert message["id"] == 5
    assert parse_generate(message) == request


@pytest.mark.parametrize(
    "kind",
    [
        ContextLengthExceededError,
        InvalidRequestError,
        ModelLoadError,
        UnsupportedOperationError,
    ],
)
def test_errors_round_trip(kind: type[EngineError]) -> None:
    sent = kind("It is too long", hint="Shorten it", param="prompt")
    got = decode_error(json.loads(json.dumps(encode_error(sent))))
    assert type(got) is kind
    assert (got.code, got.title, got.hint, got.param) == (sent.code, sent.title, sent.hint, sent.param)


def test_an_unknown_error_is_still_one() -> None:
    error = decode_error(encode_error(QueueFullError("No room", hint="Make some")))
    assert type(error) is EngineError
    assert str(error) == "No room. Make some"
