"""Removes what identifies a person or gives access from texts: the one function that all parts of a bundle go through.

Pure: ``identity`` collects what is to be hidden on this machine.
"""

from __future__ import annotations

import base64
import binascii
import html
import ipaddress
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote

KEY: Final = "<key>"
ADDRESS: Final = "<address>"
TEXT: Final = "<text>"

_WHOLE_WORD_BELOW: Final = 4
"""Shorter texts are hidden only as whole words: others would appear within too many words."""

_IS_PATH: Final = re.compile(r"^[/~]|^[A-Za-z]:[/\\]")
_DECODINGS: Final = 3
_TOKEN: Final = re.compile(r"""[^\s"'<>]{4,}""")
_LETTERS: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_OTHERWISE_CODED: Final = re.compile(r"[%\\&]|[A-Za-z0-9+/_-]{6,}")

_CREDENTIALS: Final = re.compile(r"(?<![\w+.-])([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@\"'<>]+@")
_QUERY: Final = re.compile(r"(https?://[^\s?#\"'<>]+)[?#][^\s\"'<>]*", re.IGNORECASE)
_NAMED_KEY: Final = re.compile(
    r"""\b((?:proxy-)?authorization|x-api-key|(?:[a-z]+[-_])*api[-_]?keys?|(?:[a-z]+[-_])*(?:token|secret|password)|"""
    r"""passwd|(?:set-)?cookie)(["']?\s*[:=]\s*)(?:(?:bearer|basic|digest)\s+)?(?:\[[^\]\n]*\]?|"[^"\n]*"?|'[^'\n]*'?|"""
    r"""[^\s"',;&)\]}]+)""",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(bearer|basic)\s+(?!<)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_KNOWN_KEY: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-|pk-|ph-|rk-|hf_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza|eyJ)[A-Za-z0-9._~+/=-]{8,}"
)
_RANDOM: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{28,}")
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS_FORM: Final = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:])"
)
_MODEL_PATH: Final = re.compile(
    r"(?:~|[A-Za-z]:|\.\.?)?[/\\](?:[^\n:\"'<>]{0,1000}[/\\])?([^/\\\n:\"'<>]{0,255}?\.gguf)", re.IGNORECASE
)
_QUOTED: Final = re.compile(
    r"\"[^\"\n]*[\s\"][^\"\n]*\"|`[^`\n]*\s[^`\n]*`|(?<!\w)[bBfFrRuU]{0,2}'[^'\n]*\s[^\n]*?'(?!\w)"
)


class Hidden(NamedTuple):
    """A text to hide, and its replacement."""

    text: str
    marker: str
    to_end: bool = False  # hide the rest of the path too


