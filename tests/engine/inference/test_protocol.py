"""Frames between engine and worker."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from typing import get_args

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
    Chat,
    Constraint,
    ContentPart,
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    LoadOptions,
    LoadStages,
    Message,
    ModelInfo,
    Priority,
    Role,
    Sampling,
    TokenLogprob,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    Usage,
)
from preheat.inference.protocol import (
    MAX_FRAME_BYTES,
    Cancel,
    Detokenize,
    Detokenized,
    Embed,
    Embedded,
    Failed,
    Frame,
    FrameDecoder,
    Generate,
    HoldLoad,
    HurryLoad,
    Load,
    Loaded,
    LoadFailed,
    Ping,
    PrefixesSaved,
    PrefixRestored,
    Probed,
    Progress,
    ProtocolError,
    Pulse,
    Ready,
    SavePrefixes,
    Step,
    Tokenize,
    Tokens,
    Unreadable,
    Warned,
    encode_frame,
)
from preheat.messages import msg

IDS = st.integers(0, 2**31)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
# Texts may hold lone surrogates: a client can send "\\ud800" in JSON.
TEXTS = st.text()
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, JSON_VALUES, max_size=3)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(Role),
    content=st.lists(st.builds(ContentPart, TEXTS, st.none() | st.binary(max_size=8)), max_size=2).map(tuple),
    tool_calls=st.lists(st.builds(ToolCall, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
    reasoning=TEXTS,
)
CHATS = st.builds(
    Chat,
    messages=st.lists(MESSAGES, max_size=2).map(tuple),
    tools=st.lists(st.builds(ToolDefinition, TEXTS, TEXTS, OBJECTS), max_size=2).map(tuple),
    tool_choice=st.builds(ToolChoice, st.sampled_from(["auto", "required"]), st.lists(TEXTS, max_size=2).map(tuple)),
    thinking=st.none() | st.booleans(),
    template_arguments=OBJECTS,
)
TOP = st.tuples(TEXTS, st.binary(max_size=8), FINITE)
LOGPROBS = st.builds(
    TokenLogprob,
    TEXTS,
    st.binary(max_size=8),
    FINITE | st.just(float("-inf")),
    st.lists(TOP, max_size=3).map(tuple),
)
REASON = msg("worker_ended", reason=msg("shutdown"))
CHUNKS = st.builds(
    GenerationChunk,
    TEXTS,
    st.lists(LOGPROBS, max_size=3).map(tuple),
    st.none() | st.sampled_from(FinishReason),
    st.none() | st.builds(Usage, IDS, IDS, IDS, recomputed=st.none() | st.just(REASON)),
)
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
    chat=st.none() | CHATS,
    prompt=st.none() | TEXTS,
    prompt_tokens=st.none() | st.lists(st.integers(0, 50_000), max_size=3).map(tuple),
    sampling=SAMPLINGS,
    max_tokens=st.none() | st.integers(0, 9999),
    stop=st.lists(TEXTS, max_size=3).map(tuple),
    constraint=st.none() | st.builds(Constraint, st.just("regex"), TEXTS),
    top_logprobs=st.none() | st.integers(0, 20),
)
OPTIONS = LoadOptions(
    path="/models/ü.gguf",
    files=("/models/ü.gguf", "/models/2.gguf"),
    embeddings=False,
    context_length=4096,
    parallel=4,
    kv_cache_type="q8_0",
    flash_attention="auto",
    repack=True,
    threads=8,
    gpu_layers=-1,
    embedding_cache=16,
    probe=True,
    warm_prefix=False,
)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.just(Load(OPTIONS)),
    st.builds(HoldLoad, st.booleans()),
    st.builds(HurryLoad),
    st.builds(Generate, IDS, REQUESTS),
    st.builds(
        Embed, IDS, st.lists(TEXTS | st.lists(IDS, max_size=3), max_size=3).map(tuple), st.sampled_from(Priority)
    ),
    st.builds(Tokenize, IDS, st.none() | TEXTS, st.none() | CHATS, st.booleans(), st.booleans()),
    st.builds(Detokenize, IDS, st.lists(IDS, max_size=3).map(tuple)),
    st.builds(Tokens, IDS, st.lists(IDS, max_size=3).map(tuple)),
    st.builds(Detokenized, IDS, TEXTS, st.lists(st.binary(max_size=5), max_size=3).map(tuple)),
    st.builds(Cancel, IDS),
    st.builds(SavePrefixes, FINITE, st.booleans()),
    st.builds(PrefixesSaved, IDS, IDS),
    st.builds(PrefixRestored, TEXTS, IDS, st.sampled_from(["memory", "disk"])),
    st.just(Ready()),
    st.builds(Progress, IDS, IDS),
    st.just(
        Loaded(ModelInfo(context_length=512, embeddings=True, dimensions=384, chat_template=False, parallel=4)),
    ),
    st.builds(Probed, st.builds(LoadStages, FINITE, FINITE, FINITE, st.none() | FINITE)),
    st.just(Ping()),
    st.builds(Pulse, st.lists(st.tuples(TEXTS, IDS, IDS), max_size=3).map(tuple)),
    st.builds(Step, st.lists(st.tuples(IDS, CHUNKS), max_size=3).map(tuple)),
    st.builds(Embedded, IDS, IDS, IDS, st.binary(max_size=50)),
)


def decode(data: bytes) -> Frame:
    [frame] = FrameDecoder().feed(data)
    assert not isinstance(frame, Unreadable)
    return frame


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``data`` at these places."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


@given(FRAMES)
def test_frames_round_trip(frame: Frame) -> None:
    got = decode(encode_frame(frame))
    assert (type(got), got) == (type(frame), frame)


def test_long_inputs_and_images_are_not_written_as_json() -> None:
    text, image = 'ü"\n' * 3000, bytes(range(256)) * 40
    frame = Embed(1, (text, "short"))
    data = encode_frame(frame)
    assert decode(data) == frame
    assert text.encode() in data
    parts = (ContentPart(image=image), ContentPart(text), ContentPart(image=image[:20]), ContentPart(image=image[::-1]))
    chat = Chat(messages=(Message(role=Role.USER, content=parts),), template_arguments={"a": {"b": [0, 9]}})
    generate = Generate(1, GenerateRequest(chat=chat))
    data = encode_frame(generate)
    assert decode(data) == generate
    assert image in data


@given(st.lists(FRAMES, max_size=4), st.lists(st.integers(0, 5000), max_size=20))
def test_any_splitting_gives_the_same_frames(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(map(encode_frame, frames))
    decoder = FrameDecoder()
    assert [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)] == frames


def test_byte_by_byte() -> None:
    decoder = FrameDecoder()
    stream = encode_frame(Embedded(1, 2, 3, b"\x00\xff")) + encode_frame(Ready())
    got = [frame for byte in stream for frame in decoder.feed(bytes([byte]))]
    assert got == [Embedded(1, 2, 3, b"\x00\xff"), Ready()]


@pytest.mark.parametrize(
    "stream",
    [
        b"ggml: loading model, please wait\n",  # native output in the pipe
        struct.pack(">II", MAX_FRAME_BYTES, 1),
        struct.pack(">II", 0xFFFFFFFF, 0xFFFFFFFF),
        *(
            struct.pack(">II", len(body), 0) + body
            for body in (
                b"",
                b"{a}",
                b"\xff\xfe",
                b"[1]",
                b"null",
                b'["Unknown",{}]',
                b'["Cancel",[]]',
                b'["Cancel",[1,2]]',
                b'["Cancel",5]',
                b'["Embedded",[]]',
                b'["Step",[[[1]]]]',
                b'["Step",[[[1,{"x":2}]]]]',
                b'["Load",[{}]]',
            )
        ),
    ],
)
def test_other_bytes_are_an_error(stream: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(FrameDecoder().feed(stream))


def test_frames_before_a_broken_one_arrive() -> None:
    frames = FrameDecoder().feed(encode_frame(Ready()) + b"\xff" * 8)
    assert next(frames) == Ready()
    with pytest.raises(ProtocolError):
        next(frames)


def test_a_plain_token_is_short() -> None:
    body = encode_frame(Step([(3, GenerationChunk("hi"))]))[8:]
    assert json.loads(body) == ["Step", [[[3, "hi"]]]]


@pytest.mark.parametrize(
    "kind", [ContextLengthExceededError, InvalidRequestError, ModelLoadError, UnsupportedOperationError]
)
def test_errors_round_trip(kind: type[EngineError]) -> None:
    sent = kind(msg("prompt_too_long", tokens=5, limit=4), param="prompt")
    got = decode(encode_frame(Failed(7, sent)))
    assert isinstance(got, Failed)
    assert (got.id, type(got.error)) == (7, kind)
    assert (got.error.message, got.error.param) == (sent.message, "prompt")


def test_an_unknown_error_is_still_one() -> None:
    got = decode(encode_frame(LoadFailed(QueueFullError("No room", hint="Make some"))))
    assert isinstance(got, LoadFailed)
    assert type(got.error) is EngineError
    assert str(got.error) == "No room. Make some"


def test_a_warning_round_trips() -> None:
    sent = msg("template_broken", reason="unexpected end")
    got = decode(encode_frame(Warned(EngineError(sent))))
    assert isinstance(got, Warned)
    assert got.warning.message == sent


def test_every_kind_of_frame_is_tested() -> None:
    assert {Load, Failed, LoadFailed, Warned} < set(get_args(Frame))
    assert len(get_args(Frame)) == 24


def test_a_request_nested_too_deeply_is_told_apart_from_a_broken_stream() -> None:
    body = b'["Generate",[7,{"prompt":' + b"[" * 100_000
    [frame] = FrameDecoder().feed(struct.pack(">II", len(body), 0) + body)
    assert isinstance(frame, Unreadable)
    assert (frame.id, type(frame.error)) == (7, RecursionError)


def test_a_frame_that_is_too_deep_and_no_request_is_raised() -> None:
    body = b'["Step", ' + b"[" * 100_000
    with pytest.raises(RecursionError):
        list(FrameDecoder().feed(struct.pack(">II", len(body), 0) + body))
