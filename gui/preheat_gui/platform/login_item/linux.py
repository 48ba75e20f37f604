"""Start at login on Linux: an entry in the desktop's autostart folder (XDG Autostart Specification)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from preheat.files import write_atomic
from preheat_gui.platform.login_item.login_item import LoginItemError

_FILE: Final = "preheat.desktop"
_TO_QUOTE: Final = re.compile(r'["`$\\]')
_PLAIN: Final = re.compile(r"[\w@+=:,./-]+", re.ASCII)


class AutostartEntry:
    """``~/.config/autostart/preheat.desktop``.

    Args:
        environ: Instead of this process's environment.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self._command = tuple(command)
        self._environ = os.environ if environ is None else environ

    @property
    def path(self) -> Path:
        """Where the entry is, or would be."""
        # The specification has relative paths ignored.
        config = Path(self._environ.get("XDG_CONFIG_HOME", ""))
        return (config if config.is_absolute() else Path.home() / ".config") / "autostart" / _FILE

    def is_on(self) -> bool:
        """Return whether there is an entry that no desktop's settings have switched off."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return False
        keys = _keys(lines)
        hidden = keys.get("Hidden", "false").lower() == "true"
        return (
            bool(keys.get("Exec")) and not hidden and keys.get("X-GNOME-Autostart-enabled", "true").lower() != "false"
        )

    def switch(self, on: bool) -> None:
        """Write the entry, or remove it.

        Raises:
            LoginItemError: The folder cannot be written.
        """
        try:
            if on:
                write_atomic(self.path, self._entry())  # a half-written entry would start something else
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise LoginItemError(
                f"Start at login could not be changed: {error.strerror}", hint=f"Check the permissions of {self.path}"
            ) from error

    def _entry(self) -> str:
        words = " ".join(map(_quoted, self._command))
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Preheat\n"
            "Comment=Keeps local AI models ready\n"
            f"Exec={words}\n"
            "Icon=preheat\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        )


def _keys(lines: Sequence[str]) -> dict[str, str]:
    """Return the keys of the entry's own group, of which there may be others for actions."""
    keys: dict[str, str] = {}
    group = ""
    for line in lines:
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys[key.strip()] = value.strip()
    return keys


def _quoted(word: str) -> str:
    """Return a word of a command as the key Exec has it: quoted, then escaped once more as any text in the file."""
    word = word.replace("%", "%%")
    if _PLAIN.fullmatch(word):
        return word
    return '"' + _TO_QUOTE.sub(lambda found: "\\" + found[0], word).replace("\\", "\\\\") + '"'
