"""Translations of messages, read from the windows' catalogue.

``resources/translations/preheat_LANGUAGE.qm`` is in the format of Qt's ``QTranslator``
(https://code.qt.io/cgit/qt/qtbase.git/tree/src/corelib/kernel/qtranslator.cpp), which only Qt reads otherwise: the
engine runs without it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from preheat.paths import resource

LANGUAGES: Final = ("en", "de")
"""Languages of the messages; the first one is that of the sources."""

_MAGIC: Final = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
_CONTEXT: Final = b"Messages"
_MESSAGES_SECTION: Final = 0x69
_LENGTH: Final = struct.Struct(">I")

_END, _TRANSLATION, _OBSOLETE, _SOURCE, _CONTEXT_NAME = 1, 3, 5, 6, 7
_NOTHING: Final = 0xFFFFFFFF


@cache
def translations(language: str) -> Mapping[str, str]:
    """Return the translated templates of messages by their English words; empty for English. Any thread.

    Raises:
        FileNotFoundError: The language has no catalogue.
        ValueError: The file is no catalogue.
    """
    if language == LANGUAGES[0]:
        return {}
    return read_catalogue(resource(f"translations/preheat_{language}.qm"))


def read_catalogue(path: Path) -> Mapping[str, str]:
    """Return the translations of messages in a catalogue; see ``translations``."""
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise ValueError(f"{path} is no catalogue of Qt")
    try:
        return dict(_pairs(_section(content)))
    except (IndexError, struct.error, UnicodeError) as error:
        raise ValueError(f"{path} is damaged") from error


def _section(content: bytes) -> bytes:
    at = len(_MAGIC)
    while at < len(content):
        tag, (length,) = content[at], _LENGTH.unpack_from(content, at + 1)
        at += 1 + _LENGTH.size
        if at + length > len(content):
            raise IndexError(length)
        if tag == _MESSAGES_SECTION:
            return content[at : at + length]
        at += length
    return b""


def _pairs(section: bytes) -> Iterator[tuple[str, str]]:
    at, fields = 0, dict[int, bytes]()
    while at < len(section):
        tag = section[at]
        at += 1
        if tag == _END:
            if fields.get(_CONTEXT_NAME) == _CONTEXT and _TRANSLATION in fields:
                yield fields[_SOURCE].decode("utf-8"), fields[_TRANSLATION].decode("utf-16-be")
            fields = {}
            continue
        if tag == _OBSOLETE:
            at += 1
            continue
        (length,) = _LENGTH.unpack_from(section, at)
        at += _LENGTH.size
        if length != _NOTHING:
            fields.setdefault(tag, section[at : at + length])  # the singular comes first
            at += length
