"""Start at login on Linux: an entry of the XDG autostart specification."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Final

from preheat.files import read_small_file
from preheat.login_item.base import FileLoginItem

_TO_QUOTE: Final = re.compile(r'["`$\\]')
_FIELD_CODE: Final = re.compile(r"%[a-zA-Z]")
_PLAIN: Final = re.compile(r"[\w@+=:,./-]+", re.ASCII)


class AutostartEntry(FileLoginItem):
    """``~/.config/autostart/preheat.desktop``; the environment is by default this process's."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self._command = tuple(command)
        # The specification ignores relative paths.
        config = Path((os.environ if environ is None else environ).get("XDG_CONFIG_HOME", ""))
        self.path = (config if config.is_absolute() else Path.home() / ".config") / "autostart" / "preheat.desktop"

    def is_on(self) -> bool:
        """Return whether there is an entry that the desktop's settings have not switched off."""
        entry = self._entry()
        if entry is None:
            return False
        hidden = entry.get("Hidden", "false").lower() == "true"
        enabled = entry.get("X-GNOME-Autostart-enabled", "true").lower() != "false"
        return bool(entry.get("Exec")) and enabled and not hidden

    def command(self) -> tuple[str, ...]:
        """Return the words of the key ``Exec``, without field codes."""
        entry = self._entry()
        try:
            words = shlex.split(((entry or {}).get("Exec") or "").replace("\\\\", "\\"))
        except ValueError:
            return ()
        # The shell's rules leave the backslash before a dollar sign or a back quote.
        words = [re.sub(r"\\([$`])", r"\1", word) for word in words]
        return tuple(word.replace("%%", "%") for word in words if not _FIELD_CODE.fullmatch(word))

    def _entry(self) -> Mapping[str, str] | None:
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        try:
            parser.read_string(read_small_file(self.path).decode(errors="replace"))
            return parser["Desktop Entry"]
        except (OSError, Error, KeyError):
            return None

    def _content(self) -> str:
        return (
            "[Desktop Entry]\n"
            "Type=Application\n"
            "Name=Preheat\n"
            "Comment=Keeps local AI models ready\n"
            f"Exec={' '.join(map(_quoted, self._command))}\n"
            # A desktop ignores the entry after Preheat was removed.
            f"TryExec={_escaped(self._command[0])}\n"
            "Icon=preheat\n"
            "Terminal=false\n"
            "X-GNOME-Autostart-enabled=true\n"
        )


def _quoted(word: str) -> str:
    """Return a word of the command as the key ``Exec`` needs it: quoted, then escaped as any value in the file."""
    word = word.replace("%", "%%")
    if _PLAIN.fullmatch(word):
        return word
    return '"' + _escaped(_TO_QUOTE.sub(lambda found: "\\" + found[0], word)) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\")
