"""What the build recorded about itself, in ``resources/build.toml``.

A source checkout has no such file: the defaults apply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Build:
    """A build of Preheat; empty texts are unknown."""

    package: str = "source"
    """The form of the installation: ``source``, ``deb``, ``tar``, ``nsis``, ``dmg``, ``wheel``, …"""

    commit: str = ""
    update_url: str = ""
    """Where the newest release is named; empty if this build has no such address."""


@cache
def build_info() -> Build:
    """Return the record of this build."""
    import tomllib

    from preheat.paths import resource  # imported late: workers need only the commands

    try:
        text = resource("build.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Build()
    return Build(**tomllib.loads(text))
