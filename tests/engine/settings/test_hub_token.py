"""The token for Hugging Face in the system's keyring: stored, read, removed; and systems without a keyring."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from fake_keyring import FakeKeyring
from preheat import paths
from preheat.errors import FolderError, InvalidRequestError
from preheat.settings import HubToken, KeyringError, keyring_problem

TOKEN = "hf_AbCdEfGhIjKlMnOpQrSt"


def test_a_token_is_stored_and_read_by_others(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    assert HubToken().read() is None
    assert fake_keyring.calls == []  # nothing was ever stored: a locked keyring need not be opened
    engine, window = HubToken(), HubToken()
    window.write(f"  {TOKEN}\n")
    assert engine.read() == TOKEN
    window.write(f"{TOKEN}2")
    assert engine.read() == f"{TOKEN}2"
    window.remove()
    assert (engine.read(), window.saved_at, fake_keyring.stored) == (None, 0.0, {})
    window.remove()


def test_the_token_is_in_no_file_and_no_error(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    HubToken().write(TOKEN)
    assert [path.name for path in preheat_home.rglob("*") if path.is_file()] == ["hub_token.json"]
    assert TOKEN not in paths.hub_token_marker().read_text()
    fake_keyring.failure = RuntimeError(f"cannot store {TOKEN}")
    with pytest.raises(KeyringError) as failure:
        HubToken().write(TOKEN)
    assert TOKEN not in repr(failure.value)
    assert failure.value.__cause__ is None


def test_the_keyring_is_read_once(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    HubToken().write(TOKEN)
    reader = HubToken()
    assert [reader.read() for _ in range(3)] == [TOKEN] * 3
    assert fake_keyring.calls.count("get_password") == 1


@pytest.mark.parametrize("text", ["", "short", "hf_with space12", "hf_ümlaut1234", "x" * 513])
def test_what_cannot_be_a_token(fake_keyring: FakeKeyring, preheat_home: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError):
        HubToken().write(text)
    assert fake_keyring.stored == {}


def not_installed(_keyring: FakeKeyring, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "keyring", None)


def plain_text_only(keyring: FakeKeyring, _patch: pytest.MonkeyPatch) -> None:
    keyring.priority = 0.5


def broken(_keyring: FakeKeyring, patch: pytest.MonkeyPatch) -> None:
    def no_bus() -> SimpleNamespace:
        raise ConnectionError("no bus")

    module = ModuleType("keyring")
    vars(module).update({"get_keyring": no_bus})
    patch.setitem(sys.modules, "keyring", module)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(not_installed, "keyring_not_installed"), (plain_text_only, "keyring_none"), (broken, "keyring_failed")],
)
def test_a_system_without_a_keyring(
    fake_keyring: FakeKeyring,
    preheat_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[FakeKeyring, pytest.MonkeyPatch], None],
    code: str,
) -> None:
    assert keyring_problem() is None
    HubToken().write(TOKEN)
    spoil(fake_keyring, monkeypatch)
    problem = keyring_problem()
    assert problem is not None
    assert problem.code == code
    with pytest.raises(KeyringError, match="HF_TOKEN"):
        HubToken().write(TOKEN)
    reader = HubToken()
    assert reader.read() is None  # requests go on without it
    assert reader.problem is not None
    assert reader.problem.code == code


def test_a_locked_keyring_does_not_hold_a_request_up(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    HubToken().write(TOKEN)
    fake_keyring.unlocked = threading.Event()
    reader = HubToken(wait_s=0.05)
    assert reader.read() is None
    assert reader.problem is not None
    assert reader.problem.code == "keyring_locked"
    assert reader.read() is None  # without another wait, and by the same thread
    fake_keyring.unlocked.set()
    (fetching,) = [thread for thread in threading.enumerate() if thread.name == "keyring"]
    fetching.join()
    assert reader.read() == TOKEN
    assert reader.problem is None


def test_a_token_is_not_stored_where_its_marker_cannot_be(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    paths.hub_token_marker().parent.parent.mkdir(parents=True, exist_ok=True)
    paths.hub_token_marker().parent.touch()
    with pytest.raises(FolderError, match="hub_token"):
        HubToken().write(TOKEN)


def test_a_keyring_that_has_lost_the_token(fake_keyring: FakeKeyring, preheat_home: Path) -> None:
    HubToken().write(TOKEN)
    fake_keyring.stored.clear()
    reader = HubToken()
    assert reader.read() is None
    assert reader.problem is not None
    assert reader.problem.code == "keyring_lost"
    reader.remove()
    assert not paths.hub_token_marker().exists()


@pytest.mark.parametrize("content", ["", "[]", '{"saved_at": "x"}', '{"saved_at": null}'])
def test_a_damaged_marker_is_no_token(fake_keyring: FakeKeyring, preheat_home: Path, content: Any) -> None:
    paths.hub_token_marker().parent.mkdir(parents=True, exist_ok=True)
    paths.hub_token_marker().write_text(content)
    assert HubToken().read() is None
