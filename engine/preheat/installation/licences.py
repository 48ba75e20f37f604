"""The licences of Preheat and of what comes with it."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_OTHER_EXTRA: Final = re.compile(r"extra == ['\"](?!gui)")


def licence_text() -> str:
    """Return the licences: in a bundle with their texts, elsewhere a list of the packages that Preheat requires."""
    from preheat.paths import resource  # imported late, like metadata: workers need only the commands

    try:
        return resource("licences.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return "\n".join(("Preheat: MIT", *_packages(), "", "Each package has its licence in its own folder.", ""))


def _packages() -> list[str]:
    from importlib import metadata

    required = [line for line in metadata.requires("preheat") or () if not _OTHER_EXTRA.search(line)]
    names = {match[0] for line in required if (match := _NAME.match(line))}
    lines = []
    for name in sorted(names, key=str.lower):
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:  # for other systems, or optional
            continue
        fields = [found[field] for field in ("License-Expression", "License") if field in found]
        lines.append(f"{name} {found['Version']}: {fields[0].splitlines()[0] if fields else 'see its folder'}")
    return lines
