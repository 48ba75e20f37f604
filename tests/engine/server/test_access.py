from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.server.access import TARGET_KEY, AccessMiddleware, AccessRules, RequestHead, host_name, is_loopback
from preheat.server.app import create_app
from preheat.server.errors import InvalidApiKeyError, InvalidHeadersError
from preheat.settings import APP_ORIGINS, AppName, KeyScope, KeyStore, Settings
from raising import raises
from tests.engine.server.fake_engine import FakeEngine, as_engine

LOCAL = AccessRules()
OPEN = AccessRules(host="0.0.0.0", allowed_hosts=("nas.lan",), api_keys=("k1",))


def client_of(**settings: Any) -> httpx2.AsyncClient:
    app = create_app(as_engine(FakeEngine(Settings(**settings))), port=11435)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:11435")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:11435", "localhost.", "app.localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:11435"],
)
def test_loopback_hosts_are_allowed(host: str) -> None:
    assert LOCAL.host_allowed(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.com",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "192.168.1.5",
        "nas.lan",
        "a@localhost",
        "[::1",
        "::1",
        "[127.0.0.1]",
        "[localhost]",
        "[::1%25lo]",
        "[::ffff:127.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "127.0.0.01",
        "localhost:65536",
        "localhost:-1",
        "localhost:",
        "localhost:80:80",
        "localhost:\u0661",
        "localhost evil.com",
        "localhost,evil.com",
        "localhost/",
        "localhost#.evil.com",
        "localhost..",
        "..localhost",
        "lo\u00e7alhost",
        "localhost\u00a0",
        "evil.com\\.localhost",
    ],
)
def test_other_hosts_are_rejected(host: str) -> None:
    assert not LOCAL.host_allowed(host)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("nas.lan:11435", True), ("192.168.1.5:11435", True), ("[fe80::1]", True), ("evil.com", False)],
)
def test_an_open_port_accepts_addresses_and_its_names(host: str, allowed: bool) -> None:
    assert OPEN.host_allowed(host) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:5173", True),
        ("http://evil.com", False),
        ("http://localhost.evil.com", False),
        ("http://localhost@evil.com", False),
        ("null", False),
        ("file://", False),
        ("", False),
        ("http://localhost:3000/", False),
        ("http://localhost:3000, http://evil.com", False),
        ("http://localhost:99999", False),
        ("http://2130706433", False),
        ("ftp://localhost", False),
        ("http://lo\u00e7alhost", False),
        ("chrome-extension://abc", False),
    ],
)
def test_origins(origin: str, allowed: bool) -> None:
    assert LOCAL.origin_allowed(origin, "localhost:11435") is allowed


def test_configured_and_own_origins_are_allowed() -> None:
    rules = AccessRules(allowed_origins=("app://obsidian.md",))
    assert rules.origin_allowed("app://obsidian.md", "localhost")
    assert OPEN.origin_allowed("http://192.168.1.5:11435", "192.168.1.5:11435")
    assert not OPEN.origin_allowed("http://192.168.1.5:8080", "192.168.1.5:11435")


def test_an_apps_whole_scheme_is_allowed() -> None:
    rules = AccessRules(allowed_origins=("vscode-webview://*",))
    assert rules.origin_allowed("vscode-webview://1f0c9a", "localhost")
    assert not rules.origin_allowed("vscode-webview", "localhost")
    assert not rules.origin_allowed("null", "localhost")


