"""Constraints on what a model may say: JSON schemas, regular expressions and grammars, followed token by token."""

from __future__ import annotations

from preheat.inference.worker.constraints.compiler import ConstraintCompiler as ConstraintCompiler
from preheat.inference.worker.constraints.compiler import GrammarError as GrammarError
from preheat.inference.worker.constraints.compiler import TokenMatcher as TokenMatcher
from preheat.inference.worker.constraints.compiler import constraint_rule as constraint_rule
from preheat.inference.worker.constraints.compiler import json_rule as json_rule
from preheat.inference.worker.constraints.references import SchemaError as SchemaError
