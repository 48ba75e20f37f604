"""The files of the pages. Any thread."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from preheat.messages import TABLE
from preheat.paths import resource
from preheat.server.access import PAGE_FILES
from preheat.server.page.translations import LANGUAGES, translations

SWAGGER: Final = "fastapi-swagger"
"""The package that brings Swagger UI, which shows the documentation of the API."""

_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_OWN_TEXTS: Final = ("page_", "fit_")
_FIELD: Final = re.compile(r"\{\{(\w+)\}\}")
_SWAGGER_FILES: Final = ("swagger-ui-bundle.js", "swagger-ui.css")


@dataclass(frozen=True, slots=True)
class PageFiles:
    """The files, read once.

    Attributes:
        root: Path of the files on the port. It changes with their content: browsers may keep them.
        contents: By name.
        pages: The pages' HTML by name, with fields such as ``{{lang}}``.
    """

    root: str
    contents: Mapping[str, bytes]
    pages: Mapping[str, str]

    def page(self, name: str, language: str, **fields: str) -> str:
        """Return the HTML of a page in a language. Fields that are not given are messages."""
        values = {"lang": language, "files": self.root, **fields}
        words = translations(language)

        def value(match: re.Match[str]) -> str:
            known = values.get(match[1])
            if known is None:
                text = TABLE[match[1]].text
                known = words.get(text, text)
            return html.escape(known)

        return _FIELD.sub(value, self.pages[name])


@cache
def page_files() -> PageFiles:
    """Return the files of this installation."""
    from importlib.metadata import version  # here: its import costs 10 ms

    found = {path.name: path.read_bytes() for path in sorted(resource("page").iterdir())}
    found |= {f"texts.{language}.json": _texts(language) for language in LANGUAGES}
    digest = hashlib.sha256(version(SWAGGER).encode())
    for name, content in found.items():
        digest.update(b"%s %d %s" % (name.encode(), len(content), content))
    pages = {name: found.pop(name).decode() for name in list(found) if name.endswith(".html")}
    return PageFiles(f"{PAGE_FILES}{digest.hexdigest()[:16]}", found, pages)


def swagger_file(name: str) -> Path | None:
    """Return a file of Swagger UI; None if it has none of this name."""
    import fastapi_swagger  # here: only this page needs it

    return Path(fastapi_swagger.__file__).with_name("resources") / name if name in _SWAGGER_FILES else None


def media_type(name: str) -> str:
    """Return the content type of a file by its name."""
    return _MEDIA_TYPES[Path(name).suffix]


def _texts(language: str) -> bytes:
    """Return texts by code: those of the page, and in other languages than English of all messages.

    The engine's messages come with their English words.
    """
    words = translations(language)
    wanted = {
        code: [words.get(text, text) if text else "" for text in template]
        for code, template in TABLE.items()
        if code.startswith(_OWN_TEXTS) or language != LANGUAGES[0]
    }
    return json.dumps(wanted, ensure_ascii=False).encode()
