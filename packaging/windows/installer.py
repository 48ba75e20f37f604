"""Compile the installer for Windows from a bundle, on any system with ``makensis``.

Usage: ``python packaging/windows/installer.py --bundle dist/preheat --output dist/preheat-setup.exe``.
With ``--check``, the bundle of another system replaces that of Windows, and the result is deleted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from project import ROOT, Project, read_project
from setup.system_packages import install
from setup_step import SetupError, exit_code_of, say

HERE: Final = Path(__file__).resolve().parent
SCRIPT: Final = HERE / "preheat.nsi"
PROGRAMS: Final = ("preheat.exe", "preheat-tray.exe")

MOST_CHARACTERS: Final = 170
"""Of a path below the installation folder: Windows allows 260 in all, of which a long user name takes some."""


@dataclass(frozen=True, slots=True)
class BundledFile:
    """A file of the bundle: its path below the bundle's folder, and its size in bytes."""

    path: PurePosixPath
    size: int


def bundled_files(bundle: Path) -> list[BundledFile]:
    """Return the files of a bundle, sorted by path.

    Raises:
        SetupError: A program is missing, or Windows does not accept a name.
    """
    files = [
        BundledFile(PurePosixPath(path.relative_to(bundle).as_posix()), path.stat().st_size)
        for path in sorted(bundle.rglob("*"))
        if path.is_file()
    ]
    problems = problems_of(files)
    if problems:
        raise SetupError("\n  ".join(problems), remedy=f"Build the bundle in {bundle} again, on Windows.")
    return files


def problems_of(files: Sequence[BundledFile]) -> list[str]:
    """Return a line for each missing program and for each name that Windows does not accept."""
    names = [str(file.path) for file in files]
    problems = [f"{program} is missing" for program in PROGRAMS if program not in names]
    seen: dict[str, str] = {}
    for name in names:
        if len(name) > MOST_CHARACTERS:
            problems.append(f"{name} is longer than {MOST_CHARACTERS} characters")
        if set(name) & set('<>:"|?*\\') or any(part.endswith((".", " ")) for part in name.split("/")):
            problems.append(f"{name} is no name on Windows")
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            problems.append(f"{name} and {other} are one file on Windows")
    return problems


def install_script(files: Sequence[BundledFile], bundle: Path) -> str:
    """Return NSIS commands that write the files below ``$INSTDIR``."""
    lines = []
    folder: PurePosixPath | None = None
    for file in sorted(files, key=lambda file: (file.path.parent, file.path.name)):
        if file.path.parent != folder:
            folder = file.path.parent
            lines.append(f"SetOutPath {_target(folder)}")
        lines.append(f'File "{bundle / file.path}"')  # read by the compiler: a "$" is literal here
    return "\n".join(lines) + "\n"


def remove_files_script(files: Sequence[BundledFile]) -> str:
    """Return NSIS commands that delete exactly these files."""
    return "".join(f"Delete {_target(file.path)}\n" for file in files)


def remove_folders_script(files: Sequence[BundledFile]) -> str:
    """Return NSIS commands that remove the folders of these files if they are empty; ``$INSTDIR`` is not among them."""
    folders = {parent for file in files for parent in file.path.parents if parent.name}
    deepest_first = sorted(folders, key=lambda folder: (-len(folder.parts), folder))
    return "".join(f"RMDir {_target(folder)}\n" for folder in deepest_first)


