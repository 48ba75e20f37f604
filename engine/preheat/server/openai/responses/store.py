"""Finished responses, in memory, so that later requests can continue them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from preheat.errors import EngineError
from preheat.messages import msg

MAX_RESPONSES: Final = 512
MAX_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all stored responses. A response counts with the whole conversation before it."""


class ResponseNotFoundError(EngineError, code="response_not_found", status=404):
    """No response with this id is stored."""


class PreviousResponseNotFoundError(EngineError, code="previous_response_not_found", status=400):
    """The response to continue is not stored."""


class ItemNotFoundError(EngineError, code="item_not_found", status=400):
    """An item reference names an item of no stored response."""


class StoredItem(NamedTuple):
    """An item of a conversation, as JSON."""

    item_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response with its conversation. Continued conversations share the items' bytes."""

    response_id: str
    data: bytes  # the response, as JSON
    inputs: tuple[StoredItem, ...]  # the conversation before the answer, earlier responses included
    outputs: tuple[StoredItem, ...]

    @property
    def items(self) -> tuple[StoredItem, ...]:
        """The conversation with the answer."""
        return self.inputs + self.outputs

    @property
    def size(self) -> int:
        """Bytes, with those of shared items."""
        return len(self.data) + sum(len(item.data) for item in self.items)


@dataclass(slots=True)
class ResponseStore:
    """The most recently used responses, within ``limit`` responses and ``max_bytes`` bytes. Engine's loop only."""

    limit: int = MAX_RESPONSES
    max_bytes: int = MAX_BYTES
    _responses: OrderedDict[str, StoredResponse] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def put(self, response: StoredResponse) -> None:
        """Store a response and drop the least recently used ones; one that is too large is not stored."""
        if response.size > self.max_bytes:
            return
        self._responses[response.response_id] = response
        self._bytes += response.size
        while len(self._responses) > self.limit or self._bytes > self.max_bytes:
            _, dropped = self._responses.popitem(last=False)
            self._bytes -= dropped.size

    def get(self, response_id: str) -> StoredResponse:
        """Return a response; raises ResponseNotFoundError."""
        response = self._responses.get(response_id)
        if response is None:
            raise ResponseNotFoundError(msg("response_not_found", id=response_id[:80]))
        self._responses.move_to_end(response_id)
        return response

    def previous(self, response_id: str) -> StoredResponse:
        """Return the response that a request continues; raises PreviousResponseNotFoundError."""
        try:
            return self.get(response_id)
        except ResponseNotFoundError as error:
            raise PreviousResponseNotFoundError(error.message, param="previous_response_id") from None

    def delete(self, response_id: str) -> None:
        """Forget a response; raises ResponseNotFoundError."""
        self._bytes -= self.get(response_id).size
        del self._responses[response_id]

    def find_items(self, item_ids: Collection[str]) -> dict[str, StoredItem]:
        """Return the items with these ids, by id; raises ItemNotFoundError if one is not stored."""
        missing = set(item_ids)
        found: dict[str, StoredItem] = {}
        for response in reversed(self._responses.values()):
            if not missing:
                break
            for item in response.items:
                if item.item_id in missing:
                    found[item.item_id] = item
                    missing.remove(item.item_id)
        if missing:
            raise ItemNotFoundError(msg("item_not_found", id=min(missing)[:80]), param="input")
        return found
