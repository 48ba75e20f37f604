"""API keys over the control API."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from preheat.settings import KeyScope, KeyStore, Settings
from tests.engine.server.conftest import client_of_app
from tests.engine.server.fake_engine import CHAT, FakeEngine

PATH = "/preheat/v1/keys"


@pytest.fixture
def client(own: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """This user's own Preheat, which may change settings and keys."""
    return own


@pytest.fixture(autouse=True)
def _own_home(preheat_home: Path) -> None:
    """Keys are in the user's folder."""


async def test_a_key_is_shown_once(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    created = (await client.post(PATH, json={"name": "a", "models": ["tiny-chat"], "low_priority": True})).json()
    secret = created["secret"]
    assert created["key"] | {"created_at": 0} == {
        "name": "a",
        "created_at": 0,
        "scope": "use",
        "models": [CHAT],
        "low_priority": True,
    }
    async with client_of_app(engine) as keyless:
        assert (await keyless.get(PATH)).status_code == 401
    assert (await client.get(PATH, headers={"x-api-key": secret})).status_code == 403
    admin = KeyStore().create("admin", KeyScope.ADMIN)[1]
    listed = await client.get(PATH, headers={"x-api-key": admin})
    assert [key["name"] for key in listed.json()["keys"]] == ["a", "admin"]
    assert secret not in listed.text
    revoked = await client.delete(f"{PATH}/a", headers={"x-api-key": admin})
    assert [key["name"] for key in revoked.json()["keys"]] == ["admin"]


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "name"), ({"name": ""}, "name"), ({"name": "a", "scope": "all"}, "scope"), ({"name": 1}, "name")],
)
async def test_wrong_keys(client: httpx2.AsyncClient, body: dict[str, object], param: str) -> None:
    answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_a_key_for_an_unknown_model(client: httpx2.AsyncClient) -> None:
    assert (await client.post(PATH, json={"name": "a", "models": ["nope"]})).status_code == 404
    assert KeyStore().read() == ()


async def test_the_last_key_of_an_open_port_stays(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    _, secret = KeyStore().create("a", KeyScope.ADMIN)
    engine.settings = Settings(host="0.0.0.0")
    headers = {"x-api-key": secret}
    answer = await client.delete(f"{PATH}/a", headers=headers)
    assert answer.json()["error"]["details"]["code"] == "last_key_of_open_port"
    KeyStore().create("b")
    assert (await client.delete(f"{PATH}/a", headers=headers)).status_code == 200


async def test_revoking_an_unknown_key(client: httpx2.AsyncClient) -> None:
    answer = await client.delete(f"{PATH}/nope")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "key_not_found")
