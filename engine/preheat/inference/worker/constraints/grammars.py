"""Turns clients' constraints into grammars in llguidance's Lark dialect. Hostile ones may never end: see ``trial``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from preheat.inference.worker.constraints.native import GrammarError, one_line
from preheat.inference.worker.constraints.patterns import PatternError, usable_pattern
from preheat.inference.worker.constraints.references import ROOT, SchemaDocument, SchemaError
from preheat.inference.worker.constraints.schemas import places, prepared

JSON_SCHEMA: Final = "json_schema"

GRAMMAR: Final = "grammar"
"""Kind of a whole grammar in llguidance's dialect, which no client sends."""

MAX_CHARS: Final = {"regex": 1 << 18, "lark": 1 << 15, "gbnf": 1 << 15}
"""Longest text of each kind in a request; the limits of schemas are in ``schemas``. Grammars compile more slowly."""

_SEARCH_S: Final = 0.25
"""Time to search for the part of a schema that cannot be compiled."""


def rule_text(kind: str, text: str, *, lenient: bool = False) -> str:
    """Return the expression for a constraint, for the right side of a rule.

    Args:
        kind: As in ``Constraint``.
        text: The constraint.
        lenient: Leave out what cannot be kept of a JSON schema instead of refusing it.

    Raises:
        SchemaError: The JSON schema cannot be used.
        GrammarError: The grammar is too long, or cannot be translated.
    """
    if kind == JSON_SCHEMA:
        return f"%json {json.dumps(_prepared(SchemaDocument(text), ROOT, lenient=lenient))}"
    if len(text) > MAX_CHARS[kind]:
        raise GrammarError(f"It has more than {MAX_CHARS[kind]} characters")
    if kind == "regex":
        return _regex_rule(text)
    return f"%lark {{\n{text if kind == 'lark' else _translated(text)}\n}}"


def compile_constraint(kind: str, text: str, compile_it: Callable[[str], None]) -> str:
    """Compile a constraint, and return its grammar.

    Args:
        kind: As in ``Constraint``.
        text: The constraint.
        compile_it: Compiles a grammar; raises GrammarError.

    Raises:
        SchemaError: The JSON schema cannot be used; the text begins with the place.
        GrammarError: Another constraint cannot be used.
    """
    if kind != JSON_SCHEMA:
        rule = rule_text(kind, text)
        grammar = rule.removeprefix("%lark {\n").removesuffix("\n}") if kind != "regex" else f"start: {rule}"
        compile_it(grammar)
        return grammar
    document = SchemaDocument(text)
    grammar = _json_grammar(document, ROOT)
    try:
        compile_it(grammar)
    except GrammarError as error:
        raise SchemaError(_located(document, str(error), compile_it)) from error
    return grammar


def _located(document: SchemaDocument, reason: str, compile_it: Callable[[str], None]) -> str:
    """Return the reason together with the smallest part of the schema that it holds for."""
    deadline = time.monotonic() + _SEARCH_S
    found, passed = ROOT, {ROOT}
    options = places(document, found)
    while (place := next(options, None)) is not None and time.monotonic() < deadline:
        if place in passed:
            continue
        passed.add(place)
        try:
            compile_it(_json_grammar(document, place))
        except GrammarError as error:
            found, reason, options = place, str(error), places(document, place)
        except SchemaError:
            continue
    return f"{found}: {reason}"


def _json_grammar(document: SchemaDocument, place: str) -> str:
    return json.dumps({"grammars": [{"json_schema": _prepared(document, place)}]})


def _prepared(document: SchemaDocument, place: str, *, lenient: bool = False) -> object:
    try:
        return prepared(document, place, lenient=lenient)
    except RecursionError as error:
        raise SchemaError("it is nested too deeply") from error


def _regex_rule(text: str) -> str:
    from llguidance import regex_to_lark

    try:
        return f"/{regex_to_lark(usable_pattern(text), 'dw')}/"
    except (PatternError, UnicodeEncodeError) as error:
        raise GrammarError(one_line(str(error))) from error


def _translated(gbnf: str) -> str:
    from llguidance.gbnf_to_lark import gbnf_to_lark

    try:
        return gbnf_to_lark(gbnf)
    except RecursionError as error:
        raise GrammarError("It is nested too deeply") from error
    except Exception as error:  # the translator raises all kinds, plain ``Exception`` for an unknown rule
        raise GrammarError(one_line(str(error))) from error
