"""Settings that no longer exist: a file that has them stays correct, and says the same as before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

_LEARNED: Final = "preload_learned"


def _is_above_zero(value: object) -> object:
    """Return whether some number of models was to be preloaded; None for what is no number."""
    try:
        return int(value) > 0 if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        return None


_FORMER: Final[Mapping[str, tuple[str, Callable[[object], object]]]] = {
    "preload_top": (_LEARNED, _is_above_zero),
    "preload_min_uses": ("", lambda _: None),  # chances took its place; no value of it says what to do now
}
"""By former name: the setting in its place, and its value for a former one; None leaves its default."""


def translated(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a source with each former setting replaced by the one that succeeds it."""
    found = {name: value for name, value in values.items() if name not in _FORMER}
    for name in _FORMER.keys() & values.keys():
        successor, value_of = _FORMER[name]
        value = value_of(values[name])
        if value is not None:
            found.setdefault(successor, value)
    return found


def successor(name: str) -> str:
    """Return the setting in the place of a former one; empty for others, and for one without successor."""
    return _FORMER[name][0] if name in _FORMER else ""


def predecessors(name: str) -> tuple[str, ...]:
    """Return the former settings that a setting took the place of."""
    return tuple(former for former, (current, _) in _FORMER.items() if current == name)
