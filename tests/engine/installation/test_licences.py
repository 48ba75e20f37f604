"""The licences that an installation shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.installation import licence_text


def test_a_bundle_shows_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "licences.txt").write_text("all of them", encoding="utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert licence_text() == "all of them"


def test_a_source_tree_lists_what_it_requires() -> None:
    lines = licence_text().splitlines()
    assert lines[0] == "Preheat: MIT"
    assert any(line.startswith("numpy ") and "BSD-3-Clause" in line for line in lines)
    assert not any(line.startswith("pytest") for line in lines)
