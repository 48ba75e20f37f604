"""A command from an HTTP request, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

from preheat import paths
from preheat.control.codec import FieldForm, field_forms
from preheat.control.command import Command, place_of
from preheat.errors import InvalidRequestError
from preheat.messages import msg

C = TypeVar("C", bound=Command[Any])

_MOST_ENTRIES: Final = 1000
_MOST_SHOWN: Final = 60
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def parse_command(kind: type[C], path: Mapping[str, str], query: Mapping[str, str], body: Any) -> C:
    """Return the command with these parameters.

    Raises:
        InvalidRequestError: One of them is missing, wrong or unknown; ``param`` names it.
    """
    values: dict[str, Any] = {}
    fields = field_forms(kind)
    known = {field.key for field in fields if place_of(kind, field) == "field"}
    if known:
        _refuse_unknown(_object(body), known)
    for field in fields:
        match place_of(kind, field):
            case "path":
                values[field.name] = path[field.name]
            case "query" if field.key in query:
                values[field.name] = _from_text(field, query[field.key])
            case "field" if field.key in _object(body):
                values[field.name] = _checked(field, body[field.key])
            case "body":
                values[field.name] = _object(body)
        if field.name not in values and field.needed:
            raise _wrong(field, _expected(field))
    return kind(**values)


def _refuse_unknown(body: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a mistyped parameter: without it, a command may do much more than was meant."""
    for name, value in body.items():
        # A newer client sends what this version does not know as null, where it is not used.
        if name not in known and value is not None:
            shown = name[:_MOST_SHOWN]
            raise InvalidRequestError(msg("parameter_unknown", param=shown, known=sorted(known)), param=shown)


def wants_body(kind: type[Command[Any]]) -> bool:
    """Whether a command has parameters in its body."""
    return any(place_of(kind, field) in ("field", "body") for field in field_forms(kind))


def parse_flag(name: str, text: str) -> bool:
    """Return a query parameter that is true or false.

    Raises:
        InvalidRequestError: It is neither.
    """
    if text.lower() not in _FLAGS:
        raise InvalidRequestError(msg("must_be_flag", param=name), param=name)
    return _FLAGS[text.lower()]


def absolute_path(value: object, name: str) -> str:
    """Return a parameter that is an absolute path of this machine. Whether it exists is not looked at.

    Raises:
        InvalidRequestError: It is not.
    """
    if not isinstance(value, str):
        raise InvalidRequestError(msg("must_be_text", param=name), param=name)
    if (problem := paths.path_problem(value)) is not None:
        raise InvalidRequestError(msg("must_be_path", param=name, reason=msg(problem)), param=name)
    if not Path(value).is_absolute():
        raise InvalidRequestError(msg("must_be_absolute_path", param=name), param=name)
    return value


def choices_of(field: FieldForm) -> tuple[str, ...]:
    """Return the values that a parameter is limited to; empty without such a limit."""
    for hint in (field.hint, *get_args(field.hint)):
        if get_origin(hint) is Literal:
            return get_args(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return tuple(member.value for member in hint)
    return ()


def _from_text(field: FieldForm, text: str) -> Any:
    if "parse" in field.field.metadata:
        return field.field.metadata["parse"](text, field.key)
    hint = _plain(field)
    if hint is bool:
        return parse_flag(field.key, text)
    if hint is int:
        if not (text.isascii() and text.isdigit() and len(text) < 12):
            raise _wrong(field, _expected(field))
        return _checked(field, int(text))
    return _checked(field, text or None if field.field.default is None else text)


def _checked(field: FieldForm, value: Any) -> Any:
    """Return a value of JSON as the field has it."""
    metadata = field.field.metadata
    if "check" in metadata:
        return metadata["check"](value, field.key)
    if value is None and type(None) in get_args(field.hint):
        return None
    choices, hint = choices_of(field), _plain(field)
    if choices:
        if value not in choices:
            raise _wrong(field, _expected(field))
        return hint(value) if isinstance(hint, type) and issubclass(hint, Enum) else value
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if not isinstance(value, list) or not all(type(each) is item for each in value):
            raise _wrong(field, msg("must_be_list", param=field.key))
        low, high = metadata.get("minimum"), metadata.get("maximum")
        if len(value) > metadata.get("most", _MOST_ENTRIES) or (
            item is int and not all(low <= each <= high for each in value)
        ):
            raise _wrong(field, msg("must_be_list", param=field.key))
        return tuple(value)
    if hint is bool and not isinstance(value, bool):
        raise InvalidRequestError(msg("must_be_flag", param=field.key), param=field.key)
    if hint is int and not (type(value) is int and metadata["minimum"] <= value <= metadata["maximum"]):
        raise _wrong(field, _expected(field))
    if hint is str:
        too_long = isinstance(value, str) and len(value) > metadata.get("maximum", len(value))
        empty = isinstance(value, str) and field.needed and not value.strip()
        if not isinstance(value, str) or empty or too_long or "\0" in value:
            raise _wrong(field, _expected(field))
    return value


def _plain(field: FieldForm) -> Any:
    """Return the type of a parameter without ``| None``."""
    others = [hint for hint in get_args(field.hint) if hint is not type(None)]
    optional = type(None) in get_args(field.hint)
    return others[0] if optional and len(others) == 1 else field.hint


def _expected(field: FieldForm) -> Any:
    choices, metadata = choices_of(field), field.field.metadata
    if choices:
        return msg("must_be_one_of", param=field.key, names=choices)
    if _plain(field) is int:
        return msg("must_be_whole_number", param=field.key, minimum=metadata["minimum"], maximum=metadata["maximum"])
    if get_origin(_plain(field)) is tuple:
        return msg("must_be_list", param=field.key)
    if "maximum" in metadata:
        return msg("must_be_short_text", param=field.key, maximum=metadata["maximum"])
    return msg("must_be_text", param=field.key)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidRequestError(msg("body_not_an_object"))
    return body


def _wrong(field: FieldForm, message: Any) -> InvalidRequestError:
    return InvalidRequestError(message, param=field.key)
