"""Write the tables of ``docs/protocols.md`` and ``docs/security.md`` as the code describes them.

The former has the endpoints and fields of all protocols, the latter the classes of all commands. Run it after changes
of these. Everything else in the pages is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.control import COMMANDS, Risk
from preheat.server.app import FAMILIES
from preheat.server.protocols import Endpoint, Family, Support
from setup_step import SetupError, exit_code_of, say

_DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
PAGE: Final = _DOCS / "protocols.md"
SECURITY_PAGE: Final = _DOCS / "security.md"

_OTHER_ENDPOINTS: Final = {
    Risk.USE: "everything else: lists, running models, `/metrics`, `/docs`",
    Risk.MANAGE: "Ollama's `pull`, `copy` and `create`, `delete` of downloads and of made names, `keep_alive`",
    Risk.ADMIN: "Ollama's `delete` of other models in Preheat's folder",
}


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


def with_classes(page: str) -> str:
    """Return the page about security with the classes of all commands; raises SetupError without a place for them."""
    head, begin, rest = page.partition("<!-- classes -->\n")
    _, end, tail = rest.partition("<!-- /classes -->")
    if not end:
        raise SetupError(f"{SECURITY_PAGE.name} has no place for the classes", remedy="Add <!-- classes -->")
    rows = ["| class | control API, below `/preheat/v1/` | other endpoints |", "| --- | --- | --- |"]
    for risk in Risk:
        # The order of ``COMMANDS`` is that in which their modules were imported.
        routes = sorted(
            (kind.route for kind in COMMANDS if kind.route.risk is risk), key=lambda route: (route.path, route.method)
        )
        paths = ", ".join(f"`{route.method} {route.path.replace(':path', '')}`" for route in routes)
        rows.append(f"| *{risk.value}* | {paths} | {_OTHER_ENDPOINTS[risk]} |")
    return f"{head}{begin}{chr(10).join(rows)}\n{end}{tail}"


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
    """Update the pages."""
    for page, update in ((PAGE, updated), (SECURITY_PAGE, with_classes)):
        page.write_text(update(page.read_text(encoding="utf-8")), encoding="utf-8")
        say(f"{page} is up to date")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
