from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from preheat.installation import ending_grace, start_after_upgrade, upgrade_runs
from preheat.installation.upgrade import PACKAGE_MARKER, UPGRADE_GRACE_S, upgrade_marker
from running_preheat import wait_until


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The executable of a bundle that this process seems to run from."""
    executable = tmp_path / "opt" / "preheat" / "preheat"
    executable.parent.mkdir(parents=True)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(executable))
    return executable


def test_a_source_tree_has_no_marker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert upgrade_marker() is None
    assert not upgrade_runs()


def test_a_bundle_in_a_home_has_its_marker_next_to_its_folder(bundle: Path) -> None:
    assert upgrade_marker() == bundle.parent.with_name("preheat.upgrading")


def test_the_package_has_its_marker_where_only_root_can_write(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/lib/preheat/preheat-tray")

    assert upgrade_marker() == PACKAGE_MARKER


def test_the_archive_in_a_folder_of_the_system_has_its_own_marker(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/local/opt/preheat/preheat")

    assert upgrade_marker() == Path("/usr/local/opt/preheat.upgrading")


def test_the_marker_of_an_installer_that_was_killed_is_ignored_later(bundle: Path) -> None:
    marker = bundle.parent.with_name("preheat.upgrading")
    marker.touch()
    assert upgrade_runs()

    os.utime(marker, (1_000_000_000, 1_000_000_000))

    assert not upgrade_runs()
    start_after_upgrade(["/bin/false"])


def test_requests_get_more_time_only_while_the_marker_exists(bundle: Path) -> None:
    assert ending_grace(5.0) == 5.0

    bundle.parent.with_name("preheat.upgrading").touch()

    assert ending_grace(5.0) == UPGRADE_GRACE_S
    assert ending_grace(600.0) == 600.0


def test_without_an_upgrade_nothing_happens(bundle: Path) -> None:
    start_after_upgrade(["/bin/false"])


_ENDING = """
import sys
from pathlib import Path
from preheat.installation import start_after_upgrade

start_after_upgrade(["/bin/sh", "-c", sys.argv[2]], Path(sys.argv[1]))
"""


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that ends during an upgrade; the command afterwards prints its process id and environment."""
    marker = tmp_path / "upgrading"
    marker.touch()
    then = 'echo "$$ <$PREHEAT_HOME>"'
    environment = {**os.environ, "PREHEAT_HOME": "/home of it"}
    command = [sys.executable, "-c", _ENDING, str(marker), then]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_the_process_becomes_the_command_when_the_marker_is_gone(ending: subprocess.Popen[str], tmp_path: Path) -> None:
    assert ending.stdout is not None
    wait_until(lambda: psutil.Process(ending.pid).cmdline()[:1] == ["sh"])  # empty during exec

    (tmp_path / "upgrading").unlink()

    assert ending.stdout.readline() == f"{ending.pid} </home of it>\n"
    assert ending.wait(10) == 0
