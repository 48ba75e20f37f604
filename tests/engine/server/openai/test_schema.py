from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError
from preheat.inference import Sampling
from preheat.server.bodies import parse_body
from preheat.server.openai.inputs import DetokenizeBody, EmbeddingBody, RerankBody, TokenizeBody
from preheat.server.openai.requests import chat_requests, completion_requests
from preheat.server.openai.schema import ChatBody, CompletionBody

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
TOOL = {"type": "function", "function": {"name": "f"}}


def chat(**fields: object) -> ChatBody:
    return parse_body(ChatBody, json.dumps({**CHAT, **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [CHAT["messages"][0], {"role": "robot", "content": "x"}]}, "messages[1].role"),
        ({"messages": [{"role": "robot", "content": [{"type": "image_url"}]}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0]"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": "0.5"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_k": 1.5}, "top_k"),
        ({"max_completion_tokens": -3}, "max_completion_tokens"),
        ({"stop": ["x"] * 65}, "stop"),
        ({"logit_bias": {"word": 1}}, "logit_bias"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5"),
        ({"n": 0}, "n"),
        ({"prediction": "x"}, "prediction"),
        ({"prediction": {"content": "x"}}, "prediction.type"),
        ({"prediction": {"type": "text", "content": "x"}}, "prediction.type"),
        ({"prediction": {"type": "content"}}, "prediction.content"),
        ({"prediction": {"type": "content", "content": [{"type": "image_url"}]}}, "prediction.content[0].type"),
        ({"n": 17}, "n"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "regex"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.schema"),
        ({"guided_json": "{"}, "guided_json"),
        ({"guided_choice": []}, "guided_choice"),
        ({"guided_regex": "a", "grammar": "root ::= x"}, "guided_regex"),
        ({"structured_outputs": {"choice": []}}, "structured_outputs.choice"),
        ({"structured_outputs": {"structural_tag": "{"}}, "structured_outputs.structural_tag"),
        (
            {"structured_outputs": {"structural_tag": '{"type": "structural_tag", "structures": [{"begin": "a"}]}'}},
            "response_format.structures[0].begin",
        ),
        ({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, "messages[0].audio"),
        ({"messages": [{"role": "user", "content": "a", "prefix": True}]}, "messages[0].prefix"),
        ({"ignore_eos": True}, "ignore_eos"),
        ({"min_tokens": 5}, "min_tokens"),
        ({"mirostat": 2}, "mirostat"),
        ({"chat_template": "{{ x }}"}, "chat_template"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"continue_final_message": True}, "continue_final_message"),
        ({"function_call": {"name": "g"}, "functions": [{"name": "f"}]}, "function_call"),
        ({"logit_bias": [["a", 1]]}, "logit_bias[0][0]"),
        ({"logit_bias": [[1]]}, "logit_bias[0][1]"),
        ({"tools": [{"type": "web"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": "sometimes"}, "tool_choice"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"audio": {}}, "audio"),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        chat_requests(chat(**fields))
    assert caught.value.param == param
    assert caught.value.title.startswith(param)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"model": NaN}', b"[" * 99])
def test_a_body_that_is_no_json_object_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse_body(ChatBody, body)


def test_an_error_never_quotes_the_input() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        chat(messages=[{"role": "user", "content": {"my": "secret prompt"}}])
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_null_and_unknown_fields_are_as_if_absent() -> None:
    fields = dict.fromkeys(["temperature", "stop", "n", "tools", "stream", "audio", "seed", "response_format"])
    assert chat(**fields, future_field={"x": 1}).sampling(0) == Sampling()


def test_sampling_takes_what_was_given() -> None:
    body = chat(
        temperature=0, top_k=-1, min_p=0.1, repeat_penalty=1.1, repeat_last_n=-1, seed=5, logit_bias={"7": -100}
    )
    assert body.sampling(2) == Sampling(
        temperature=0,
        top_k=0,
        min_p=0.1,
        repetition_penalty=1.1,
        penalty_last_n=-1,
        seed=7,
        logit_bias={7: -100},
    )


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_seed_fits_llama_cpp(seed: int) -> None:
    sampled = chat(seed=seed).sampling(0).seed
    assert (sampled is None) is (seed == -1)
    assert sampled is None or 0 <= sampled < 2**32 - 1


@pytest.mark.parametrize(
    "fields",
    [
        {"stop": ""},
        {"stop": []},
        {"stop": ["", "x"]},
        {"max_tokens": 3.0},
        {"top_k": 40.0, "n": 1.0},
        {"ignore_eos": False, "typical_p": 1.0, "mirostat": 0, "min_tokens": 0, "stop_token_ids": []},
        {"tools": []},
        {"tool_choice": "none"},
        {"logit_bias": []},
        {"reasoning_effort": "xhigh"},
        {"stream_options": {}},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": {"type": "text", "text": "a"}}]},
        {"messages": [{"role": "user", "content": ["a", {"text": "b"}]}]},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}]},
    ],
)
def test_what_other_servers_take(fields: dict[str, object]) -> None:
    chat_requests(chat(**fields))


def test_half_a_character_is_replaced() -> None:
    body = parse_body(ChatBody, rb'{"model": "m", "messages": [{"role": "user", "content": "a\ud83d"}]}')
    assert body.messages[0].content == "a\ufffd"


def test_a_bias_in_pairs_as_in_llama_cpp() -> None:
    assert chat(logit_bias=[[7, -1.5], [8, False]]).sampling(0).logit_bias == {7: -1.5, 8: -1000}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(sorted(set(ChatBody.model_fields) | set(CompletionBody.model_fields) | {"input"}))


@given(st.dictionaries(fields, json_values))
def test_any_body_is_taken_or_refused_with_a_reason(values: dict[str, object]) -> None:
    data = json.dumps(values).encode()
    for model in (EmbeddingBody, RerankBody, TokenizeBody, DetokenizeBody):
        with suppress(InvalidRequestError):
            parse_body(model, data)
    with suppress(InvalidRequestError):
        chat_requests(parse_body(ChatBody, data))
    with suppress(InvalidRequestError):
        completion_requests(parse_body(CompletionBody, data))


@pytest.mark.parametrize(
    ("value", "prompts"), [("a", ["a"]), (["a", "b"], ["a", "b"]), ([1, 2], [[1, 2]]), ([[1], [2, 3]], [[1], [2, 3]])]
)
def test_forms_of_prompts_and_inputs(value: object, prompts: list[object]) -> None:
    body = parse_body(CompletionBody, json.dumps({"model": "m", "prompt": value}).encode())
    assert body.prompts == prompts
    assert parse_body(EmbeddingBody, json.dumps({"model": "m", "input": value}).encode()).inputs == prompts


@pytest.mark.parametrize(
    ("value", "param"),
    [("", "input"), ([], "input"), (["a", ""], "input[1]"), ([[]], "input[0]"), ([-1], "input[0]"), (None, "input")],
)
def test_empty_inputs_are_refused(value: object, param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_body(EmbeddingBody, json.dumps({"model": "m", "input": value}).encode())
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"suffix": "x", "prompt": [1]}, "suffix"),
        ({"suffix": "x", "echo": True}, "suffix"),
        ({"best_of": 3, "stream": True}, "best_of"),
        ({"best_of": 1, "n": 2}, "best_of"),
        ({"messages": [{}]}, "messages"),
        ({"prompt": []}, "prompt"),
        ({"logprobs": 21}, "logprobs"),
    ],
)
def test_completions_refuse_what_they_cannot_do(fields: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_body(CompletionBody, json.dumps({"model": "m", "prompt": "a", **fields}).encode())
    assert caught.value.param == param


def test_prompts_times_answers_have_a_limit() -> None:
    body = {"model": "m", "prompt": ["a"] * 1025}
    assert parse_body(CompletionBody, json.dumps(body).encode()).generated == 1
    with pytest.raises(InvalidRequestError) as caught:
        parse_body(CompletionBody, json.dumps({**body, "n": 2}).encode())
    assert "at most 2048" in caught.value.title
