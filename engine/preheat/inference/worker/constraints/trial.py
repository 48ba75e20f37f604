"""Compiles constraints as a trial, in a guarded process: ``python -m preheat.inference.worker.constraints.trial``.

llguidance limits the work for almost everything, but not for all: its time and memory can grow exponentially, nothing
interrupts it, and the process ends if memory runs out. The rewriting of schemas before it has no limits at all.

A question is JSON: ``kind`` and ``text`` as in ``Constraint``, or the kind ``GRAMMAR``; ``lenient``; ``rule`` if only
the expression for a rule is wanted. The answer is JSON: ``text`` and ``size_bytes``, or ``refused`` with the reason.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import signal
import sys
import time
from typing import Any, Final

from llguidance import LLTokenizer, TokenizerWrapper

from preheat.inference.worker.constraints.grammars import GRAMMAR, compile_constraint, rule_text
from preheat.inference.worker.constraints.native import USUAL_TOKEN_S, GrammarError, check, compiled, with_deep_stack
from preheat.inference.worker.constraints.references import SchemaError
from preheat.inference.worker.guarded_process import serve
from preheat.inference.worker.guarded_process.limits import resident_bytes

NO_VOCABULARY: Final = b"no vocabulary"
"""The answer to a question before the vocabulary."""

PROCESSOR_S: Final = 0.8
"""Processor time for one question; the worker takes as long for the same work."""

_WALK_TOKENS: Final = 48
_WALK_S: Final = 0.15
_MAX_SLOW_TOKENS: Final = 1

_TOKEN_ID: Final = re.compile(r"<\[[-0-9, ]+\]>")
_END: Final = 256


class _Vocabulary:
    """All single bytes, the end, and a sample of a model's tokens."""

    eos_token_id: Final = _END
    bos_token_id = None
    special_token_ids: Final = [_END]

    def __init__(self, tokens: list[bytes]) -> None:
        self.tokens: Final = [*(bytes([byte]) for byte in range(256)), b"\xff<end>", *tokens]

    def __call__(self, text: bytes | str) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


class _Trial:
    def __init__(self) -> None:
        self._tokenizer: Any = None
        self._matcher: Any = None

    def answer(self, question: bytes) -> bytes:
        """Take the vocabulary, or answer a question."""
        fields = json.loads(question)
        if "vocabulary" in fields:
            tokens = [token.encode("latin-1") for token in fields["vocabulary"]]
            self._tokenizer = LLTokenizer(TokenizerWrapper(_Vocabulary(tokens)))
            return b""
        if self._tokenizer is None:
            return NO_VOCABULARY
        _limit_processor_time(PROCESSOR_S)
        try:
            return json.dumps(self._compiled(**fields)).encode()
        except (SchemaError, GrammarError) as error:
            return json.dumps({"refused": str(error)}).encode()
        finally:
            _limit_processor_time(0)
            self._matcher = None

    def _compiled(self, kind: str, text: str, *, rule: bool, lenient: bool) -> dict[str, Any]:
        before = resident_bytes()
        if rule:
            text = rule_text(kind, text, lenient=lenient)
            return {"text": text, "size_bytes": len(text)}
        if kind == GRAMMAR:
            self._compile(text)
            text = ""
        else:
            text = compile_constraint(kind, text, self._compile)
        walk(self._matcher)
        return {"text": text, "size_bytes": len(text) + max(resident_bytes() - before, 0)}

    def _compile(self, grammar: str) -> None:
        grammar = _TOKEN_ID.sub(f"<[{_END}]>", grammar)  # the sample has other ids
        self._matcher = with_deep_stack(lambda: compiled(self._tokenizer, grammar))


def walk(matcher: Any) -> None:
    """Follow a grammar for some random tokens.

    Raises:
        GrammarError: It turned out to be too complex.
    """
    choose = random.Random(0)
    began = time.process_time()
    slow = 0
    for _ in range(_WALK_TOKENS):
        token_began = time.process_time()
        token = _pick(matcher.compute_bitmask(), choose)
        consumed = token is not None and matcher.try_consume_tokens([token])
        check(matcher)
        now = time.process_time()
        slow += now - token_began > USUAL_TOKEN_S
        if slow > _MAX_SLOW_TOKENS:
            raise GrammarError("Each token takes too long")
        if not consumed or matcher.is_stopped() or now - began > _WALK_S:
            return


def _pick(mask: bytes, choose: random.Random) -> int | None:
    """Return one of the tokens of a bit mask."""
    start = choose.randrange(len(mask))
    order = itertools.chain(range(start, len(mask)), range(start))
    at: int | None = next((at for at in order if mask[at]), None)
    if at is None:
        return None
    bit = choose.choice([bit for bit in range(8) if mask[at] >> bit & 1])
    return at * 8 + bit


def _limit_processor_time(seconds: float) -> None:
    """Limit this process's processor time; 0 removes the limit. Does nothing on Windows."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    serve(_Trial().answer)
