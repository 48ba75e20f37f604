"""What has to be in PyPI's packages, and what must not."""

from __future__ import annotations

import tomllib

import pytest

from preheat.installation import Build
from project import Project, read_project
from pypi.distributions import (
    REQUIRED_IN_SDIST,
    REQUIRED_IN_WHEEL,
    build_record,
    problems_of_sdist,
    problems_of_wheel,
)


def test_complete_wheels_have_no_problems() -> None:
    assert problems_of_wheel([*REQUIRED_IN_WHEEL, "preheat-0.1.0.dist-info/METADATA"]) == []


def test_wheels_lack_and_have_too_much() -> None:
    names = [*REQUIRED_IN_WHEEL[1:], "tests/conftest.py", "preheat/resources/translations/preheat_de.ts"]

    assert problems_of_wheel(names) == [
        f"the wheel lacks {REQUIRED_IN_WHEEL[0]}",
        "the wheel has tests/conftest.py",
        "the wheel has preheat/resources/translations/preheat_de.ts",
    ]


def test_source_distributions_lack_and_have_too_much() -> None:
    assert problems_of_sdist(REQUIRED_IN_SDIST) == []
    assert problems_of_sdist([*REQUIRED_IN_SDIST[1:], ".github/workflows/ci.yml"]) == [
        f"the source distribution lacks {REQUIRED_IN_SDIST[0]}",
        "the source distribution has .github/workflows/ci.yml",
    ]


def test_record_of_the_build_is_read_back() -> None:
    record = tomllib.loads(build_record("0123abcd", "https://example.org/release.json"))
    assert Build(**record) == Build("wheel", "0123abcd", "https://example.org/release.json")


@pytest.mark.parametrize(
    ("version", "windows"),
    [("0.1.0", "0.1.0.0"), ("1.2", "1.2.0.0"), ("1.2.3rc1", "1.2.3.0"), ("2.0.0.dev4+abc", "2.0.0.0")],
)
def test_windows_versions_are_four_numbers(version: str, windows: str) -> None:
    project = Project(version, "", "", "", "https://example.org/preheat", "")

    assert project.windows_version == windows
    assert project.release_url("a.zip") == f"https://example.org/preheat/releases/download/v{version}/a.zip"


def test_project_facts_are_read() -> None:
    project = read_project()

    assert project.version
    assert project.homepage.startswith("https://")
