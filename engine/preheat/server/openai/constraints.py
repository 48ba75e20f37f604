"""Forms that an answer has to follow, in the fields of OpenAI, llama.cpp, vLLM, SGLang and TGI."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import ConfigDict, Field

from preheat.errors import InvalidRequestError
from preheat.inference import ANY_JSON_OBJECT, Constraint
from preheat.server.bodies import JsonBody, Label, invalid, parse_json
from preheat.server.errors import BodyTooLargeError

Schema = dict[str, Any] | bool
T = TypeVar("T")

MAX_CHOICES: Final = 4096
Choices: TypeAlias = Annotated[list[T], Field(max_length=MAX_CHOICES)]

_META: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")
_FORMAT_TYPES: Final = "text, json_object, json_schema, regex, grammar and structural_tag"


class JsonSchemaBody(JsonBody):
    """The field ``json_schema`` of ``response_format``."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())

    name: str | None = None
    description: str | None = None
    schema_: Schema = Field(alias="schema")
    strict: bool | None = None


class StructureBody(JsonBody):
    """One structure of a structural tag: after ``begin`` comes JSON that follows ``schema``, then ``end``."""

    begin: str
    schema_: Schema = Field(True, alias="schema")
    end: str = ""


class ResponseFormat(JsonBody):
    """``response_format``; ``schema`` with ``json_object`` is llama.cpp's form, ``value`` TGI's."""

    type: Label
    json_schema: JsonSchemaBody | None = None
    schema_: Schema | None = Field(None, alias="schema")
    regex: str | None = None
    pattern: str | None = None
    grammar: str | None = None
    value: str | dict[str, Any] | None = None
    structures: Choices[StructureBody] | None = None
    triggers: Choices[str] | None = None


