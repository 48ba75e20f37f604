"""The conversation that a response answers: stored items, then those of the request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from preheat.inference import JsonObject
from preheat.server.openai.responses.formatting import new_id
from preheat.server.openai.responses.schema import ITEM, InputBody, InputItem, ItemReference, MessageItem
from preheat.server.openai.responses.store import ResponseStore, StoredItem, StoredResponse

_PREFIXES: Final = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation before its answer."""

    earlier: Sequence[StoredItem]  # of the response that is continued
    own: Sequence[InputItem | StoredItem]  # of the request; references have become stored items

    def items(self) -> list[InputItem]:
        """Return all items."""
        return [
            ITEM.validate_json(item.data) if isinstance(item, StoredItem) else item
            for item in (*self.earlier, *self.own)
        ]

    def stored(self) -> tuple[StoredItem, ...]:
        """Return all items as they are stored."""
        own = (item if isinstance(item, StoredItem) else _stored_input(item) for item in self.own)
        return (*self.earlier, *own)


def conversation(body: InputBody, store: ResponseStore) -> Conversation:
    """Return the conversation of a request; raises EngineError if something that it names is not stored."""
    earlier = store.previous(body.previous_response_id).items if body.previous_response_id else ()
    given = body.input if body.input is not None else []
    if isinstance(given, str):
        return Conversation(earlier, [MessageItem(role="user", content=given)])
    named = [item.id for item in given if isinstance(item, ItemReference)]
    found = store.find_items(named) if named else {}
    return Conversation(earlier, [found[item.id] if isinstance(item, ItemReference) else item for item in given])


def stored_response(response: JsonObject, inputs: tuple[StoredItem, ...]) -> StoredResponse:
    """Return a finished response as it is stored."""
    outputs = tuple(StoredItem(item["id"], _json(item)) for item in response["output"])
    return StoredResponse(response["id"], _json(response), inputs, outputs)


def listed(item: StoredItem) -> JsonObject:
    """Return an item in the form in which OpenAI lists it: with an id, and a message's text in parts."""
    value: JsonObject = json.loads(item.data)
    value |= {"id": item.item_id, "type": value.get("type") or "message"}
    if value["type"] == "message" and not isinstance(value.get("content"), list):
        kind = {"type": "output_text", "annotations": []} if value["role"] == "assistant" else {"type": "input_text"}
        value["content"] = [{**kind, "text": value.get("content") or ""}]
    return value


def _stored_input(item: InputItem) -> StoredItem:
    kind = getattr(item, "type", None) or "message"
    return StoredItem(item.id or new_id(_PREFIXES.get(kind, "item")), item.model_dump_json(exclude_unset=True).encode())


def _json(value: JsonObject) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
