"""Text from files that strangers wrote."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return ``text`` with every control, bidi, line-break or undecodable character as ``_``.

    File names come from downloads and archives; shown raw they could forge log lines or reverse what is read.
    """
    return "".join(char if char.isprintable() else "_" for char in text)
