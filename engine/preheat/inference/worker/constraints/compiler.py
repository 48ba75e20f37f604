"""Constraints on what a model may say: compiled by llguidance, asked once for each token.

Compiling runs on the reading thread; each ``TokenMatcher`` belongs to one generation and runs on the decode thread.
"""

from __future__ import annotations

import ctypes
import json
import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Final, TypeVar

from preheat.errors import InvalidRequestError
from preheat.inference import Constraint
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.constraint_trial import compiles_in_time, needs_trial
from preheat.inference.worker.constraints.patterns import PatternError, usable_pattern
from preheat.inference.worker.constraints.references import ROOT, SchemaDocument, SchemaError
from preheat.inference.worker.constraints.schemas import places, prepared
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_CHARS: Final = {"regex": 1 << 18, "lark": 1 << 15, "gbnf": 1 << 15}
"""Longest text of each kind in a request; the limits of schemas are in ``schemas``. Grammars compile more slowly."""

_CACHED_MATCHERS: Final = 32
_MAX_REASON_CHARS: Final = 240
_SEARCH_S: Final = 0.5
"""Time to search for the part of a schema that cannot be compiled."""

_REASONS: Final = {"panic": "It is too large", "NoExtension": "No text follows it"}
"""What llguidance's errors that begin like this mean."""

_STACK_BYTES: Final = 64 << 20

_SPECIAL: Final = b"\xff"
"""llguidance's prefix of tokens that are no text."""

_NO_TEXT: Final = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN | llama.LLAMA_TOKEN_ATTR_UNUSED


class GrammarError(Exception):
    """A grammar that cannot be compiled; the text is llguidance's reason."""


class TokenMatcher:
    """Follows one generation through a grammar."""

    def __init__(self, matcher: Any, n_vocab: int, words: int) -> None:
        import numpy as np

        self._matcher = matcher
        self._n_vocab = n_vocab
        self._bits = np.zeros(words, dtype=np.uint32)

    def copy(self) -> TokenMatcher:
        """Return a matcher at the same place."""
        return TokenMatcher(self._matcher.deep_copy(), self._n_vocab, len(self._bits))

    def accept(self, token: int) -> bool:
        """Advance past a token; return False, and change nothing, if the grammar does not allow it."""
        return bool(self._matcher.try_consume_tokens([token]) == 1)

    def allowed(self) -> Any:
        """Return the ids of the tokens that may come next, as an array; an empty one after ``failure``."""
        import numpy as np

        self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
        bits = np.unpackbits(self._bits.view(np.uint8), bitorder="little", count=self._n_vocab)
        return np.flatnonzero(bits)[: 0 if self._matcher.is_error() else None].astype(np.int32)

    @property
    def complete(self) -> bool:
        """Nothing can follow."""
        return bool(self._matcher.is_stopped() and not self._matcher.is_error())

    @property
    def failure(self) -> str:
        """Reason why the grammar cannot be followed any further; empty while it can."""
        return _one_line(self._matcher.get_error())


class ConstraintCompiler:
    """Makes matchers for the vocabulary of one model. Any thread but the one that decodes.

    The vocabulary is prepared when the first constraint needs it, which takes some tenths of a second.
    """

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._compiled = lru_cache(maxsize=_CACHED_MATCHERS)(self._compile)
        self._compiling = threading.Lock()

    def matcher(self, constraint: Constraint) -> TokenMatcher:
        """Return a new matcher for a constraint.

        Raises:
            InvalidRequestError: The constraint cannot be compiled; the message names the reason and the place.
        """
        try:
            if constraint.kind == "json_schema":
                return self._schema_matcher(SchemaDocument(constraint.text))
            return self.lark_matcher(_grammar(constraint))
        except (SchemaError, GrammarError) as error:
            code = "schema_unusable" if constraint.kind == "json_schema" else "grammar_unusable"
            raise InvalidRequestError(msg(code, reason=_one_line(str(error))), param=constraint.param) from error

    def _schema_matcher(self, document: SchemaDocument) -> TokenMatcher:
        try:
            return self.lark_matcher(_json_grammar(document, ROOT))
        except GrammarError as error:
            raise SchemaError(self._located(document, str(error))) from error

    def lark_matcher(self, grammar: str) -> TokenMatcher:
        """Return a new matcher for a grammar in llguidance's Lark dialect.

        Raises:
            GrammarError: It cannot be compiled.
        """
        return TokenMatcher(self._compiled(grammar).deep_copy(), self._model.n_vocab, (self._size + 31) // 32)

    def special_token(self, text: str) -> int | None:
        """Return the token that has this text and that grammars can only name by its id."""
        tokens = self._model.tokenize(text, add_special=False)
        is_special = len(tokens) == 1 and self._token_bytes(tokens[0]) == _SPECIAL + text.encode()
        return tokens[0] if is_special else None

    def _compile(self, grammar: str) -> Any:
        if needs_trial(grammar) and not compiles_in_time(grammar):
            raise GrammarError("Its patterns are too complex together")
        with self._compiling:
            tokenizer = self._tokenizer
            return _with_deep_stack(lambda: _compiled_matcher(tokenizer, grammar))

    def _located(self, document: SchemaDocument, reason: str) -> str:
        """Return the reason together with the smallest part of the schema that it holds for."""
        deadline = time.monotonic() + _SEARCH_S
        found, passed = ROOT, {ROOT}
        options = places(document, found)
        while (place := next(options, None)) is not None and time.monotonic() < deadline:
            if place in passed:
                continue
            passed.add(place)
            try:
                self._compile(_json_grammar(document, place))
            except GrammarError as error:
                found, reason, options = place, str(error), places(document, place)
            except SchemaError:
                continue
        return f"{found}: {reason}"

    @property
    def _size(self) -> int:
        return int(self._tokenizer.vocab_size)

    @cached_property
    def _tokenizer(self) -> Any:
        from llguidance import LLTokenizer

        began = time.monotonic()
        model = self._model
        ends = [token for token in range(model.n_vocab) if model.is_end(token)]
        tokens = [self._token_bytes(token) for token in range(model.n_vocab)]
        if not ends:
            ends = [len(tokens)]
            tokens.append(_SPECIAL + b"<end>")
        tokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]  # its stub lacks it
            tokens=tokens,
            vocab_ptr=ctypes.cast(model.vocab, ctypes.c_void_p).value,
            tokenize_fptr=ctypes.cast(llama._lib.llama_tokenize, ctypes.c_void_p).value,
            eos_token=ends,
        )
        logger.info("vocabulary prepared for constraints in %.2f s", time.monotonic() - began)
        return tokenizer

    def _token_bytes(self, token: int) -> bytes:
        """Return a token's bytes as llguidance takes them; control tokens must not match text."""
        attributes: int = llama.llama_vocab_get_attr(self._model.vocab, token)
        text = self._model.written_piece(token)
        is_tag = text.startswith(b"<") and text.endswith(b">")
        special = attributes & _NO_TEXT or (attributes & llama.LLAMA_TOKEN_ATTR_USER_DEFINED and is_tag)
        return _SPECIAL + text if special else text


