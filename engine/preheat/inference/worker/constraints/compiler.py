"""Constraints on what a model may say: compiled by llguidance, asked once for each token.

What is not plain is compiled in a guarded process first, because hostile constraints take time and memory without end.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.inference import Constraint
from preheat.inference.worker.constraints.grammars import GRAMMAR, JSON_SCHEMA, compile_constraint, rule_text
from preheat.inference.worker.constraints.matching import TokenMatcher
from preheat.inference.worker.constraints.native import GrammarError, compiled, one_line, with_deep_stack
from preheat.inference.worker.constraints.outcomes import Outcome, OutcomeCache, Refusal
from preheat.inference.worker.constraints.references import MAX_SCHEMA_CHARS, ROOT, SchemaError
from preheat.inference.worker.constraints.simple import is_simple
from preheat.inference.worker.constraints.trial_process import TrialFailed, TrialProcess
from preheat.inference.worker.constraints.vocabulary import Vocabulary
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg

MAX_GRAMMAR_CHARS: Final = 4 * MAX_SCHEMA_CHARS
"""Longest grammar, with everything that it is composed of."""

_CACHED: Final = 64
_CACHED_BYTES: Final = 128 << 20
_BYTES_PER_CHAR: Final = 40
"""Memory of a simple grammar, for each character."""

_RETRY_S: Final = 60.0
"""Time until a trial that a busy machine may have delayed is repeated."""


class ConstraintCompiler:
    """Makes matchers for the vocabulary of one model. Any thread but the one that decodes.

    Results and refusals are kept. The first constraint takes some tenths of a second more.
    """

    def __init__(self, model: LlamaModel) -> None:
        self._n_vocab = model.n_vocab
        self._vocabulary = Vocabulary(model)
        self._trials = TrialProcess(self._vocabulary.sample)
        self._outcomes = OutcomeCache(_CACHED, _CACHED_BYTES)

    def is_quick(self, constraint: Constraint) -> bool:
        """Return whether ``matcher`` takes some milliseconds at most. Takes less itself."""
        if not self._vocabulary.is_prepared:
            return False
        return _key(constraint.kind, constraint.text) in self._outcomes or is_simple(constraint.kind, constraint.text)

    def matcher(self, constraint: Constraint) -> TokenMatcher:
        """Return a new matcher for a constraint.

        Raises:
            InvalidRequestError: The constraint cannot be used; the message names the reason and the place.
        """
        kind, text = constraint.kind, constraint.text
        outcome = self._outcomes.get(_key(kind, text), lambda: self._compile(kind, text))
        if isinstance(outcome, Refusal):
            code = "schema_unusable" if kind == JSON_SCHEMA else "grammar_unusable"
            raise InvalidRequestError(msg(code, reason=one_line(outcome.reason)), param=constraint.param)
        return self._new(outcome)

    def lark_matcher(self, grammar: str, *, simple: bool) -> TokenMatcher:
        """Return a new matcher for a grammar in llguidance's Lark dialect.

        Args:
            grammar: The grammar.
            simple: It is composed of simple parts only, and needs no trial.

        Raises:
            GrammarError: It cannot be used.
        """
        if len(grammar) > MAX_GRAMMAR_CHARS:
            raise GrammarError("It is too large")
        make = (lambda: self._compile_plainly(grammar)) if simple else (lambda: self._compile(GRAMMAR, grammar))
        outcome = self._outcomes.get(_key(GRAMMAR, grammar), make)
        if isinstance(outcome, Refusal):
            raise GrammarError(outcome.reason)
        return self._new(outcome)

    def rule(self, kind: str, text: str, *, lenient: bool = False) -> tuple[str, bool]:
        """Return the expression for a constraint, for the right side of a rule, and whether it is simple.

        Args:
            kind: As in ``Constraint``.
            text: The constraint.
            lenient: Leave out what cannot be kept of a JSON schema instead of refusing it.

        Raises:
            SchemaError: The JSON schema cannot be used.
            GrammarError: Another constraint cannot be used.
        """
        if is_simple(kind, text):
            return rule_text(kind, text, lenient=lenient), True
        outcome = self._outcomes.get(
            _key(f"rule {lenient} {kind}", text),
            lambda: self._tried(kind, text, lambda answer: answer["text"], rule=True, lenient=lenient),
        )
        if isinstance(outcome, Refusal):
            raise SchemaError(outcome.reason) if kind == JSON_SCHEMA else GrammarError(outcome.reason)
        return outcome, False

    def special_token(self, text: str) -> int | None:
        """Return the token that has this text and that grammars can only name by its id."""
        return self._vocabulary.special_token(text)

    def _new(self, native: Any) -> TokenMatcher:
        return TokenMatcher(native.deep_copy(), self._n_vocab, (int(self._vocabulary.tokenizer.vocab_size) + 31) // 32)

    def _compile(self, kind: str, text: str) -> Outcome:
        if kind != GRAMMAR and is_simple(kind, text):
            return self._compile_simple(kind, text)
        return self._tried(kind, text, lambda answer: self._native(answer["text"] or text))

    def _compile_simple(self, kind: str, text: str) -> Outcome:
        try:
            grammar = compile_constraint(kind, text, lambda grammar: compiled(self._vocabulary.tokenizer, grammar))
        except (SchemaError, GrammarError) as error:
            return _refused(error)
        return self._compile_plainly(grammar)

    def _compile_plainly(self, grammar: str) -> Outcome:
        try:
            return Outcome(self._native(grammar), _BYTES_PER_CHAR * len(grammar))
        except GrammarError as error:
            return _refused(error)

    def _tried(self, kind: str, text: str, use: Callable[[dict[str, Any]], Any], **options: bool) -> Outcome:
        """Return the outcome of a trial, which ``use`` makes of the answer."""
        if len(text) > MAX_GRAMMAR_CHARS:
            return _refused(GrammarError("It is too large"))
        try:
            answer = self._trials.ask(kind, text, **options)
            if "refused" in answer:
                return _refused(GrammarError(answer["refused"]))
            return Outcome(use(answer), answer["size_bytes"])
        except TrialFailed as failure:
            place = f"{ROOT}: " if kind == JSON_SCHEMA else ""
            until = time.monotonic() + _RETRY_S if failure.may_pass else math.inf
            return Outcome(Refusal(f"{place}{failure}"), 0, until)
        except GrammarError as error:
            return _refused(error)

    def _native(self, grammar: str) -> Any:
        tokenizer = self._vocabulary.tokenizer
        return with_deep_stack(lambda: compiled(tokenizer, grammar))


def _refused(error: Exception) -> Outcome:
    return Outcome(Refusal(one_line(str(error))), 0)


def _key(kind: str, text: str) -> tuple[str, bytes]:
    return kind, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