class Redactor:
    """Hides texts of this machine, in plain and in encoded form, and whatever looks like a key or an address.

    Args:
        hidden: The texts; empty ones are ignored.
    """

    def __init__(self, hidden: Iterable[Hidden]) -> None:
        self._markers: list[str] = []
        by_marker: dict[tuple[str, bool], set[str]] = defaultdict(set)
        plain: set[str] = set()
        for each in hidden:
            if each.text.strip():
                end = r"(?![^\W_])" if _IS_PATH.search(each.text) else ""  # /home/al is not in /home/alice
                found = {_pattern(variant) + end for variant in _variants(each.text)}
                by_marker[_safe_marker(each), each.to_end] |= found
                plain |= {_pattern(variant) for variant in _forms(each.text)}
        groups = []
        # Paths first: they contain the user's name.
        for (marker, to_end), patterns in sorted(by_marker.items(), key=lambda item: -max(map(len, item[1]))):
            longest_first = "|".join(sorted(patterns, key=len, reverse=True))
            rest = r"(?:[/\\][^\n:\"'<>]*)?" if to_end else ""
            groups.append(f"((?:{longest_first}){rest})")
            self._markers.append(marker)
        self._literal = re.compile("|".join(groups), re.IGNORECASE) if groups else None
        self._plain = re.compile("|".join(sorted(plain, key=len, reverse=True)), re.IGNORECASE) if plain else None
        self._is_coded = lru_cache(maxsize=20_000)(self._hides)

    def __call__(self, text: str) -> str:
        """Return a text without what is hidden."""
        if ".gguf" in text.lower():
            text = _MODEL_PATH.sub(r"…/\1", text)
        if self._literal is not None:
            text = self._literal.sub(lambda match: self._markers[(match.lastindex or 1) - 1], text)
        if self._plain is not None:
            text = _TOKEN.sub(self._decoded, text)
        text = _QUERY.sub(rf"\1?{TEXT}", text)
        text = _CREDENTIALS.sub(rf"\1{KEY}@", text)
        text = _NAMED_KEY.sub(rf"\1\2{KEY}", text)
        text = _BEARER.sub(rf"\1 {KEY}", text)
        text = _KNOWN_KEY.sub(KEY, text)
        text = _RANDOM.sub(KEY, text)
        text = _EMAIL.sub(ADDRESS, text)
        return _ADDRESS_FORM.sub(_address, text)

    def words(self, text: str) -> str:
        """Return a sentence without what is hidden, and without text in quotes, which may be from a client."""
        return self(_QUOTED.sub(f'"{TEXT}"', text))

    def _decoded(self, token: re.Match[str]) -> str:
        return TEXT if _OTHERWISE_CODED.search(token[0]) and self._is_coded(token[0]) else token[0]

    def _hides(self, token: str) -> bool:
        """Return whether a token is an encoding of a hidden text."""
        assert self._plain is not None
        return any(self._plain.search(decoded) for decoded in _decodings(token))


def _safe_marker(hidden: Hidden) -> str:
    """Return a marker that does not contain the hidden text, such as for a user called ``user``."""
    return "<…>" if hidden.text.casefold() in hidden.marker.casefold() else hidden.marker


def _forms(text: str) -> set[str]:
    """Return a text in the normal forms of Unicode: file systems differ in them."""
    return {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))}


def _variants(text: str) -> Iterator[str]:
    """Yield a text as it is, and as JSON, URLs, HTML and Python's escapes write it."""
    for form in _forms(text):
        escaped = json.dumps(form)[1:-1]
        yield from (form, escaped, json.dumps(escaped)[1:-1], form.replace("/", "\\/"), form.replace("\\", "/"))
        yield from (quote(form, safe=""), quote(form), quote_plus(form), quote(quote(form, safe=""), safe=""))
        yield from (html.escape(form), form.encode("unicode_escape").decode(), repr(form.encode())[2:-1])
        if not form.isascii():  # as the log writes a byte that is not UTF-8
            yield "".join(char if char.isascii() else f"\\x{ord(char):02x}" for char in form)


def _pattern(text: str) -> str:
    pattern = re.escape(text)
    if len(text) >= _WHOLE_WORD_BELOW:
        return pattern
    # After a percent code, a word begins too.
    return rf"(?:(?<![^\W_])|(?<=%[0-9A-Fa-f]{{2}})){pattern}(?![^\W_])"


def _decodings(token: str) -> Iterator[str]:
    """Yield what a token without spaces may stand for."""
    for text in _unescaped(token):
        yield text
        for run in _LETTERS.findall(text):
            yield from _from_base64(run)
        for run in _HEX.findall(text):
            yield bytes.fromhex(run).decode("utf-8", "replace")


def _unescaped(token: str) -> Iterator[str]:
    yield token
    for _ in range(_DECODINGS):
        plain = html.unescape(unquote(_ESCAPE.sub(_unescape, token)))
        if plain == token:
            return
        yield plain
        token = plain


def _unescape(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return escape[4]
    number = int(code, 16)
    return chr(number) if number < 0x110000 else ""


def _from_base64(run: str) -> Iterator[str]:
    """Yield the decodings of a run, which may begin anywhere within a group of four letters."""
    letters = run.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        part = letters[start:]
        part = part[: len(part) - 1] if len(part) % 4 == 1 else part
        try:
            yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue


def _address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else ADDRESS
