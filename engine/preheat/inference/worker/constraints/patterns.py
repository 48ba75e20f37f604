"""Regular expressions of JSON schemas as llguidance can follow them, and the formats that are kept."""

from __future__ import annotations

import re
from typing import Final

MAX_REPETITIONS: Final = 20_000
"""Largest number of characters that a pattern's repetitions may add to its length. Each step costs time for them."""

_YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR: Final = (
    r"(?:(?:[0-9][1-9]|[1-9]0)(?:0[48]|[2468][048]|[13579][26])|00(?:0[48]|[2468][048]|[13579][26])"
    r"|(?:0[48]|[2468][048]|[13579][26])00)"
)
_DATE: Final = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"

STRICT_FORMATS: Final = {"date": f"^{_DATE}$", "time": f"^{_TIME}$", "date-time": f"^{_DATE}T{_TIME}$"}
"""Formats with a pattern that allows only real days and times; llguidance's allow 30 February and leap seconds."""

KNOWN_FORMATS: Final = frozenset({"duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"})
"""Formats that llguidance keeps. All others are annotations, as JSON Schema says."""

_EQUIVALENTS: Final = {
    # zod's e-mail address
    r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$": (
        r"^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
    ),
    # pydantic's Decimal
    r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$": r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$",
}
"""Patterns of widespread libraries with look-around, and what they match without it."""

_ATOM: Final = re.compile(
    r"(?P<assertion>\(\?<?[=!])|(?P<backreference>\\[1-9]|\\k<)|(?P<boundary>\\[bB])|(?P<open>\((?:\?(?:[a-z-]*:|P?<\w+>))?)"
    r"|(?P<close>\))|(?P<count>\{(\d+)(?:,(\d*))?\})|\\.|\[\^?\]?(?:\\.|[^\]\\])*+(?:\]|\\?\Z)|.",
    re.DOTALL,
)


class PatternError(ValueError):
    """A pattern that cannot be followed. The text is the reason."""


def usable_pattern(pattern: str) -> str:
    """Return a pattern without look-around that matches the same texts.

    Raises:
        PatternError: There is none, or the pattern is too large.
    """
    pattern = _EQUIVALENTS.get(pattern, pattern)
    sizes = [0]  # characters of each open group
    last = 0  # of the last atom
    for found in _ATOM.finditer(pattern):
        match found.lastgroup:
            case "assertion" | "backreference" | "boundary":
                raise PatternError(f"the pattern {_shown(pattern)} has {_NAMES[found.lastgroup]}")
            case "open":
                sizes.append(0)
                last = 0
            case "close" if len(sizes) > 1:
                last = sizes.pop()
                sizes[-1] += last
            case "count":
                times = max(_count(found[7]), _count(found[8] or "0"), 1)
                sizes[-1] += last * (times - 1)
                last *= times
            case _:
                last = 1
                sizes[-1] += 1
        if sizes[-1] > MAX_REPETITIONS + len(pattern):
            raise PatternError(f"the pattern {_shown(pattern)} repeats more than {MAX_REPETITIONS} characters")
    return pattern


def _count(digits: str) -> int:
    """Return a number of repetitions, from its first digits: Python refuses to read thousands of them."""
    return int(digits.lstrip("0")[:18] or 0)


_NAMES: Final = {"assertion": "a look-around", "backreference": "a back-reference", "boundary": "a word boundary"}


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else f"{pattern[:59]}…")
