"""``preheat cache``."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from preheat import paths
from preheat.cli.main import app
from preheat.inference.prefixes import Block, make_private, next_key, root_key, write_block


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cache", *arguments])


def keep(model_id: str, *numbers: int) -> None:
    """Leave prompts behind, as an application that has ended."""
    tier = paths.cache_dir() / "prefixes"
    tier.parent.mkdir(parents=True, exist_ok=True)
    make_private(tier)
    for number in numbers:
        tokens, parent = (number,) * 1234, root_key(b"a model")
        write_block(
            tier / model_id, Block(b"a model", next_key(parent, tokens), parent, 0, tokens, False, 2.0), bytes(100_000)
        )


def test_kept_prompts_are_listed_and_deleted(preheat_home: Path) -> None:
    assert run("list").stdout.startswith("No prompts are kept yet.\n")
    keep("chat", 1, 2)
    keep("other", 3)
    listed = run("list").stdout.splitlines()
    assert listed[0].split() == ["Model", "Prompts", "Tokens", "Memory", "Disk", "Last", "used"]
    assert listed[1].split()[:5] == ["chat", "2", "2,468", "210", "kB"]
    assert listed[1].rstrip().endswith(("just now", " s ago"))
    assert listed[4].startswith("Disk      315 kB of ")
    assert listed[5].startswith("Written   315 kB of 40.0 GB")
    content = json.loads(run("list", "--json").stdout)
    assert [(model["model"], model["prompts"], model["tokens"]) for model in content["models"]] == [
        ("chat", 2, 2468),
        ("other", 1, 1234),
    ]
    assert content["mode"] == "disk"
    assert content["disk_bytes"] == sum(model["disk_bytes"] for model in content["models"])
    assert run("clear", "chat").stdout == "The prompts of chat were deleted; 210 kB are free again.\n"
    assert json.loads(run("clear", "--json").stdout) == {
        "model": None,
        "freed_bytes": content["models"][1]["disk_bytes"],
    }
    assert json.loads(run("list", "--json").stdout)["models"] == []
    assert run("clear").stdout == "No prompts are kept.\n"


def test_an_unknown_model(preheat_home: Path) -> None:
    keep("chat", 1)
    assert run("clear", "chad").exit_code == 1
    assert len(json.loads(run("list", "--json").stdout)["models"]) == 1


def test_nothing_is_kept(preheat_home: Path) -> None:
    keep("chat", 1)
    paths.config_dir().mkdir(parents=True)
    paths.settings_path().write_text('prefix_cache = "off"\n', encoding="utf-8")
    assert run("list").stdout == "No prompts are kept.\n\nThe setting prefix_cache is off.\n"
    assert list((paths.cache_dir() / "prefixes").rglob("*.prefix")) == []
    paths.settings_path().write_text('prefix_cache = "memory"\n', encoding="utf-8")
    assert "Memory    0 B of " in run("list").stdout
