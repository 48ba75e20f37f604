"""The licences that an installation shows."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from preheat.installation import Part, licence_text, parts_of, section_of


def test_a_bundle_shows_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "licences.txt").write_text("all of them", encoding="utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert licence_text() == "all of them"


def test_a_source_tree_lists_what_it_requires() -> None:
    text = licence_text()
    parts = {part.name: part for part in parts_of(text)}
    assert parts["numpy"].version == version("numpy")
    assert "BSD-3-Clause" in parts["numpy"].licence
    assert parts["Python"].licence == "PSF-2.0"
    assert "anyio" in parts  # required by others
    assert not any(name.startswith("pytest") for name in parts)
    assert "Redistribution" in text[section_of(text, parts["numpy"]) :][:2000]


def test_a_part_without_a_text_has_no_section() -> None:
    text = licence_text()
    assert section_of(text, Part("nothing", "1", "MIT")) == 0
