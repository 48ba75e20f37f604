"""JSON schemas as llguidance takes them. Pure functions on JSON text.

llguidance implements JSON Schema 2020-12 and refuses what it cannot keep.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

OPTIONS: Final = {"whitespace_flexible": False, "item_separator": ", ?", "key_separator": ": ?"}
"""llguidance's options: compact JSON. One space after a comma or colon is allowed, which most models write."""


class SchemaError(ValueError):
    """A schema that cannot be used. The text is the place, as a JSON pointer, and the reason."""


def prepared_schema(text: str, place: str = "#") -> str:
    """Return a JSON schema, or the part of it at ``place``, in the form that llguidance compiles.

    Raises:
        SchemaError: It is not a schema.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"it is not JSON: {error}") from error
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    if not isinstance(schema, dict):
        raise SchemaError("#: a schema is an object")
    result: dict[str, Any] = {**schema, "x-guidance": OPTIONS}
    return json.dumps(result)


def places(text: str, place: str) -> Iterator[str]:
    """Yield the places of the subschemas directly below a place."""
    yield from ()