class StructuredOutputs(JsonBody):
    """``structured_outputs`` of vLLM."""

    json_: str | dict[str, Any] | None = Field(None, alias="json")
    regex: str | None = None
    choice: Choices[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None
    structural_tag: str | None = None


class ConstraintFields(JsonBody):
    """Fields outside ``response_format``. At most one of them may be given."""

    response_format: ResponseFormat | None = Field(None, description=f"Types {_FORMAT_TYPES}.")
    json_schema: str | dict[str, Any] | None = Field(None, description="llama.cpp's: a JSON schema.")
    grammar: str | None = Field(None, description="llama.cpp's: a GBNF or Lark grammar.")
    guided_json: str | dict[str, Any] | None = Field(None, description="vLLM's: a JSON schema.")
    guided_regex: str | None = Field(None, description="vLLM's: a regular expression.")
    guided_choice: Choices[str] | None = Field(None, description="vLLM's: the answer is one of these texts.")
    guided_grammar: str | None = Field(None, description="vLLM's: a GBNF or Lark grammar.")
    structured_outputs: StructuredOutputs | None = Field(None, description="vLLM's newer form of these.")
    regex: str | None = Field(None, description="SGLang's: a regular expression.")
    ebnf: str | None = Field(None, description="SGLang's: a grammar.")

    @property
    def constraint(self) -> Constraint | None:
        """The form of the answer; raises InvalidRequestError if there are several, or one cannot be read."""
        found = [(name, constraint) for name, constraint in self._constraints() if constraint is not None]
        if len(found) > 1:
            raise invalid(found[1][0], f"cannot be combined with {found[0][0]}")
        return replace(found[0][1], param=found[0][0]) if found else None

    def _constraints(self) -> Iterable[tuple[str, Constraint | None]]:
        yield "response_format", _of_format(self.response_format)
        yield "json_schema", _of_schema(self.json_schema, "json_schema")
        yield "grammar", _of_grammar(self.grammar)
        yield "guided_json", _of_schema(self.guided_json, "guided_json")
        yield "guided_regex", _of_regex(self.guided_regex)
        yield "guided_choice", _of_choice(self.guided_choice, "guided_choice")
        yield "guided_grammar", _of_grammar(self.guided_grammar)
        yield "regex", _of_regex(self.regex)
        yield "ebnf", _of_grammar(self.ebnf)
        if (outputs := self.structured_outputs) is not None:
            name = "structured_outputs"
            yield f"{name}.json", _of_schema(outputs.json_, f"{name}.json")
            yield f"{name}.regex", _of_regex(outputs.regex)
            yield f"{name}.choice", _of_choice(outputs.choice, f"{name}.choice")
            yield f"{name}.grammar", _of_grammar(outputs.grammar)
            yield f"{name}.json_object", ANY_JSON_OBJECT if outputs.json_object else None
            yield f"{name}.structural_tag", _of_tag_text(outputs.structural_tag, f"{name}.structural_tag")


def _of_format(form: ResponseFormat | None) -> Constraint | None:
    if form is None or form.type == "text":
        return None
    match form.type:
        case "json_schema" | "json" | "json_object":
            schema: Any = form.json_schema.schema_ if form.json_schema is not None else form.schema_
            if schema is None:
                schema = form.value
            if schema is None and form.type == "json_object":
                return ANY_JSON_OBJECT
            constraint = None if schema is None else _of_schema(schema, "response_format")
        case "regex":
            constraint = _of_regex(form.regex or form.pattern or _text(form.value))
        case "grammar" | "gbnf" | "lark" | "ebnf":
            constraint = _of_grammar(form.grammar or _text(form.value))
        case "structural_tag":
            constraint = None if form.structures is None else _of_tag(form.structures, form.triggers or [])
        case _:
            raise invalid("response_format.type", f"is not supported: the types are {_FORMAT_TYPES}")
    if constraint is None:
        raise invalid("response_format", f"type {form.type} needs its field with the schema, expression or grammar")
    return constraint


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _of_schema(schema: str | Schema | None, param: str) -> Constraint | None:
    if schema is None:
        return None
    if isinstance(schema, str):
        if not isinstance(_parsed(schema, param), dict | bool):
            raise invalid(param, "is not a JSON schema")
        return Constraint("json_schema", schema)
    return Constraint("json_schema", json.dumps(schema))


def _parsed(text: str, param: str) -> Any:
    try:
        return parse_json(text.encode("utf-8", "replace"))
    except (InvalidRequestError, BodyTooLargeError) as error:
        if "reason" in error.message.params:
            raise invalid(param, f"is not JSON: {error.message.params['reason']}") from None
        error.param = param  # it has too many values or levels
        raise


def _of_regex(regex: str | None) -> Constraint | None:
    return Constraint("regex", regex) if regex else None


def _of_grammar(grammar: str | None) -> Constraint | None:
    """Return a grammar's constraint; only GBNF has the mark ``::=``."""
    return Constraint("gbnf" if "::=" in grammar else "lark", grammar) if grammar else None


def _of_choice(choices: list[str] | None, param: str) -> Constraint | None:
    if choices is None:
        return None
    if not choices:
        raise invalid(param, "needs at least one text")
    return Constraint("regex", "|".join(_META.sub(r"\\\1", choice) for choice in choices))


def _of_tag_text(text: str | None, param: str) -> Constraint | None:
    if text is None:
        return None
    try:
        form = ResponseFormat.model_validate(_parsed(text, param))
    except ValueError:
        raise invalid(param, "is not a structural tag as JSON") from None
    return _of_format(form)


def _of_tag(structures: list[StructureBody], triggers: list[str]) -> Constraint:
    """Return a grammar: free text in which each trigger begins one of the structures."""
    rules = []
    for number, structure in enumerate(structures):
        trigger = next((trigger for trigger in triggers if trigger and structure.begin.startswith(trigger)), None)
        if trigger is None:
            raise invalid(f"response_format.structures[{number}].begin", "must start with one of the triggers")
        rest = [json.dumps(text) for text in (structure.begin[len(trigger) :],) if text]
        end = [json.dumps(structure.end)] if structure.end else []
        body = " ".join([*rest, f"%json {json.dumps(structure.schema_)}", *end])
        rules.append(f"trigger_{number}[lazy]: TEXT {json.dumps(trigger)}\ntag_{number}: trigger_{number} {body}")
    tags = " | ".join(f"tag_{number}" for number in range(len(rules)))
    return Constraint("lark", "\n".join([f"start: ({tags})* rest", "rest: TEXT", r"TEXT: /(.|\n)*/", *rules]))
