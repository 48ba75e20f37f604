from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from preheat.cli.day import day_lines
from preheat.cli.main import app
from preheat.cli.top.band import Colours
from preheat.cli.top.view import Look
from preheat.models import SignBook

HOUR = 3600.0
NOW = 1_800_000_000.0 // HOUR * HOUR
LANES: list[dict[str, Any]] = [
    {
        "model": "qwen3-4b-instruct-2507.q4_k_m",
        "stays": [{"begins_at": NOW - 20 * HOUR, "ends_at": NOW - 10 * HOUR}],
        "requests": [
            {"at": NOW - 20 * HOUR, "ready": False, "wait_s": 2.0},
            {"at": NOW - 15 * HOUR, "ready": True, "wait_s": 0.0},
        ],
    },
    {"model": "tiny", "stays": [{"begins_at": NOW - 24 * HOUR, "ends_at": NOW}], "requests": []},
]


def drawn(width: int, look: Look, hours: float = 24) -> list[Any]:
    found = {"begin": NOW - hours * HOUR, "now": NOW, "lanes": LANES}
    return day_lines(found, SignBook().signs(lane["model"] for lane in LANES), width, look)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("hours", [1, 24, 168])
@pytest.mark.parametrize("look", [Look(True, Colours.NONE), Look(False, Colours.MANY)])
def test_it_fits_any_terminal(width: int, hours: float, look: Look) -> None:
    lines = [line.plain for line in drawn(width, look, hours)]
    assert max(map(cell_len, lines)) <= width
    assert lines[0].endswith("now")
    assert not look.ascii_only or "".join(lines).isascii()


def test_a_lane_shows_memory_and_requests() -> None:
    _, first, second = (line.plain.split() for line in drawn(29 + 2 + 24, Look(True, Colours.NONE)))
    assert first[0].endswith("q4_k_m")
    assert set(second[1]) == {"="}
    assert first[1].count("o") == first[1].count("*") == 1
    assert first[1].index("o") < first[1].index("*")


@pytest.mark.parametrize("width", [40, 90, 200])
@pytest.mark.parametrize("look", [Look(True, Colours.NONE), Look(False, Colours.MANY)])
def test_the_plan_is_right_of_now(width: int, look: Look) -> None:
    plan = [
        {"model": "tiny", "begins_at": NOW, "ends_at": NOW + 6 * HOUR, "loads": False},
        {"model": "mail", "begins_at": NOW + 2 * HOUR, "ends_at": NOW + 12 * HOUR, "loads": True},
    ]
    found = {"begin": NOW - 24 * HOUR, "now": NOW, "until": NOW + 12 * HOUR, "lanes": LANES, "plan": plan}
    lines = day_lines(found, SignBook().signs(["tiny", "mail", LANES[0]["model"]]), width, look)
    assert max(cell_len(line.plain) for line in lines) <= width
    planned = [re.split(r"[|\u2502]", line.plain)[1:] for line in lines[1:]]
    if width == 40:  # no room
        assert planned == [[], [], []]
        return
    (idle,), (stays,), (loads,) = planned
    assert set(idle) <= set(".·")
    assert stays[0] in "-░"
    assert stays[-1] in ".·"
    assert loads[0] in ".·"
    assert time.strftime("%H:%M", time.localtime(NOW + 2 * HOUR)) in loads
    assert "now" in lines[0].plain


def test_nothing_was_in_memory(preheat_home: Path) -> None:
    assert CliRunner().invoke(app, ["day"]).stdout == "Nothing was in memory in the last 24 h.\n"
    assert json.loads(CliRunner().invoke(app, ["day", "--json"]).stdout)["lanes"] == []
