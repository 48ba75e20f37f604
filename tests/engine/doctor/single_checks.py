"""Runs single checks, and writes files that they look at."""

from __future__ import annotations

import json
import os
from pathlib import Path

from preheat import paths
from preheat._version import __version__
from preheat.doctor.checks import CHECKS
from preheat.doctor.report import Finding

CHECK_FUNCTIONS = {check.name: check.look for check in CHECKS}


def look(name: str) -> dict[str, Finding]:
    """Run a check and return its findings by code."""
    return {finding.title.code: finding for finding in CHECK_FUNCTIONS[name]()}


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_settings(text: str) -> Path:
    return write(paths.settings_path(), text)


def write_runtime_file(port: int, pid: int | None = None, version: str = __version__) -> Path:
    content = {"pid": os.getpid() if pid is None else pid, "host": "127.0.0.1", "port": port, "version": version}
    path = write(paths.runtime_file(), json.dumps(content))
    path.parent.chmod(0o700)
    path.chmod(0o600)
    return path
