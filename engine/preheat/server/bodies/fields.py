"""Bodies of requests: parsed as leniently as other servers do, with errors that name the field at fault.

Unknown fields are ignored, since clients send new ones every month. Known fields that would change the answer,
and that Preheat does not support, are refused by name. ``null`` always means "not given".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, NamedTuple, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.server import protocols
from preheat.server.bodies.json_text import parse_json


class Refused(NamedTuple):
    """Why a field is refused, and its values that have no effect and are accepted."""

    note: str
    harmless: tuple[object, ...] = ()


class JsonBody(BaseModel):
    """Base class of all bodies and their parts; ``IGNORED`` and ``REFUSED`` list known fields that it does not have."""

    # Strict: "0.7" is not a number here. Names such as model_* are OpenAI's, not pydantic's.
    # Deferred: the validators of all protocols would delay the port by 0.1 s.
    model_config = ConfigDict(
        defer_build=True, strict=True, extra="ignore", allow_inf_nan=False, protected_namespaces=(), frozen=True
    )

    IGNORED: ClassVar[Mapping[str, str]] = {}
    REFUSED: ClassVar[Mapping[str, Refused]] = {}

    @classmethod
    def fields(cls) -> tuple[protocols.Field, ...]:
        """Return the description of all known fields."""
        return protocols.fields_of(cls, cls.IGNORED, {name: refused.note for name, refused in cls.REFUSED.items()})


Body = TypeVar("Body", bound=JsonBody)
T = TypeVar("T")


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


Int: TypeAlias = Annotated[int, BeforeValidator(_whole)]
"""An integer. ``3.0`` is one too: JavaScript does not tell them apart."""

TokenCount: TypeAlias = Annotated[Int, Field(ge=-(2**31), lt=2**31)]
"""A number of tokens, or a negative number with a meaning of its own."""

Text: TypeAlias = Annotated[str, Field(min_length=1)]

Label: TypeAlias = Annotated[str, Field(max_length=1024)]
"""A text that is an id, a name or one of a few words."""

Name: TypeAlias = Annotated[Label, Field(min_length=1)]

MAX_INPUTS: Final = 2048
MAX_MESSAGES: Final = 8192
MAX_PARTS: Final = 8192
MAX_CALLS: Final = 1024
MAX_TOOLS: Final = 1024
MAX_LABELS: Final = 64
MAX_STOPS: Final = 64
MAX_STOP_CHARACTERS: Final = 1024

Parts: TypeAlias = Annotated[list[T], Field(max_length=MAX_PARTS)]
"""The parts of one message."""

Messages: TypeAlias = Annotated[list[T], Field(max_length=MAX_MESSAGES)]
Calls: TypeAlias = Annotated[list[T], Field(max_length=MAX_CALLS)]
Tools: TypeAlias = Annotated[list[T], Field(max_length=MAX_TOOLS)]

Labels: TypeAlias = Annotated[list[Label], Field(max_length=MAX_LABELS)]

Stop: TypeAlias = Annotated[str, Field(max_length=MAX_STOP_CHARACTERS)]
Stops: TypeAlias = Annotated[list[Stop], Field(max_length=MAX_STOPS)]

Several: TypeAlias = Annotated[list[T], Field(min_length=1, max_length=MAX_INPUTS)]


def parse_body(model: type[Body], data: bytes) -> Body:
    """Return the typed body; raises InvalidRequestError with the field in ``param``, such as ``messages[0].role``."""
    return validated(model, parse_json(data))


def validated(model: type[Body], value: Any) -> Body:
    """Return the typed body of parsed JSON; raises InvalidRequestError like ``parse_body``."""
    if isinstance(value, dict):
        for name in value.keys() & model.REFUSED.keys():
            note, harmless = model.REFUSED[name]
            if value[name] is not None and value[name] not in harmless:
                raise invalid(name, f"is not supported: {note}")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # ``from None``: pydantic's message quotes the input, and prompts must not reach the log.
        raise _invalid(error, value) from None


def invalid(param: str, reason: str) -> InvalidRequestError:
    """Return the error for one field."""
    return InvalidRequestError(msg("field_invalid", field=param, reason=reason), param=param)


def _invalid(error: ValidationError, value: Any) -> InvalidRequestError:
    details = error.errors(include_url=False, include_input=False)
    named = [(_field_name(detail["loc"], value, detail["type"]), _reason(detail)) for detail in details]
    # A union reports an error for each of its branches; the deepest one is the best match.
    first = named[0][0]
    param = max((name for name, _ in named if name.startswith(first)), key=_depth)
    reason = " / ".join(dict.fromkeys(reason for name, reason in named if name == param))
    if not param:
        return InvalidRequestError(msg("body_invalid", reason=reason))
    return invalid(param, reason)


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
