"""The endpoints of OpenAI's Responses: create, retrieve, delete, cancel, input items, input tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from preheat.errors import InvalidRequestError
from preheat.inference import JsonObject
from preheat.messages import msg
from preheat.server.access import caller_of
from preheat.server.api_docs import endpoint_docs
from preheat.server.bodies import JsonBody, invalid, read_body, run_for
from preheat.server.generation import Generator, client_gone
from preheat.server.in_flight import ClientGoneError
from preheat.server.openai.responses.conversation import conversation, listed, stored_response
from preheat.server.openai.responses.formatting import ResponseFormat
from preheat.server.openai.responses.requests import response_chat, response_request
from preheat.server.openai.responses.schema import InputBody, ResponseBody
from preheat.server.openai.responses.store import ResponseStore, StoredResponse
from preheat.server.protocols import Endpoint

BODIES: Final[dict[str, type[JsonBody]]] = {"/v1/responses": ResponseBody, "/v1/responses/input_tokens": InputBody}
"""Bodies of requests by path."""

ENDPOINTS: Final = (
    Endpoint("POST", "/v1/responses", "Answer an input, whole or as a stream", ResponseBody.fields(), ("/responses",)),
    Endpoint("POST", "/v1/responses/input_tokens", "The number of tokens of an input", InputBody.fields()),
    Endpoint("GET", "/v1/responses/{response_id}", "A stored response", aliases=("/responses/{response_id}",)),
    Endpoint("DELETE", "/v1/responses/{response_id}", "Forget a stored response"),
    Endpoint("POST", "/v1/responses/{response_id}/cancel", "An error: no response runs in the background"),
    Endpoint("GET", "/v1/responses/{response_id}/input_items", "What a stored response answers, latest first"),
)

MAX_PAGE: Final = 100
DEFAULT_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class ResponsesApi:
    """OpenAI's Responses over one engine. Engine's loop only."""

    generator: Generator
    store: ResponseStore = field(default_factory=ResponseStore)

    def add_routes(self, app: FastAPI) -> None:
        """Add the endpoints. They read bodies themselves: FastAPI validates more slowly, with errors of its own."""
        handlers = (self.create, self.count_input_tokens, self.get, self.delete, self.cancel, self.list_input_items)
        for endpoint, handler in zip(ENDPOINTS, handlers, strict=True):
            app.add_api_route(
                endpoint.path,
                handler,
                methods=[endpoint.method],
                tags=["openai"],
                summary=endpoint.summary,
                response_class=Response,
                openapi_extra=endpoint_docs(endpoint, BODIES.get(endpoint.path)),
            )

    async def create(self, request: Request) -> Response:
        """Answer an input, whole or as a stream of events, and store the response."""
        body = await read_body(request, ResponseBody)
        model_id = await self.generator.model_id(body.model)
        talk = conversation(body, self.store)
        generation = await run_for(request, lambda: response_request(body, talk.items(), len(talk.earlier)))

        def keep(response: JsonObject) -> None:
            if body.store is not False:
                self.store.put(stored_response(response, talk.stored()))

        form = await run_for(request, ResponseFormat, model_id, body, keep)
        return await self.generator.respond(request, model_id, [generation], form, stream=bool(body.stream))

    async def count_input_tokens(self, request: Request) -> Response:
        """Answer with the number of tokens of an input."""
        body = await read_body(request, InputBody)
        model_id = await self.generator.model_id(body.model)
        talk = conversation(body, self.store)
        chat = await run_for(request, lambda: response_chat(body, talk.items(), len(talk.earlier)))
        try:
            async with (
                self.generator.in_flight.answer(request.scope, request.receive),
                self.generator.lease(request, model_id) as lease,
            ):
                tokens = await lease.count_tokens(chat)
        except ClientGoneError:
            return client_gone()
        return JSONResponse({"object": "response.input_tokens", "input_tokens": tokens})

    async def get(self, request: Request) -> Response:
        """Answer with a stored response."""
        if request.query_params.get("stream", "").lower() == "true":
            reason = "is not supported for stored responses"
            raise invalid("stream", reason)
        return Response(self._stored(request).data, media_type="application/json")

    async def delete(self, request: Request) -> Response:
        """Forget a stored response."""
        response_id = self._stored(request).response_id
        self.store.delete(response_id)
        return JSONResponse({"id": response_id, "object": "response", "deleted": True})

    async def cancel(self, request: Request) -> Response:
        """Refuse: only responses in the background can be cancelled, and there are none."""
        self._stored(request)
        raise InvalidRequestError(msg("response_not_in_background"))

    async def list_input_items(self, request: Request) -> Response:
        """Answer with the items that a stored response answers, latest first."""
        items = [listed(item) for item in self._stored(request).inputs]
        query = request.query_params
        if query.get("order", "desc") != "asc":
            items.reverse()
        ids = [item["id"] for item in items]
        if (after := query.get("after")) is not None:
            if after not in ids:
                reason = "names no item of this response"
                raise invalid("after", reason)
            items = items[ids.index(after) + 1 :]
        page = items[: _limit(query.get("limit"))]
        return JSONResponse(
            {
                "object": "list",
                "data": page,
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
                "has_more": len(page) < len(items),
            }
        )

    def _stored(self, request: Request) -> StoredResponse:
        """Return the stored response; raises NotPermittedError if the key may not use its model."""
        stored = self.store.get(request.path_params["response_id"])
        caller_of(request).require_model(json.loads(stored.data)["model"])
        return stored


def _limit(text: str | None) -> int:
    """Return the number of items on a page."""
    if text is None:
        return DEFAULT_PAGE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_PAGE:
        reason = f"has to be a number from 1 to {MAX_PAGE}"
        raise invalid("limit", reason)
    return int(text)
