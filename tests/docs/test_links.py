"""The links of the pages outside of the site lead to files."""

from __future__ import annotations

import re
from pathlib import Path

from doc_blocks import ROOT

LINK = re.compile(r"\]\(([^)#]+)|(?:src|srcset)=\"([^\"]+)\"")
FOLDERS = ("benchmarks", "packaging", "tests/faults")
PAGES = [*ROOT.glob("*.md"), *(ROOT / folder / "README.md" for folder in FOLDERS)]


def test_links() -> None:
    assert [lost for page in PAGES for lost in lost_links(page)] == []


def test_every_picture_is_shown() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    pictures = [*(ROOT / "docs" / "screenshots").iterdir(), *(ROOT / "docs" / "pictures").iterdir()]
    assert [picture.name for picture in pictures if f"/{picture.name}#" not in shown] == []


def lost_links(page: Path) -> list[str]:
    found = ["".join(groups) for groups in LINK.findall(page.read_text(encoding="utf-8"))]
    return [link for link in found if not link.startswith("http") and not (page.parent / link).exists()]
