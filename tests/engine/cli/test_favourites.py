from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from preheat import paths
from preheat.cli.main import app

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def in_file() -> dict[str, Any]:
    path = paths.settings_path()
    return tomllib.loads(path.read_text()) if path.exists() else {}


def test_favourites_without_an_application(starter_home: Path) -> None:
    assert run("favourites").stdout == f"1. {CHAT}\n2. {EMBED}\n"  # the starter models, as there are no others
    assert in_file() == {}
    assert run("favourites", "--order", "all-mini").stdout == f"1. {EMBED}\n2. {CHAT}\n"
    assert in_file() == {"favourites": [EMBED, CHAT]}
    assert run("unfavourite", "ALL", "smol").stdout == "There are no favourites.\n"
    assert in_file() == {"favourites": []}
    assert json.loads(run("favourite", "smol", "--json").stdout) == [CHAT]
    assert in_file() == {"favourites": [CHAT]}


def test_an_unknown_model_changes_nothing(starter_home: Path) -> None:
    result = run("favourite", "all", "smoll3")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Did you mean" in result.stderr
    assert in_file() == {}


@pytest.mark.parametrize("arguments", [("favourites", "smol"), ("favourites", "--order")])
def test_an_order_needs_both(starter_home: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--order" in result.stderr


def test_a_variable_that_overrides_the_file_is_named(starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_FAVOURITES", EMBED)
    result = run("favourite", "smol")
    assert result.stdout == f"1. {EMBED}\n"
    assert "PREHEAT_FAVOURITES overrides it" in result.stderr
    assert in_file() == {"favourites": [CHAT, EMBED]}


def test_a_favourite_that_is_missing_stays_one(starter_home: Path) -> None:
    paths.settings_path().parent.mkdir(parents=True, exist_ok=True)
    paths.settings_path().write_text(f'favourites = ["unplugged", "{CHAT}"]\n')
    assert run("favourites").stdout == f"1. unplugged (missing)\n2. {CHAT}\n"
    assert json.loads(run("favourite", "all-mini", "--json").stdout) == ["unplugged", CHAT, EMBED]
    assert in_file() == {"favourites": ["unplugged", CHAT, EMBED]}
    run("favourites", "--order", "all-mini")
    assert in_file() == {"favourites": [EMBED, "unplugged", CHAT]}
    run("unfavourite", "smol", "unplugged")
    assert in_file() == {"favourites": [EMBED]}
