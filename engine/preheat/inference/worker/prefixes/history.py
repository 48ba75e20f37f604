"""Why a prompt was computed again although a client had sent it, or its beginning, before. Pure."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from preheat.inference.worker.prefixes.shared import shared_prefix
from preheat.messages import Message, msg

MAX_CLIENTS: Final = 16
"""Number of clients for which the last prompt is remembered."""

_WORTH_TELLING_TOKENS: Final = 64
"""Fewer tokens than this are always computed again: the last chunk, the last token."""

_CHANGES: Final = {
    "files": "prefix_file_changed",
    "kv_types": "prefix_kv_type_changed",
    "flash_attention": "prefix_settings_changed",
    "rope": "prefix_settings_changed",
    "chat_template": "prefix_file_changed",
    "mmproj": "prefix_file_changed",
    "llama_cpp": "prefix_llama_cpp_changed",
    "machine": "prefix_llama_cpp_changed",
}


class Expected(NamedTuple):
    """What a client's last prompt lets one expect of its next one.

    Attributes:
        shared: Tokens that both begin with.
        length: Length of the last prompt; 0 if there was none.
        beginning: Length of the fixed beginning, if a request before had the same one; otherwise 0.
    """

    shared: int = 0
    length: int = 0
    beginning: int = 0


class PromptHistory:
    """The last prompt of each client. Decode thread only."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, array[int]] = OrderedDict()

    def add(self, client: str, tokens: Sequence[int]) -> Expected:
        """Remember a client's prompt; return what was to be expected of it."""
        prompt, last = array("i", tokens), self._last.get(client)
        self._last[client] = prompt
        self._last.move_to_end(client)
        if len(self._last) > MAX_CLIENTS:
            self._last.popitem(last=False)
        return Expected() if last is None else Expected(shared_prefix(last, prompt), len(last))


def reason(
    expected: Expected,
    cached: int,
    length: int,
    *,
    in_other_pieces: bool = False,
    damaged: bool = False,
    changes: Collection[str] = (),
) -> Message | None:
    """Return why less of a prompt was reused than expected; None if nothing was missing.

    Args:
        expected: What was to be expected.
        cached: Tokens that were not computed.
        length: Tokens of the prompt.
        in_other_pieces: See ``Generation``.
        damaged: A stored prompt was damaged.
        changes: What has changed about the model since it had the beginning; see ``identity_changes``.
    """
    had = max(expected.shared, expected.beginning)
    if had - cached >= _WORTH_TELLING_TOKENS:
        if damaged:
            return msg("prefix_damaged")
        if changes and had == expected.beginning:
            return msg(next((code for name, code in _CHANGES.items() if name in changes), "prefix_settings_changed"))
        return msg("prefix_in_other_pieces" if in_other_pieces else "prefix_evicted", tokens=had)
    end = min(expected.length, length)
    if expected.shared < end and end - cached >= _WORTH_TELLING_TOKENS:
        return msg("prefix_differs", token=expected.shared + 1, tokens=expected.length)
    return None
