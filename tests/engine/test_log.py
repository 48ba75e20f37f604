from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from preheat.log import log_file, setup_logging


@pytest.fixture(autouse=True)
def logging_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    root = logging.getLogger()
    level = root.level
    yield
    setup_logging("info", to_file=False, console=False)
    root.setLevel(level)
    for name in ("preheat", "preheat_gui"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_the_file_has_level_logger_and_message() -> None:
    setup_logging("info", to_file=True, console=False)
    logging.getLogger("preheat.core.engine").info("model %s: %s", "tiny", "hot")
    logging.getLogger("preheat.core.engine").debug("not printed")
    text = log_file().read_text(encoding="utf-8")
    assert text.endswith(" INFO    preheat.core.engine: model tiny: hot\n")
    assert text.count("\n") == 1


def test_names_cannot_forge_records() -> None:
    setup_logging("info", to_file=True, console=False)
    name = "a\0b\n2026-01-01T00:00:00+0000 ERROR   preheat: \x1b[31m\u2028\ud800"
    record = logging.LogRecord("preheat", logging.INFO, "", 1, "no setting %s", (name,), None)
    # Not through the logger: reports of tests cannot hold half a character.
    next(each for each in logging.getLogger().handlers if isinstance(each, RotatingFileHandler)).handle(record)
    head, more = log_file().read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert head.endswith("no setting a\\x00b")
    assert more == "  2026-01-01T00:00:00+0000 ERROR   preheat: \\x1b[31m\\x2028\\ud800"


def test_debug_is_told_when_asked_for() -> None:
    setup_logging("debug", to_file=True, console=False)
    logging.getLogger("preheat.core.engine").debug("a decision")
    assert "a decision" in log_file().read_text(encoding="utf-8")


def test_the_console_is_concise(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", to_file=False, console=True)
    logging.getLogger("preheat.core.engine").info("ready")
    logging.getLogger("preheat.core.engine").warning("hm")
    logging.getLogger("uvicorn.error").info("not printed")
    logging.getLogger("uvicorn.error").error("bad")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line[9:] for line in captured.err.splitlines()] == ["ready", "warning: hm", "error: uvicorn.error: bad"]
    assert not log_file().exists()


def test_a_second_call_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info", to_file=True, console=True)
    setup_logging("info", to_file=True, console=True)
    logging.getLogger("preheat").info("once")
    assert capsys.readouterr().err.count("once") == 1
    assert log_file().read_text(encoding="utf-8").count("once") == 1


def test_a_file_that_cannot_be_opened_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    setup_logging("info", to_file=True, console=True)
    logging.getLogger("preheat").info("still here")
    printed = capsys.readouterr().err
    assert f"warning: no log file: {log_file()} cannot be opened" in printed
    assert "still here" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes among the files")
def test_a_pipe_in_the_place_of_the_file_is_a_warning(preheat_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_file().parent.mkdir(parents=True)
    os.mkfifo(log_file())
    setup_logging("info", to_file=True, console=True)
    assert "cannot be opened: it is not a regular file" in capsys.readouterr().err


def test_no_standard_error_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    setup_logging("info", to_file=True, console=True)
    logging.getLogger("preheat").info("printed")
    assert "printed" in log_file().read_text(encoding="utf-8")


def test_old_files_are_kept_and_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.log._FILE_BYTES", 200)
    setup_logging("info", to_file=True, console=False)
    for number in range(50):
        logging.getLogger("preheat").info("line %d, long enough that few fit into one file", number)
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["preheat.log", "preheat.log.1", "preheat.log.2", "preheat.log.3"]
    assert all(path.stat().st_size <= 200 for path in (tmp_path / "logs").iterdir())


def test_an_import_sets_nothing_up() -> None:
    code = "import logging, preheat.log; assert not logging.getLogger().handlers"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
