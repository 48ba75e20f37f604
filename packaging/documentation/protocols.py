"""The endpoints and fields of all protocols, and the classes of all commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from preheat.control import COMMANDS, Risk
from preheat.server.app import FAMILIES
from preheat.server.protocols import Endpoint, Family, Support

__all__ = ["FAMILIES", "class_table", "endpoint_tables"]

_OTHER_ENDPOINTS: Final = {
    Risk.USE: "everything else: lists, running models, `/metrics`, `/openapi.json`",
    Risk.MANAGE: "Ollama's `pull`, `copy` and `create`, `delete` of downloads and of made names, `keep_alive`",
    Risk.ADMIN: "Ollama's `delete` of other models in Preheat's folder",
}


def class_table() -> str:
    """Return the commands of each class of risk, in Markdown."""
    rows = ["| class | control API, below `/preheat/v1/` | other endpoints |", "| --- | --- | --- |"]
    for risk in Risk:
        # The order of ``COMMANDS`` is that in which their modules were imported.
        routes = sorted(
            (kind.route for kind in COMMANDS if kind.route.risk is risk), key=lambda route: (route.path, route.method)
        )
        paths = ", ".join(f"`{route.method} {route.path.replace(':path', '')}`" for route in routes)
        rows.append(f"| *{risk.value}* | {paths} | {_OTHER_ENDPOINTS[risk]} |")
    return "\n".join(rows)


def endpoint_tables(family: Family) -> str:
    """Return the endpoints of a family, in Markdown."""
    return "\n".join(line for endpoint in family.endpoints for line in _endpoint(endpoint)).rstrip()


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
