"""Missing system packages are installed or reported."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from setup import system_packages
from setup.system_packages import Need
from setup_step import SetupError

HERE = Need("libc6", "libc.so.6")
ABSENT = (Need("libnowhere1", "libnowhere.so.1"), Need("nothing-tools", program="no-such-program"))


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Arguments of apt-get, with a group ``gui`` of two missing packages."""
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


def test_libraries_are_found_by_loading_them() -> None:
    assert system_packages.missing((HERE, Need("coreutils", program="ls"), *ABSENT)) == ["libnowhere1", "nothing-tools"]


def test_missing_packages_are_installed_as_root(apt: list[list[str]]) -> None:
    system_packages.install("gui")
    assert apt[0][:2] == ["apt-get", "update"]
    assert apt[1][:2] == ["apt-get", "install"]
    assert apt[1][-2:] == ["libnowhere1", "nothing-tools"]


def test_nothing_is_installed_if_nothing_is_missing(apt: list[list[str]]) -> None:
    system_packages.install("tests")
    assert apt == []


def test_without_root_the_command_is_printed(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="sudo apt-get install libnowhere1 nothing-tools"):
        system_packages.install("gui")
    assert apt == []


def test_errors_of_apt_are_reported(apt: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
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
