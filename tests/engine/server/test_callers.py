"""Who may do what: ``docs/security.md``, tried on every command and on the endpoints that change something."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx2
import pytest

from bug_watch import BugWatch
from preheat.control import COMMANDS, Command, Risk, place_of
from preheat.control.codec import field_forms
from preheat.inference import Priority
from preheat.settings import KeyScope, KeyStore, Settings
from tests.engine.server.conftest import OWN_KEY
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine

PAGE: Final = {"origin": "http://localhost:3000", "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}
OWN: Final = {"authorization": f"Bearer {OWN_KEY}"}
LINK: Final = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

ADMIN: Final = {"ListKeys", "CreateKey", "RevokeKey", "RemoveModel", "ImportFile", "MoveModels"} | {
    "ChangeSettings",
    "ChangeModelSettings",
    "ReloadSettings",
    "Quit",
}
"""Commands about settings, files, access, and the end."""

RUNS: Final = [
    ("POST", "/v1/chat/completions", {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]}),
    ("GET", "/v1/models", None),
    ("GET", "/api/tags", None),
    ("GET", "/preheat/v1/status", None),
    ("POST", f"/preheat/v1/models/{CHAT}/load", None),
]
MANAGES: Final[list[tuple[str, str, dict[str, Any] | None]]] = [
    ("POST", "/preheat/v1/pause", None),
    ("POST", f"/preheat/v1/models/{CHAT}/unload", None),
    ("POST", "/api/generate", {"model": CHAT, "keep_alive": 0}),
    ("POST", "/api/copy", {"source": CHAT, "destination": "mine"}),
    ("POST", "/api/create", {"model": "mine", "from": CHAT}),
]


async def refusal(caller: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], body: Any = None) -> str:
    """Return the code of the message that refuses a request; empty if it is permitted, whatever comes of it."""
    content = None if body is None else json.dumps(body)
    answer = await caller.request(method, path, headers=headers, content=content)
    if answer.status_code not in (401, 403):
        return ""
    error = answer.json()
    error = error.get("error", error) if isinstance(error.get("error"), dict) else error
    assert error["code"] in ("not_permitted", "invalid_api_key", "origin_not_allowed")
    return str(error.get("details", error)["code"])


def request_of(kind: type[Command[Any]]) -> tuple[str, str, Any]:
    """Return a request for a command. What it asks for does not exist, so that nothing happens if it is permitted."""
    path = kind.route.path
    for field in field_forms(kind):
        if place_of(kind, field) == "path":
            path = path.replace(f"{{{field.name}}}", "none").replace(f"{{{field.name}:path}}", "none")
    return kind.route.method, f"/preheat/v1/{path}", []


@pytest.mark.parametrize("kind", [each for each in COMMANDS if not each.route.streams], ids=lambda kind: kind.__name__)
async def test_every_command_asks_for_its_class(
    kind: type[Command[Any]], caller: httpx2.AsyncClient, bugs: BugWatch
) -> None:
    method, path, body = request_of(kind)
    assert (kind.route.risk is Risk.ADMIN) == (kind.__name__ in ADMIN)
    local, page, own_page = [await refusal(caller, method, path, each, body) for each in ({}, PAGE, {**PAGE, **OWN})]
    if kind.route.risk is Risk.ADMIN:
        assert (local, page, own_page) == ("admin_not_proven", "page_never_admin", "page_never_admin")
    elif kind.route.risk is Risk.MANAGE:
        assert (local, page, own_page) == ("", "page_not_permitted", "page_not_permitted")
    else:
        assert (local, page, own_page) == ("", "", "")
    bugs.take()  # the fake engine has no downloads


@pytest.mark.parametrize(("method", "path", "body"), MANAGES)
async def test_pages_use_models_and_do_not_manage_them(
    method: str, path: str, body: Any, caller: httpx2.AsyncClient, engine: FakeEngine
) -> None:
    assert await refusal(caller, method, path, PAGE, body) in ("page_not_permitted", "not_permitted")
    assert engine.commands == []
    assert await refusal(caller, method, path, {}, body) == ""


@pytest.mark.parametrize(("method", "path", "body"), RUNS)
async def test_pages_use_models(method: str, path: str, body: Any, caller: httpx2.AsyncClient) -> None:
    assert await refusal(caller, method, path, PAGE, body) == ""


@pytest.mark.parametrize("settings", [Settings(web_access="manage", allowed_apps=("obsidian",))])
@pytest.mark.parametrize("origin", ["http://localhost:3000", "app://obsidian.md"])
async def test_a_setting_lets_pages_manage_but_never_administer(
    origin: str, settings: Settings, caller: httpx2.AsyncClient
) -> None:
    page = {**PAGE, "origin": origin}
    for method, path, body in MANAGES:
        assert await refusal(caller, method, path, page, body) == ""
    assert await refusal(caller, "PATCH", "/preheat/v1/settings", page, {}) == "page_never_admin"
    assert await refusal(caller, "GET", "/preheat/v1/keys", {**page, **OWN}) == "page_never_admin"


async def test_a_page_without_an_origin_is_a_page(caller: httpx2.AsyncClient) -> None:
    same_origin = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert await refusal(caller, "GET", "/preheat/v1/settings", same_origin) == "page_not_permitted"
    assert await refusal(caller, "GET", "/preheat/v1/settings", {"sec-fetch-mode": "cors"}) == ""  # Node's fetch


async def test_this_users_own_preheat_and_admin_keys_may_do_everything(caller: httpx2.AsyncClient) -> None:
    admin = {"x-api-key": KeyStore().create("admin", KeyScope.ADMIN)[1]}
    manage = {"x-api-key": KeyStore().create("manager", KeyScope.MANAGE)[1]}
    for headers, code in ((OWN, ""), (admin, ""), (manage, "key_scope_too_small"), ({}, "api_key_wrong")):
        assert await refusal(caller, "PATCH", "/preheat/v1/settings", headers, {}) == code
        assert await refusal(caller, "GET", "/preheat/v1/keys", headers) == code


async def test_a_key_for_some_models_loads_no_others(caller: httpx2.AsyncClient, engine: FakeEngine) -> None:
    key = {"x-api-key": KeyStore().create("k", models=(EMBED,))[1]}
    assert await refusal(caller, "POST", f"/preheat/v1/models/{CHAT}/load", key) == "key_model_not_allowed"
    assert engine.commands == []
    assert await refusal(caller, "POST", f"/preheat/v1/models/{EMBED}/load", key) == ""


async def test_the_first_key_closes_the_port_for_programs_without_one(caller: httpx2.AsyncClient) -> None:
    assert await refusal(caller, "GET", "/v1/models", {}) == ""
    KeyStore().create("a")
    for headers in ({}, PAGE, {"x-api-key": "wrong"}):
        assert await refusal(caller, "GET", "/v1/models", headers) == "api_key_wrong"


@pytest.mark.parametrize("path", ["search?q=a", "repo?name=a/b", "stats", "history", "log", "events"])
async def test_a_link_on_another_sites_page_costs_nothing(path: str, caller: httpx2.AsyncClient) -> None:
    assert await refusal(caller, "GET", f"/preheat/v1/{path}", LINK) == "foreign_page"


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/openapi.json", "/v1/models", "/preheat/v1/status"])
async def test_a_link_leads_to_what_is_cheap_to_read(path: str, caller: httpx2.AsyncClient) -> None:
    assert await refusal(caller, "GET", path, LINK) == ""
    assert await refusal(caller, "GET", path, {**LINK, "sec-fetch-dest": "iframe"}) == "foreign_page"
    assert await refusal(caller, "POST", path, LINK) == "foreign_page"


async def test_keep_alives_of_pages_are_ignored(caller: httpx2.AsyncClient, engine: FakeEngine) -> None:
    body = {"model": CHAT, "prompt": "hi", "keep_alive": "1h", "stream": False}
    for headers in ({}, PAGE):
        assert (await caller.post("/api/generate", json=body, headers=headers)).status_code == 200
    assert [keep_alive for keep_alive, _ in engine.lease_options] == [3600.0, None]


@pytest.mark.parametrize("settings", [Settings(access=(f"key indexer; {EMBED}; low", f"program Notes*; {CHAT}"))])
async def test_rules_say_which_models_a_key_and_a_program_may_use(
    caller: httpx2.AsyncClient, engine: FakeEngine, settings: Settings
) -> None:
    engine.settings = settings
    key = {"x-api-key": KeyStore().create("Indexer")[1]}
    notes = {"user-agent": "Notes/2.1 (X11)", "x-api-key": KeyStore().create("n")[1]}
    other = {"user-agent": "curl/8", "x-api-key": notes["x-api-key"]}
    for method, path, body in (
        ("POST", "/v1/chat/completions", {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]}),
        ("POST", "/api/chat", {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]}),
        ("POST", "/api/generate", {"model": CHAT}),
        ("POST", "/api/show", {"model": CHAT}),
        ("POST", f"/preheat/v1/models/{CHAT}/load", None),
        ("GET", f"/v1/models/{CHAT}", None),
    ):
        # A key counts before the program that holds it.
        for headers in (key, {**key, "user-agent": "Notes/2.1"}):
            code = await refusal(caller, method, path, headers, body)
            assert code == ("not_permitted" if path.startswith("/api/") else "access_key_model")
    assert (engine.commands, engine.lease_options) == ([], [])
    embed = {"model": EMBED, "input": "hi"}
    assert await refusal(caller, "POST", "/v1/embeddings", notes, embed) == "access_program_model"
    for headers in (key, other, {**OWN, "user-agent": "Notes/2.1"}):
        assert await refusal(caller, "POST", "/v1/embeddings", headers, embed) == ""
    assert engine.priorities == [Priority.BULK, Priority.INTERACTIVE, Priority.INTERACTIVE]


@pytest.mark.parametrize("settings", [Settings(access=(f"program Notes*; {CHAT}; high",))])
async def test_lists_have_the_models_that_a_client_may_use(
    caller: httpx2.AsyncClient, engine: FakeEngine, settings: Settings
) -> None:
    engine.settings = settings
    notes, anthropic = {"user-agent": "Notes/2.1"}, {"anthropic-version": "2023-06-01"}

    async def listed(path: str, name: str, **headers: str) -> set[str]:
        answer = (await caller.get(path, headers=headers)).json()
        return {model["id" if name == "data" else "name"].removesuffix(":latest") for model in answer[name]}

    for path, name, more in (
        ("/v1/models", "data", {}),
        ("/v1/models", "data", anthropic),
        ("/api/tags", "models", {}),
        ("/api/ps", "models", {}),
    ):
        assert {CHAT, EMBED} <= await listed(path, name, **more)
        assert await listed(path, name, **notes, **more) == {CHAT}


@pytest.mark.parametrize("settings", [Settings(access=(f"program Notes*; {EMBED}",))])
async def test_a_refusal_has_the_form_of_its_protocol(
    caller: httpx2.AsyncClient, engine: FakeEngine, settings: Settings
) -> None:
    engine.settings = settings
    body = {"model": CHAT, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    headers = {"user-agent": "Notes/2.1"}
    openai = await caller.post("/v1/chat/completions", json=body, headers=headers)
    anthropic = await caller.post("/v1/messages", json=body, headers=headers)
    ollama = await caller.post("/api/chat", json=body, headers=headers)
    assert (openai.status_code, anthropic.status_code, ollama.status_code) == (403, 403, 403)
    words = f"the program Notes/2.1 use the model {CHAT}; it may use {EMBED}"
    assert words in openai.json()["error"]["message"]
    assert (openai.json()["error"]["code"], openai.json()["error"]["param"]) == ("not_permitted", "model")
    assert words in anthropic.json()["error"]["message"]
    assert anthropic.json()["error"]["type"] == "permission_error"
    assert words in ollama.json()["error"]
