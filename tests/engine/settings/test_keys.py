"""API keys on disk: created, found, revoked, by several processes, and with a damaged file."""

from __future__ import annotations

import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preheat.errors import EngineError, InvalidRequestError
from preheat.settings import KeyNotFoundError, KeyScope, KeyStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "keys.json"


def test_a_key_is_found_by_its_secret_alone(path: Path) -> None:
    store = KeyStore(path)
    assert store.read() == ()
    key, secret = store.create("  My   laptop ", KeyScope.MANAGE, ("m",), low_priority=True)
    assert (key.name, key.scope, key.models, key.low_priority) == ("My laptop", KeyScope.MANAGE, ("m",), True)
    assert KeyStore(path).find(secret.encode()) == key
    assert store.find(b"") is None
    assert store.find(key.sha256.encode()) is None
    assert secret not in path.read_text()
    assert len(secret) > 30


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_only_the_user_can_read_the_file(path: Path) -> None:
    KeyStore(path).create("a")
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_revoked_key_is_refused_at_once(path: Path) -> None:
    serving, other = KeyStore(path), KeyStore(path)
    _, secret = other.create("a")
    other.create("b")
    assert serving.find(secret.encode())
    other.revoke("A")
    assert serving.find(secret.encode()) is None
    assert [key.name for key in serving.read()] == ["b"]
    with pytest.raises(KeyNotFoundError):
        other.revoke("a")


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x1b[31m", "first", "FIRST"])
def test_names(path: Path, name: str) -> None:
    store = KeyStore(path)
    store.create("first")
    with pytest.raises(InvalidRequestError) as caught:
        store.create(name)
    assert caught.value.param == "name"


def test_keys_made_at_once_are_all_kept(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: KeyStore(path).create(f"key {number}"), range(24)))
    assert len(KeyStore(path).read()) == 24


def test_there_is_a_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.settings.keys.MAX_KEYS", 1)
    KeyStore(path).create("a")
    with pytest.raises(InvalidRequestError):
        KeyStore(path).create("b")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{}]}', '{"keys": [{"name": "a", "scope": "all"}]}'])
def test_a_damaged_file_keeps_the_port_closed(path: Path, content: str) -> None:
    store = KeyStore(path)
    _, secret = store.create("a")
    path.write_text(content)
    os.utime(path, ns=(1, 1))
    assert store.read() != ()  # a key is needed
    assert store.find(secret.encode()) is None
    assert store.find(b"") is None
    with pytest.raises(EngineError):
        store.create("b")
    assert path.read_text() == content  # nothing is lost


def test_a_file_that_cannot_be_opened_keeps_the_port_closed(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file in the place of the folder")
    assert KeyStore(tmp_path / "config" / "keys.json").read() != ()


def test_scopes_include_the_ones_before() -> None:
    assert KeyScope.ADMIN.covers(KeyScope.READ)
    assert KeyScope.USE.covers(KeyScope.USE)
    assert not KeyScope.READ.covers(KeyScope.USE)


def test_the_format(path: Path) -> None:
    KeyStore(path).create("a")
    [key] = json.loads(path.read_text())["keys"]
    assert set(key) == {"name", "sha256", "created_at", "scope", "models", "low_priority"}


def test_values_out_of_range_keep_the_access_closed(path: Path) -> None:
    KeyStore(path).create("a")
    content = json.loads(path.read_text())
    content["keys"][0]["sha256"] = "no hash"
    path.write_text(json.dumps(content))
    (key,) = KeyStore(path).read()
    assert key.sha256 == ""
