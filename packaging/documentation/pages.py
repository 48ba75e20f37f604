"""Pages with generated parts, and how a part gets into its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from documentation.command import command_reference
from documentation.connecting import app_recipes, code_recipes
from documentation.errors import error_reference
from documentation.http_api import control_reference, type_reference
from documentation.protocols import FAMILIES, class_table, endpoint_tables
from documentation.settings import model_settings_reference, settings_reference
from setup_step import SetupError

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"


def generated_parts() -> Mapping[str, Mapping[str, str]]:
    """Return the generated parts of each page, by the names of their marks."""
    return {
        "protocols.md": {f"endpoints: {family.name}": endpoint_tables(family) for family in FAMILIES},
        "security.md": {"classes": class_table()},
        "settings.md": {"settings": settings_reference(), "model settings": model_settings_reference()},
        "command.md": {"commands": command_reference()},
        "http-api.md": {"control": control_reference(), "types": type_reference()},
        "errors.md": {"errors": error_reference()},
        "connect.md": {"code": code_recipes(), "apps": app_recipes()},
    }


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page with generated parts, and the text that it should have."""
    for name, parts in generated_parts().items():
        path = DOCS / name
        yield path, filled(path.read_text(encoding="utf-8"), parts, name)


def filled(page: str, parts: Mapping[str, str], name: str) -> str:
    """Return a page with its parts between ``<!-- NAME -->`` and ``<!-- /NAME -->``.

    Raises:
        SetupError: The page lacks the marks of a part.
    """
    for mark, text in parts.items():
        begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
        head, begun, rest = page.partition(begin)
        _, ended, tail = rest.partition(end)
        if not (begun and ended):
            raise SetupError(f"{name} has no place for {mark}", remedy=f"Add <!-- {mark} --> and {end}")
        page = f"{head}{begin}\n{text}\n\n{end}{tail}"
    return page
