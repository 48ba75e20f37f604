"""Finds where the fixed beginning of a chat's prompt ends: before the first message of the user. Any thread."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import takewhile
from typing import Final

from preheat.inference import Chat, Role
from preheat.inference.worker.prefixes.shared import shared_prefix

MAX_BEGINNINGS: Final = 32
"""Beginnings that are remembered."""


class Beginnings:
    """The fixed beginnings of the chats of one model.

    Args:
        render: Returns the tokens that the prompt of a chat without messages of the user begins with, whatever the user
            writes next. May raise EngineError.
    """

    def __init__(self, render: Callable[[Chat], Sequence[int]]) -> None:
        self._render = render
        self._known: OrderedDict[bytes, array[int]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, chat: Chat, tokens: Sequence[int]) -> int | None:
        """Return the length of the beginning of a chat's prompt, if a chat before had the same one."""
        key = chat_key(chat)
        with self._lock:
            beginning = self._known.get(key)
            if beginning is None:
                return None
            self._known.move_to_end(key)
        return shared_prefix(beginning, array("i", tokens[: len(beginning)]))

    def find(self, chat: Chat, tokens: Sequence[int]) -> int:
        """Return the length of the beginning of a chat's prompt. Renders the chat once more; raises EngineError."""
        beginning = array("i", self._render(_fixed(chat)))
        with self._lock:
            self._known[chat_key(chat)] = beginning
            if len(self._known) > MAX_BEGINNINGS:
                self._known.popitem(last=False)
        return shared_prefix(beginning, array("i", tokens[: len(beginning)]))


def is_own(chat: Chat) -> bool:
    """Return whether a chat has nothing before the user's first message but what the template writes."""
    return not _fixed(chat).messages and not chat.tools


def _fixed(chat: Chat) -> Chat:
    """Return the chat up to the user's first message."""
    return replace(
        chat,
        messages=tuple(takewhile(lambda message: message.role is Role.SYSTEM, chat.messages)),
        continue_last=False,
    )


def chat_key(chat: Chat) -> bytes:
    """Return a hash of what decides the beginning of a chat's prompt."""
    fixed = _fixed(chat)
    parts = (fixed.messages, fixed.tools, fixed.tool_choice, fixed.parallel_tool_calls, fixed.thinking)
    return blake2b(repr((*parts, fixed.template_arguments)).encode("utf-8", "replace"), digest_size=16).digest()
