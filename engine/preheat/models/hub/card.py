"""Model cards, made safe to show: a README is a stranger's Markdown and HTML.

Pure. markdown-it renders it, and of the result only the text and a few tags remain: no images, scripts, styles, forms
or frames, no attributes, and links only to web pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from preheat.models.offers import RepoCard

MAX_CHARS: Final = 60_000
_MAX_DEPTH: Final = 24  # of tags; deeper ones are dropped, their text stays

_FRONT_MATTER: Final = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^---[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_RUNS: Final = re.compile(r"([\[\]()<>*_`!~|&\\]{1,3}?)\1{15,}")
"""Runs of one sign, or of a few. Thousands of brackets or stars, or of comments, make Markdown parsers slow."""

_MAX_COMMENTS: Final = 100
_MAX_NESTING: Final = 20  # of Markdown; what is deeper is dropped
_MAX_CELLS: Final = 2000
"""Cells of all tables together. Further ones are plain text: a window takes seconds to lay out tens of thousands."""

_HOST: Final = re.compile(r"[\w.-]+(?::\d+)?")
_ALERT: Final = re.compile(r"^(\s*>\s*)\[!([A-Z]{3,12})\][ \t]*$", re.MULTILINE)
"""GitHub's form of a remark: ``> [!NOTE]``."""

_BLOCKS: Final = frozenset({"blockquote", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre"})
_TABLE: Final = frozenset({"table", "tbody", "td", "th", "thead", "tr"})
_INLINE: Final = frozenset({"a", "b", "code", "del", "em", "i", "kbd", "s", "strong", "sub", "sup"})
_KEPT: Final = _BLOCKS | _TABLE | _INLINE | {"ul"}
_ALONE: Final = frozenset({"br", "hr"})
_UNSEEN: Final = frozenset(
    {"audio", "canvas", "embed", "form", "iframe", "math", "noscript", "object", "script", "select", "style", "svg"}
    | {"template", "textarea", "title", "video"}
)
"""Tags that are dropped together with their content."""

_SEPARATE: Final = frozenset({"center", "details", "div", "figure", "section", "summary"})
"""Tags that become paragraphs."""


def make_card(repo: str, readme: str, page: str, *, shortened: bool = False) -> RepoCard:
    """Return a repository's card. ``page`` is the address that relative links start at."""
    text = _FRONT_MATTER.sub("", readme, count=1)
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > MAX_CHARS:
        text, shortened = text[:MAX_CHARS].rpartition("\n")[0] or text[:MAX_CHARS], True
    return RepoCard(repo, text, card_html(text, page), shortened)


def card_html(markdown: str, page: str) -> str:
    """Return Markdown as HTML that is safe to show."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    text = _RUNS.sub(lambda run: run[1] * 15, markdown)
    text = _ALERT.sub(lambda alert: f"{alert[1]}**{alert[2].capitalize()}**<br>", text)
    rendered = parser.render(text if text.count("<!--") <= _MAX_COMMENTS else text.replace("<!--", ""))
    cleaner = _Cleaner(page)
    cleaner.feed(rendered)
    cleaner.close()
    return cleaner.result.replace("\n</code></pre>", "</code></pre>")


class _Cleaner(HTMLParser):
    """Keeps text and harmless tags, each of them closed in its order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._parts: list[str] = []
        self._open: list[str] = []
        self._unseen = 0  # depth inside tags of which nothing is shown
        self._unseen_tag = ""
        self._cells = 0

    @property
    def result(self) -> str:
        """The HTML so far, with all tags closed."""
        return "".join([*self._parts, *(f"</{tag}>" for tag in reversed(self._open))])

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._unseen:
            self._unseen += tag == self._unseen_tag
        elif tag in _UNSEEN:
            if tag != "embed":  # has no end
                self._unseen, self._unseen_tag = 1, tag
        elif tag in _ALONE:
            self._parts.append(f"<{tag}>")
        elif tag in _KEPT or tag in _SEPARATE:
            self._begin("p" if tag in _SEPARATE else tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if not self._unseen and tag in _ALONE:
            self._parts.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            self._unseen -= tag == self._unseen_tag
            return
        kept = "p" if tag in _SEPARATE else tag
        if kept not in self._open:
            return
        while True:
            last = self._open.pop()
            self._parts.append(f"</{last}>")
            if last == kept:
                return

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(escape(data, quote=False))

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "p" and self._open and self._open[-1] == "p":
            self.handle_endtag("p")  # paragraphs do not nest
        if len(self._open) >= _MAX_DEPTH:
            return
        if tag in _TABLE:
            self._cells += tag in ("td", "th")
            if self._cells > _MAX_CELLS:
                self._parts.append(" ")
                return
        if tag == "a":
            address = self._address(attributes.get("href") or "")
            if not address or "a" in self._open:
                return
            self._parts.append(f'<a href="{escape(address)}">')
        else:
            self._parts.append(f"<{tag}>")
        self._open.append(tag)

    def _address(self, href: str) -> str:
        """Return a web address; empty for anything else, also for a place in the card itself."""
        if not href.strip() or href.startswith("#"):
            return ""
        try:
            address = urljoin(self._page, href.strip())
            parts = urlsplit(address)
        except ValueError:
            return ""
        web = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) is not None
        return address if web and address.isprintable() else ""
