"""Where marks begin in an answer's text, or may begin. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Final, NamedTuple

from preheat.inference.worker.chat.dialects import BLOCKS, CHANNELS, THINKING, WRAPPERS, Block, Thinking

_GUESSED: Final = 200
"""Characters of a block that decide whether it may be a call."""


_HELD_SPACE: Final = 1024
"""Characters of white space that are held back until it is clear what follows."""


class Marks(NamedTuple):
    """Marks to look for in text."""

    find: re.Pattern[str] | None  # all of them, and brackets that begin a line; None for none
    notice: re.Pattern[str] | None  # text without a match has no mark, and no white space before one
    blocks: Mapping[str, Block]
    thinking: Mapping[str, Thinking]
    dropped: tuple[str, ...]
    texts: tuple[str, ...]

    def noticed(self, text: str) -> bool:
        """Whether the text needs a closer look."""
        return self.notice is not None and self.notice.search(text) is not None


@cache
def marks_of(calls: bool, channels: bool) -> Marks:
    blocks = {block.open: block for block in BLOCKS} if calls else {}
    thinking = {marks.open: marks for marks in THINKING if channels and marks.open.startswith("<|channel|>")}
    dropped = (*(WRAPPERS if calls else ()), *(CHANNELS if channels else ()))
    texts = tuple(sorted((*blocks, *thinking, *dropped), key=len, reverse=True))
    if not texts:
        return Marks(None, None, blocks, thinking, dropped, texts)
    bare = r"|^[ \t]*(?=[{\[])" if calls else ""
    return Marks(
        re.compile("|".join(map(re.escape, texts)) + bare, re.M),
        re.compile("|".join((r"\s\Z", r"\n[ \t]*[{\[]", *sorted(set(map(_beginning, texts)))))),
        blocks,
        thinking,
        dropped,
        texts,
    )


def _beginning(mark: str) -> str:
    """Return a pattern for where the mark may begin: its first character, if text seldom has that."""
    if not (mark[0].isalpha() or mark[0] == " "):
        return re.escape(mark[0])
    ends = ""
    for character in reversed(mark[:-1]):
        ends = f"{re.escape(character)}(?:{ends})?" if ends else re.escape(character)
    return rf"{re.escape(mark)}|{ends}\Z"


@cache
def _beginnings(marks: tuple[str, ...]) -> frozenset[str]:
    return frozenset(mark[:length] for mark in marks for length in range(1, len(mark)))


def clear_length(text: str, marks: tuple[str, ...]) -> int:
    """Return the length of the text that is neither the beginning of a mark nor white space before one."""
    if not marks:
        return len(text)
    beginnings = _beginnings(marks)
    length = len(text)
    at = next((at for at in range(max(0, length - max(map(len, marks))), length) if text[at:] in beginnings), length)
    return trimmed_length(text[:at])


def trimmed_length(text: str) -> int:
    """Return the length of the text without the white space at its end, of which at most some is left out."""
    return max(len(text.rstrip()), len(text) - _HELD_SPACE)


def skip(text: str, at: int, characters: str) -> int:
    """Return the index after these characters."""
    return len(text) - len(text[at:].lstrip(characters)) if text[at : at + 1] else at


_NAME_OPENINGS: Final = (
    *(
        f'{{{before}"{key}":"'
        for before in ("", '"type":"function",')
        for key in ("name", "function", "tool", "tool_name")
    ),
    '{"type":"function","function":{"name":"',
    '{"function":{"name":"',
    "print(",
    "",
)
_ARGUMENT_OPENINGS: Final = ('{"arguments":{', '{"parameters":{')
_FUNCTION_NAME: Final = re.compile(r"[\w.\-/]*")


def is_call(text: str, tools: Collection[str]) -> bool | None:
    """Return whether text without reliable marks is a call of one of the tools; None if that is not clear yet."""
    begun = "".join(text[:_GUESSED].split()).removeprefix("[")
    unclear = any(opening.startswith(begun) or begun.startswith(opening) for opening in _ARGUMENT_OPENINGS)
    for opening in _NAME_OPENINGS:
        if not begun.startswith(opening):
            unclear |= opening.startswith(begun)
            continue
        name = _FUNCTION_NAME.match(begun, len(opening))
        assert name is not None
        if name.end() == len(begun):
            unclear |= any(tool.startswith(name[0]) for tool in tools)
        elif name[0] in tools and begun[name.end()] in ('"' if opening[-1:] == '"' else "(<"):
            return True
    return None if unclear else False
