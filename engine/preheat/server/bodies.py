"""Typed bodies of requests, for all protocols: the base class, and errors that name the field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from preheat.errors import InvalidRequestError
from preheat.messages import msg

Body = TypeVar("Body", bound=BaseModel)


class JsonBody(BaseModel):
    """A JSON object of a request.

    Strict: ``"0.7"`` is not a number. Unknown fields are ignored, since clients send new ones every month.
    """

    # Names such as model_* are the protocol's, not pydantic's.
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, protected_namespaces=(), frozen=True)


def parse_body(model: type[Body], data: bytes) -> Body:
    """Return the typed body; raises InvalidRequestError with the field in ``param``, such as ``messages[0].role``."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        # ``from None``: pydantic's message quotes the input, and prompts must not reach the log.
        raise _invalid(error, data) from None


def _invalid(error: ValidationError, data: bytes) -> InvalidRequestError:
    details = error.errors(include_url=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        return InvalidRequestError(msg("body_malformed", reason=str(details[0]["ctx"]["error"])))
    try:
        value = json.loads(data)
    except ValueError:  # pydantic accepts what json does not, such as broken surrogates
        value = None
    named = [(_field_name(detail["loc"], value, detail["type"]), _reason(detail)) for detail in details]
    # A union reports an error for each of its branches; the deepest one is the best match.
    first = named[0][0]
    param = max((name for name, _ in named if name.startswith(first)), key=_depth)
    reason = " / ".join(dict.fromkeys(reason for name, reason in named if name == param))
    if not param:
        return InvalidRequestError(msg("body_invalid", reason=reason))
    return InvalidRequestError(msg("field_invalid", field=param, reason=reason), param=param)


def _reason(detail: Any) -> str:
    message: str = detail["msg"]
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _depth(name: str) -> int:
    return name.count(".") + name.count("[")


def _field_name(loc: Sequence[int | str], value: Any, kind: str) -> str:
    """Return pydantic's location as ``messages[0].role``, without the names of union branches."""
    name = ""
    for position, part in enumerate(loc):
        if isinstance(part, int) and isinstance(value, list):
            name += f"[{part}]"
            value = value[part] if part < len(value) else None
        elif isinstance(part, str) and isinstance(value, dict):
            missing = kind in ("missing", "value_error") and position == len(loc) - 1
            if part in value or (missing and part.isidentifier()):  # others name a validator
                name += f".{part}" if name else part
                value = value.get(part)
    return name