@pytest.mark.parametrize(("app", "origins"), APP_ORIGINS.items())
async def test_apps_are_allowed_once_chosen(app: AppName, origins: tuple[str, ...]) -> None:
    for origin in (each.replace("*", "abc") for each in origins):
        for chosen, status in (((), 403), ((app,), 200)):
            async with client_of(allowed_apps=chosen) as client:
                answer = await client.get("/v1/models", headers={"Origin": origin})
            assert answer.status_code == status
            assert status == 200 or "allowed_apps" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("same-site", "no-cors", 403),
        ("cross-site", "cors", 403),
        ("cross-site", "navigate", 200),  # a link that was clicked
        ("cross-site", "websocket", 403),
        ("something-new", "no-cors", 403),
        ("same-origin", "no-cors", 200),
        ("none", "navigate", 200),
    ],
)
async def test_pages_of_other_sites_are_rejected_without_an_origin_too(
    site: str, mode: str, status: int, client: httpx2.AsyncClient
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert (await client.get("/v1/models", headers=headers)).status_code == status


async def test_named_keys(preheat_home: Path) -> None:
    store = KeyStore()
    async with client_of() as client:
        _, secret = store.create("laptop")
        assert (await client.get("/v1/models")).status_code == 401
        bearer = {"Authorization": f"Bearer {secret}"}
        assert (await client.get("/v1/models", headers=bearer)).status_code == 200
        store.revoke("laptop")
        assert (await client.get("/v1/models")).status_code == 200


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read", (200, 403, 403, 403)), ("use", (200, 200, 403, 403)), ("manage", (200, 200, 200, 403))],
)
async def test_scopes_of_keys(scope: str, allowed: tuple[int, ...], preheat_home: Path) -> None:
    _, secret = KeyStore().create("k", KeyScope(scope))
    body = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}]}
    async with client_of() as client:
        client.headers["x-api-key"] = secret
        answers = [
            await client.get("/preheat/v1/status"),
            await client.post("/v1/chat/completions", json=body),
            await client.post("/preheat/v1/pause"),
            await client.get("/preheat/v1/keys"),
        ]
    assert tuple(answer.status_code for answer in answers) == allowed
    assert all(answer.json()["error"]["code"] == "not_permitted" for answer in answers if answer.status_code == 403)


async def test_a_key_for_some_models_runs_no_others(preheat_home: Path) -> None:
    _, secret = KeyStore().create("k", models=("other",))
    body = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}]}
    async with client_of() as client:
        answer = await client.post("/v1/chat/completions", json=body, headers={"x-api-key": secret})
    assert (answer.status_code, answer.json()["error"]["param"]) == (403, "model")


def head_of(*headers: tuple[str, str], **scope: Any) -> RequestHead:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (("host", "localhost"), *headers)]
    return RequestHead({"method": "GET", "path": "/", "headers": raw, **scope})


def test_an_open_port_without_any_key_stays_closed() -> None:
    with pytest.raises(InvalidApiKeyError):
        AccessRules(host="0.0.0.0").caller(head_of())
    assert AccessRules(host="0.0.0.0", own_key="own").caller(head_of(("x-api-key", "own"))).scope is KeyScope.ADMIN


@given(st.text())
def test_any_host_header_is_decided(value: str) -> None:
    name = host_name(value)
    assert LOCAL.host_allowed(value) is (name is not None and is_loopback(name))


async def test_a_rebound_host_is_rejected(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/models", headers={"Host": "evil.com"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_not_allowed")


