from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from preheat.login_item import LoginItemError, login_item
from preheat.login_item.macos import LaunchAgent

COMMAND = ("/Applications/My Preheat.app/Contents/MacOS/preheat", "tray", "--login")


def test_switching_it_on_and_off(tmp_path: Path) -> None:
    agent = LaunchAgent(COMMAND, tmp_path / "LaunchAgents")
    assert not agent.is_on()
    agent.switch(True)
    assert agent.is_on()
    content = plistlib.loads(agent.path.read_bytes())
    assert content["ProgramArguments"] == list(COMMAND)
    assert content["Label"] == agent.path.stem
    assert agent.command() == tuple(COMMAND)
    agent.switch(False)
    assert agent.command() == ()
    assert not agent.is_on()
    assert list(agent.path.parent.iterdir()) == []


@pytest.mark.parametrize("change", [{"Disabled": True}, {"RunAtLoad": False}])
def test_an_agent_switched_off_elsewhere_is_off(tmp_path: Path, change: dict[str, bool]) -> None:
    agent = LaunchAgent(COMMAND, tmp_path)
    agent.switch(True)
    agent.path.write_bytes(plistlib.dumps(plistlib.loads(agent.path.read_bytes()) | change))
    assert not agent.is_on()


def test_a_broken_agent_is_off_and_can_be_replaced(tmp_path: Path) -> None:
    agent = LaunchAgent(COMMAND, tmp_path)
    agent.path.write_text("no plist")
    assert not agent.is_on()
    agent.switch(True)
    assert agent.is_on()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "LaunchAgents").write_text("in the way")
    with pytest.raises(LoginItemError, match="LaunchAgents"):
        LaunchAgent(COMMAND, tmp_path / "LaunchAgents").switch(True)


def test_macos_uses_a_launch_agent() -> None:
    assert isinstance(login_item(platform="darwin"), LaunchAgent)
