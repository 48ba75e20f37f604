"""Run the installer for Windows under Wine: install, upgrade while the tray runs, uninstall.

The installer is compiled from the real script; small stand-ins take the place of Preheat's programs. Wine does not
store a shortcut's application identity, so that one property is not seen here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from project import read_project
from setup.system_packages import install
from setup_step import SetupError, exit_code_of, say
from windows.installer import PROGRAMS, compile_installer

HERE: Final = Path(__file__).resolve().parent
WINE: Final = "/usr/lib/wine/wine64"  # Debian's; its package has no command on the path
KEYS: Final = r"HKCU\Software\Microsoft\Windows\CurrentVersion"
TIMEOUT_S: Final = 120.0


class Windows:
    """A new Windows user in a Wine prefix, with a folder for what stand-ins write."""

    def __init__(self, folder: Path) -> None:
        self._wine = WINE
        self.notes = folder / "notes"
        self.notes.mkdir()
        self._prefix = folder / "prefix"
        self._environ = {
            **os.environ,
            "WINEPREFIX": str(self._prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # its own installers of Mono and Gecko
            "PREHEAT_STAND_IN": "Z:" + str(self.notes).replace("/", "\\"),
        }
        self.run("wineboot", "-i")

    @property
    def home(self) -> Path:
        """The user's folder."""
        (home,) = [path for path in (self._prefix / "drive_c" / "users").iterdir() if path.name != "Public"]
        return home

    @property
    def drive(self) -> Path:
        """The folder of drive C."""
        return self._prefix / "drive_c"

    def run(self, *command: str | Path) -> int:
        """Run a program to its end; return its exit code."""
        return subprocess.run(
            [self._wine, *map(str, command)],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        ).returncode

    def start(self, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a stand-in, and return once it runs."""
        before = self.calls()
        process = subprocess.Popen([self._wine, str(program), *arguments], env=self._environ)
        wait_until(lambda: self.calls() != before, f"{program.name} was started")
        return process

    def calls(self) -> list[str]:
        """Return the programs that ran, with their arguments."""
        try:
            return (self.notes / "calls.txt").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def value(self, key: str, name: str) -> str | None:
        """Return a value of the registry below ``KEYS``; ``name`` is empty for the default value."""
        which = ["/v", name] if name else ["/ve"]
        done = subprocess.run(
            [self._wine, "reg", "query", f"{KEYS}\\{key}", *which],
            env=self._environ,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
        for line in done.stdout.splitlines():
            _, kind, value = line.partition("REG_")
            if kind:
                return value.partition(" ")[2].strip()
        return None

    def end(self) -> None:
        """End this Windows with all its programs."""
        subprocess.run([str(Path(WINE).with_name("wineserver")), "-k"], env=self._environ, check=False)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition is true.

    Raises:
        SetupError: It does not in time.
    """
    ends_at = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > ends_at:
            raise SetupError(f"not true in time: {what}", remedy="See packaging/windows/preheat.nsi.")
        time.sleep(0.05)


def expect(seen: object, wanted: object, what: str) -> None:
    """Raise SetupError unless both are equal."""
    if seen != wanted:
        raise SetupError(f"{what}: {seen!r}, not {wanted!r}", remedy="See packaging/windows/preheat.nsi.")


def make_bundle(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a bundle with stand-ins and these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for program in PROGRAMS:
        options = [f"-DNAME={program}", f"-DOUTPUT={folder / program}"]
        subprocess.run(["makensis", "-V1", *options, str(HERE / "stand_in.nsi")], check=True)
    return folder


def files_below(folder: Path) -> list[str]:
    """Return all files below a folder, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


OLD: Final = {"_internal/base.zip": "1", "_internal/gone/old.txt": "old", "_internal/odd $name/ä b.txt": "x"}
NEW: Final = {"_internal/base.zip": "2", "_internal/new/new.txt": "new"}


def installed(bundle: Mapping[str, str], *others: str) -> list[str]:
    """Return the files of an installation, sorted."""
    return sorted([*bundle, *PROGRAMS, "uninstall.exe", *others])


def check_installation(windows: Windows, setup: Path) -> None:
    """Install, look at the registry and the Start menu, upgrade a running tray, uninstall."""
    target = windows.home / "AppData/Local/Programs/Preheat"
    path = rf"C:\users\{windows.home.name}\AppData\Local\Programs\Preheat"
    shortcut = windows.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Preheat.lnk"
    expect(windows.run(setup / "old.exe", "/S"), 0, "the installation's exit code")
    expect(files_below(target), installed(OLD), "the installed files")
    expect(windows.value("Run", "Preheat"), None, "start at login by default")
    expect(windows.value(r"Uninstall\Preheat", "DisplayVersion"), read_project().version, "the version")
    expect(windows.value(r"Uninstall\Preheat", "InstallLocation"), path, "the folder")
    expect(windows.value(r"App Paths\preheat.exe", ""), rf"{path}\preheat.exe", "the command's path")
    expect(shortcut.is_file(), True, "a Start menu entry")
    say("installed for the user, without start at login")

    (target / "_internal" / "new").mkdir()
    (target / "_internal" / "new" / "mine.txt").write_text("mine", encoding="utf-8")
    tray = windows.start(target / "preheat-tray.exe")
    calls = len(windows.calls())
    expect(windows.run(setup / "new.exe", "/S", "/LOGIN=1"), 0, "the upgrade's exit code")
    expect(tray.wait(TIMEOUT_S), 0, "the running tray's exit code")
    wait_until(lambda: len(windows.calls()) >= calls + 2, "the tray runs again")
    expect(windows.calls()[calls:], ["preheat.exe quit", "preheat-tray.exe --after-upgrade"], "the programs that ran")
    expect(files_below(target), installed(NEW, "_internal/new/mine.txt"), "the files after the upgrade")
    expect((target / "_internal/base.zip").read_text(encoding="utf-8"), "2", "a file of the newer version")
    expect(windows.value("Run", "Preheat"), rf"{path}\preheat-tray.exe --login", "start at login")
    say("upgraded a running tray, which came back; the older version's files are gone, the user's file is there")

    (windows.notes / "stubborn").touch()
    expect(windows.run(setup / "old.exe", "/S"), 4, "the exit code while Preheat does not end")
    expect(files_below(target), installed(NEW, "_internal/new/mine.txt"), "the files after a refused upgrade")
    (windows.notes / "stubborn").unlink()
    say("refused to replace a Preheat that does not end")

    expect(windows.run(setup / "new.exe", "/S"), 0, "the exit code of a repair")
    expect(windows.value("Run", "Preheat"), rf"{path}\preheat-tray.exe --login", "start at login after an upgrade")
    data = windows.home / "AppData/Local/preheat/models/model.gguf"
    data.parent.mkdir(parents=True)
    data.write_text("model", encoding="utf-8")
    expect(uninstall(windows, target), ["_internal/new/mine.txt"], "the files after the uninstallation")
    expect(data.is_file(), True, "the user's data")
    expect(shortcut.exists(), False, "a Start menu entry")
    for key, name in (
        (r"Uninstall\Preheat", "DisplayName"),
        (r"App Paths\preheat.exe", ""),
        (r"App Paths\preheat-tray.exe", ""),
        ("Run", "Preheat"),
    ):
        expect(windows.value(key, name), None, key)
    say("uninstalled a running tray; only the user's own files and data are left")


def check_other_folder(windows: Windows, setup: Path) -> None:
    """Install into a folder with a space, with start at login; then remove the user's data as well."""
    target = windows.drive / "My Programs" / "Preheat"
    # Two arguments, since NSIS takes the rest of the command line, without quotes.
    folder = (r"/D=C:\My", r"Programs\Preheat")
    expect(windows.run(setup / "old.exe", "/S", "/LOGIN=1", *folder), 0, "the exit code")
    expect(files_below(target), installed(OLD), "the installed files")
    expect(windows.value("Run", "Preheat"), r'"C:\My Programs\Preheat\preheat-tray.exe" --login', "start at login")
    expect(windows.run(setup / "old.exe", "/S", "/LOGIN=0"), 0, "the exit code of a second installation")
    expect(files_below(target), installed(OLD), "the files, in the same folder again")
    expect(windows.value("Run", "Preheat"), None, "start at login after /LOGIN=0")
    expect(uninstall(windows, target, "/PURGE"), [], "the files after the uninstallation")
    expect(target.exists(), False, "the folder")
    expect((windows.home / "AppData/Local/preheat").exists(), False, "the user's data after /PURGE")
    say("installed into a folder with a space; /PURGE removed the user's data")


def uninstall(windows: Windows, target: Path, *options: str) -> list[str]:
    """Run the uninstaller; return the files that it left. It ends before its copy in the temporary folder does."""
    windows.run(target / "uninstall.exe", "/S", *options)
    wait_until(lambda: windows.value(r"Uninstall\Preheat", "DisplayName") is None, "the entry was removed")
    wait_until(lambda: not (target / "uninstall.exe").exists(), "the uninstaller was removed")
    if options:
        wait_until(lambda: not (windows.home / "AppData/Local/preheat").exists(), "the data was removed")
    return files_below(target)


def main() -> None:
    """Compile two versions of the installer, and run them."""
    install("wine")
    with tempfile.TemporaryDirectory(prefix="preheat-wine-") as temporary:
        folder = Path(temporary)
        for name, files in (("old", OLD), ("new", NEW)):
            bundle = make_bundle(folder / name, files)
            compile_installer(bundle, folder / f"{name}.exe", cpu="amd64-unicode")
        windows = Windows(folder)
        try:
            # A new prefix is a Windows 7.
            expect(windows.run(folder / "old.exe", "/S"), 3, "the exit code on Windows 7")
            windows.run("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f")
            check_installation(windows, folder)
            check_other_folder(windows, folder)
        finally:
            windows.end()


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
