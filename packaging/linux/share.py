"""The files for ``share``: desktop entry, metainfo, icons, manual pages and completions."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import typer

from linux.desktop import desktop_entry, metainfo
from linux.icons import write_icons
from linux.man import preheat_page, tray_page
from linux.product import APP_ID, DESKTOP_FILE
from preheat.cli.completion import Shell, render
from preheat.cli.completion.tree import Command, read_tree
from preheat.cli.main import app

COMPLETIONS: Final = {
    Shell.BASH: "bash-completion/completions/preheat",
    Shell.ZSH: "zsh/vendor-completions/_preheat",
    Shell.FISH: "fish/vendor_completions.d/preheat.fish",
}
"""Where the shells look, below ``share``."""


def command_tree() -> Command:
    """Return all commands of ``preheat``."""
    return read_tree(typer.main.get_command(app))


def write_share(share: Path, *, windows: bool, compressed: bool) -> None:
    """Write the files into a new folder ``share``.

    Args:
        windows: With what belongs to the tray and its windows.
        compressed: Compress the manual pages, as Debian demands.
    """
    tree = command_tree()
    files = {place: render(shell, tree) for shell, place in COMPLETIONS.items()}
    pages = {"preheat": preheat_page(tree)}
    if windows:
        pages["preheat-tray"] = tray_page()
        files[f"applications/{DESKTOP_FILE}.desktop"] = desktop_entry()
        files[f"metainfo/{APP_ID}.metainfo.xml"] = metainfo()
        write_icons(share / "icons" / "hicolor")
    for place, text in files.items():
        write(share / place, text)
    for name, text in pages.items():
        if compressed:
            write_gzip(share / "man" / "man1" / f"{name}.1.gz", text)
        else:
            write(share / "man" / "man1" / f"{name}.1", text)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def write_gzip(path: Path, text: str) -> None:
    """Write a compressed text; the same text gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    path.chmod(0o644)
