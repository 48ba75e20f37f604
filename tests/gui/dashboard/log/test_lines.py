from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from preheat_gui.dashboard.log.lines import FIRST_BYTES, MAX_LINES, LogChange, LogLines, LogTail

HEAD = "2026-11-22T02:06:28+0000"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "preheat.log"


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def test_reads_the_file_and_then_new_lines(path: Path) -> None:
    append(path, "one\ntwo\n")
    tail = LogTail(path)
    assert tail.read() == LogChange(("one", "two"), restart=True)
    assert tail.read() == LogChange()
    append(path, "three\r\n")
    assert tail.read() == LogChange(("three",))


def test_an_incomplete_line_waits(path: Path) -> None:
    append(path, "one\nhal")
    tail = LogTail(path)
    assert tail.read().lines == ("one",)
    append(path, "f\n")
    assert tail.read().lines == ("half",)


def test_a_split_character_is_read_whole(path: Path) -> None:
    tail = LogTail(path)
    path.write_bytes("é".encode()[:1])
    assert tail.read().lines == ()
    with path.open("ab") as file:
        file.write("é\n".encode()[1:])
    assert tail.read().lines == ("é",)


def test_only_the_end_of_a_large_file_is_read(path: Path) -> None:
    line = "x" * 99 + "\n"
    append(path, "first\n" + line * (2 * FIRST_BYTES // 100))
    lines = LogTail(path).read().lines
    assert len(lines) == FIRST_BYTES // 100 - 1
    assert set(lines) == {"x" * 99}


def test_rotation_loses_no_lines(path: Path) -> None:
    append(path, "one\n")
    tail = LogTail(path)
    tail.read()
    append(path, "two\n")
    path.rename(path.with_name("preheat.log.1"))
    append(path, "three\n")
    assert tail.read() == LogChange(("two", "three"))
    append(path, "four\n")
    assert tail.read() == LogChange(("four",))


def test_a_file_that_was_replaced_or_emptied_is_read_from_its_start(path: Path) -> None:
    append(path, "one\ntwo\n")
    tail = LogTail(path)
    tail.read()
    os.truncate(path, 0)
    append(path, "new\n")
    assert tail.read() == LogChange(("new",), restart=True)
    append(path.with_name("other"), "other\n")
    path.with_name("other").replace(path)
    assert tail.read() == LogChange(("other",), restart=True)


def test_the_file_may_appear_and_disappear(path: Path) -> None:
    tail = LogTail(path)
    assert tail.read() == LogChange()
    append(path, "one\n")
    assert tail.read() == LogChange(("one",), restart=True)
    path.unlink()
    assert tail.read() == LogChange(restart=True)


def test_an_unreadable_file_reports_the_reason(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    assert "irectory" in str(LogTail(tmp_path / "log").read().problem)


def test_a_traceback_has_its_records_level() -> None:
    lines = LogLines()
    lines.add([f"{HEAD} ERROR   preheat.core.engine: it ended", "Traceback:", f"{HEAD} INFO    preheat: on"])
    lines.set_filter(logging.ERROR, "")
    assert [line.text for line in lines.wanted()] == [f"{HEAD} ERROR   preheat.core.engine: it ended", "Traceback:"]


def test_search_words_match_anywhere() -> None:
    lines = LogLines()
    lines.set_filter(logging.NOTSET, "WARM pool")
    new = lines.add([f"{HEAD} INFO    preheat.pool: warming", f"{HEAD} INFO    preheat.pool: cold"])
    assert [line.text for line in new] == [f"{HEAD} INFO    preheat.pool: warming"]


def test_the_oldest_lines_are_removed() -> None:
    lines = LogLines()
    lines.add(str(number) for number in range(MAX_LINES + 10))
    assert len(lines) == MAX_LINES
    assert lines.wanted()[0].text == "10"
