"""``preheat search`` and ``preheat catalogue``, as a user runs them, against a hub on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_hub import TOKEN, LocalHub
from tests.engine.application import Application, preheat

REPO = "someone/Tiny-GGUF"


@pytest.fixture
def hub(local_hub: LocalHub) -> LocalHub:
    files = {f"Tiny-{name}.gguf": bytes(size) for name, size in (("Q4_K_M", 400_000), ("Q8_0", 800_000))}
    local_hub.add_repo(
        REPO,
        files,
        pipeline_tag="text-generation",
        tags=["gguf", "license:mit"],
        downloads=1234,
        likes=5,
        gguf={"total": 10**6, "context_length": 4096},
    )
    local_hub.add_repo("meta/Gated-GGUF", {"g-Q4_0.gguf": b"x"}, gated="auto")
    return local_hub


def test_search(hub: LocalHub, preheat_home: Path) -> None:
    shown = preheat(preheat_home, "search", "TINY").stdout.splitlines()
    assert shown[0].split() == ["Repository", "For", "Also", "Licence", "Size", "Downloads", "Likes", "Changed"]
    assert shown[1].split() == [REPO, "chat", "mit", "~1.1", "MB", "1,234", "5", "fits", "now"]
    assert "asks for consent" in preheat(preheat_home, "search", "gated").stdout
    found = json.loads(preheat(preheat_home, "search", "", "--sort", "likes", "-n", "1", "--json").stdout)
    assert [model["repo"] for model in found] == [REPO]
    assert preheat(preheat_home, "search", "nothing", "such").stdout.startswith("Nothing was found.")


def test_search_with_a_repository_lists_what_it_offers(hub: LocalHub, preheat_home: Path) -> None:
    shown = preheat(preheat_home, "search", REPO, PREHEAT_MEMORY_LIMIT="8GB").stdout
    lines = shown.splitlines()
    assert lines[0].startswith(f"{REPO}  mit, ")
    assert lines[2].split() == ["Q4_K_M", "400", "kB", "0.2", "GB", "fits", "now", "preheat", "pull", f"{REPO}:Q4_K_M"]
    assert "recommended" in lines[3]
    assert lines[4].startswith("Q8_0 needs about 0.2 GB of 8.0 GB: ")
    small = preheat(preheat_home, "search", f"hf.co/{REPO}", PREHEAT_MEMORY_LIMIT="2MB").stdout
    assert "too big" in small
    assert "None fits the memory limit of < 0.1 GB." in small
    assert "consent" in preheat(preheat_home, "search", "meta/Gated-GGUF").stdout
    hub.add_repo("a/empty", {"README.md": b""})
    assert "no GGUF files" in preheat(preheat_home, "search", "a/empty").stdout


def test_without_a_connection_the_suggestions_are_searched(preheat_home: Path) -> None:
    done = preheat(preheat_home, "search", "coder", "1.5b")
    assert done.returncode == 1
    assert "There is no connection" in done.stderr
    assert "Suggested by Preheat:" in done.stdout
    assert "qwen2.5-coder:1.5b" in done.stdout
    assert "qwen3:8b" not in done.stdout


def test_the_card_and_the_account(hub: LocalHub, preheat_home: Path) -> None:
    hub.add_repo("a/carded", {"x-Q4_0.gguf": b"x", "README.md": b"---\nlicense: mit\n---\n# Tiny\n"})
    assert preheat(preheat_home, "search", "a/carded", "--card").stdout == "# Tiny\n"
    signed_in = preheat(preheat_home, "hub", "account", HF_TOKEN=TOKEN).stdout
    assert signed_in == "Signed in as ada (token: HF_TOKEN).\n"


@pytest.mark.parametrize("arguments", ["search x --task poetry", "search x --sort size", "catalogue --task poetry"])
def test_an_unknown_choice_is_a_usage_error(preheat_home: Path, arguments: str) -> None:
    done = preheat(preheat_home, *arguments.split())
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "nobody/nothing"], "nobody/nothing is not on http"),
        (["search", "a/b/../c"], "is not the name of a model"),
    ],
)
def test_failures_are_told_in_words(hub: LocalHub, preheat_home: Path, arguments: list[str], words: str) -> None:
    done = preheat(preheat_home, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_offline_is_said(hub: LocalHub, preheat_home: Path) -> None:
    done = preheat(preheat_home, "search", "tiny", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE" in done.stderr
    assert hub.requests == []
    assert preheat(preheat_home, "catalogue", HF_HUB_OFFLINE="1").returncode == 0


def test_the_catalogue_marks_what_is_best_and_what_is_here(preheat_home: Path, chat_model: Path) -> None:
    folder = preheat_home / "data" / "models" / "bartowski" / "SmolLM2-135M-Instruct-GGUF"
    folder.mkdir(parents=True)
    (folder / "SmolLM2-135M-Instruct-Q4_K_M.gguf").symlink_to(chat_model)
    shown = preheat(preheat_home, "catalogue", PREHEAT_MEMORY_LIMIT="8GB").stdout
    by_name = {line.split()[0]: line for line in shown.splitlines() if ":" in line}
    assert "best for you" in by_name["qwen3:8b"]
    assert "Q4_K_M" in by_name["qwen3:8b"]
    assert "too big" in by_name["llama3.3:70b"]
    assert " here " in by_name["smollm2:135m"]
    assert shown.splitlines()[-1] == "Memory limit: 8.0 GB. Download a model: preheat pull NAME"
    code = json.loads(preheat(preheat_home, "catalogue", "--task", "code", "--json").stdout)
    assert {model["task"] for model in code} == {"code"}


def test_the_running_applications_limit_counts(application: Application) -> None:
    limit = application.json("status")["memory"]["limit_bytes"]
    found = application.json("catalogue")
    assert all(model["fits"] == (model["memory_bytes"] <= limit) for model in found)
