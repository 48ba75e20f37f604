"""What the packages say about Preheat: names, version, addresses and texts."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from preheat._version import __version__

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = "preheat"
APP_ID: Final = "io.github.preheat_app.preheat"
"""The AppStream id: the address of the project, reversed; a dash is not allowed in it."""

DESKTOP_FILE: Final = "preheat"
"""Name of the desktop file, as in ``QGuiApplication.setDesktopFileName``."""

SUMMARY: Final = "Keep local AI models ready"
DESCRIPTION: Final = (
    "Preheat keeps local AI models ready before they are requested. It finds and downloads GGUF models, loads them in "
    "the background within a memory limit, and serves them to all programs of the machine on one local port that "
    "speaks the protocols of OpenAI, Anthropic and Ollama.",
    "The first request is as fast as the second: Preheat learns which models are used when, and loads them in time.",
)
KEYWORDS: Final = ("AI", "LLM", "GGUF", "llama", "chat", "embeddings", "OpenAI", "Ollama")
MAINTAINER: Final = "The Preheat authors <preheat-app@users.noreply.github.com>"

_PRERELEASE: Final = re.compile(r"\.?(dev|a|b|rc)(?=\d)")
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@cache
def urls() -> dict[str, str]:
    """Return the project's addresses by their names in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(project["urls"])


def debian_version(version: str = __version__) -> str:
    """Return a version as Debian sorts it: a pre-release comes before its release."""
    return _PRERELEASE.sub(r"~\1", version) + ("" if "-" in version else "-1")


def debian_architecture(machine: str = "") -> str:
    """Return Debian's name of a machine, by default of this one."""
    machine = machine or platform.machine()
    return _MACHINES.get(machine, machine)


def release_time() -> datetime:
    """Return the time of the release: SOURCE_DATE_EPOCH, or else that of the last commit, so that builds repeat."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        command = ["git", "log", "-1", "--format=%ct"]
        epoch = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
