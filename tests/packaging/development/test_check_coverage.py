from __future__ import annotations

from typing import Any

from development.check_coverage import PERFECT, ROOT, problems_of


def covered(missing: list[int] | None = None, branches: list[list[int]] | None = None) -> dict[str, Any]:
    return {"missing_lines": missing or [], "missing_branches": branches or []}


def test_full_coverage_has_no_problems() -> None:
    assert problems_of({"core/a.py": covered()}, 90.0, floor=85.0, perfect=("core/a.py",)) == []


def test_a_total_below_the_floor_is_reported() -> None:
    (problem,) = problems_of({}, 84.9, floor=85.0, perfect=())
    assert "84.9 %" in problem


def test_missing_lines_and_branches_of_a_pure_core_are_reported() -> None:
    files = {"core/a.py": covered([3, 7]), "core/b.py": covered(branches=[[4, -1]]), "shell.py": covered([1])}
    problems = problems_of(files, 90.0, floor=85.0, perfect=("core",))
    assert len(problems) == 2
    assert "3, 7" in problems[0]
    assert "4->-1" in problems[1]


def test_a_core_that_was_not_measured_is_reported() -> None:
    assert problems_of({}, 90.0, floor=85.0, perfect=("core",)) == ["core was not measured"]


def test_every_listed_core_exists() -> None:
    assert [name for name in PERFECT if not (ROOT / name).exists()] == []
