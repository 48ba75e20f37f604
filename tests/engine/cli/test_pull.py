"""``preheat pull`` in a process of its own: what it prints, Ctrl-C, and ``kill -9`` in the middle."""

from __future__ import annotations

import json
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fetching import FILE, REPO, eventually
from local_hub import LocalHub
from tests.engine.application import PREHEAT, environment, preheat

SIZE = 12_000_000


@pytest.fixture(scope="module")
def content() -> bytes:
    return b"GGUF" + random.Random(3).randbytes(SIZE - 4)


@pytest.fixture
def hub(local_hub: LocalHub, content: bytes) -> LocalHub:
    local_hub.add_repo(REPO, {FILE: content})
    return local_hub


@pytest.fixture
def pulling(preheat_home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``preheat pull``; it is gone at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [*PREHEAT, "pull", *arguments],
                env=environment(preheat_home),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _target(home: Path) -> Path:
    return home / "data" / "models" / REPO / FILE


def _part_bytes(home: Path) -> int:
    return sum(path.stat().st_size for path in home.rglob("*.part"))


def test_pull_without_an_application(hub: LocalHub, preheat_home: Path, content: bytes) -> None:
    done = preheat(preheat_home, "pull", REPO)
    assert (done.returncode, done.stdout) == (0, f"{REPO}:Q4_K_M is ready (12.0 MB).\n")
    assert _target(preheat_home).read_bytes() == content
    again = preheat(preheat_home, "pull", f"hf.co/{REPO}:Q4_K_M", "--json")
    last = json.loads(again.stdout.splitlines()[-1])
    assert (last["state"], last["done_bytes"], last["total_bytes"], last["error"]) == ("done", SIZE, SIZE, None)
    assert len(hub.seen("cdn")) == 1


def test_kill_9_in_the_middle_then_the_rest(
    hub: LocalHub, preheat_home: Path, pulling: Callable[..., subprocess.Popen[str]], content: bytes
) -> None:
    hub.bytes_per_s = 4_000_000
    process = pulling(REPO)
    eventually(lambda: _part_bytes(preheat_home) > 2_000_000)
    process.kill()
    process.communicate()
    there = _part_bytes(preheat_home)
    assert 2_000_000 < there < SIZE
    listed = preheat(preheat_home, "downloads", "--json")
    assert json.loads(listed.stdout)[0]["done_bytes"] == there
    hub.bytes_per_s = 0
    done = preheat(preheat_home, "pull", REPO)
    assert done.returncode == 0, done.stderr
    assert _target(preheat_home).read_bytes() == content
    first, second = hub.seen("cdn")
    assert second.headers["range"] == f"bytes={there}-"
    assert second.sent == SIZE - there
    assert first.sent < SIZE


def test_ctrl_c_pauses_and_says_how_to_go_on(
    hub: LocalHub, preheat_home: Path, pulling: Callable[..., subprocess.Popen[str]], content: bytes
) -> None:
    hub.bytes_per_s = 4_000_000
    process = pulling(REPO)
    eventually(lambda: _part_bytes(preheat_home) > 1_000_000)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Paused at " in said
    assert f"Resume it: preheat pull {REPO}" in said
    assert "Traceback" not in said
    table = preheat(preheat_home, "downloads").stdout
    assert "Paused" in table
    assert "of 12.0 MB" in table
    hub.bytes_per_s = 0
    assert preheat(preheat_home, "pull", REPO).returncode == 0
    assert _target(preheat_home).read_bytes() == content


def test_what_was_left_can_be_cancelled(
    hub: LocalHub, preheat_home: Path, pulling: Callable[..., subprocess.Popen[str]]
) -> None:
    hub.bytes_per_s = 1_000_000
    process = pulling(REPO)
    eventually(lambda: _part_bytes(preheat_home) > 0)
    process.kill()
    process.communicate()
    (left,) = json.loads(preheat(preheat_home, "downloads", "--json").stdout)
    assert preheat(preheat_home, "downloads", "cancel", left["id"]).stdout == "There are no downloads.\n"
    assert not list(preheat_home.rglob("*.part"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/body", "no/body is not on "),
        (f"{REPO}:Q2_K", f"{REPO} has no Q2_K"),
        ("no-such:4b", 'The catalogue has no model "no-such:4b"'),
    ],
)
def test_what_cannot_be_pulled_is_said(hub: LocalHub, preheat_home: Path, name: str, words: str) -> None:
    done = preheat(preheat_home, "pull", name)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_offline(hub: LocalHub, preheat_home: Path) -> None:
    done = preheat(preheat_home, "pull", REPO, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "switched off" in done.stderr
    assert hub.requests == []


def test_rm_and_import_without_an_application(preheat_home: Path, tmp_path: Path, embedding_model: Path) -> None:
    done = preheat(preheat_home, "import", str(embedding_model), "--copy")
    assert done.returncode == 0, done.stderr
    there = preheat_home / "data" / "models" / embedding_model.name
    assert there.read_bytes() == embedding_model.read_bytes()
    refused = preheat(preheat_home, "rm", "all-mini")
    assert "--yes" in refused.stderr
    assert there.exists()
    assert "was deleted; 2" in preheat(preheat_home, "rm", "all-mini", "--yes").stdout
    assert not there.exists()
    other = preheat(preheat_home, "import", str(tmp_path / "none.gguf"))
    assert "No such file" in other.stderr


def test_the_models_folder_moves(preheat_home: Path, tmp_path: Path, embedding_model: Path) -> None:
    preheat(preheat_home, "import", str(embedding_model), "--copy")
    new = tmp_path / "elsewhere"
    (preheat_home / "data" / "models" / "letter.txt").write_text("dear")
    plan = preheat(preheat_home, "move-models", str(new), "--dry-run")
    assert embedding_model.name in plan.stdout
    assert "1 other file stays" in plan.stdout
    assert not new.exists()
    assert "Choose a new or empty folder" in preheat(preheat_home, "move-models", str(preheat_home)).stderr
    done = preheat(preheat_home, "move-models", str(new))
    assert done.stdout == f"{plan.stdout}The models are in {new}.\n", done.stderr
    assert (new / embedding_model.name).is_file()
    left = (preheat_home / "data" / "models").iterdir()
    assert sorted(path.name for path in left) == [".preheat-models", "letter.txt"]
    listed = json.loads(preheat(preheat_home, "list", "--json").stdout)
    assert [model["source"] for model in listed] == ["preheat"]
