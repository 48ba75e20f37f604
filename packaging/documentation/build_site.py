"""Build the documentation site into ``site/``; fails on a broken link.

The site fetches nothing from other servers: search in a site that was opened as files needs a script, which is part of
``docs/assets`` instead.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, say

ROOT: Final = Path(__file__).resolve().parents[2]
SITE: Final = ROOT / "site"

_FETCHED_SCRIPT: Final = "https://unpkg.com/iframe-worker/shim"
_OWN_SCRIPT: Final = "assets/iframe-worker.js"
_FETCHED: Final = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?https?:[^>]*>|<link[^>]*stylesheet[^>]*https?:[^>]*>"
)
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\(([^)#]+)")


def build() -> None:
    """Build the site.

    Raises:
        SetupError: A link leads nowhere, or a page would fetch something from another server.
    """
    if lost := [*missing_images()]:
        raise SetupError(f"images are missing: {', '.join(lost)}", remedy="Correct the path, or add the file")
    shutil.rmtree(SITE, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        # A traceback of the generator follows the warnings.
        raise SetupError(done.stdout.partition("Traceback")[0], remedy="Correct the links")
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8").replace(_FETCHED_SCRIPT, f"{_way_up(page)}{_OWN_SCRIPT}")
        if found := _FETCHED.search(text):
            raise SetupError(f"{page.name} fetches {found[0]}", remedy="Put a copy into docs/assets")
        page.write_text(text, encoding="utf-8")


def missing_images() -> Iterator[str]:
    """Yield the images without a file; the generator does not check them."""
    for page in (ROOT / "docs").glob("*.md"):
        for path in _IMAGE.findall(page.read_text(encoding="utf-8")):
            if not path.startswith("http") and not (page.parent / path).is_file():
                yield f"{page.name}: {path}"


def _way_up(page: Path) -> str:
    return "../" * (len(page.relative_to(SITE).parts) - 1)


def main() -> None:
    """Build the site, and say where it is."""
    build()
    say(f"open {SITE / 'index.html'}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
