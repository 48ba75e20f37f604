"""A real Preheat for programs from npm, with a model that answers as an agent's model does.

`make test-clients` installs the programs and runs these tests; they are not part of `make test`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from running_preheat import Preheat, running_preheat
from scripted_models import TEMPLATES, write_scripted_model

MODEL: Final = "agent"
CONTEXT_LENGTH: Final = 65536
"""Tokens. Agents' prompts have tens of thousands of bytes, and each is a token of this model."""

CLIENT_TIMEOUT_S: Final = 240.0

FOLDER: Final = Path(__file__).parent

_CALL: Final = '<tool_call>\n{{"name": "{}", "arguments": {{"{}": "{}"}}}}\n</tool_call>'

SCRIPTS: Final = {
    "done": "It is written.",
    "codex": _CALL.format("exec_command", "cmd", "echo by Codex > out.txt"),
    "pi": _CALL.format("bash", "command", "echo by Pi > out.txt"),
}

# The model calls the agent's tool for running commands, and ends when it gets the result.
TEMPLATE: Final = (
    TEMPLATES["tools"] + "{%- if add_generation_prompt -%}{%- set names = tools | default([], true) | tojson -%}"
    "{%- if messages[-1].role == 'tool' -%}{{ '<|play:done|>' }}"
    "{%- elif 'exec_command' in names -%}{{ '<|play:codex|>' }}"
    "{%- elif 'bash' in names -%}{{ '<|play:pi|>' }}"
    "{%- else -%}{{ '<|play:done|>' }}{%- endif -%}{%- endif -%}"
)

Client = Callable[..., str]


@pytest.fixture(scope="session")
def preheat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preheat]:
    """A Preheat with the agent's model."""
    models = tmp_path_factory.mktemp("models")
    write_scripted_model(models / f"{MODEL}.gguf", TEMPLATE, SCRIPTS, context_length=CONTEXT_LENGTH)
    options = ("--set", f"context_length={CONTEXT_LENGTH}")
    with running_preheat(tmp_path_factory.mktemp("home"), models, options=options) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder that an agent works in."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Client:
    """Run an installed program in the project's folder, with a home folder of its own; return its output."""

    def run_client(*command: str, variables: Mapping[str, str]) -> str:
        program = FOLDER / "node_modules" / ".bin" / command[0]
        found = str(program) if program.exists() else shutil.which(command[0])
        assert found is not None, f"{command[0]} is not installed: run `make test-clients`"
        done = subprocess.run(
            [found, *command[1:]],
            cwd=project,
            env={**os.environ, "HOME": str(tmp_path), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_client
