"""Every example in the README and the documentation works: commands and code run against a real Preheat."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from typer.testing import CliRunner

from doc_blocks import Block, blocks
from local_hub import LocalHub
from ports import free_port
from preheat.cli.main import app
from preheat.settings import load_settings
from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat
from scripted_models import write_scripted_model

BLOCKS: Final = list(blocks())

LANGUAGES: Final = {"sh", "python", "json", "toml", "yaml", "javascript", "powershell", "text"}
"""``text`` is for output and forms, which are not run."""

NOT_RUN: Final = (
    ".venv/bin/python -m benchmarks.gpu_check",
    "ANTHROPIC_",
    "CMAKE_ARGS",
    "PREHEAT_",
    "aider",
    "./install.sh",
    "cd preheat-0.1.0-",
    "brew",
    "cd preheat",
    "curl -N",
    "docker",
    "gh attestation",
    "git clone",
    "make",
    "npm",
    "pip ",
    "pipx",
    "preheat config set host",
    "preheat config set models.",
    "preheat keys add",
    "preheat quit",
    "preheat serve",
    "preheat service",
    "preheat tray",
    "preheat update --check",
    "sha256sum",
    "sudo",
    "tar",
    "uv ",
    "uvx",
    "winget",
)
"""Beginnings of commands that a test cannot run: they install, run until Ctrl-C, or need another program or root."""

SHELL_CHARACTERS: Final = frozenset("|><&;$`*~=")
SMALLER: Final = {"--users 100": "--users 4"}
"""Parts of commands that a test runs smaller: a hundred users take two processors a minute, and far longer if busy."""

DEFAULT_PORT: Final = "11435"


def examples(*languages: str, run: bool = True) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages and bool(block.not_run) is not run]


def place(block: Block) -> str:
    return block.place


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory, embedding_model: Path) -> Iterator[Preheat]:
    """A running Preheat, as this process's own, with two small models under the names of the starter models."""
    home, models = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("models")
    write_scripted_model(models / f"{CHAT}.gguf")
    (models / f"{EMBEDDING}.gguf").symlink_to(embedding_model)
    with pytest.MonkeyPatch.context() as patch, LocalHub() as hub:
        hub.add_repo("Qwen/Qwen3-4B-GGUF", {"Qwen3-4B-Q4_K_M.gguf": (models / f"{CHAT}.gguf").read_bytes()})
        downloads = Path.home() / "Downloads"
        downloads.mkdir(parents=True)
        write_scripted_model(downloads / "model.gguf")
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("PREHEAT_HOME", str(home))
        patch.setenv("PREHEAT_MODELS_DIRS", str(models))
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        patch.chdir(tmp_path_factory.mktemp("current"))
        with running_preheat(home, options=("--port", str(free_port())), preload="false") as running:
            yield running


@pytest.mark.parametrize("page", sorted({block.page for block in examples("sh", "python")}))
def test_commands_and_code(page: str, preheat: Preheat) -> None:
    for block in examples("sh", "python"):  # in order: later ones use what earlier ones made
        if block.page == page:
            text = block.text.replace(DEFAULT_PORT, str(preheat.port))
            if block.language == "python":
                exec(compile(text, block.place, "exec", dont_inherit=True), {"__name__": "__main__"})
                continue
            for command in commands(text):
                code, output = run(smaller(command))
                assert code == 0, f"{block.place}: {command}\n{output}"


@pytest.mark.parametrize("block", examples("json", "yaml", "toml"), ids=place)
def test_data(block: Block, tmp_path: Path) -> None:
    match block.language:
        case "json":
            json.loads(block.text)
        case "yaml":
            assert yaml.safe_load(block.text)
        case "toml":
            path = tmp_path / "settings.toml"
            path.write_text(block.text, encoding="utf-8")
            load_settings(environ={}, path=path)


def test_the_languages_are_known() -> None:
    assert [block.place for block in BLOCKS if block.language not in LANGUAGES] == []


def test_only_commands_that_cannot_run_are_not_run() -> None:
    left_out = [command for block in examples("sh", run=False) for command in commands(block.text)]
    assert [command for command in left_out if not command.startswith(NOT_RUN)] == []


def test_other_programs_files_are_well_formed() -> None:
    for block in examples("toml", run=False):
        assert tomllib.loads(block.text), block.place


def commands(text: str) -> list[str]:
    """Return the commands of a block; those in several lines end their lines with a backslash, or a quote is open."""
    found: list[str] = []
    begun = ""
    for line in text.splitlines():
        begun += line
        try:
            words = shlex.split(begun, comments=True)
        except ValueError:  # no closing quotation
            begun += "\n"
            continue
        if begun.endswith("\\"):
            begun += "\n"
            continue
        if words:
            found.append(begun)
        begun = ""
    assert not begun, begun
    return found


def smaller(command: str) -> str:
    """Return a command that does the same with less."""
    for large, small in SMALLER.items():
        command = command.replace(large, small)
    return command


def run(command: str) -> tuple[int, str]:
    """Run a command and return its exit code and output: ``preheat`` in this process, which is quicker."""
    words = shlex.split(command, comments=True)
    if words[0] == "preheat" and not SHELL_CHARACTERS & set("".join(words).replace("NAME=VALUE", "")):
        done = CliRunner().invoke(app, words[1:])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output
    shell = subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl --fail-with-body --silent --show-error ")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return shell.returncode, shell.stdout
