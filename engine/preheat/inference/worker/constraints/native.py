"""Compiling with llguidance, within its limits. Used by workers and by the guarded process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from preheat.inference.worker.stacks import start_thread

T = TypeVar("T")

MAX_REASON_CHARS: Final = 240

USUAL_TOKEN_S: Final = 0.08
"""Processor time that a token rarely exceeds; most take 0.1 ms.

The first token of a name takes 16 to 40 ms if an object has 2,000 properties, on slow processors the most.
"""

_LIMITS: Final[dict[str, Any]] = {
    "max_items_in_row": 10_000,  # 2,000 properties, all optional, need 8,000
    "max_lexer_states": 50_000,  # up to 2 kB each, for each answer
}

_NO_FORCING: Final = '\n%llguidance {"no_forcing": true}\n'
"""Without it, llguidance looks for the text that has to follow, and never ends if there is no end to it: as after ``x``
in ``/.a*/ "a"``, since the expression takes each ``a``. The last option counts."""

_STACK_BYTES: Final = 64 << 20

_TOO_LARGE: Final = "It is too large"
_REASONS: Final = {
    "panic": _TOO_LARGE,
    "Parser Error: Current row": _TOO_LARGE,
    "lexer error: too many": _TOO_LARGE,
    "lexer precomputation failed": _TOO_LARGE,
    "NoExtension": "No text follows it",
}
"""What llguidance's errors that begin like this mean."""


class GrammarError(Exception):
    """A grammar that cannot be compiled. The text is the reason."""


def compiled(tokenizer: Any, grammar: str) -> Any:
    """Return llguidance's matcher for a grammar in its Lark dialect, or in JSON.

    Raises:
        GrammarError: It cannot be compiled.
    """
    from llguidance import LLMatcher, LLParserLimits

    # Errors without the parser's state: they would contain the answer.
    limits = LLParserLimits(verbose_errors=False, **_LIMITS)
    if not grammar.startswith("{"):
        grammar += _NO_FORCING
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=limits)
    if not matcher.is_error():
        matcher.compute_bitmask()  # finds what is too complex, and starts the lexer, before the first step
    check(matcher)
    return matcher


def check(matcher: Any) -> None:
    """Raise GrammarError if a matcher has failed."""
    if matcher.is_error():
        raise GrammarError(failure(matcher))


def failure(matcher: Any) -> str:
    """Return why a matcher has failed; empty if it has not."""
    reason = matcher.get_error()
    return one_line(next((text for start, text in _REASONS.items() if reason.startswith(start)), reason))


def with_deep_stack(compile_it: Callable[[], T]) -> T:
    """Call a function in a thread with a large stack: llguidance recurses into a grammar and would end the process."""
    results: list[T | BaseException] = []

    def run() -> None:
        try:
            results.append(compile_it())
        except BaseException as error:
            results.append(error)

    start_thread(run, "compiler", _STACK_BYTES).join()
    [result] = results
    if isinstance(result, BaseException):
        raise result
    return result


def one_line(text: str) -> str:
    """Return the beginning of a reason, on one line."""
    line = " ".join(text.removesuffix("<non-verbose/>").split())
    return line if len(line) <= MAX_REASON_CHARS else f"{line[: MAX_REASON_CHARS - 1]}…"
