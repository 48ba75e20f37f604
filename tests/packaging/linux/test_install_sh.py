"""install.sh and uninstall.sh with a small program in place of the bundle. ``make package-test`` uses the real one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from linux.desktop import desktop_entry
from linux.share import write
from linux.stage import SCRIPTS
from preheat.service.systemd import quoted


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """An unpacked archive."""
    folder = tmp_path / "un packed"
    write(folder / "preheat/preheat", '#!/bin/sh\necho "preheat 1.2.3"\n', 0o755)
    write(folder / "preheat/preheat-tray", "#!/bin/sh\n", 0o755)
    shutil.copy(SCRIPTS / "end-running", folder / "preheat/end-running")
    write(folder / "share/applications/preheat.desktop", desktop_entry())
    write(folder / "share/man/man1/preheat.1", "")
    write(folder / "preheat/installed-files", "applications/preheat.desktop\nman/man1/preheat.1\n")
    for name in ("install.sh", "uninstall.sh"):
        write(folder / name, (SCRIPTS / name).read_text().replace("@MACHINE@", "any"), 0o755)
    write(tmp_path / "programs/uname", '#!/bin/sh\ncase "$1" in -s) echo Linux ;; *) echo any ;; esac\n', 0o755)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home, with a name that is special in shells and in desktop entries."""
    home = tmp_path / 'home of "$x" 100%'
    home.mkdir()
    return home


def run(
    script: Path,
    home: Path | str,
    *arguments: str,
    code: int = 0,
    cwd: Path | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Run a script for the user with this home, in this folder, with more in the environment; return what it prints."""
    programs = script.parents[1] / "programs" if script.name == "install.sh" else home
    environ = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", **more}
    done = subprocess.run([script, *arguments], env=environ, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def files(folder: Path) -> list[str]:
    """Return what is in a folder, without folders."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def test_installs_again_and_leaves_only_the_users_data(unpacked: Path, home: Path) -> None:
    write(home / ".local/share/preheat/models/own.gguf", "")
    write(home / ".local/share/applications/other.desktop", "")
    before = files(home)

    assert "Preheat 1.2.3 is installed" in run(unpacked / "install.sh", home)
    run(unpacked / "install.sh", home)

    assert (home / ".local/bin/preheat").resolve() == (home / ".local/opt/preheat/preheat").resolve()
    assert not list((home / ".local/opt").glob("preheat.*"))
    entry = (home / ".local/share/applications/preheat.desktop").read_text()
    escaped = str(home).replace('"', r"\\" + '"').replace("$", r"\\$").replace("%", "%%")
    assert f'Exec="{escaped}/.local/opt/preheat/preheat-tray"\n' in entry
    assert f"TryExec={home}/.local/opt/preheat/preheat-tray\n" in entry

    assert "models and recorded usage stay" in run(home / ".local/opt/preheat/uninstall.sh", home)

    assert files(home) == before


def test_purge_asks_before_it_deletes(unpacked: Path, home: Path) -> None:
    write(home / ".local/share/preheat/models/own.gguf", "")
    run(unpacked / "install.sh", home, "--prefix", str(home / "else where"))
    uninstall = home / "else where/opt/preheat/uninstall.sh"

    assert "Nothing was removed" in run(uninstall, home, "--purge", code=1)
    assert uninstall.exists()

    run(uninstall, home, "--purge", "--yes")

    assert files(home) == []


def test_removes_only_its_own_start_at_login(unpacked: Path, home: Path) -> None:
    run(unpacked / "install.sh", home)
    autostart = home / ".config/autostart/preheat.desktop"
    write(autostart, "Exec=/usr/lib/preheat/preheat-tray --login\n")

    run(home / ".local/opt/preheat/uninstall.sh", home)

    assert autostart.exists()


def test_removes_the_service_of_a_folder_with_any_name(unpacked: Path, home: Path) -> None:
    run(unpacked / "install.sh", home)
    unit = home / ".config/systemd/user/preheat.service"
    write(unit, f"ExecStart={quoted(f':{home}/.local/opt/preheat/preheat')} serve\n")

    run(home / ".local/opt/preheat/uninstall.sh", home)

    assert not unit.exists()


def test_folders_may_be_links(unpacked: Path, home: Path) -> None:
    """As bin often is for those who keep their settings in a repository, and opt for those with a second disk."""
    write(home / "dotfiles/bin/own", "")
    (home / "disk/programs").mkdir(parents=True)
    (home / ".local").mkdir()
    (home / ".local/bin").symlink_to("../dotfiles/bin")
    (home / ".local/opt").symlink_to(home / "disk/programs")
    run(unpacked / "install.sh", home)
    assert subprocess.check_output([home / ".local/bin/preheat"], text=True) == "preheat 1.2.3\n"

    run(home / "disk/programs/preheat/uninstall.sh", home)

    assert files(home) == [".local/bin", ".local/opt", "dotfiles/bin/own"]


def test_purge_never_follows_a_relative_folder(unpacked: Path, home: Path) -> None:
    run(unpacked / "install.sh", home)
    write(home / "Documents/preheat/thesis.txt", "")
    relative = {name: "." for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    uninstall = home / ".local/opt/preheat/uninstall.sh"

    run(uninstall, home, "--purge", "--yes", cwd=home / "Documents", more=relative)

    assert files(home) == ["Documents/preheat/thesis.txt"]


def test_nothing_is_installed_or_removed_without_a_home(unpacked: Path, home: Path) -> None:
    assert "HOME does not name" in run(unpacked / "install.sh", "", code=1)
    for folder in ("/", "//.", "/usr", "/usr/bin/.."):
        assert "belongs to the system" in run(unpacked / "install.sh", home, "--prefix", folder, code=1)
    run(unpacked / "install.sh", home)
    before = files(home)

    assert "HOME does not name" in run(home / ".local/opt/preheat/uninstall.sh", "", "--purge", "--yes", code=1)
    assert files(home) == before


def test_does_not_replace_what_is_not_preheat(unpacked: Path, home: Path) -> None:
    write(home / ".local/opt/preheat/thesis.txt", "")

    assert "is not Preheat" in run(unpacked / "install.sh", home, code=1)
    assert files(home) == [".local/opt/preheat/thesis.txt"]


def test_a_damaged_archive_replaces_nothing(unpacked: Path, home: Path) -> None:
    run(unpacked / "install.sh", home)
    before = files(home)
    write(unpacked / "preheat/preheat", "#!/bin/sh\nexit 1\n", 0o755)

    assert "the archive is damaged" in run(unpacked / "install.sh", home, code=1)

    assert files(home) == before
    assert "1.2.3" in (home / ".local/opt/preheat/preheat").read_text()


def test_refuses_another_machine(unpacked: Path, home: Path) -> None:
    script = unpacked / "install.sh"
    script.write_text(script.read_text().replace("Linux/any", "Linux/aarch128"))

    assert "aarch128" in run(script, home, code=1) or "is for Linux" in run(script, home, code=1)
    assert files(home) == []
