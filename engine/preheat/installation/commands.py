"""The commands that start Preheat's own processes, and the environment in which to start other programs.

In a bundle (PyInstaller), the executable ``preheat`` stands for the interpreter: ``sys.executable`` may be either of
the two executables of the bundle, and neither of them understands ``-m``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CHILD_OPTIONS: Final[Mapping[str, str]] = {
    "preheat.inference.worker": "--worker",
    "preheat.inference.worker.chat.renderer": "--renderer",
    "preheat.inference.worker.constraints.trial_process": "--constraint-trial",
    "preheat.replay.limit_curve": "--limit-curve",
}
"""Modules that run in processes of their own, and the first argument of ``preheat`` that runs each in a bundle."""

_LIBRARY_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
"""Replaced by PyInstaller, which keeps the user's value under the name with ``_ORIG``."""

_BUNDLE_ONLY_VARIABLES: Final = ("QT_PLUGIN_PATH", "QML2_IMPORT_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")


def is_bundle() -> bool:
    """Return whether this process runs from a bundle."""
    return bool(getattr(sys, "frozen", False))


def own_command(*arguments: str) -> list[str]:
    """Return the command that runs ``preheat`` of this installation with these arguments."""
    if is_bundle():
        return [str(_executable("preheat")), *arguments]
    return [sys.executable, "-m", "preheat", *arguments]


def tray_command(*arguments: str) -> list[str]:
    """Return the command that starts the tray of this installation, on Windows without a console."""
    if is_bundle():
        return [str(_executable("preheat-tray")), *arguments]
    return own_command("tray", *arguments)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of Preheat's ``CHILD_OPTIONS`` in a process of its own."""
    if is_bundle():
        return own_command(CHILD_OPTIONS[module], *arguments)
    return [sys.executable, "-m", module, *arguments]


def foreign_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a program that is not Preheat: it must not load the bundle's libraries."""
    cleaned = dict(environ)
    if not is_bundle():
        return cleaned
    for name in _BUNDLE_ONLY_VARIABLES:
        cleaned.pop(name, None)
    for name in _LIBRARY_VARIABLES:
        cleaned.pop(name, None)
        original = cleaned.pop(f"{name}_ORIG", None)
        if original is not None:
            cleaned[name] = original
    return cleaned


def _executable(name: str) -> Path:
    return Path(sys.executable).with_name(name + Path(sys.executable).suffix)
