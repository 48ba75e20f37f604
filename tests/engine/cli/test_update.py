from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from preheat import updates
from preheat.cli.main import app
from preheat.updates import Release, UpdateCheck

NEW = Release("9.1", "https://example.org/get", "2026-12-01", "https://example.org/notes")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["update", *arguments], catch_exceptions=False)
    return done.output


@pytest.fixture
def asked(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked for the newest release, by a build with an address."""
    asked: list[str] = []

    def fetch(address: str) -> Release:
        asked.append(address)
        return NEW

    def make() -> UpdateCheck:
        return UpdateCheck("https://example.org/newest", preheat_home / "update.json", fetch=fetch)

    monkeypatch.setattr(updates, "UpdateCheck", make)
    return asked


def test_a_build_without_an_address_says_so(preheat_home: Path) -> None:
    assert "no address" in run()
    assert "no address" in run("--check")
    assert not json.loads(run("--json"))["can_check"]


def test_only_check_asks_and_once_a_day(asked: list[str]) -> None:
    assert "preheat update --check" in run()
    assert asked == []
    for _ in range(2):
        first, page, notes, advice = run("--check").splitlines()
        assert first.startswith("Version 9.1 is available, of 2026-12-01; this is ")
        assert (page, notes) == ("  https://example.org/get", "  Changes: https://example.org/notes")
        assert advice == "To update: git pull, then make run"
    assert asked == ["https://example.org/newest"]
    assert json.loads(run("--json"))["newer"]["version"] == "9.1"
