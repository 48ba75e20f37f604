"""Values in a query string, and bodies that are JSON without being OpenAI's."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.requests import Request

from preheat.errors import InvalidRequestError
from preheat.timespan import MAX_SPAN_S, parse_since, parse_span

_NUMBER: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)


def flag(request: Request, name: str, default: bool) -> bool:
    """Return a query parameter that is true or false.

    Raises:
        InvalidRequestError: It is neither.
    """
    value = request.query_params.get(name)
    if value is None:
        return default
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise InvalidRequestError(f"{name}: must be true or false", param=name)


def count(request: Request, name: str, default: int, most: int) -> int:
    """Return a query parameter that is a whole number from 1 to ``most``.

    Raises:
        InvalidRequestError: It is not.
    """
    value = request.query_params.get(name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) < 12 and 1 <= int(value) <= most:
        return int(value)
    raise InvalidRequestError(f"{name}: must be a whole number from 1 to {most}", param=name)


def span(request: Request, name: str) -> float | None:
    """Return a query parameter that is a span of time, in seconds: ``3600`` or ``1h``; None without it.

    Raises:
        InvalidRequestError: It is no span.
    """
    value = request.query_params.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        return parse_span(value, param=name)
    seconds = float(value)
    if not 0 < seconds <= MAX_SPAN_S:
        raise InvalidRequestError(f"{name}: must be a number of seconds above 0", param=name)
    return seconds


def since(request: Request) -> float | None:
    """Return ``?since=`` as a Unix time: given as one, or as a span before now (``7d``); None without it.

    Raises:
        InvalidRequestError: It is neither.
    """
    return parse_since(request.query_params.get("since"))


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, a JSON object.

    Raises:
        InvalidRequestError: It is none.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The request body is not JSON") from error
    if not isinstance(body, dict):
        raise InvalidRequestError("The request body must be a JSON object")
    return body
