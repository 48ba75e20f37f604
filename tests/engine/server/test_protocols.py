from __future__ import annotations

import pytest

from preheat.server.app import FAMILIES
from preheat.server.canonical import canonical_path
from preheat.server.protocols import Support, aliases_of

ALIASES = {"/models": "/v1/models", "/models/": "/v1/models/"}


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/", "/"),
        ("", ""),
        ("//", "/"),
        ("/models", "/v1/models"),
        ("/models/", "/v1/models"),
        ("/models/a/b", "/v1/models/a/b"),
        ("/v1//models/a/", "/v1/models/a"),
        ("/v1/v1/models", "/v1/models"),
        ("/modelsx", "/modelsx"),
    ],
)
def test_canonical_paths(path: str, canonical: str) -> None:
    assert canonical_path(path, ALIASES) == canonical


def test_no_field_is_listed_twice() -> None:
    for family in FAMILIES:
        for endpoint in family.endpoints:
            names = [field.name for field in endpoint.fields]
            assert len(set(names)) == len(names)


def test_fields_say_what_happens_to_them() -> None:
    fields = {
        (endpoint.path, field.name): field.support
        for family in FAMILIES
        for endpoint in family.endpoints
        for field in endpoint.fields
    }
    assert fields["/v1/chat/completions", "temperature"] is Support.SUPPORTED
    assert fields["/v1/chat/completions", "prediction"] is Support.SUPPORTED
    assert fields["/v1/completions", "prediction"] is Support.IGNORED
    assert fields["/v1/chat/completions", "ignore_eos"] is Support.REFUSED
    assert ("/v1/embeddings", "input") in fields


def test_aliases_lead_to_endpoints() -> None:
    paths = {endpoint.path.split("{")[0] for family in FAMILIES for endpoint in family.endpoints}
    assert set(aliases_of(FAMILIES).values()) <= paths
