"""The licences of Preheat and of what comes with it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_PART: Final = re.compile(r"^  (\S.*) (\S+): (.+)$", re.MULTILINE)
RULE: Final = "=" * 80
"""Above and below the names of those that a text is the licence of."""


class Part(NamedTuple):
    """A part of Preheat by others."""

    name: str
    version: str
    licence: str


def licence_text() -> str:
    """Return the licences: the bundle's file, elsewhere those of the installed packages that Preheat requires."""
    from preheat.installation.packages import document  # imported late, as the paths: workers need only the commands
    from preheat.paths import resource

    try:
        return resource("licences.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return document()


def project_urls() -> dict[str, str]:
    """Return the addresses of the project by name, such as ``Issues``; empty without the package's metadata."""
    from preheat.installation.packages import urls  # imported late, as above

    return urls()


def parts_of(text: str) -> tuple[Part, ...]:
    """Return the parts that a text of licences lists."""
    return tuple(Part(*found) for found in _PART.findall(text))


def section_of(text: str, part: Part) -> int:
    """Return where the text of a part's licence begins; 0 if there is none."""
    found = re.search(rf"^{RULE}\n(?:.*, )?{re.escape(part.name)}(?:,.*)?\n{RULE}$", text, re.MULTILINE)
    return found.start() if found else 0
