from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.figures import Figure, ratio_at_least, ratio_at_most, value_at_most
from benchmarks.report import count_missed, quantity, row, table, target_text, write_json

FAST = Figure("fast", "ms", (10.0, 12.0), (20.0, 24.0), ratio_at_most(1.1))
SLOW = Figure("slow", "s", (2.0,), target=value_at_most(1.5), note="why")
PLAIN = Figure("plain", "MB", (1234.0,), (1000.0,))


def test_rows() -> None:
    assert row(FAST) == ("fast", "11.0 ms", "22.0 ms", "0.50", "18%", "≤ 1.10", "yes")
    assert row(SLOW) == ("slow (why)", "2.00 s", "-", "-", "-", "≤ 1.50 s", "NO")
    assert row(PLAIN) == ("plain", "1,234 MB", "1,000 MB", "1.23", "-", "-", "")


def test_table_shows_every_figure() -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(table("all", [FAST, SLOW, PLAIN]))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert all(name in text for name in ("all", "fast", "slow (why)", "plain", "NO", "Preheat", "llama-server"))


def test_the_columns_have_titles() -> None:
    headings = [column.header for column in table("all", [FAST], ("beside", "alone")).columns]
    assert headings == ["", "beside", "alone", "ratio", "spread", "target", "met"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.034, "0.03 s"), (9.996, "10.00 s"), (12.34, "12.3 s"), (1234.5, "1,234 s")]
)
def test_quantities_have_about_three_digits(value: float, text: str) -> None:
    assert quantity(value, "s") == text


def test_a_ratio_has_no_unit() -> None:
    assert quantity(1.05, "") == "1.05"
    assert target_text(ratio_at_least(0.95), "tok/s") == "≥ 0.95"


def test_missed_targets_are_counted() -> None:
    assert count_missed({"a": [FAST, PLAIN], "b": [SLOW]}) == (2, 1)


def test_json_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    write_json(path, {"threads": 2}, {"a": [FAST]})
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["machine"] == {"threads": 2}
    assert content["measures"]["a"][0]["name"] == "fast"
