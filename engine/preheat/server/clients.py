"""Names of clients: the product and version in their User-Agent header."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from starlette.requests import Request

MAX_CLIENT: Final = 64
"""Longest name in the usage log."""

OWN_PRODUCT: Final = "preheat/"
"""Start of the User-Agent of Preheat's own command line and library."""

_COMMENT: Final = re.compile(r"\([^()]*\)")
_VERSION: Final = re.compile(r"v?\d[\w.+-]*", re.ASCII)
# Products in the User-Agent of every browser, and of programs with a built-in browser.
_BROWSER_NOISE: Final = ("mozilla/", "applewebkit/", "gecko/", "version/", "mobile/")
_BROWSERS: Final = ("electron/", "chrome/", "safari/")


def client_name(request: Request) -> str:
    """Return the client's product and version, such as ``AsyncOpenAI/Python 3.50.0`` or ``obsidian/1.5.3``."""
    return short_user_agent(request.headers.get("user-agent", ""))


def is_own(client: str) -> bool:
    """Return whether it is Preheat's own command line or library."""
    return client.startswith(OWN_PRODUCT)


@lru_cache(maxsize=256)
def short_user_agent(text: str) -> str:
    """Return the program's product and version, in at most ``MAX_CLIENT`` printable ASCII characters."""
    text = "".join(char if " " <= char <= "~" else " " for char in text[:1000])
    while (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    words = text.split()
    if not words:
        return ""
    if words[0].lower().startswith("mozilla/"):
        return _browser(words)[:MAX_CLIENT]
    product = words[0]
    has_version = _VERSION.fullmatch(product.rpartition("/")[2])
    if len(words) > 1 and not has_version and _VERSION.fullmatch(words[1]):
        product = f"{product} {words[1]}"  # the form of OpenAI's clients
    return product[:MAX_CLIENT]


def _browser(words: list[str]) -> str:
    """Return the program's own product among those of its browser."""
    products = [word for word in words if "/" in word and not word.lower().startswith(_BROWSER_NOISE)]
    own = [product for product in products if not product.lower().startswith(_BROWSERS)]
    known = [each for browser in _BROWSERS for each in products if each.lower().startswith(browser)]
    return next(iter((*own, *known, words[0])))
