from __future__ import annotations

from typing import Any

import pytest

from preheat.server.anthropic.threads import ThreadStore
from preheat.server.errors import ThreadNotFoundError

REQUEST = {"system": "s", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
ANSWER = [{"type": "text", "text": "Hello!"}]


def following(message_id: Any, messages: Any = ()) -> dict[str, Any]:
    return {"thread": {"type": "continue", "previous_message_id": message_id}, "messages": messages, "max_tokens": 9}


def test_a_conversation_is_continued() -> None:
    store = ThreadStore()
    store.put("msg_1", REQUEST, ANSWER)
    new = {"role": "user", "content": "So?"}
    found = store.complete(following("msg_1", [new]))
    assert (found["system"], found["max_tokens"]) == ("s", 9)
    assert found["messages"] == [*REQUEST["messages"], {"role": "assistant", "content": ANSWER}, new]  # type: ignore[misc]


@pytest.mark.parametrize("request_", [None, [], {}, {"thread": 5}, {"thread": {"type": "create"}}])
def test_other_requests_are_unchanged(request_: Any) -> None:
    assert ThreadStore().complete(request_) is request_


@pytest.mark.parametrize("message_id", [None, [], "msg_2"])
def test_an_unknown_conversation(message_id: Any) -> None:
    with pytest.raises(ThreadNotFoundError):
        ThreadStore().complete(following(message_id))


def test_the_least_recently_used_conversations_are_dropped() -> None:
    store = ThreadStore(max_bytes=250)
    for message_id in ("msg_1", "msg_2"):
        store.put(message_id, REQUEST, ANSWER)
    store.complete(following("msg_1"))
    store.put("msg_3", REQUEST, ANSWER)
    store.put("msg_4", {**REQUEST, "system": "s" * 300}, ANSWER)
    assert store.complete(following("msg_1"))["system"] == store.complete(following("msg_3"))["system"] == "s"
    for message_id in ("msg_2", "msg_4"):
        with pytest.raises(ThreadNotFoundError):
            store.complete(following(message_id))
