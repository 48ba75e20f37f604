"""Commands: a typed request with a typed result, declared once.

    @command("POST", "downloads/{download_id}/pause", risk=Risk.MANAGE, errors=(DownloadNotFoundError,))
    class PauseDownload(Command[DownloadSnapshot]):
        \"\"\"Stop a download until it is resumed.\"\"\"

        download_id: str

        async def run(self, host: ControlHost) -> DownloadSnapshot: ...

The HTTP route, its OpenAPI schema and both clients follow from the declaration. Fields named in the path are part of
it; the other fields form the query of GET and DELETE and the JSON body otherwise. Field metadata: ``in="query"`` moves
a field to the query, ``in="body"`` makes it the whole body, ``parse`` reads a query text, ``check`` reads a JSON value,
``minimum`` and ``maximum`` are limits that the port checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    TypeVar,
    cast,
    dataclass_transform,
    get_args,
)
from urllib.parse import quote

from preheat.control.codec import FieldForm, field_forms
from preheat.errors import EngineError

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

T = TypeVar("T")
C = TypeVar("C", bound="type[Command[Any]]")

_IN_PATH: Final = re.compile(r"{(\w+)(?::path)?}")


class Risk(StrEnum):
    """The worst effect of a command."""

    USE = "use"
    """Read, and use models."""

    MANAGE = "manage"
    """Manage preloading, models and downloads."""

    ADMIN = "admin"
    """Change settings and files, or who has access."""


@dataclass(frozen=True, slots=True)
class Route:
    """The HTTP route of a command."""

    method: str
    path: str  # below ``/preheat/v1/``; ``{name:path}`` may contain slashes
    risk: Risk
    errors: tuple[type[EngineError], ...] = ()  # expected failures, except wrong parameters
    status: int = 200  # HTTP status of success
    cache_s: float = 0.0  # how long the port may repeat a result, in seconds
    costly: bool = False  # asks other servers, or takes long: never for a link on another site's page
    streams: bool = False  # the result is the first of a series, sent at every change


class Command(Generic[T]):
    """A request with a result of type ``T``. Subclasses are frozen dataclasses with ``@command``."""

    __slots__ = ()
    route: ClassVar[Route]

    async def run(self, host: ControlHost) -> T:
        """Do it, on the engine's loop."""
        raise NotImplementedError

    async def accepted(self, host: ControlHost) -> T | None:
        """Return the answer for a client that does not wait; None if clients always wait."""
        return None


COMMANDS: Final[list[type[Command[Any]]]] = []
"""All commands, in the order of their declaration."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def command(method: str, path: str, *, risk: Risk, **options: Any) -> Callable[[C], C]:
    """Make a class a frozen dataclass, and register it as a command; see ``Route`` for the options."""

    def register(kind: C) -> C:
        made = cast(C, dataclass(frozen=True, slots=True)(kind))
        made.route = Route(method, path, risk, **options)
        COMMANDS.append(made)
        return made

    return register


def result_type(kind: type[Command[Any]]) -> Any:
    """Return the type of a command's result."""
    (base,) = kind.__orig_bases__  # type: ignore[attr-defined]  # every subclass of a generic has it
    return get_args(base)[0]


def place_of(kind: type[Command[Any]], field: FieldForm) -> str:
    """Return where HTTP carries a parameter: path, query, field (of the JSON body) or body (the whole)."""
    if field.name in _IN_PATH.findall(kind.route.path):
        return "path"
    default = "query" if kind.route.method in ("GET", "DELETE") else "field"
    return str(field.field.metadata.get("in", default))


class HttpRequest(NamedTuple):
    """A command as HTTP carries it; ``path`` is quoted and follows ``/preheat/v1/``."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


def to_http(request: Command[Any]) -> HttpRequest:
    """Return a command as HTTP carries it."""
    kind, query, path = type(request), {}, {}
    body: Any = None
    for each in field_forms(kind):
        value = each.write(getattr(request, each.name))
        match place_of(kind, each):
            case "path":
                path[each.name] = quote(str(value), safe="")
            case "query" if value is not None:
                query[each.key] = _query_text(value)
            case "field":
                body = {**(body or {}), each.key: value}
            case "body":
                body = value
    route = kind.route
    return HttpRequest(route.method, _IN_PATH.sub(lambda match: path[match[1]], route.path), query, body)


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
