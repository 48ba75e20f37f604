"""Install Preheat and its dependencies into the virtual environment that runs this script.

A record of the installation makes later runs fast until pyproject.toml or the wheel changes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup.build_llama import DISTRIBUTION, PROJECT, ensure_wheel
from setup_step import SetupError, exit_code_of, pip, say, whole_file

VULKAN: Final = "preheat-vulkan"
"""Has a library for one version of llama-cpp-python; see ``build_vulkan.py``."""

RECORD: Final = Path(sys.prefix) / "preheat-installed.json"


def install(extras: Sequence[str]) -> None:
    """Install llama-cpp-python from its wheel, and Preheat in editable mode with these and all earlier extras.

    Raises:
        SetupError: This is not a virtual environment, or a step failed.
    """
    if sys.prefix == sys.base_prefix:
        raise SetupError(
            f"{sys.executable} is not in a virtual environment.", remedy="Use `make`, which creates one in .venv."
        )
    wheel = ensure_wheel()
    if installed_from(DISTRIBUTION) != wheel.as_uri():
        say(f"installing {wheel.name}")
        # Forced: a build with other flags has the same version.
        pip(["install", "--force-reinstall", "--no-deps", str(wheel)])
        if installed_version(VULKAN) not in (None, installed_version(DISTRIBUTION)):
            say("removing llama.cpp's library for Vulkan, which is of another version: `make vulkan` builds it again")
            pip(["uninstall", "--yes", VULKAN])
    project = hashlib.sha256(PROJECT.read_bytes()).hexdigest()
    known = _read_record(project)
    wanted = known | set(extras)
    if known == wanted:
        return
    names = ",".join(sorted(wanted))
    say(f"installing preheat[{names}] and its dependencies")
    # Never build it here: only the wheel above has the right flags.
    pip(["install", f"--only-binary={DISTRIBUTION}", "--editable", f"{PROJECT.parent}[{names}]"])
    with whole_file(RECORD) as part:
        part.write_text(json.dumps({"pyproject_sha256": project, "extras": sorted(wanted)}), encoding="utf-8")


def installed_version(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def installed_from(distribution: str) -> str | None:
    """Return the URL of the file a distribution was installed from, or None."""
    try:
        origin = metadata.distribution(distribution).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    return json.loads(origin)["url"] if origin else None


def _read_record(project: str) -> set[str]:
    """Return the installed extras of this pyproject.toml."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    return set(record["extras"]) if record["pyproject_sha256"] == project else set()


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: install(sys.argv[1:])))