async def test_a_foreign_origin_is_rejected_even_for_preflight(client: httpx2.AsyncClient) -> None:
    headers = {"Origin": "https://evil.com", "Access-Control-Request-Method": "POST"}
    answer = await client.options("/v1/chat/completions", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers


async def test_preflight_needs_no_key() -> None:
    async with client_of(api_keys=("k1",)) as client:
        headers = {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-stainless-lang",
            "Access-Control-Request-Private-Network": "true",
        }
        answer = await client.options("/v1/chat/completions", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-lang"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-private-network"] == "true"


async def test_answers_and_errors_are_readable_for_an_allowed_origin(client: httpx2.AsyncClient) -> None:
    for path in ("/health", "/nope"):
        answer = await client.get(path, headers={"Origin": "http://localhost:3000"})
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic k1"}, 401),
        ({"Authorization": "Bearer k"}, 401),
        ({"Authorization": "Bearer k1"}, 200),
        ({"authorization": "bearer k2"}, 200),
        ({"x-api-key": "k2"}, 200),
    ],
)
async def test_api_keys(headers: dict[str, str], status: int) -> None:
    async with client_of(api_keys=("k1", "k2")) as client:
        answer = await client.get("/v1/models", headers=headers)
        assert answer.status_code == status
        assert (await client.get("/health")).status_code == 200
    if status == 401:
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_any_key_is_accepted_where_none_is_set(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/models", headers={"Authorization": "Bearer sk-x"})).status_code == 200


async def parts(total: int) -> AsyncIterator[bytes]:
    for _ in range(total):
        yield b"x" * 100


async def test_body_limit_by_length_and_by_actual_size() -> None:
    async with client_of(max_body="1kB") as client:
        announced = await client.post("/v1/completions", content=b"x" * 1001)
        streamed = await client.post("/v1/completions", content=parts(11))
        small = await client.post("/v1/completions", content=parts(10))
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert small.status_code == 400


async def test_the_body_is_never_read_past_the_limit() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("the application must not be asked")

    taken = 0

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")],
    }
    await AccessMiddleware(app, AccessRules(max_body_bytes=250))(scope, receive, send)
    assert (taken, sent[0]["status"]) == (3, 413)


async def test_the_log_has_the_path_but_no_query_and_no_key(
    client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "preheat")
    await client.get("/v1/models/a%0Ab?secret=1", headers={"Authorization": "Bearer topsecret"})
    await asyncio.sleep(0)
    (line,) = [r.getMessage() for r in caplog.records if r.name.startswith("preheat.server.access")]
    assert line.startswith("GET /v1/models/a%0Ab 404 ")
    assert "secret" not in caplog.text


async def test_stored_responses_need_a_key_for_their_model(preheat_home: Path) -> None:
    keys = [KeyStore().create("all")[1], KeyStore().create("other", models=("tiny-embed",))[1]]
    keys.append(KeyStore().create("reader", KeyScope.READ)[1])
    allowed, *others = [{"x-api-key": key} for key in keys]
    async with client_of() as client:
        body = {"model": "tiny-chat", "input": "hi"}
        path = f"/v1/responses/{(await client.post('/v1/responses', json=body, headers=allowed)).json()['id']}"
        for headers in others:
            assert (await client.get(path, headers=headers)).status_code == 403
            assert (await client.delete(path, headers=headers)).status_code == 403
        assert (await client.get(path, headers=allowed)).status_code == 200


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ([("host", "localhost")], "header_repeated"),
        ([("host", "evil.com")], "header_repeated"),
        ([("origin", "http://localhost:1"), ("origin", "http://evil.com")], "header_repeated"),
        ([("content-length", "2"), ("content-length", "3")], "header_repeated"),
        ([("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], "header_repeated"),
        ([("content-length", "-1")], "content_length_malformed"),
        ([("content-length", "1_0")], "content_length_malformed"),
        ([("content-length", "\u00b2")], "content_length_malformed"),
        ([("content-length", "")], "content_length_malformed"),
    ],
)
def test_ambiguous_headers_are_refused(extra: list[tuple[str, str]], code: str) -> None:
    with raises(InvalidHeadersError, code):
        head_of(*extra).check()


def test_a_request_without_a_host_is_refused() -> None:
    with raises(InvalidHeadersError, "host_missing"):
        RequestHead({"method": "GET", "path": "/", "headers": []}).check()


@pytest.mark.parametrize("target", [b"http://evil.com/v1/models", b"http://a@localhost/", b"localhost:1", b"*"])
def test_a_target_that_is_not_the_host_is_refused(target: bytes) -> None:
    with raises(InvalidHeadersError, "target_not_host"):
        head_of(**{TARGET_KEY: target}).check()
    head_of(**{TARGET_KEY: b"HTTP://LOCALHOST/v1/models"}).check()


def test_an_endless_content_length_is_larger_than_any_limit() -> None:
    head = head_of(("content-length", "9" * 5001))
    head.check()
    assert (head.content_length or 0) > 10**14
