"""How tokens are chosen, with a real model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from preheat.errors import InvalidRequestError
from preheat.inference import ANY_JSON_OBJECT, Constraint, FinishReason, Sampling
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.sampling import bounded
from tests.engine.inference.text_runs import TextRun, ask, chat

STORY = "Once upon a time there was a little fox who"
REPEATING = "The cat sat on the mat. The dog sat on the mat. The cat sat on the mat. The dog sat on"
CONTINUED = " the mat."


def test_the_same_seed_writes_the_same_text(run: TextRun) -> None:
    first, again, other = (run.one(ask(STORY, 16, sampling=Sampling(seed=seed))).text for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**63])
def test_any_seed_is_reproducible(run: TextRun, seed: int) -> None:
    sampling = Sampling(seed=seed, temperature=1.5)
    assert run.one(ask(STORY, 8, sampling=sampling)).text == run.one(ask(STORY, 8, sampling=sampling)).text


def test_without_a_seed_texts_differ(run: TextRun) -> None:
    assert len({run.one(ask(STORY, 12, sampling=Sampling(temperature=1.5))).text for _ in range(3)}) > 1


@pytest.mark.parametrize(
    "sampling", [Sampling(top_k=1, temperature=2.0), Sampling(top_p=0.0, temperature=2.0), Sampling(min_p=1.0)]
)
def test_narrow_sampling_is_greedy(run: TextRun, sampling: Sampling) -> None:
    assert run.one(ask(STORY, 8, sampling=sampling)).text == run.one(ask(STORY, 8)).text


def test_numpy_chooses_the_token_that_llama_cpp_chooses(run: TextRun) -> None:
    run.one(ask(STORY, 4))
    row = run.model.logits.row(0)  # which imports numpy
    greedy = llama.llama_sampler_init_greedy()
    try:
        for changed in (row.copy(), row.round(), row * 0):  # the second and third have several highest logits
            row[:] = changed
            assert run.model.logits.likeliest(0) == llama.llama_sampler_sample(greedy, run.model.ctx, 0)
        row[7] = math.nan
        assert run.model.logits.likeliest(0) is None
    finally:
        llama.llama_sampler_free(greedy)


def test_logit_bias_bans_and_forces(run: TextRun) -> None:
    prompt = "The capital of France is"
    [paris] = run.model.tokenize(" Paris", add_special=False)
    [rome] = run.model.tokenize(" Rome", add_special=False)
    assert run.one(ask(prompt, 1)).text == " Paris"
    assert run.one(ask(prompt, 1, sampling=Sampling(temperature=0, logit_bias={paris: -100}))).text != " Paris"
    for temperature in (0, 1.0):
        forced = Sampling(temperature=temperature, logit_bias={rome: 100})
        assert run.one(ask(prompt, 3, sampling=forced)).text == " Rome Rome Rome"


@pytest.mark.parametrize("token", [-1, 49_152])
def test_a_bias_for_a_token_that_does_not_exist(run: TextRun, token: int) -> None:
    answer = run.one(ask(STORY, 1, sampling=Sampling(logit_bias={token: 1})))
    assert isinstance(answer.error, InvalidRequestError)
    assert answer.error.param == "logit_bias"


@pytest.mark.parametrize(
    "penalized",
    [
        Sampling(temperature=0, penalty_last_n=-1, repetition_penalty=1.5),
        Sampling(temperature=0, penalty_last_n=-1, presence_penalty=5.0),
        Sampling(temperature=0, penalty_last_n=-1, frequency_penalty=2.0),
    ],
)
def test_penalties_keep_from_repeating(run: TextRun, penalized: Sampling) -> None:
    assert run.one(ask(REPEATING, 3)).text == CONTINUED
    assert run.one(ask(REPEATING, 3, sampling=penalized)).text != CONTINUED


def test_penalties_look_back_no_further_than_asked(run: TextRun) -> None:
    off = Sampling(temperature=0, repetition_penalty=1.5, presence_penalty=5, penalty_last_n=0)
    assert run.one(ask(REPEATING, 3, sampling=off)).text == CONTINUED


HOSTILE = [
    Sampling(penalty_last_n=2**31 - 1, repetition_penalty=1.1),
    Sampling(top_k=2**31 - 1),
    Sampling(temperature=1e300),
    Sampling(temperature=5e-324),
    Sampling(temperature=math.nan, top_p=math.nan, min_p=math.inf),
    Sampling(repetition_penalty=math.inf, presence_penalty=-1e300, frequency_penalty=math.nan),
    Sampling(repetition_penalty=1e-300, penalty_last_n=-(2**40)),
    Sampling(logit_bias=dict.fromkeys(range(49_152), -math.inf)),
    Sampling(logit_bias={7: math.nan, 8: math.inf}, seed=-(2**70)),
]


@pytest.mark.parametrize("sampling", HOSTILE)
def test_any_number_is_kept_within_what_it_can_mean(run: TextRun, sampling: Sampling) -> None:
    answer = run.one(ask(STORY, 3, sampling=sampling, top_logprobs=3))
    assert answer.usage.completion_tokens <= 3
    assert all(math.isfinite(logprob) for entry in answer.logprobs for _, _, logprob in entry.top)
    limited = bounded(sampling, 49_152, 2048)
    assert limited == bounded(limited, 49_152, 2048)


def test_a_bias_and_a_constraint_apply_together(run: TextRun) -> None:
    [yes] = run.model.tokenize("yes", add_special=False)
    constraint = Constraint("regex", "yes|no")
    for bias, wanted in ((100.0, "yes"), (-100.0, "no")):
        sampling = Sampling(temperature=0, logit_bias={yes: bias, **{token: 0.5 for token in range(100, 2000)}})
        assert run.one(ask("Is it?", 4, sampling=sampling, constraint=constraint)).text == wanted


def test_log_probabilities(run: TextRun) -> None:
    answer = run.one(ask(STORY, 6, top_logprobs=5))
    assert "".join(entry.token for entry in answer.logprobs) == answer.text
    assert len(answer.logprobs) == 6
    for entry in answer.logprobs:
        assert len(entry.top) == 5
        assert entry.top[0] == (entry.token, entry.token_bytes, entry.logprob)  # greedy took the likeliest
        ranks = [logprob for _, _, logprob in entry.top]
        assert ranks == sorted(ranks, reverse=True)
        assert all(logprob <= 0 for logprob in ranks)
        assert 0 < sum(map(math.exp, ranks)) <= 1.000_01


def test_all_probabilities_sum_to_one(run: TextRun) -> None:
    [entry] = run.one(ask(STORY, 1, top_logprobs=run.model.n_vocab)).logprobs
    assert math.fsum(math.exp(logprob) for _, _, logprob in entry.top) == pytest.approx(1, abs=1e-4)


def test_log_probabilities_without_alternatives(run: TextRun) -> None:
    answer = run.one(ask(STORY, 3, top_logprobs=0))
    assert [entry.top for entry in answer.logprobs] == [(), (), ()]


def test_no_log_probabilities_unless_asked_for(run: TextRun) -> None:
    assert run.one(ask(STORY, 3)).logprobs == []


def test_log_probabilities_of_held_text_come_with_it(run: TextRun) -> None:
    answer = run.one(ask("1, 2, 3, 4, 5,", 9, top_logprobs=0, stop=(" 6, 8",)))
    assert "".join(entry.token for entry in answer.logprobs) == answer.text
    shown = ""
    for chunk in answer.chunks:
        shown += chunk.text
        assert len("".join(entry.token for entry in answer.logprobs)) >= len(shown)


def test_log_probabilities_of_a_stop_string_are_not_shown(run: TextRun) -> None:
    answer = run.one(ask("1, 2, 3, 4, 5,", 20, top_logprobs=0, stop=("8",)))
    assert answer.finish_reason is FinishReason.STOP
    assert "8" not in "".join(entry.token for entry in answer.logprobs)


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 99},
        "likes": {"type": "array", "items": {"enum": ["tea", "ice", "rain"]}, "minItems": 1, "maxItems": 2},
        "home": {"$ref": "#/$defs/place"},
    },
    "required": ["name", "age", "likes", "home"],
    "additionalProperties": False,
    "$defs": {
        "place": {
            "type": "object",
            "properties": {"city": {"const": "Oslo"}},
            "required": ["city"],
            "additionalProperties": False,
        }
    },
}


def is_person(value: Any) -> bool:
    return (
        set(value) == {"name", "age", "likes", "home"}
        and len(value["name"]) <= 12
        and 0 <= value["age"] <= 99
        and 1 <= len(value["likes"]) <= 2
        and set(value["likes"]) <= {"tea", "ice", "rain"}
        and value["home"] == {"city": "Oslo"}
    )


SCHEMAS: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
    (PERSON, is_person),
    ({"enum": ["red", "green", 3, None]}, lambda value: value in ("red", "green", 3, None)),
    ({"type": "boolean"}, lambda value: isinstance(value, bool)),
    ({"type": "string", "maxLength": 50_000, "pattern": "^[a-z]{2,5}$"}, lambda value: 2 <= len(value) <= 5),
    (
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
        lambda value: len(value) in (2, 3) and all(isinstance(item, int) for item in value),
    ),
    ({"const": 'ü€😀 "quoted" C:\\dir\n'}, lambda value: value == 'ü€😀 "quoted" C:\\dir\n'),
    ({"type": "object", "properties": {'a"ü\\': {"const": 1}}, "required": ['a"ü\\']}, {'a"ü\\': 1}.__eq__),
]


@pytest.mark.parametrize(("schema", "is_valid"), SCHEMAS)
def test_schemas_are_followed(run: TextRun, schema: dict[str, Any], is_valid: Callable[[Any], bool]) -> None:
    sampling = Sampling(temperature=1.5, seed=3)
    answer = run.one(
        chat("Answer in JSON.", 120, constraint=Constraint("json_schema", json.dumps(schema)), sampling=sampling)
    )
    assert answer.finish_reason is FinishReason.STOP, answer.text
    assert is_valid(json.loads(answer.text)), answer.text


def test_any_json_object(run: TextRun) -> None:
    answer = run.one(chat('Write {"a": 1} in JSON.', 200, constraint=ANY_JSON_OBJECT))
    assert answer.text.startswith("{")
    assert answer.finish_reason is FinishReason.LENGTH or isinstance(json.loads(answer.text), dict)


def test_a_grammar_and_others_run_together(run: TextRun) -> None:
    plain, typed = run.all(
        [ask(STORY, 10), chat("Yes or no?", 10, constraint=Constraint("json_schema", '{"enum": ["yes", "no"]}'))]
    )
    assert plain.usage.completion_tokens == 10
    assert json.loads(typed.text) in ("yes", "no")
