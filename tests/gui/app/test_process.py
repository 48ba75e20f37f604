"""One tray a user, whatever happens to the first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from preheat_gui.app.process import Answer, Request, SingleInstance, socket_name

SECOND_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from preheat_gui.app.process import SingleInstance, Request
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print("first" if instance.take() else instance.ask_first(Request(sys.argv[2]), 5.0), flush=True)
"""


@pytest.fixture
def first(tmp_path: Path, qtbot: QtBot) -> Iterator[SingleInstance]:
    """The first tray, which listens."""
    instance = SingleInstance(tmp_path)
    assert instance.take()
    instance.listen()
    yield instance
    instance.release()


def second_start(folder: Path, wish: Request, qtbot: QtBot) -> str:
    """Start a second process next to this one; return its result."""
    process = subprocess.Popen(
        [sys.executable, "-c", SECOND_START, str(folder), wish],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
    )
    qtbot.waitUntil(lambda: process.poll() is not None)
    output, errors = process.communicate()
    assert errors == ""
    return output.strip()


def test_a_second_start_shows_the_first(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(first.show_requested):
        assert second_start(tmp_path, Request.SHOW, qtbot) == Answer.DONE


def test_a_second_start_at_login_shows_nothing(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(first.show_requested):
        assert second_start(tmp_path, Request.PING, qtbot) == Answer.DONE


def test_a_second_start_replaces_an_ending_instance(first: SingleInstance, tmp_path: Path, qtbot: QtBot) -> None:
    first.set_ending()
    with qtbot.assertNotEmitted(first.show_requested):
        assert second_start(tmp_path, Request.SHOW, qtbot) == Answer.ENDING
    first.release()
    assert second_start(tmp_path, Request.SHOW, qtbot) == "first"


def test_a_hanging_instance_is_detected(first: SingleInstance, tmp_path: Path) -> None:
    other = SingleInstance(tmp_path)
    assert not other.take()
    assert other.ask_first(Request.SHOW, 0.3) is Answer.SILENT  # this thread is the one that would have to answer
    assert other.first_pid() == os.getpid()


def test_a_starting_instance_is_waited_for(tmp_path: Path, qtbot: QtBot) -> None:
    starting = SingleInstance(tmp_path)
    assert starting.take()
    script = SECOND_START.replace("print(", "print('asks', flush=True)\nprint(")
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), Request.SHOW], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "asks\n"
    with qtbot.waitSignal(starting.show_requested):
        starting.listen()
    qtbot.waitUntil(lambda: process.poll() is not None)
    assert process.communicate()[0].strip() == Answer.DONE
    starting.release()


def test_a_killed_instance_blocks_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    script = SECOND_START.replace("print(", "assert instance.take(); instance.listen(); input(print(") + ")"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), Request.SHOW],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert (tmp_path / "tray.lock").exists()
    process.kill()
    process.communicate()
    instance = SingleInstance(tmp_path)
    assert instance.take()
    instance.listen()
    with qtbot.waitSignal(instance.show_requested):
        assert second_start(tmp_path, Request.SHOW, qtbot) == Answer.DONE
    instance.release()


def test_one_of_many_simultaneous_starts_is_first(tmp_path: Path, qtbot: QtBot) -> None:
    script = SECOND_START.replace("print(", "taken = instance.take()\nprint(").replace("if instance.take()", "if taken")
    script = (
        script.replace("else instance.ask_first(Request(sys.argv[2]), 5.0)", 'else "second"') + "\nsys.stdin.read()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), Request.SHOW],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = []
    for process in processes:
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
    for process in processes:
        process.communicate()
    assert sorted(said) == ["first", "second", "second", "second"]


def test_a_folder_with_a_long_name_has_a_socket(tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / ("long" * 30)
    assert not Path(socket_name(folder)).is_relative_to(folder)
    assert socket_name(folder) != socket_name(folder / "other")
    instance = SingleInstance(folder)
    assert instance.take()
    instance.listen()
    assert second_start(folder, Request.SHOW, qtbot) == Answer.DONE
    instance.release()


def test_the_folder_is_the_user_s_alone(tmp_path: Path, qtbot: QtBot) -> None:
    SingleInstance(tmp_path / "runtime")
    assert (tmp_path / "runtime").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="sockets have no folder there")
def test_a_long_temporary_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long" * 30)
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert not Path(socket_name(folder)).is_absolute()  # Qt takes the temporary folder
    monkeypatch.setenv("TMPDIR", str(folder))
    name = socket_name(folder)
    assert Path(name).is_absolute()
    assert len(name) <= 100