def installed_kb(files: Sequence[BundledFile]) -> int:
    """Return the size for "Add or remove programs", in KiB."""
    return -(-sum(file.size for file in files) // 1024)


def compile_installer(
    bundle: Path,
    output: Path,
    *,
    icons: Path | None = None,
    sign: str = "",
    cpu: str = "x86-unicode",
    compressed: bool = True,
) -> None:
    """Compile the installer of a bundle into ``output``.

    Args:
        icons: Folder that ``program_icons.py`` has filled; None for NSIS's own pictures.
        sign: A command that signs the file named after it; empty for none.
        cpu: Of the installer itself; NSIS for Windows has only x86-unicode.
        compressed: Whether the result is for users; otherwise it is made in a few seconds.

    Raises:
        SetupError: makensis is missing or failed, or the bundle cannot be installed on Windows.
    """
    makensis = shutil.which("makensis")
    if makensis is None:
        raise SetupError("makensis was not found", remedy="Debian: apt install nsis. Windows: choco install nsis.")
    files = bundled_files(bundle)
    with tempfile.TemporaryDirectory(prefix="preheat-") as temporary:
        folder = Path(temporary)
        scripts = {
            "INSTALL_FILES": install_script(files, bundle.absolute()),
            "REMOVE_FILES": remove_files_script(files),
            "REMOVE_FOLDERS": remove_folders_script(files),
        }
        for name, text in scripts.items():
            # NSIS reads files without this mark in the system's own encoding.
            (folder / f"{name}.nsh").write_text(text, encoding="utf-8-sig")
        defines = definitions(read_project(), installed_kb(files), output.absolute(), cpu)
        defines |= {name: str(folder / f"{name}.nsh") for name in scripts}
        if icons is not None:
            defines |= {
                "ICON": str(icons.absolute() / "preheat.ico"),
                "BANNER": str(icons.absolute() / "installer.bmp"),
            }
        if sign:
            defines["SIGN"] = sign
        if not compressed:
            defines["UNCOMPRESSED"] = ""
        options = [f"-D{name}={value}" for name, value in defines.items()]
        command = [makensis, "-V2", "-WX", "-INPUTCHARSET", "UTF8", *options, str(SCRIPT)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise SetupError(f"makensis failed:\n  {said}", remedy=f"See {SCRIPT}.")


def check_script(bundle: Path, icons: Path | None) -> None:
    """Compile the script with the bundle of another system, without compression.

    Raises:
        SetupError: It does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="preheat-", dir=bundle.parent) as temporary:
        copy = Path(temporary) / "preheat"
        shutil.copytree(bundle, copy, symlinks=False, copy_function=os.link)  # quick: the same files
        for program in PROGRAMS:
            (copy / Path(program).stem).rename(copy / program)
        output = Path(temporary) / "preheat-setup.exe"
        compile_installer(copy, output, icons=icons, compressed=False)


def definitions(project: Project, size_kb: int, output: Path, cpu: str) -> dict[str, str]:
    """Return what the script needs to know, by name."""
    return {
        "VERSION": project.version,
        "WINDOWS_VERSION": project.windows_version,
        "PUBLISHER": project.publisher,
        "HOMEPAGE": project.homepage,
        "ISSUES": project.issues,
        "SIZE_KB": str(size_kb),
        "OUTPUT": str(output),
        "CPU": cpu,
    }


def _target(path: PurePosixPath) -> str:
    below = str(PureWindowsPath(path)).replace("$", "$$")
    return f'"$INSTDIR\\{below}"' if path.parts else '"$INSTDIR"'


def main(arguments: Sequence[str] | None = None) -> None:
    """Compile the installer that the command line describes."""
    project = read_project()
    parser = argparse.ArgumentParser(description="Compile the installer for Windows.")
    parser.add_argument("--bundle", type=Path, default=ROOT / "dist" / "preheat", help="Folder of the bundle.")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist" / f"preheat-{project.version}-windows-x86_64-setup.exe"
    )
    parser.add_argument("--icons", type=Path, help="Folder that program_icons.py has filled.")
    parser.add_argument("--check", action="store_true", help="Only check the script, with the bundle of this system.")
    parser.add_argument("--sign", default="", help="Command that signs the file named after it.")
    options = parser.parse_args(arguments)
    if options.check:
        try:
            install("installer")
        except SetupError as error:
            say(f"the script of the installer for Windows was not checked: {error}")
            return
        check_script(options.bundle, options.icons)
        say("the script of the installer for Windows compiles with this system's bundle")
        return
    compile_installer(options.bundle, options.output, icons=options.icons, sign=options.sign)
    say(f"{options.output} ({options.output.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
