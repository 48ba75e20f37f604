"""The commands that start Preheat's own processes, and the environment of child processes.

In a bundle (PyInstaller), the executable ``preheat`` stands for the interpreter: ``sys.executable`` may be either of
the two executables of the bundle, and neither of them understands ``-m``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Final

CHILD_OPTIONS: Final[Mapping[str, str]] = {
    "preheat.inference.worker": "--worker",
    "preheat.inference.worker.chat.renderer": "--renderer",
    "preheat.inference.worker.constraints.trial": "--constraint-trial",
    "preheat.inference.worker.backends.probe": "--backend-probe",
    "preheat.inference.worker.backends.listing": "--list-devices",
    "preheat.inference.worker.device_fit": "--device-fit",
    "preheat.inference.worker.device_speed": "--device-speed",
    "preheat.replay.limit_curve": "--limit-curve",
    "preheat.replay.family_processes": "--replay-family",
}
"""Modules that run in processes of their own, and the first argument of ``preheat`` that runs each in a bundle."""

_AS_MODULE: Final = ("-P", "-m")
"""Without ``-P``, a file ``llama_cpp.py`` in the folder where Preheat was started would run in its workers."""

_LIBRARY_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
"""Replaced by PyInstaller's loader, which keeps the user's value under the name with ``_ORIG``."""

_LOADER_PREFIX: Final = "_PYI_"


def is_bundle() -> bool:
    """Return whether this process runs from a bundle."""
    return bool(getattr(sys, "frozen", False))


def own_command(*arguments: str) -> list[str]:
    """Return the command that runs ``preheat`` of this installation with these arguments."""
    if is_bundle():
        return [str(_executable("preheat")), *arguments]
    return [sys.executable, *_AS_MODULE, "preheat", *arguments]


def tray_command(*arguments: str) -> list[str]:
    """Return the command that starts the tray of this installation, on Windows without a console."""
    if is_bundle():
        return [str(_executable("preheat-tray")), *arguments]
    return own_command("tray", *arguments)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of Preheat's ``CHILD_OPTIONS`` in a process of its own."""
    if is_bundle():
        return own_command(CHILD_OPTIONS[module], *arguments)
    return [sys.executable, *_AS_MODULE, module, *arguments]


def child_module(argv: Sequence[str]) -> str | None:
    """Return the module that a bundle's command line runs; None if it is the user's command."""
    option = argv[1] if len(argv) > 1 else ""
    return next((module for module, child_option in CHILD_OPTIONS.items() if child_option == option), None)


def restore_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Undo what the bundle's loader has set, so that child processes of any kind get the user's environment.

    The loader set it for this process, which has read it at its start. A child of Preheat's own starts like the first.
    """
    if not is_bundle():
        return
    for name in [name for name in environ if name.startswith(_LOADER_PREFIX)]:
        del environ[name]
    for name in _LIBRARY_VARIABLES:
        original = environ.pop(f"{name}_ORIG", None)
        environ.pop(name, None)
        if original is not None:
            environ[name] = original


def _executable(name: str) -> Path:
    return Path(sys.executable).with_name(name + Path(sys.executable).suffix)
