"""What is missing is seen and installed, or told."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

import system_packages
from setup_step import SetupError
from system_packages import Need

HERE = Need("libc6", "libc.so.6")
ABSENT = (Need("libnowhere1", "libnowhere.so.1"), Need("nothing-tools", program="no-such-program"))


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What apt-get was told, with a group ``gui`` that lacks two things."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(system_packages, "GROUPS", {"gui": (HERE, *ABSENT), "tests": (HERE,)})
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return calls


def test_what_is_there_is_seen_by_loading_it() -> None:
    assert system_packages.missing((HERE, Need("coreutils", program="ls"), *ABSENT)) == ["libnowhere1", "nothing-tools"]


def test_root_gets_what_is_missing_installed(apt: list[list[str]]) -> None:
    system_packages.install("gui")
    assert apt[0][:2] == ["apt-get", "update"]
    assert apt[1][:2] == ["apt-get", "install"]
    assert apt[1][-2:] == ["libnowhere1", "nothing-tools"]


def test_nothing_is_done_when_all_is_there(apt: list[list[str]]) -> None:
    system_packages.install("tests")
    assert apt == []


def test_a_user_is_told_the_command(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="sudo apt-get install libnowhere1 nothing-tools"):
        system_packages.install("gui")
    assert apt == []


def test_what_apt_says_is_told(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 100, "", "E: no network")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(SetupError, match="no network"):
        system_packages.install("gui")


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_need_nothing(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr("sys.platform", system)
    system_packages.install("gui")
    assert apt == []
