"""Chat templates in the style of model families: the hard parts of each, in ``templates/``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BOS: Final = "<s>"
EOS: Final = "</s>"

STYLES: Final = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "templates").glob("*.jinja"))}
"""Jinja sources by name."""
