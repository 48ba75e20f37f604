from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.messages import TABLE
from preheat.updates import Release, installed_form, update_advice
from preheat.updates.release import is_newer, is_page, parse_release

URL = "https://example.org/preheat"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["version", "url", "date"]), inner),
    max_leaves=5,
)


def answer(**fields: Any) -> str:
    return json.dumps({"version": "1.2.0", "url": URL, **fields})


def test_a_release() -> None:
    content = answer(date="2026-12-01", notes_url=f"{URL}/notes", later={"more": 1})
    assert parse_release(content) == Release("1.2.0", URL, "2026-12-01", f"{URL}/notes")


@given(JSON)
def test_any_json_is_a_release_or_refused(content: object) -> None:
    try:
        release = parse_release(json.dumps(content))
    except ValueError:
        return
    assert is_page(release.url)


@given(st.binary())
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is not|it has no"):
        parse_release(content)


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "null", "{}", '"1.0"', answer(version=1.0), "NaN"])
def test_other_forms_are_refused(content: str) -> None:
    with pytest.raises(ValueError, match=r"it is not|it has no"):
        parse_release(content)


@pytest.mark.parametrize("version", ["", "newest", "1.2.0\n9", "9" * 65, "1.0 <b>", "../1", "1.0; rm -rf"])
def test_odd_versions_are_refused(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        parse_release(answer(version=version))


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org", "javascript:alert(1)", "file:///etc/passwd", "//example.org", "https://", "", None, 1),
        *("https://user@example.org", "https://a b", "https://a\u202e.org", "https://a\n", "https://a:x/", "HTTPS://"),
        *("https://example.org\\@evil", "https://[::1", "https://ex\u00e4mple.org", "https://a/" + "a" * 2000),
    ],
)
def test_only_pages_are_opened(url: object) -> None:
    assert not is_page(url)
    with pytest.raises(ValueError, match="https"):
        parse_release(answer(url=url))
    assert parse_release(answer(notes_url=url, date=url)) == Release("1.2.0", URL)


@pytest.mark.parametrize(
    ("theirs", "ours", "newer"),
    [
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("v1.2", "1.2.0", False),
        ("1.2.0+local", "1.2.0", True),
        ("1.3rc1", "1.2", False),
        ("1.3rc1", "1.3b1", True),
        ("1.3", "1.3rc1", True),
        ("1!0.1", "5.0", True),
        ("1.2.post1", "1.2", True),
        ("0.0.1", "1.2.dev3", False),
    ],
)
def test_versions_are_compared_as_python_packages(theirs: str, ours: str, newer: bool) -> None:
    assert is_newer(parse_release(answer(version=theirs)), ours) is newer


def test_each_form_is_updated_by_the_program_that_installed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed_form() == "source"
    forms = ("deb", "tar", "nsis", "dmg", "docker", "pip", "pipx", "uv", "source", "a form to come")
    advice = [update_advice(form) for form in forms]
    assert len({each.code for each in advice}) == len(forms)
    assert all(each.code in TABLE for each in advice)
