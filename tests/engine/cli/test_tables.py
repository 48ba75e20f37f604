from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from preheat.cli import output
from preheat.cli.tables import Column, elided, fit, lines, wrapped

COLUMNS = (
    Column("Model", name=True),
    Column("State"),
    Column("Memory", worth=3, right=True),
    Column("Form", worth=1),
    Column("Last used", worth=2),
    Column("Why", sentence=True),
)
LONG = "mistral-small-24b-instruct-2501-abliterated.q4_k_m"
ROWS = (
    (LONG, ("loading 42 %", "yellow"), "14.3 GB", "", "", "favourite 2"),
    ("smollm2.q8_0", "hot", "0.2 GB", "", "3 min ago", "used 14 times in the last 7 days, last 20 min ago"),
)


def drawn(width: int | None) -> list[str]:
    return [line.plain for line in lines(COLUMNS, ROWS, width)]


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120, 200])
def test_a_table_fits_and_its_figures_are_whole(width: int) -> None:
    found = drawn(width)
    assert max(map(cell_len, found)) <= width
    text = "\n".join(found)
    assert "q4_k_m" in text
    assert "hot" in text
    assert "20 min ago" in " ".join(text.split())  # the sentence is complete
    assert all(figure in text for figure in (["14.3 GB"] if "Memory" in found[0] else []))
    assert "Form" not in found[0]  # nothing is in it


def test_columns_of_less_worth_are_left_out_first() -> None:
    titles = [drawn(width)[0].split("  ") for width in (40, 60, 80)]
    shown = [[title.strip() for title in row if title.strip()] for row in titles]
    assert shown == [
        ["Model", "State", "Memory"],
        ["Model", "State", "Memory", "Last used"],
        ["Model", "State", "Memory", "Last used"],
    ]
    assert fit(COLUMNS, ROWS, 80).below == 5
    assert fit(COLUMNS, ROWS, 200).below is None


def test_a_pipe_gets_everything() -> None:
    first, *rows = drawn(None)
    assert first.split() == ["Model", "State", "Memory", "Form", "Last", "used", "Why"]
    assert rows[0].startswith(f"{LONG}  loading 42 %  14.3 GB")
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("width", "ascii_only", "short"),
    [
        (26, False, "mistral-smal…terated.q4_k_m"[:12] + "…" + LONG[-13:]),
        (26, True, "mistral-smal" + ".." + LONG[-12:]),
        (60, False, LONG),
        (2, False, "mi"),
    ],
)
def test_a_long_name_loses_its_middle(width: int, ascii_only: bool, short: str) -> None:
    assert elided(LONG, width, ascii_only=ascii_only) == short
    assert cell_len(short) <= width


def test_wide_characters_count_as_two() -> None:
    name = "通义千问" * 8 + ".q4_k_m"
    assert cell_len(elided(name, 21)) <= 21
    assert elided(name, 21).endswith("q4_k_m")


def test_a_sentence_does_not_break_in_a_figure() -> None:
    text = "5.2 GB of 8.0 GB used by models; 22.3 GB free; 94 % of 120 requests in 3 min"
    for width in range(14, 60):
        joined = "\n".join(wrapped(text, width))
        assert not any(part in joined for part in ("5.2\n", "8.0\n", "22.3\n", "94\n", "120\n", "3\n"))
        assert " ".join(joined.split()) == text


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"CLICOLOR_FORCE": "0"}, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        ({}, False),
    ],
)
def test_colours_follow_the_environment(
    variables: dict[str, str], colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", pipe := io.StringIO())
    output.print_table(COLUMNS, ROWS)
    assert ("\x1b[33m" in pipe.getvalue()) is colours
    assert LONG in pipe.getvalue()  # a pipe is a pipe
