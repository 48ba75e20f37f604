"""Who may do what on a real port: a page, a program, the command, and keys."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from running_preheat import Preheat, running_preheat

PAGE: Final = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}

USE: Final = ("GET", "/v1/models", None)
MANAGE: Final = ("POST", "/preheat/v1/pause", None)
ADMIN: Final = ("PATCH", "/preheat/v1/settings", {"downloads_at_once": 3})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preheat]:
    """A Preheat without models."""
    with running_preheat(tmp_path_factory.mktemp("home")) as running:
        yield running


def status(preheat: Preheat, request: tuple[str, str, object], headers: Mapping[str, str]) -> int:
    return preheat.ask(*request, headers).status


def command(preheat: Preheat, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "preheat", *arguments],
        env={**os.environ, "PREHEAT_HOME": str(preheat.home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def test_each_class_is_for_those_who_may(guarded: Preheat) -> None:
    own = guarded.own_headers
    allowed = {
        who: [status(guarded, request, headers) == 200 for request in (USE, MANAGE, ADMIN)]
        for who, headers in {"program": {}, "page": PAGE, "own": own, "own page": {**PAGE, **own}}.items()
    }
    assert allowed == {
        "program": [True, True, False],
        "page": [True, False, False],
        "own": [True, True, True],
        "own page": [True, False, False],
    }


def test_a_setting_lets_pages_manage(tmp_path: Path) -> None:
    with running_preheat(tmp_path, web_access="manage") as preheat:
        assert status(preheat, MANAGE, PAGE) == 200
        assert status(preheat, ADMIN, {**PAGE, **preheat.own_headers}) == 403


def test_keys_change_who_may(guarded: Preheat) -> None:
    admin = {"X-Api-Key": command(guarded, "keys", "add", "boss", "--scope", "admin")}
    user = {"X-Api-Key": command(guarded, "keys", "add", "user")}
    assert [status(guarded, request, admin) for request in (USE, MANAGE, ADMIN)] == [200, 200, 200]
    assert [status(guarded, request, user) for request in (USE, MANAGE, ADMIN)] == [200, 403, 403]
    assert [status(guarded, USE, headers) for headers in ({}, PAGE)] == [401, 401]
    assert "boss" in command(guarded, "keys", "list")
    for name in ("boss", "user"):
        command(guarded, "keys", "revoke", name)
    assert status(guarded, USE, {}) == 200


def test_the_secret_is_in_its_file_alone(guarded: Preheat) -> None:
    secret = guarded.own_headers["Authorization"].removeprefix("Bearer ").encode()
    command(guarded, "status")
    files = [path for path in guarded.home.rglob("*") if path.is_file() and path.name != "engine.json"]
    assert not [path for path in files if secret in path.read_bytes()]
    for process in (guarded.process.pid, *(worker.pid for worker in guarded.workers())):
        for name in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{process}/{name}").read_bytes()
