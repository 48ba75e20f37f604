"""The text of a message code."""

from __future__ import annotations

from typing import NamedTuple


class Template(NamedTuple):
    """English words with named fields, such as ``{needed:memory}``; see ``message.ENGLISH`` for the formats.

    Attributes:
        text: One sentence without its full stop, or a clause of one.
        hint: What to do about it; may be empty.
    """

    text: str
    hint: str = ""
