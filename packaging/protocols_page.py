"""Write the tables of ``docs/protocols.md``: the endpoints and fields of all protocols, as the code describes them.

Run it after changes of endpoints or fields. Everything else in the page is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.server.app import FAMILIES
from preheat.server.protocols import Endpoint, Family, Support
from setup_step import SetupError, exit_code_of, say

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "protocols.md"


def updated(page: str) -> str:
    """Return the page with the tables of all families; raises SetupError if it has no place for one."""
    for family in FAMILIES:
        head, begin, rest = page.partition(f"<!-- endpoints: {family.name} -->\n")
        _, end, tail = rest.partition("<!-- /endpoints -->")
        if not end:
            raise SetupError(
                f"{PAGE.name} has no place for {family.title}",
                remedy=f"Add <!-- endpoints: {family.name} --> and <!-- /endpoints -->",
            )
        page = f"{head}{begin}\n{tables(family)}\n{end}{tail}"
    return page


def tables(family: Family) -> str:
    """Return the endpoints of a family, in Markdown."""
    return "\n".join(line for endpoint in family.endpoints for line in _endpoint(endpoint))


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    yield f"#### `{endpoint.method} {endpoint.path}`\n"
    also = f" Also: {', '.join(f'`{alias}`' for alias in endpoint.aliases)}." if endpoint.aliases else ""
    yield f"{endpoint.summary.rstrip('.')}.{also}\n"
    if endpoint.fields:
        yield "| | fields | notes |"
        yield "| --- | --- | --- |"
        for support in Support:
            yield from _rows(endpoint, support)
        yield ""


def _rows(endpoint: Endpoint, support: Support) -> Iterator[str]:
    """Yield a row for each note; fields with the same note share one."""
    names: dict[str, list[str]] = {}
    for field in endpoint.fields:
        if field.support is support:
            names.setdefault(field.note.rstrip("."), []).append(f"`{field.name}`")
    for note in sorted(names, key=bool):
        yield f"| {support.value} | {', '.join(names[note])} | {note.replace('|', '&#124;')} |"


def main() -> None:
    """Update the page."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    say(f"{PAGE} is up to date")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
