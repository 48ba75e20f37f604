"""Rules of the setting ``access``: which models the holder of a key or a program may use, and who goes first. Pure.

A rule is a text of up to three parts: ``program VS Code*; smollm2* minilm*; low``. The settings file may also have it
as a table: ``[[access]]`` with ``program`` or ``key``, ``models`` and ``priority``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, get_args

from preheat.settings.declaration import MAX_TEXT, WrongValueError

AccessPriority = Literal["high", "normal", "low"]

_PRIORITIES: Final = get_args(AccessPriority)
_WHO: Final = re.compile(r"(key|program)\s+(.*\S)", re.IGNORECASE)
_ALL: Final = ("*",)
_FIELDS: Final = ("key", "program", "models", "priority")


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One rule. ``*`` in a pattern stands for any characters; case does not count.

    Attributes:
        kind: What the rule is about.
        name: Pattern of names of keys, or of programs: the whole ``User-Agent``, or as the list of requests shows it.
        models: Patterns of the ids of models that may be used.
        priority: The order in which requests wait.
    """

    kind: Literal["key", "program"]
    name: str
    models: tuple[str, ...] = _ALL
    priority: AccessPriority = "normal"

    def allows(self, model_id: str) -> bool:
        """Return whether the model may be used."""
        return any(_matches(pattern, model_id) for pattern in self.models)

    def is_about(self, kind: str, name: str) -> bool:
        """Return whether the rule is about this key or program; a program's version may be left out."""
        names = (name, name.rpartition("/")[0]) if kind == "program" else (name,)
        return self.kind == kind and any(each and _matches(self.name, each) for each in names)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}; {' '.join(self.models)}; {self.priority}"


def find_rule(rules: Sequence[AccessRule], key: str | None, *program: str) -> AccessRule | None:
    """Return the first rule about a key, else the first about a program; None without one.

    Args:
        key: Name of the key; None for programs without one.
        program: The names that the program has.
    """
    about_key = (rule for rule in rules if key is not None and rule.is_about("key", key))
    about_program = (rule for rule in rules if any(rule.is_about("program", name) for name in program))
    return next(about_key, None) or next(about_program, None)


@lru_cache(maxsize=4)
def access_rules(texts: tuple[str, ...]) -> tuple[AccessRule, ...]:
    """Return the rules of the setting's texts, which are checked."""
    return tuple(map(parse_rule, texts))


def parse_rule(text: str) -> AccessRule:
    """Return the rule of a text.

    Raises:
        WrongValueError: It is none.
    """
    who, *others = (part.strip() for part in text.split(";"))
    match = _WHO.fullmatch(who)
    if match is None or len(others) > 2:
        raise WrongValueError("value_not_a_rule", value=repr(text))
    models = tuple((others[0] if others else "").replace(",", " ").split()) or _ALL
    priority = (others[1] if len(others) == 2 else "").lower() or "normal"
    if priority not in _PRIORITIES:
        raise WrongValueError("value_not_a_priority", value=repr(priority))
    kind: Literal["key", "program"] = "key" if match[1].lower() == "key" else "program"
    return AccessRule(kind, " ".join(match[2].split()), models, priority)  # type: ignore[arg-type] # checked above


def rule_text(value: object) -> Any:
    """Return a rule, which may be a table, in its usual form; what is neither text nor table stays as it is.

    Raises:
        WrongValueError: It is no rule.
    """
    if not isinstance(value, Mapping):
        return str(parse_rule(value)) if isinstance(value, str) and "\0" not in value else value
    models = value.get("models", ["*"])
    if isinstance(models, str):
        models = models.split()
    # An empty list allows no model, or was forgotten: it must not allow all.
    named = _is_list(models) and models and all(isinstance(each, str) and each.split() for each in models)
    texts = [*(value.get(name, "") for name in _FIELDS if name != "models"), *(models if named else (None,))]
    about = [name for name in ("key", "program") if name in value]
    whole = len(about) == 1 and not set(value) - set(_FIELDS)
    if not whole or not all(isinstance(text, str) and ";" not in text and "\0" not in text for text in texts):
        raise WrongValueError("value_not_a_rule", value=_shown(value))
    patterns = " ".join("*".join(pattern.split()) for pattern in models)  # a space parts patterns in a text
    return str(parse_rule(f"{about[0]} {value[about[0]]}; {patterns}; {value.get('priority', '')}"))


def rule_table(rule: AccessRule) -> dict[str, object]:
    """Return a rule as a table of the settings file."""
    models = {"models": list(rule.models)} if rule.models != _ALL else {}
    priority = {"priority": rule.priority} if rule.priority != "normal" else {}
    return {rule.kind: rule.name, **models, **priority}


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _shown(value: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {text!r}" for name, text in value.items())[:MAX_TEXT]


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE | re.DOTALL)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None
