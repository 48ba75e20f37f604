"""Copies of the bundle for the packages."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from typing import Final

from linux.product import ROOT

SCRIPTS: Final = Path(__file__).with_name("scripts")

_WINDOW_FILES: Final = (
    "preheat-tray",
    "_internal/shiboken6",
    "_internal/preheat_gui",
    "_internal/[Pp]y[Ss]ide6*",
    "_internal/shiboken6-*",
)
"""What only the tray and its windows use."""


def copy_bundle(bundle: Path, target: Path, form: str, *, windows: bool = True) -> None:
    """Copy the bundle, with links to the same files where the disk allows it.

    Args:
        form: The form of the installation, for ``preheat.installation.build_info``.
        windows: With the tray and its windows.
    """
    shutil.copytree(bundle, target, symlinks=True, copy_function=_link)
    if not windows:
        for pattern in _WINDOW_FILES:
            for path in target.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (target / "_internal").iterdir():
            if path.is_symlink() and not path.exists():  # to a library in a folder that was removed
                path.unlink()
    _set_form(target / "_internal" / "resources" / "build.toml", form)
    shutil.copy(SCRIPTS / "end-running", target / "end-running")


def licence_text() -> str:
    """Return Preheat's own licence."""
    return (ROOT / "LICENSE").read_text(encoding="utf-8")


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # another disk
        shutil.copy2(source, target, follow_symlinks=False)


def _set_form(record: Path, form: str) -> None:
    values = tomllib.loads(record.read_text(encoding="utf-8")) | {"package": form}
    record.unlink()  # it may be a link to the bundle's own
    record.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()), encoding="utf-8")
