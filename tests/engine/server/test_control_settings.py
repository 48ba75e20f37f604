from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import httpx2
import pytest

from preheat import paths
from preheat.control import LiveSettings
from preheat.server.app import create_app
from preheat.settings import SettingsStore
from tests.engine.server.fake_engine import CHAT, EMBED, FakeEngine, as_engine

URL = "/preheat/v1"


@pytest.fixture
def client(own: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """This user's own Preheat, which may change settings and keys."""
    return own


@pytest.fixture(autouse=True)
def _home(preheat_home: Path) -> None:
    """No test writes another's settings."""


def in_file() -> dict[str, Any]:
    path = paths.settings_path()
    return tomllib.loads(path.read_text()) if path.exists() else {}


async def test_pause_and_resume(client: httpx2.AsyncClient) -> None:
    assert (await client.post(f"{URL}/pause")).json() == {"paused": True, "paused_until": None}
    status = (await client.get(f"{URL}/status")).json()
    assert (status["preload"]["paused"], status["preload"]["paused_until"]) == (True, None)
    for text, seconds in (("90", 90), ("30m", 1800), ("1h30m", 5400)):
        before = time.time()
        answer = (await client.post(f"{URL}/pause?seconds={text}")).json()
        assert before <= answer["paused_until"] - seconds <= time.time()
    assert (await client.post(f"{URL}/resume")).json() == {"paused": False, "paused_until": None}


@pytest.mark.parametrize("seconds", ["0", "-5", "soon", "1e3", "9999999999999"])
async def test_a_wrong_pause_is_none(client: httpx2.AsyncClient, seconds: str) -> None:
    answer = await client.post(f"{URL}/pause?seconds={seconds}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seconds")
    assert not (await client.get(f"{URL}/status")).json()["preload"]["paused"]


async def test_favourites_are_written_and_applied(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = await client.post(f"{URL}/models/tiny-embed/favourite")
    assert answer.json() == {"favourites": [EMBED], "missing": [], "ordered": [EMBED], "overridden_by": None}
    await client.post(f"{URL}/models/{CHAT}/favourite")
    assert (await client.post(f"{URL}/models/{CHAT}/favourite")).json()["favourites"] == [EMBED, CHAT]
    assert engine.settings.favourites == (EMBED, CHAT)
    assert in_file() == {"favourites": [EMBED, CHAT]}
    assert (await client.put(f"{URL}/favourites", json={"favourites": ["tiny-chat", EMBED]})).status_code == 200
    assert (await client.get(f"{URL}/favourites")).json() == {
        "favourites": [CHAT, EMBED],
        "missing": [],
        "ordered": [CHAT, EMBED],
    }
    assert (await client.post(f"{URL}/models/{CHAT}/unfavourite")).json()["favourites"] == [EMBED]
    assert (await client.post(f"{URL}/models/{EMBED}/unfavourite")).json()["favourites"] == []
    assert in_file() == {"favourites": []}
    await client.put(f"{URL}/favourites", json={"favourites": "auto"})
    assert in_file() == {"favourites": "auto"}
    assert engine.settings.favourites is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"favourites": ["none"]}, 404),
        ({"favourites": [1]}, 400),
        ({"favourites": CHAT}, 400),
        ({}, 400),
        ([], 400),
        ("x", 400),
    ],
)
async def test_wrong_favourites_change_nothing(client: httpx2.AsyncClient, body: object, status: int) -> None:
    assert (await client.put(f"{URL}/favourites", json=body)).status_code == status
    assert in_file() == {}