def constraint_rule(constraint: Constraint) -> str:
    """Return the expression for a constraint in llguidance's Lark dialect, for the right side of a rule.

    Raises:
        SchemaError: The JSON schema cannot be used.
        GrammarError: The grammar is too long, or cannot be translated.
    """
    if constraint.kind in ("lark", "gbnf"):
        return f"%lark {{\n{_grammar(constraint)}\n}}"
    return _grammar(constraint).removeprefix("start: ")


def _grammar(constraint: Constraint) -> str:
    if constraint.kind == "json_schema":
        return f"start: {json_rule(constraint.text)}"
    if len(constraint.text) > MAX_CHARS[constraint.kind]:
        raise GrammarError(f"It has more than {MAX_CHARS[constraint.kind]} characters")
    match constraint.kind:
        case "regex":
            from llguidance import regex_to_lark

            try:
                return f"start: /{regex_to_lark(usable_pattern(constraint.text), 'dw')}/"
            except PatternError as error:
                raise GrammarError(str(error)) from error
        case "lark":
            return constraint.text
        case "gbnf":
            return _translated(constraint.text)


def json_rule(schema: str, *, lenient: bool = False) -> str:
    """Return the Lark expression for a JSON schema, given as JSON text.

    Args:
        lenient: Leave out what cannot be kept instead of refusing it.

    Raises:
        SchemaError: It cannot be used.
    """
    return f"%json {json.dumps(prepared(SchemaDocument(schema), lenient=lenient))}"


def _json_grammar(document: SchemaDocument, place: str) -> str:
    return json.dumps({"grammars": [{"json_schema": prepared(document, place)}]})


def _translated(gbnf: str) -> str:
    from llguidance.gbnf_to_lark import gbnf_to_lark

    try:
        return gbnf_to_lark(gbnf)
    except Exception as error:  # the translator raises all kinds, plain ``Exception`` for an unknown rule
        raise GrammarError(str(error)) from error


def _compiled_matcher(tokenizer: Any, grammar: str) -> Any:
    from llguidance import LLMatcher, LLParserLimits

    # Errors without the parser's state: they would contain the answer.
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=LLParserLimits(verbose_errors=False))
    if not matcher.is_error():
        matcher.compute_bitmask()  # finds what is too complex, and starts the lexer, before the first step
    if matcher.is_error():
        reason = matcher.get_error()
        known = (text for start, text in _REASONS.items() if reason.startswith(start))
        raise GrammarError(next(known, reason))
    return matcher


def _with_deep_stack(compile_it: Callable[[], T]) -> T:
    """Call a function in a thread with a large stack: llguidance recurses into a grammar and would end the process."""
    results: list[T | BaseException] = []

    def run() -> None:
        try:
            results.append(compile_it())
        except BaseException as error:
            results.append(error)

    usual = threading.stack_size(_STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="compiler")
        thread.start()
    finally:
        threading.stack_size(usual)
    thread.join()
    [result] = results
    if isinstance(result, BaseException):
        raise result
    return result


def _one_line(text: str) -> str:
    line = " ".join(text.removesuffix("<non-verbose/>").split())
    return line if len(line) <= _MAX_REASON_CHARS else f"{line[: _MAX_REASON_CHARS - 1]}…"
