"""The documentation site builds without a warning, and needs no other server."""

from __future__ import annotations

from documentation.build_site import SITE, build


def test_the_site_builds() -> None:
    build()
    pages = {page.name for page in SITE.glob("*.html")}
    assert {"index.html", "settings.html", "errors.html"} <= pages
    assert "unpkg.com/iframe-worker" not in (SITE / "index.html").read_text(encoding="utf-8")
