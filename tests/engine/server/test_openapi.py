"""Requests that schemathesis makes from the OpenAPI document are taken or refused, in the form that it documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from preheat.server.app import create_app
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine, as_engine

EXAMPLES: Final = 8
BASE_URL: Final = "http://localhost:11435"
OTHERS: Final = ("/preheat", "/metrics", "/api/show", "/api/pull", "/api/delete", "/api/create", "/api/copy")
"""Starts of the paths that belong to no protocol, or need files."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document, with the fake engine's models as the only ones."""
    found: dict[str, Any] = create_app(as_engine(FakeEngine()), port=11435).openapi()
    for schema in found["components"]["schemas"].values():
        if "model" in schema.get("properties", {}):
            schema["properties"]["model"] = {"enum": [CHAT, EMBED]}
    return found


DOCUMENT: Final = document()
OPERATIONS: Final = [
    found.ok()
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    if isinstance(found, Ok) and not found.ok().path.startswith(OTHERS)
]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_a_request_is_answered_as_documented(operation: Any, mode: GenerationMode, runner: asyncio.Runner) -> None:
    if mode is GenerationMode.NEGATIVE and not operation.body:
        return  # nothing in the request can be wrong

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        response = runner.run(answer(case))
        assert response.status_code < 500, response.text
        schema = schema_of(operation, response.status_code)
        if response.content and schema is not None and response.headers["content-type"].startswith("application/json"):
            jsonschema.validate(response.json(), schema)

    check()


async def answer(case: Any) -> httpx2.Response:
    app = create_app(as_engine(FakeEngine()), port=11435)
    transport = httpx2.ASGITransport(app)
    request = case.as_transport_kwargs(base_url=BASE_URL)
    content = json.dumps(request["json"]).encode() if "json" in request else request.get("data")
    async with httpx2.AsyncClient(transport=transport) as client:
        return await client.request(
            request["method"], request["url"], content=content, params=request["params"], headers=request["headers"]
        )


def schema_of(operation: Any, status: int) -> dict[str, Any] | None:
    """Return the documented schema of a JSON answer, if any."""
    responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    found = responses.get(str(status)) or responses["default"]
    media = found.get("content", {}).get("application/json")
    return None if media is None else {**media["schema"], "components": DOCUMENT["components"]}
