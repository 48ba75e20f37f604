"""How this copy of Preheat is updated: with the program that installed it."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Final

from preheat.installation import build_info
from preheat.messages import Message, msg

_FORMS: Final = {
    "deb": "update_deb",
    "tar": "update_tar",
    "nsis": "update_nsis",
    "dmg": "update_dmg",
    "docker": "update_docker",
    "pip": "update_pip",
    "pipx": "update_pipx",
    "uv": "update_uv",
    "source": "update_source",
}


def installed_form() -> str:
    """Return how Preheat was installed: a form that the build names, or ``pip``, ``pipx``, ``uv``, ``source``."""
    form = build_info().package
    if form not in ("source", "wheel"):
        return form
    if (Path(__file__).resolve().parents[3] / "pyproject.toml").exists():
        return "source"
    return _environment_form(PurePath(sys.prefix).parts)


def update_advice(form: str | None = None) -> Message:
    """Return how to update this copy, or one of another form, in a sentence."""
    return msg(_FORMS.get(installed_form() if form is None else form, "update_page"))


def _environment_form(prefix: tuple[str, ...]) -> str:
    """Return which program made the environment in this folder: pipx has ``pipx/venvs``, uv has ``uv/tools``."""
    pairs = set(pairwise(prefix))
    if ("pipx", "venvs") in pairs:
        return "pipx"
    return "uv" if ("uv", "tools") in pairs else "pip"
