"""Which grammars are compiled in a process of their own first, and that it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preheat.inference.worker.constraint_trial import compiles_in_time, needs_trial
from preheat.inference.worker.constraints.references import SchemaDocument
from preheat.inference.worker.constraints.schemas import prepared

MANY = [{"type": "string", "pattern": f"(a|b)*{number}(a|b){{10}}"} for number in range(30)]


def grammar(schema: Any) -> str:
    return json.dumps({"grammars": [{"json_schema": prepared(SchemaDocument(json.dumps(schema)))}]})


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (grammar({"allOf": MANY}), True),
        (grammar({"anyOf": MANY}), False),
        (grammar({"properties": {"ä": {"pattern": "x"}}}), False),
        (grammar({"$defs": {"a": {"anyOf": MANY}}, "properties": {"a": {"$ref": "#/$defs/a"}}}), False),
        (grammar({"$defs": {"a": {"anyOf": MANY}}, "items": {"$ref": "#/$defs/a", "pattern": "x"}}), True),
        ('start: %json {"\\u0061llOf": []}', True),
        (f"start: %json {json.dumps({'allOf': MANY})}", True),
        ("start: /a+/ & /[ab]*/", False),
    ],
)
def test_combined_patterns_need_a_trial(text: str, needed: bool) -> None:
    assert needs_trial(text) is needed


def test_endless_work_is_ended() -> None:
    assert not compiles_in_time(grammar({"allOf": MANY}))


def test_what_compiles_or_is_refused_is_in_time() -> None:
    assert compiles_in_time(grammar({"allOf": [{"pattern": f"^[a-z]*{number}"} for number in range(4)]}))
    assert compiles_in_time("no grammar")
