"""The fenced blocks of the README and of ``docs/``.

A block that cannot be run by a test has a comment before it: ``<!-- not run: the reason -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_NOT_RUN: Final = re.compile(r"\s*<!-- not run: (.+) -->$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: Path in the repository.
        place: Page and line.
        not_run: Why it is not run; empty if it is.
    """

    page: str
    place: str
    language: str
    text: str
    not_run: str


def blocks() -> Iterator[Block]:
    """Yield the blocks of all pages."""
    for page in PAGES:
        yield from _blocks_of(page)


def _blocks_of(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    name = page.relative_to(ROOT).as_posix()
    at = 0
    reason = ""
    while at < len(lines):
        line = lines[at]
        if line.lstrip().startswith("```"):
            indent = len(line) - len(line.lstrip())
            language = re.split(r"[\s{]", line.strip("` "))[0]
            end = next(number for number in range(at + 1, len(lines)) if lines[number].strip() == "```")
            text = "\n".join(text[indent:] for text in lines[at + 1 : end])
            yield Block(name, f"{name}:{at + 1}", language, text, reason)
            at = end
        if found := _NOT_RUN.match(line):
            reason = found[1]
        elif line.strip():
            reason = ""
        at += 1
