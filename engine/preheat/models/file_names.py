"""Names of model files. They come from strangers: downloads, archives, other programs."""

from __future__ import annotations

import re
from typing import Final

DOWNLOADS: Final = ".downloads"
"""The folder of unfinished downloads in the models folder."""

LOCK: Final = "lock"
"""The lock file of a download."""

SPLIT_PART: Final = re.compile(r"(?P<prefix>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})", re.DOTALL)
"""The name of a split set's part without its ending, as llama.cpp writes it."""


def printable(text: str) -> str:
    """Return ``text`` with every control, bidi, line-break or undecodable character as ``_``.

    Unescaped, such characters could forge log lines or reverse the text.
    """
    return "".join(char if char.isprintable() else "_" for char in text)


def base_id(file_name: str) -> str:
    """Return the model id of a file name: lower case, without ``.gguf`` and the part number of a split set."""
    name = printable(file_name).lower().strip().removesuffix(".gguf").strip()
    part = SPLIT_PART.fullmatch(name)
    return part["prefix"].strip() if part else name
