"""Versions of Preheat and what it needs, and how this copy is installed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat._version import __version__
from preheat.doctor.context import short
from preheat.doctor.report import Finding, broken, good, to_do

_NEEDED: Final = ("llama-cpp-python", "numpy", "fastapi", "uvicorn", "pydantic", "huggingface-hub", "llguidance")
_WINDOWS: Final = "PySide6-Essentials"


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_versions() -> Iterator[Finding]:
    """Check that everything Preheat needs is installed, and list the versions."""
    versions = {package: version_of(package) for package in _NEEDED}
    qt = version_of(_WINDOWS)
    known = [f"{package} {version}" for package, version in versions.items() if version is not None]
    yield good(
        "doctor_version",
        version=__version__,
        details=(
            f"Python {platform.python_version()} ({platform.python_implementation()})",
            ", ".join([*known, f"Qt (PySide6) {qt}" if qt else "no windows (PySide6)"]),
            f"{_system()}, {platform.machine()}, {_libc()}",
        ),
    )
    missing = [package for package, version in versions.items() if version is None]
    if missing:
        yield broken("doctor_packages_missing", packages=missing)


def _system() -> str:
    if sys.platform == "linux":
        with suppress(OSError):
            release = platform.freedesktop_os_release()
            return f"{release.get('PRETTY_NAME', 'Linux')}, kernel {platform.release()}"
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.release()} ({platform.version()})"


def _libc() -> str:
    name, version = platform.libc_ver()
    return f"{name} {version}" if name else "libc unknown"


def check_installation() -> Iterator[Finding]:
    """Check which copy of Preheat this is, and whether the command ``preheat`` means another one."""
    from preheat.installation import build_info, own_command
    from preheat.updates import installed_form

    build = build_info()
    details = [f"command: {' '.join(map(short, own_command()))}"]
    if build.commit:
        details.append(f"commit {build.commit}")
    yield good("doctor_installed", form=installed_form(), details=details)
    others = _other_copies()
    if others:
        yield to_do("doctor_other_copies", details=[short(path) for path in others], first=short(others[0]))


def _other_copies() -> list[Path]:
    """Return the commands ``preheat`` that a shell finds before this copy's own; none if it finds the own one first."""
    name = "preheat.exe" if sys.platform == "win32" else "preheat"
    own = {_real(Path(sys.executable).with_name(name)), _real(Path(sys.argv[0]))}
    found: list[Path] = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        command = shutil.which(name, path=folder) if folder else None
        if command is None:
            continue
        if _real(Path(command)) in own:
            return found
        found.append(Path(command))
    return found


def _real(path: Path) -> str:
    return os.path.realpath(path)
