"""Constraints of all kinds with a real vocabulary, token by token and through a model."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Literal

import jsonschema
import pytest

from preheat.errors import InvalidRequestError
from preheat.inference import ANY_JSON_OBJECT, Constraint, FinishReason, Sampling
from preheat.inference.worker.constraints import (
    ConstraintCompiler,
    GrammarError,
    TokenMatcher,
)
from preheat.inference.worker.constraints.grammars import MAX_CHARS
from preheat.inference.worker.constraints.trial_process import TrialProcess
from preheat.inference.worker.llama_model import LlamaModel
from tests.engine.inference.text_runs import TextRun, chat

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
WILD = Sampling(temperature=1.5, seed=5)


def schema(value: Any) -> Constraint:
    return Constraint("json_schema", value if isinstance(value, str) else json.dumps(value))


@pytest.fixture(scope="module")
def compiler(chat_llama: LlamaModel) -> ConstraintCompiler:
    return ConstraintCompiler(chat_llama)


def follows(model: LlamaModel, matcher: TokenMatcher, text: str) -> bool:
    """Whether a text, and then the end, is an answer that the matcher allows."""
    tokens = model.tokenize(text, add_special=False, parse_special=False)
    [end] = model.tokenize("<|im_end|>", add_special=False)
    return all(map(matcher.accept, tokens)) and (matcher.complete or matcher.accept(end))


@pytest.mark.parametrize(
    ("constraint", "allowed", "forbidden"),
    [
        (
            ANY_JSON_OBJECT,
            ['{"a": [1,null]}', "{}", r'{"\u00e9":"\n"}'],
            ["[]", '{ "a": 1}', '{"a":1}\n', '{"a":"\t"}'],
        ),
        (schema({}), ["1", '"a"', "[{}, -2.5e3]"], ["a", ""]),
        (schema({"enum": ['ü"\\', 3]}), [r'"ü\"\\"', "3"], ["4", '"u"']),
        (schema({"$ref": "#/$defs/n", "$defs": {"n": {"items": {"$ref": "#"}}}}), ["[[],[[]]]"], ["[1]"]),
        (Constraint("regex", "[a-c]{2}/?"), ["ab", "ca/"], ["abc", "a", "/"]),
        (Constraint("regex", "^(yes|no)$"), ["yes", "no"], ["yesno", "maybe"]),
        (Constraint("regex", r"\d+ é"), ["12 é"], ["٣ é"]),
        (Constraint("lark", 'start: "a" word\nword: /[x-z]+/'), ["axyz"], ["xyz", "a"]),
        (Constraint("gbnf", 'root ::= "a" item{1,2} | "b"\nitem ::= [0-9] "-"?'), ["a1-2", "b"], ["a", "a123", "ab"]),
    ],
)
def test_what_a_constraint_allows(
    chat_llama: LlamaModel,
    compiler: ConstraintCompiler,
    constraint: Constraint,
    allowed: list[str],
    forbidden: list[str],
) -> None:
    for text in allowed:
        assert follows(chat_llama, compiler.matcher(constraint), text), text
        rule, simple = compiler.rule(constraint.kind, constraint.text)
        composed = compiler.lark_matcher(f'start: "> " answer\nanswer: {rule}\n', simple=simple)
        assert follows(chat_llama, composed, f"> {text}"), text
    for text in forbidden:
        assert not follows(chat_llama, compiler.matcher(constraint), text), text


def test_control_tokens_are_no_text(chat_llama: LlamaModel, compiler: ConstraintCompiler) -> None:
    matcher = compiler.matcher(schema(TEXT))
    [quote, control] = chat_llama.tokenize('"<|im_start|>', add_special=False)
    assert matcher.accept(quote)
    assert not matcher.accept(control)
    assert control not in matcher.allowed()
    assert matcher.accept(chat_llama.tokenize("<", add_special=False)[0])


def test_a_refused_token_changes_nothing(chat_llama: LlamaModel, compiler: ConstraintCompiler) -> None:
    matcher = compiler.matcher(schema({"const": 12}))
    one, two = (chat_llama.tokenize(digit, add_special=False)[0] for digit in "12")
    assert not matcher.accept(two)
    assert matcher.allowed().tolist() == [one]
    assert matcher.accept(one)
    assert matcher.accept(two)


def test_matchers_of_the_same_constraint_are_independent(chat_llama: LlamaModel, compiler: ConstraintCompiler) -> None:
    constraint = schema({"enum": ["a", "b"]})
    first, second = compiler.matcher(constraint), compiler.matcher(constraint)
    assert follows(chat_llama, first, '"a"')
    assert follows(chat_llama, second, '"b"')


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no json", "it is not JSON"),
        ('{"items":' * 2000 + "{}" + "}" * 2000, "nested too deeply"),
        ({"type": "nosuch"}, "#: Invalid type: nosuch"),
        ({"$ref": "https://example.com/schema.json"}, "#/$ref: 'https://example.com/schema.json' is not part"),
        ({"enum": []}, "#: Unsatisfiable"),
        ({"allOf": [{"$ref": "#"}]}, "#/allOf/0: No text follows it"),
        ({"properties": {"a": {"items": {"type": "any"}}}}, "#/properties/a/items: Invalid type: any"),
        ({"$ref": "#/$defs/p", "$defs": {"p": {"pattern": "["}}}, "#/$defs/p: regex parse error"),
        ({"anyOf": [{"type": "string", "pattern": "^a{5,3}$"}, TEXT]}, "#/anyOf/0: regex parse error"),
        ({"required": ["a"], "properties": {"a": {**TEXT, "minLength": 5, "maxLength": 3}}}, "#/properties/a: "),
        ({"type": "array", "items": INTEGER, "minItems": 5, "maxItems": 3}, "#: Unsatisfiable"),
        ({**INTEGER, "multipleOf": 7, "minimum": 1, "maximum": 6}, "#: Unsatisfiable"),
        ({**TEXT, "pattern": "^((((a{50}){50}){50}){50})$"}, "#: the pattern"),
        ({**TEXT, "pattern": "^\ud800$"}, "#: "),
    ],
)
def test_an_unusable_schema_is_refused_with_its_place(compiler: ConstraintCompiler, value: Any, reason: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compiler.matcher(schema(value))
    assert caught.value.message.code == "schema_unusable"
    assert caught.value.param == "response_format"
    shown = str(caught.value.message.params["reason"])
    assert shown.startswith(reason) or reason in shown
    assert len(shown) <= 240
    assert "\n" not in shown


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint("regex", "["),
        Constraint("regex", "(?=a)"),
        Constraint("regex", "((((a{50}){50}){50}){50})"),
        Constraint("regex", "[a-z]{1,1000}" * 15),  # too complex after some tokens
        Constraint("lark", "nothing"),
        Constraint("lark", "start: missing"),
        Constraint("lark", f"start: {'(' * 5000}"),
        Constraint("lark", "start: /a/\n" + " " * MAX_CHARS["lark"]),
        Constraint("gbnf", "nothing"),
        Constraint("gbnf", "root ::= missing"),
        Constraint("gbnf", f"root ::= {'(' * 5000}"),
    ],
)
def test_an_unusable_grammar_is_refused(compiler: ConstraintCompiler, constraint: Constraint) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compiler.matcher(constraint)
    assert caught.value.message.code == "grammar_unusable"


@pytest.mark.parametrize("kind", ["lark", "gbnf"])
def test_a_text_without_end_ends_no_mask(
    chat_llama: LlamaModel, compiler: ConstraintCompiler, kind: Literal["lark", "gbnf"]
) -> None:
    """After the first letter, only ``a`` can follow, again and again: llguidance looked for the end of it."""
    text = {"lark": 'start: /.a*/ "a"', "gbnf": 'root ::= first "a"\nfirst ::= [a-z] rest\nrest ::= "a"*'}[kind]
    rule, simple = compiler.rule(kind, text)
    composed = compiler.lark_matcher(f"start: answer\nanswer: {rule}\n", simple=simple)
    for matcher in (compiler.matcher(Constraint(kind, text)), composed):
        for token in chat_llama.tokenize("xaa", add_special=False):
            assert matcher.accept(token)
        assert len(matcher.allowed())


def test_refusals_are_kept(chat_llama: LlamaModel, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = ConstraintCompiler(chat_llama)
    constraint = Constraint("regex", "(?=a{900})")
    assert not compiler.is_quick(constraint)
    for _ in range(2):
        with pytest.raises(InvalidRequestError):
            compiler.matcher(constraint)
        monkeypatch.setattr(TrialProcess, "ask", None)
    assert not compiler.is_quick(schema(TEXT))  # no vocabulary yet
    compiler.matcher(schema(TEXT))
    assert compiler.is_quick(constraint)
    assert compiler.is_quick(schema(INTEGER))
    assert not compiler.is_quick(Constraint("regex", "a{900}"))


@pytest.mark.parametrize("simple", [True, False])
def test_composed_grammars_report_llguidance_s_reason(compiler: ConstraintCompiler, simple: bool) -> None:
    with pytest.raises(GrammarError, match="nosuch"):
        compiler.lark_matcher('start: "a" nosuch\n', simple=simple)


def test_what_cannot_be_kept_is_left_out_if_asked(chat_llama: LlamaModel, compiler: ConstraintCompiler) -> None:
    value = {"properties": {"a": {"type": "array", "items": {"enum": ["x"]}, "uniqueItems": True}}, "required": ["a"]}
    rule, simple = compiler.rule("json_schema", json.dumps(value), lenient=True)
    assert follows(chat_llama, compiler.lark_matcher(f"start: {rule}", simple=simple), '{"a":["x","x"]}')
    assert not follows(chat_llama, compiler.lark_matcher(f"start: {rule}", simple=simple), '{"a":["y"]}')


def test_large_schemas_compile(compiler: ConstraintCompiler) -> None:
    """llama-cpp-python's converter took 11 s, for ever, or overflowed a stack."""
    compiler.matcher(schema({"enum": [f"value number {number}" for number in range(20_000)]}))
    fan = {str(n): {"properties": {key: {"$ref": f"#/$defs/{n + 1}"} for key in "abc"}} for n in range(40)}
    compiler.matcher(schema({"$ref": "#/$defs/0", "$defs": {**fan, "40": TEXT}}))
    chain = {str(n): {"properties": {"a": {"$ref": f"#/$defs/{n + 1}"}}} for n in range(1500)}
    compiler.matcher(schema({"$ref": "#/$defs/0", "$defs": {**chain, "1500": TEXT}}))
    compiler.matcher(schema({**TEXT, "maxLength": 1_000_000_000}))
    compiler.matcher(schema({"type": "array", "items": INTEGER, "minItems": 100_000}))


