"""Stored responses: continued, referred to, listed, deleted, and dropped."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from preheat.inference import FinishReason
from preheat.server.openai.responses.store import (
    ItemNotFoundError,
    PreviousResponseNotFoundError,
    ResponseNotFoundError,
    ResponseStore,
    StoredItem,
    StoredResponse,
)
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import FakeEngine
from tests.engine.server.openai.responses.conftest import Respond, call, last
from tests.engine.server.openai.responses.test_requests import FUNCTION, call_json, sent_messages

USER = {"role": "user", "content": "hi"}
ANSWER = {"role": "assistant", "content": "Hello!"}


def stored(name: str, size: int = 10) -> StoredResponse:
    """Return a response of 10 bytes and its items of ``size`` bytes."""
    return StoredResponse(name, b"x" * 10, (StoredItem(f"in_{name}", b"x" * size),), (StoredItem(f"out_{name}", b""),))


def test_the_least_recently_used_response_is_dropped() -> None:
    store = ResponseStore(limit=2)
    store.put(stored("a"))
    store.put(stored("b"))
    store.get("a")
    store.put(stored("c"))
    assert (store.get("a").response_id, store.get("c").response_id) == ("a", "c")
    with pytest.raises(ResponseNotFoundError):
        store.get("b")


def test_responses_are_dropped_when_their_bytes_are_too_many() -> None:
    store = ResponseStore(max_bytes=100)
    for name in "abcd":
        store.put(stored(name, 30))
    with pytest.raises(PreviousResponseNotFoundError):
        store.previous("b")
    store.delete("c")
    store.put(stored("e", 30))
    assert store.previous("d").size == 40
    store.put(stored("huge", 101))
    assert store.previous("e").size == 40
    with pytest.raises(ResponseNotFoundError):
        store.get("huge")


def test_items_are_found_by_id() -> None:
    store = ResponseStore()
    store.put(stored("a"))
    store.put(stored("b"))
    assert set(store.find_items(["in_a", "out_b"])) == {"in_a", "out_b"}
    with pytest.raises(ItemNotFoundError, match="in_z"):
        store.find_items(["in_a", "in_z"])


async def test_a_conversation_is_continued(engine: FakeEngine, sdk: Sdk) -> None:
    first = await sdk.responses.create(model="tiny-chat", input="hi", instructions="Be brief.")
    second = await sdk.responses.create(model="tiny-chat", input="And?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    await sdk.responses.create(model="tiny-chat", input=[USER], previous_response_id=second.id, instructions="Shout.")
    assert sent_messages(engine) == [
        {"role": "system", "content": "Shout."},
        USER,
        ANSWER,
        {"role": "user", "content": "And?"},
        ANSWER,
        USER,
    ]


async def test_a_streamed_call_is_continued(engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = [*call(0, '{"c": 1}', name="shell"), last(FinishReason.TOOL_CALLS)]
    async with sdk.responses.stream(model="tiny-chat", input="hi", tools=[FUNCTION]) as events:
        first = await events.get_final_response()
    output = [{"type": "function_call_output", "call_id": first.output[0].call_id, "output": "42"}]
    await sdk.responses.create(model="tiny-chat", input=output, previous_response_id=first.id)
    assert sent_messages(engine) == [
        USER,
        {"role": "assistant", "content": "", "tool_calls": [call_json("shell", '{"c": 1}', "call_0")]},
        {"role": "tool", "name": "shell", "content": "42", "tool_call_id": "call_0"},
    ]


async def test_items_are_referred_to(engine: FakeEngine, sdk: Sdk) -> None:
    first = await sdk.responses.create(model="tiny-chat", input=[{**USER, "id": "msg_user"}])
    references = [{"type": "item_reference", "id": "msg_user"}, {"id": first.output[0].id}]
    second = await sdk.responses.create(model="tiny-chat", input=[*references, USER])
    assert sent_messages(engine) == [USER, ANSWER, USER]
    items = await sdk.responses.input_items.list(second.id, order="asc")
    assert [item.id for item in items.data[:2]] == ["msg_user", first.output[0].id]


async def test_unknown_ids_are_named(sdk: Sdk, refuse: Respond) -> None:
    error = await refuse(previous_response_id="resp_unknown")
    assert (error["code"], error["param"]) == ("previous_response_not_found", "previous_response_id")
    assert "resp_unknown" in error["message"]
    error = await refuse(input=[{"type": "item_reference", "id": "msg_unknown"}])
    assert (error["code"], error["param"]) == ("item_not_found", "input")
    for method in (sdk.responses.retrieve, sdk.responses.delete, sdk.responses.cancel):
        with pytest.raises(openai.NotFoundError, match="resp_unknown"):
            await method("resp_unknown")


async def test_a_response_is_retrieved_and_deleted(sdk: Sdk) -> None:
    response = await sdk.responses.create(model="tiny-chat", input="hi")
    assert await sdk.responses.retrieve(response.id) == response
    with pytest.raises(openai.BadRequestError, match="background"):
        await sdk.responses.cancel(response.id)
    await sdk.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(response.id)


async def test_a_response_is_not_stored_if_that_is_not_wanted(sdk: Sdk) -> None:
    response = await sdk.responses.create(model="tiny-chat", input="hi", store=False)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(response.id)


async def test_input_items_are_listed(sdk: Sdk) -> None:
    items = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"type": "function_call", "call_id": "c", "name": "shell", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "d"},
    ]
    response = await sdk.responses.create(model="tiny-chat", input=items)
    page = await sdk.responses.input_items.list(response.id, limit=3)
    listed: list[Any] = [item async for item in page]
    assert [item.type for item in listed] == ["function_call_output", "function_call", "message", "message"]
    assert [part.text for item in listed[2:] for part in item.content] == ["b", "a"]
    assert len({item.id for item in listed}) == 4
    assert (page.has_more, page.first_id, page.last_id) == (True, listed[0].id, listed[2].id)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": "x"}, {"limit": 101}, {"after": "msg_unknown"}])
async def test_pages_that_do_not_exist(query: dict[str, Any], respond: Respond, client: httpx2.AsyncClient) -> None:
    response = await respond()
    answer = await client.get(f"/v1/responses/{response['id']}/input_items", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] in query


async def test_a_stored_stream_is_not_repeated(respond: Respond, client: httpx2.AsyncClient) -> None:
    response = await respond()
    answer = await client.get(f"/v1/responses/{response['id']}", params={"stream": "true"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream")


async def test_input_tokens_are_counted(sdk: Sdk) -> None:
    count = await sdk.responses.input_tokens.count(model="tiny-chat", input="hello", instructions="Hi.")
    assert (count.object, count.input_tokens) == ("response.input_tokens", len("<Hi.\nhello"))


async def test_paths_without_a_version(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/responses", json={"model": "tiny-chat", "input": "hi"})
    response = answer.json()
    assert (await client.get(f"/responses/{response['id']}")).json() == response
    assert (await client.get(f"/responses/{response['id']}/input_items/")).json()["object"] == "list"
