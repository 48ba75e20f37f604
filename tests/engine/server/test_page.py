"""The page for browsers: who gets it, what its token allows, and that it is complete."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from preheat.messages import TABLE
from preheat.paths import resource
from preheat.server.page.languages import choose_language
from preheat.server.page.translations import read_catalogue, translations
from preheat.settings import KeyScope, KeyStore
from tests.engine.server.fake_engine import CHAT, FakeEngine

BROWSER: Final = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
NAVIGATION: Final = {**BROWSER, "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
LINK: Final = {**NAVIGATION, "sec-fetch-site": "cross-site"}
OWN_PAGE: Final = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
LINE: Final = "Ollama is running"
UNLOAD: Final = f"/preheat/v1/models/{CHAT}/unload"


async def token_for(caller: httpx2.AsyncClient, headers: dict[str, str]) -> str:
    """Return the token in the page that a request gets."""
    answer = await caller.get("/", headers=headers)
    assert answer.status_code == 200, answer.text
    found = re.search(r'name="preheat-token" content="([^"]*)"', answer.text)
    assert found is not None
    return found[1]


async def files_of(caller: httpx2.AsyncClient) -> str:
    found = re.search(r'name="preheat-files" content="([^"]*)"', (await caller.get("/", headers=BROWSER)).text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER["accept"], True),
        ("TEXT/HTML", True),
        ("application/xhtml+xml, */*", True),
        ("*/*", False),
        ("application/json, text/plain, */*", False),
        ("text/html;q=0, */*", False),
        ("text/plain", False),
        ("", False),
    ],
)
async def test_browsers_get_the_page_and_others_the_line_of_ollama(
    accept: str, page: bool, caller: httpx2.AsyncClient
) -> None:
    answer = await caller.get("/", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0] == "text/html") == (200, page)
    assert (answer.text == LINE) is not page
    head = await caller.head("/", headers={"accept": accept})
    assert (head.status_code, head.headers["content-type"], head.content) == (200, answer.headers["content-type"], b"")


async def test_the_page_runs_only_its_own_scripts(caller: httpx2.AsyncClient) -> None:
    for path in ("/", "/docs"):
        answer = await caller.get(path, headers=BROWSER)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == (
            "nosniff",
            "no-referrer",
        )
        assert answer.headers["cache-control"] == "no-store"
        addresses = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
        assert addresses
        assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in addresses)
        for address in addresses:
            if address.startswith("/page/"):
                found = await caller.get(address)
                assert found.status_code == 200
                assert "immutable" in found.headers["cache-control"]


async def test_every_module_and_text_that_the_page_names_exists(caller: httpx2.AsyncClient) -> None:
    files = await files_of(caller)
    used: set[str] = set()
    for path in resource("page").iterdir():
        content = path.read_text(encoding="utf-8")
        used.update(re.findall(r"\bpage_\w+", content))
        for module in re.findall(r'from "\./([\w.]+)"', content):
            assert (await caller.get(f"{files}/{module}")).headers["content-type"].startswith("text/javascript")
    dynamic = {"page_state_", "page_download_"}
    known = {code for code in TABLE if code.startswith("page_")}
    assert used - known == dynamic
    dynamic |= {"page_connected", "page_not_permitted", "page_never_admin"}
    assert [code for code in known - used if not code.startswith(tuple(dynamic))] == []
    for name in ("page.html", "nothing.js", "../api.js"):
        assert (await caller.get(f"{files}/{name}")).status_code == 404
    assert (await caller.get("/page/files/0123456789abcdef/page.js")).status_code == 404


async def test_the_page_speaks_german(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/", headers={**BROWSER, "accept-language": "de-AT,de;q=0.9,en;q=0.8"})
    assert '<html lang="de">' in answer.text
    assert "Speicher" in answer.text
    assert answer.headers["content-language"] == "de"
    files = await files_of(caller)
    german: dict[str, Any] = json.loads((await caller.get(f"{files}/texts.de.json")).content)
    english: dict[str, Any] = json.loads((await caller.get(f"{files}/texts.en.json")).content)
    assert german["page_state_hot"] == ["Bereit", ""]
    assert german.keys() == TABLE.keys()  # the engine's reasons, too
    assert english["page_state_hot"] == ["Ready", ""]
    for code, template in TABLE.items():
        fields = re.compile(r"\{[^}]*\}")
        for words, source in zip(german[code], template, strict=True):
            assert sorted(fields.findall(words)) == sorted(fields.findall(source)), code


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-ch", "de"),
        ("fr, de;q=0.5", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("de;q=0, en", "en"),
        ("de;q=wrong", "en"),
        ("fr", "en"),
        ("*", "en"),
    ],
)
def test_the_language_that_the_browser_prefers(accepted: str, language: str) -> None:
    assert choose_language(accepted, ("en", "de")) == language


def test_a_catalogue_that_is_damaged_is_an_error(tmp_path: Path) -> None:
    assert translations("en") == {}
    content = resource("translations/preheat_de.qm").read_bytes()
    file = tmp_path / "damaged.qm"
    for wrong in (b"text", content[: len(content) // 2]):
        file.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"damaged\.qm is"):
            read_catalogue(file)
    file.write_bytes(content[:16])
    assert read_catalogue(file) == {}


@pytest.mark.parametrize("headers", [NAVIGATION, BROWSER, LINK])
async def test_the_page_manages_with_its_token(
    headers: dict[str, str], caller: httpx2.AsyncClient, engine: FakeEngine
) -> None:
    token = await token_for(caller, headers)
    assert len(token) >= 40
    page = {**OWN_PAGE, "origin": "http://localhost:11435", "x-preheat-page": token}
    assert (await caller.post(UNLOAD, headers=page)).status_code == 200
    assert engine.commands == [("unload", CHAT)]
    assert (await caller.get("/page/access", headers=page)).json() == {"scope": "manage"}
    refused = await caller.patch("/preheat/v1/settings", json={}, headers=page)
    assert refused.json()["error"]["details"]["code"] == "page_never_admin"
    plain = {name: value for name, value in page.items() if not name.startswith("sec-")}  # HTTP from another machine
    assert (await caller.post(UNLOAD, headers=plain)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"x-preheat-page": ""},
        {"x-preheat-page": secrets.token_urlsafe(32)},
        {"x-preheat-page": "ä"},
        {"origin": "http://localhost:3000", "sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:11435", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost:3000", "sec-fetch-site": None},
    ],
)
async def test_other_pages_do_not_manage_even_with_the_token(
    changes: dict[str, str | None], caller: httpx2.AsyncClient, engine: FakeEngine
) -> None:
    page = {**OWN_PAGE, "origin": "http://localhost:11435", "x-preheat-page": await token_for(caller, NAVIGATION)}
    headers = {
        name.encode(): value.encode("latin-1") for name, value in {**page, **changes}.items() if value is not None
    }
    answer = await caller.post(UNLOAD, headers=headers)
    assert answer.json()["error"]["details"]["code"] == "page_not_permitted"
    assert engine.commands == []


async def test_pages_of_other_origins_do_not_learn_the_token(caller: httpx2.AsyncClient) -> None:
    other = {**BROWSER, "origin": "http://localhost:3000", "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}
    assert await token_for(caller, other) == ""
    image = {**BROWSER, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    for refused in ({**LINK, "sec-fetch-dest": "iframe"}, image, {**NAVIGATION, "host": "rebound.example:11435"}):
        assert (await caller.get("/", headers=refused)).status_code == 403


async def test_with_keys_the_page_asks_for_one(caller: httpx2.AsyncClient) -> None:
    keys = {scope: KeyStore().create(scope.value, scope)[1] for scope in KeyScope}
    page = {**OWN_PAGE, "x-preheat-page": await token_for(caller, NAVIGATION)}
    assert (await caller.get("/docs", headers=NAVIGATION)).status_code == 200
    for headers in (page, {**page, "authorization": "Bearer wrong"}):
        for path in ("/page/access", "/preheat/v1/status", "/openapi.json"):
            assert (await caller.get(path, headers=headers)).json()["error"]["code"] == "invalid_api_key"
    assert (await caller.get("/")).status_code == 401
    allowed = {KeyScope.ADMIN: "manage"}  # the page never changes settings
    for scope, key in keys.items():
        answer = await caller.get("/page/access", headers={**page, "authorization": f"Bearer {key}"})
        assert answer.json() == {"scope": allowed.get(scope, scope.value)}


async def test_the_documentation_needs_nothing_from_elsewhere(caller: httpx2.AsyncClient) -> None:
    answer = await caller.get("/docs", headers=NAVIGATION)
    scripts = re.findall(r'<script[^>]* src="([^"]*)"', answer.text)
    assert len(scripts) == 2
    assert len((await caller.get(scripts[0])).content) > 1_000_000
    moved = await caller.get("/redoc", headers=NAVIGATION)
    assert (moved.status_code, moved.headers["location"]) == (301, "/docs")
