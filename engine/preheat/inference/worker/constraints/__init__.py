"""Constraints on what a model may say: JSON schemas, regular expressions and grammars, followed token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.inference.worker.constraints.compiler import ConstraintCompiler as ConstraintCompiler
    from preheat.inference.worker.constraints.matching import TokenMatcher as TokenMatcher
    from preheat.inference.worker.constraints.native import GrammarError as GrammarError
    from preheat.inference.worker.constraints.references import SchemaError as SchemaError
    from preheat.inference.worker.constraints.shapes import check_schema as check_schema
else:
    # The guarded process imports parts of this package, and must not load llama.cpp.
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.inference.worker.constraints.compiler": "ConstraintCompiler",
            "preheat.inference.worker.constraints.matching": "TokenMatcher",
            "preheat.inference.worker.constraints.native": "GrammarError",
            "preheat.inference.worker.constraints.references": "SchemaError",
            "preheat.inference.worker.constraints.shapes": "check_schema",
        },
    )
