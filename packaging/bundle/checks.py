"""Checks of a finished bundle; ``build.py`` runs them, and fails if one finds something."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from bundle.contents import is_wanted

NEWEST_SYMBOLS: Final = {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30)}
"""The newest versions that a library may need, by name: those of Ubuntu 22.04."""

MIB: Final = 1 << 20
SIZE_LIMITS: Final = {
    "PySide6": 90 * MIB,
    "numpy": 45 * MIB,
    "llama_cpp": 72 * MIB,  # 42 of them are the library for Vulkan
    f"python3.{sys.version_info.minor}": 12 * MIB,
    "whole": 291 * MIB,  # 305 MB; cryptography, for the keyring, is 14 of them
}
"""Limits of folders in ``_internal``, with those that begin with the same name, in bytes."""

_VERSION: Final = re.compile(r"(GLIBC|GLIBCXX)_([0-9.]+)")
_START_LIMIT_S: Final = 20.0


def problems(bundle: Path, build_folders: Sequence[str]) -> list[str]:
    """Return everything that is wrong with a bundle, one line each.

    Args:
        build_folders: Paths of the build machine, which must not be in any file but native code.
    """
    internal = bundle / "_internal"
    return [
        *unwanted_files(internal),
        *native_problems(bundle),
        *leaked_paths(internal, build_folders),
        *too_large(sizes(internal)),
        *failing_starts(bundle),
    ]


def unwanted_files(internal: Path) -> Iterator[str]:
    """Find files that must not be in the bundle, and links to nothing."""
    for path in sorted(internal.rglob("*")):
        name = PurePosixPath(path.relative_to(internal))
        if path.is_symlink() and not path.exists():
            yield f"{name} links to nothing"
        elif (
            path.is_file()
            and "resources" not in name.parts
            and not name.match("llama_cpp/lib/*")
            and not is_wanted(name)
        ):
            yield f"{name} must be left out"


def native_problems(bundle: Path) -> Iterator[str]:
    """Find libraries that need a newer system, or look for others in a folder of the build machine. Linux."""
    for path in sorted(bundle.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
            library = ELFFile(file)
            name = path.relative_to(bundle)
            yield from (f"{name} needs {version}" for version in too_new(set(_needed_versions(library))))
            yield from (f"{name} looks for libraries in {folder}" for folder in _fixed_folders(library))


def too_new(versions: Collection[str]) -> list[str]:
    """Return those of these symbol versions that are newer than ``NEWEST_SYMBOLS``."""
    found = (_VERSION.fullmatch(version) for version in versions)
    numbers = {match[0]: (match[1], tuple(map(int, match[2].split(".")))) for match in found if match}
    newer = {version for version, (name, number) in numbers.items() if number > NEWEST_SYMBOLS[name]}
    return sorted(newer | ({"GLIBC_ABI_DT_RELR"} & set(versions)))  # packed relocations, since 2.36


def leaked_paths(internal: Path, folders: Sequence[str]) -> Iterator[str]:
    """Find files with a path of the build machine. Native code is not searched: an interpreter contains its prefix."""
    leaks = [(folder, folder.encode()) for folder in folders]
    for path in sorted(internal.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if not content.startswith(b"\x7fELF"):
            yield from (f"{path.relative_to(internal)} contains {folder}" for folder, leak in leaks if leak in content)


def sizes(internal: Path) -> dict[str, int]:
    """Return the sizes of the parts with a limit, in bytes."""
    table = dict.fromkeys(SIZE_LIMITS, 0)
    for path in internal.parent.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        table["whole"] += size
        part = path.relative_to(internal).parts[0] if path.is_relative_to(internal) else ""
        for name in table:
            if part.startswith(name):
                table[name] += size
    return table


def too_large(table: Mapping[str, int]) -> list[str]:
    """Return the parts over their limits."""
    return [
        f"{name} has {size / MIB:.1f} MiB; the limit is {SIZE_LIMITS[name] / MIB:.0f} MiB"
        for name, size in table.items()
        if size > SIZE_LIMITS[name]
    ]


def failing_starts(bundle: Path) -> Iterator[str]:
    """Start each executable in an empty environment."""
    for command in (["preheat", "--worker"], ["preheat", "--help"], ["preheat-tray", "--version"]):
        done = subprocess.run(
            [str(bundle / command[0]), *command[1:]],
            env={},
            stdin=subprocess.DEVNULL,  # its end ends a worker
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_START_LIMIT_S,
        )
        if done.returncode:
            yield f"`{' '.join(command)}` fails: {done.stderr.strip()}"


def _needed_versions(library: ELFFile) -> Iterator[str]:
    for section in library.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, versions in section.iter_versions():
                yield from (version.name for version in versions)


def _fixed_folders(library: ELFFile) -> Iterator[str]:
    for section in library.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags():
                kind = tag.entry.d_tag
                if kind in ("DT_RPATH", "DT_RUNPATH"):
                    folders = str(getattr(tag, kind.removeprefix("DT_").lower())).split(":")
                    yield from (folder for folder in folders if not folder.startswith("$ORIGIN"))
