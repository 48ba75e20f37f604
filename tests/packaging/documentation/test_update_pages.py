"""The generated parts of the documentation say what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from documentation.pages import DOCS, filled, pages
from preheat.errors import EngineError
from preheat.server.app import FAMILIES, create_app
from preheat.server.errors import anthropic_error_json
from preheat.server.protocols import Family
from setup_step import SetupError
from tests.engine.server.fake_engine import FakeEngine, as_engine


def test_the_pages_are_up_to_date() -> None:
    outdated = [path.name for path, text in pages() if path.read_text(encoding="utf-8") != text]
    assert outdated == [], "run `python packaging/documentation/update_pages.py`"


def test_a_page_without_a_place_for_its_part() -> None:
    with pytest.raises(SetupError, match=r"errors\.md has no place for errors"):
        filled("# Errors\n", {"errors": "text"}, "errors.md")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_route_is_described(family: Family) -> None:
    app = create_app(as_engine(FakeEngine()), port=11435)
    served = {
        (method, route.path.replace(":path", ""))
        for route in app.routes
        if isinstance(route, APIRoute) and family.name in route.tags
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served
    assert served <= {(endpoint.method, endpoint.path) for endpoint in family.endpoints}


def subclasses(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_the_page_has_the_status_of_each_error() -> None:
    rows = re.findall(
        r"^\| (\d{3}) \| (.*) \| `(\w+)` \|$", (DOCS / "protocols.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    listed = {code: (int(status), kind) for status, codes, kind in rows for code in re.findall(r"`(\w+)`", codes)}
    found = {each.code: each for each in subclasses(EngineError)}
    assert len(listed) > 15
    for code, expected in listed.items():
        assert (found[code].status, anthropic_error_json(found[code]("a"))["error"]["type"]) == expected