async def test_a_variable_that_goes_before_the_file_is_named(
    client: httpx2.AsyncClient, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREHEAT_FAVOURITES", EMBED)
    answer = (await client.post(f"{URL}/models/{CHAT}/favourite")).json()
    assert answer == {"favourites": [EMBED], "missing": [], "ordered": [EMBED], "overridden_by": "PREHEAT_FAVOURITES"}
    assert in_file() == {"favourites": [CHAT]}


async def test_an_option_that_goes_before_the_file_is_named(engine: FakeEngine) -> None:
    app = create_app(
        as_engine(engine), port=1, live=LiveSettings(as_engine(engine), SettingsStore({"favourites": EMBED}))
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:1") as client:
        answer = (await client.post(f"{URL}/models/{CHAT}/favourite")).json()
    assert answer["favourites"] == [EMBED]
    assert answer["overridden_by"] == "--set favourites"
    assert in_file() == {"favourites": [CHAT]}


async def test_settings_are_written_and_applied_at_once(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = (
        await client.patch(f"{URL}/settings", json={"memory_limit": "6GiB", "preload": False, "downloads_at_once": 5})
    ).json()
    assert answer["changed"] == ["memory_limit", "preload", "downloads_at_once"]
    assert (answer["restart_needed"], answer["overridden"]) == ([], {})
    assert answer["settings"]["memory_limit"] == "6GiB"
    assert (str(engine.settings.memory_limit), engine.settings.preload) == ("6GiB", False)
    assert in_file() == {"memory_limit": "6GiB", "preload": False, "downloads_at_once": 5}


async def test_what_holds_from_the_next_start_is_said(client: httpx2.AsyncClient) -> None:
    body = {"api_keys": ["sesame"], "port": 8000, "host": "0.0.0.0", "threads": 2}
    answer = await client.patch(f"{URL}/settings", json=body)
    assert set(answer.json()["restart_needed"]) == {"host", "port", "api_keys"}
    assert "sesame" not in answer.text
    assert in_file()["api_keys"] == ["sesame"]
    shown = await client.get(f"{URL}/settings")
    assert shown.json()["restart_needed"] == answer.json()["restart_needed"]
    assert shown.json()["overridden"] == {}
    assert shown.json()["settings"]["api_keys"] == ["***"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"downloads_at_once": "17", "threads": 2}, "downloads_at_once"),
        ({"threads": 2, "prot": 1}, "prot"),
        ({"host": "0.0.0.0", "threads": 2}, "host"),
        ({"threads": None}, "threads"),
        ({"threads": {"a": 1}}, "threads"),
    ],
)
async def test_all_settings_or_none(
    client: httpx2.AsyncClient, engine: FakeEngine, body: dict[str, object], param: str
) -> None:
    answer = await client.patch(f"{URL}/settings", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert in_file() == {}
    assert engine.settings.threads is None


async def test_reload_reads_the_file_again(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    paths.settings_path().parent.mkdir(parents=True)
    paths.settings_path().write_text("downloads_at_once = 1\n")
    answer = (await client.post(f"{URL}/settings/reload")).json()
    assert (answer["changed"], engine.settings.downloads_at_once) == (["downloads_at_once"], 1)
    assert (await client.post(f"{URL}/settings/reload")).json()["changed"] == []
    paths.settings_path().write_text("downloads_at_once = 99\n")
    wrong = await client.post(f"{URL}/settings/reload")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "invalid_settings")
    assert engine.settings.downloads_at_once == 1


@pytest.mark.parametrize(
    "values",
    [
        {"models_dir": "/a\0b"},
        {"models_dirs": ["/fine", "/a\0b"]},
        {"models_dirs": "/fine,/a\nb"},
        {"models_dirs": ["/" + "b" * 256]},
        {"models_dir": "models"},
        {"models_dirs": ["../models"]},
        {"models_dir": "~root/models"},
        {"models_dirs": [r"C:\models"]},
        {"models_dir": "/etc"},
        {"models_dir": "/home/../proc/self"},
        {"models_dir": ["/a"]},
        {"models_dirs": [["/a"]]},
    ],
)
async def test_what_is_no_path_is_refused(client: httpx2.AsyncClient, values: dict[str, Any]) -> None:
    answer = await client.patch(f"{URL}/settings", content=json.dumps(values))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_settings", *values)
    assert in_file() == {}


HOSTILE: dict[str, dict[str, Any]] = {
    "nested": {"port": [[[[["x"] * 3] * 3] * 3] * 3] * 3},
    "huge number": {"port": 10**300},
    "infinity": {"popularity_half_life": "1e999"},
    "null character": {"favourites": ["a\0b"]},
    "null character in a name": {"a\0b": 1},
    "lines": {"port = 1\n#": 2},
    "many": {f"a{number}": 1 for number in range(20_000)},
    "long name": {"a" * 500_000: 1},
    "long number": {"port": "1" * 500_000},
    "many items": {"favourites": ["a"] * 20_000},
    "many parts": {"models." + "a." * 5000 + "b": 1},
    "brackets": {"favourites": "[" * 50_000},
}


@pytest.mark.parametrize("values", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("path", [f"models/{CHAT}/settings", f"models/{CHAT}/estimate", "settings"])
async def test_hostile_values_change_nothing(client: httpx2.AsyncClient, path: str, values: dict[str, Any]) -> None:
    method = "POST" if path.endswith("estimate") else "PATCH"
    answer = await client.request(method, f"{URL}/{path}", json=values)
    assert answer.status_code == 400
    assert len(answer.content) < 5000
    assert in_file() == {}


@pytest.mark.parametrize("name", ['models."a".parallel', "models.parallel", '"parallel"', "parallel.parallel", ""])
@pytest.mark.parametrize("value", [2, None])
async def test_a_model_has_no_settings_with_dots(client: httpx2.AsyncClient, name: str, value: int | None) -> None:
    for method, path in (("PATCH", "settings"), ("POST", "estimate")):
        answer = await client.request(method, f"{URL}/models/{CHAT}/{path}", json={name: value})
        assert answer.status_code == 400
    assert in_file() == {}
