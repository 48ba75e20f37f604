from __future__ import annotations

import re
from pathlib import Path

import pytest

from preheat.login_item import LoginItemError, login_command, login_item
from preheat.login_item.linux import AutostartEntry

COMMAND = ("/opt/my apps/python", "-m", "preheat", "tray", "--login")


@pytest.fixture
def entry(tmp_path: Path) -> AutostartEntry:
    return AutostartEntry(COMMAND, {"XDG_CONFIG_HOME": str(tmp_path / "config")})


def written(entry: AutostartEntry) -> str:
    return entry.path.read_text(encoding="utf-8")


def test_switching_it_on_and_off(entry: AutostartEntry, tmp_path: Path) -> None:
    assert not entry.is_on()
    entry.switch(True)
    assert entry.path == tmp_path / "config" / "autostart" / "preheat.desktop"
    assert entry.is_on()
    assert 'Exec="/opt/my apps/python" -m preheat tray --login\n' in written(entry)
    assert "TryExec=/opt/my apps/python\n" in written(entry)
    assert list(entry.path.parent.iterdir()) == [entry.path]
    entry.switch(True)
    entry.switch(False)
    assert not entry.path.exists()
    entry.switch(False)
    assert not entry.is_on()


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("Hidden=true", False),
        ("Hidden=false", True),
        ("X-GNOME-Autostart-enabled=false", False),
        ("X-GNOME-Autostart-enabled=true", True),
        ("# Hidden=true", True),
        ("[Desktop Action new]\nHidden=true", True),
    ],
)
def test_an_entry_switched_off_by_the_desktop_is_off(entry: AutostartEntry, line: str, on: bool) -> None:
    entry.switch(True)
    entry.path.write_text(written(entry).replace("X-GNOME-Autostart-enabled=true", line), encoding="utf-8")
    assert entry.is_on() is on


def test_a_hidden_entry_can_be_switched_on(entry: AutostartEntry) -> None:
    entry.path.parent.mkdir(parents=True)
    entry.path.write_text("[Desktop Entry]\nExec=preheat\nHidden=true\n", encoding="utf-8")
    assert not entry.is_on()
    entry.switch(True)
    assert entry.is_on()


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("/usr/bin/python3.11", "/usr/bin/python3.11"),
        ("/a b", '"/a b"'),
        ("/50%", '"/50%%"'),
        ("/a$b", '"/a\\\\$b"'),
        ('/a"b', '"/a\\\\"b"'),
        ("/ä", '"/ä"'),
    ],
)
def test_any_folder_is_quoted_as_the_specification_has_it(tmp_path: Path, word: str, quoted: str) -> None:
    entry = AutostartEntry((word, "tray"), {"XDG_CONFIG_HOME": str(tmp_path)})
    entry.switch(True)
    line = next(line for line in written(entry).splitlines() if line.startswith("Exec="))
    assert line == f"Exec={quoted} tray"
    # What a desktop does with it: unescape the text, take off the quotes and what they escape, then the field codes.
    value = line.removeprefix("Exec=").removesuffix(" tray").replace("\\\\", "\\")
    assert re.sub(r"\\(.)", r"\1", value.strip('"')).replace("%%", "%") == word
    assert entry.command() == (word, "tray")


def test_a_relative_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert AutostartEntry(COMMAND, {"XDG_CONFIG_HOME": "here"}).path.parent == tmp_path / ".config" / "autostart"
    assert AutostartEntry(COMMAND, {}).path.parent == tmp_path / ".config" / "autostart"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("in the way")
    with pytest.raises(LoginItemError, match="autostart"):
        AutostartEntry(COMMAND, {"XDG_CONFIG_HOME": str(tmp_path)}).switch(True)


def test_the_command_is_this_installations() -> None:
    assert login_command()[1:] == ("-P", "-m", "preheat", "tray", "--login")
    assert Path(login_command()[0]).is_file()
    assert isinstance(login_item(platform="linux"), AutostartEntry)