NODE = {"type": "object", "properties": {"v": INTEGER, "next": {"anyOf": [{"$ref": "#/$defs/N"}, {"type": "null"}]}}}
ANSWERS: list[dict[str, Any]] = [
    {"$ref": "#/$defs/N", "$defs": {"N": {**NODE, "required": ["v", "next"]}}},
    {"type": "object", "properties": {"d": {**TEXT, "format": "date"}, "t": {**TEXT, "pattern": "^[a-z]{3}$"}}},
    {"type": "array", "items": {"enum": ["tea", None, 3, {"a": [1.5]}]}, "minItems": 1, "maxItems": 3},
    {
        "type": "object",
        "properties": {"n": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.25}},
    },
    {
        "type": "object",
        "properties": {"c": {"oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}},
        "required": ["c"],
        "$defs": {
            "A": {"type": "object", "properties": {"k": {"const": "a"}, "x": INTEGER}, "required": ["k"]},
            "B": {"type": "object", "properties": {"k": {"const": "b"}, "y": {"type": "boolean"}}, "required": ["k"]},
        },
    },
]


@pytest.mark.parametrize("value", ANSWERS)
def test_a_model_follows_schemas(run: TextRun, value: dict[str, Any]) -> None:
    answers = run.all(
        [
            chat("Hello!", 150, constraint=schema(value), sampling=Sampling(temperature=1.5, seed=seed))
            for seed in range(3)
        ]
    )
    finished = [answer.text for answer in answers if answer.finish_reason is FinishReason.STOP]
    assert finished
    for text in finished:
        jsonschema.validate(json.loads(text), value, format_checker=jsonschema.FormatChecker(["date"]))


def test_a_model_follows_a_regular_expression(run: TextRun) -> None:
    constraint = Constraint("regex", r"(red|blue)-[0-9]{3}")
    answer = run.one(chat("Name a colour.", 40, constraint=constraint, sampling=WILD))
    assert answer.finish_reason is FinishReason.STOP
    assert re.fullmatch(r"(red|blue)-[0-9]{3}", answer.text)


def test_an_answer_ends_with_its_last_token(run: TextRun) -> None:
    """No further step is computed for the end."""
    tokens = len(run.model.tokenize("yes", add_special=False))
    answer = run.one(chat("Yes?", 40, constraint=Constraint("regex", "yes")))
    assert (answer.text, answer.finish_reason) == ("yes", FinishReason.STOP)
    assert answer.usage.completion_tokens <= tokens + 1


def test_a_constraint_that_gets_too_complex_fails_its_request_only(run: TextRun) -> None:
    words = "the quick brown fox jumps over the lazy dog and " * 5  # the trial ends in them
    constraint = Constraint("lark", f'start: "{words}" /(.{{0,900}}a){{20}}/')
    free, answer = run.all([chat("Hi", 12), chat("Hi", 300, constraint=constraint, sampling=WILD)])
    assert free.usage.completion_tokens > 0
    assert answer.error is not None
    assert answer.error.message.code == "constraint_failed"


def test_log_probabilities_are_of_the_free_distribution(run: TextRun) -> None:
    question = chat("Yes or no?", 1, top_logprobs=3)
    [free] = run.one(question).logprobs
    [forced] = run.one(replace(question, constraint=Constraint("regex", "zzz"))).logprobs
    assert forced.top == free.top
    assert forced.token == "zzz"[: len(forced.token)]
    assert forced.logprob < free.logprob


def test_seed_bias_and_penalties_work_with_constraints(run: TextRun) -> None:
    def answer(**sampling: Any) -> str:
        constraint = Constraint("regex", "[ab]{20}")
        return run.one(chat("Hi", 40, constraint=constraint, sampling=Sampling(**sampling))).text

    assert answer(seed=1, temperature=1.5) == answer(seed=1, temperature=1.5)
    assert len({answer(seed=seed, temperature=1.5) for seed in range(4)}) > 1
    banned = {token: -100.0 for token in range(run.model.n_vocab) if b"a" in run.model.piece(token)}
    assert answer(temperature=0, logit_bias=banned) == "b" * 20
    repeating = answer(temperature=0, logit_bias=banned, penalty_last_n=-1, frequency_penalty=2.0)
    assert repeating == "b" * 20
    varied = answer(temperature=0, penalty_last_n=-1, presence_penalty=-10.0)
    assert varied != answer(temperature=0, penalty_last_n=-1, frequency_penalty=10.0)
