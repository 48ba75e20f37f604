"""Conversations that continue by the id of an answer: the field ``thread`` of newer clients.

``{"type": "create"}`` stores the conversation with its answer. ``{"type": "continue", "previous_message_id": …}`` sends
only new messages; the others, the system prompt and the tools are the stored ones. Clients send everything again after
``thread_not_found``.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import to_json

from preheat.inference import JsonObject
from preheat.messages import msg
from preheat.server.errors import ThreadNotFoundError

MAX_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all stored conversations."""

_KEPT: Final = ("system", "tools")


@dataclass(slots=True)
class ThreadStore:
    """The most recently used conversations, as JSON, within ``max_bytes`` bytes. Engine's loop only."""

    max_bytes: int = MAX_BYTES
    _threads: OrderedDict[str, tuple[JsonObject, int]] = field(default_factory=OrderedDict)  # with their sizes
    _bytes: int = 0

    def put(self, message_id: str, request: JsonObject, content: list[JsonObject]) -> None:
        """Store a request and its answer; one that is too large is not stored."""
        answer = {"role": "assistant", "content": content}
        thread: JsonObject = {name: request[name] for name in _KEPT if name in request}
        thread["messages"] = [*request["messages"], answer]
        size = len(to_json(thread))
        if size > self.max_bytes:
            return
        self._threads[message_id] = thread, size
        self._bytes += size
        while self._bytes > self.max_bytes:
            _, (_, dropped) = self._threads.popitem(last=False)
            self._bytes -= dropped

    def complete(self, request: Any) -> Any:
        """Return a request with the conversation that it continues, if it does; it may be malformed.

        Raises:
            ThreadNotFoundError: The conversation is not stored, or no longer.
        """
        thread = request.get("thread") if isinstance(request, dict) else None
        if not isinstance(thread, dict) or thread.get("type") != "continue":
            return request
        message_id = str(thread.get("previous_message_id"))
        if message_id not in self._threads:
            raise ThreadNotFoundError(msg("thread_not_found", id=message_id[:80]), param="thread")
        self._threads.move_to_end(message_id)
        stored, _ = self._threads[message_id]
        messages = request.get("messages")
        return {
            **request,
            **stored,
            "messages": [*stored["messages"], *(messages if isinstance(messages, list) else ())],
        }
