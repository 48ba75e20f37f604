"""Every operation of a running Preheat with access control on, with good and bad data: no internal error, ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from running_preheat import Preheat, running_preheat
from scripted_models import TEMPLATES, write_scripted_model

EXAMPLES: Final = 2
KEY: Final = "key-of-this-test"
HEADERS: Final = {"Authorization": f"Bearer {KEY}"}
LEFT_OUT: Final = ("/preheat/v1/events", "/preheat/v1/quit")
"""Never ends, and ends everything."""

TIMEOUT_S: Final = 60.0

CHANGES_ACCESS: Final = {
    ("PATCH", "/preheat/v1/settings"),
    ("POST", "/preheat/v1/keys"),
    ("DELETE", "/preheat/v1/keys/{name}"),
}
"""Operations that may close the port to this test if their data is good."""


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preheat]:
    home, models = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("models")
    write_scripted_model(models / "tiny.gguf", TEMPLATES["tools"])
    with running_preheat(home, models, preload="false", api_keys=KEY, context_length="512") as running:
        yield running


def operations(preheat: Preheat) -> list[Any]:
    """Return the operations of the port's own document, for the only model that there is."""
    document = preheat.ask("GET", "/openapi.json", headers=HEADERS).body
    for schema in document["components"]["schemas"].values():
        if "model" in schema.get("properties", {}):
            schema["properties"]["model"] = {"enum": ["tiny"]}
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    return [each.ok() for each in found if isinstance(each, Ok) and each.ok().path not in LEFT_OUT]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_operation_fails_unexpectedly(preheat: Preheat, mode: GenerationMode) -> None:
    failures: list[str] = []
    with httpx2.Client(timeout=TIMEOUT_S) as client:
        for operation in operations(preheat):
            good = mode is GenerationMode.POSITIVE
            if good and (operation.method.upper(), operation.path) in CHANGES_ACCESS:
                continue
            if good or operation.body:
                failures += _try(client, preheat, operation, mode)
        assert client.get(f"{preheat.url}/health").status_code == 200
    assert failures == []


def _try(client: httpx2.Client, preheat: Preheat, operation: Any, mode: GenerationMode) -> list[str]:
    failures: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=preheat.url)
        content = json.dumps(request["json"]).encode() if "json" in request else request.get("data")
        headers = {**{name: str(value) for name, value in (request.get("headers") or {}).items()}, **HEADERS}
        if "json" in request:
            headers["Content-Type"] = "application/json"
        answer = client.request(
            request["method"], request["url"], params=request.get("params"), content=content, headers=headers
        )
        if answer.status_code == 500 or "internal_error" in answer.text:
            failures.append(f"{operation.label}: {answer.status_code} {answer.text[:300]}")

    check()
    return failures


def test_without_a_key_nothing_is_answered(preheat: Preheat) -> None:
    open_paths = []
    with httpx2.Client(timeout=TIMEOUT_S) as client:
        for operation in operations(preheat):
            path = operation.path.replace("{", "").replace("}", "")
            answer = client.request(operation.method.upper(), f"{preheat.url}{path}", content=b"{}")
            if answer.status_code != 401:
                open_paths.append(path)
    assert open_paths == []
