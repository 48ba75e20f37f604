"""The packages of Debian that hold the libraries which the files of a bundle link to, but which are not in it.

Read from the files themselves, so that the list follows the bundle. Debian 13 has renamed some of these packages, but
its packages provide the names of Debian 12.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from setup_step import SetupError

PACKAGES: Final = {
    "ld-linux-aarch64.so.1": "libc6 (>= 2.35)",
    "ld-linux-x86-64.so.2": "libc6 (>= 2.35)",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libc.so.6": "libc6 (>= 2.35)",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdl.so.2": "libc6 (>= 2.35)",
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgbm.so.1": "libgbm1",
    "libgcc_s.so.1": "libgcc-s1 (>= 11)",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libm.so.6": "libc6 (>= 2.35)",
    "libpthread.so.0": "libc6 (>= 2.35)",
    "libresolv.so.2": "libc6 (>= 2.35)",
    "librt.so.1": "libc6 (>= 2.35)",
    "libstdc++.so.6": "libstdc++6 (>= 11)",
    "libutil.so.1": "libc6 (>= 2.35)",
    "libuuid.so.1": "libuuid1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""By file name of the library."""

OPTIONAL: Final = ("libqgtk3.so", "libggml-vulkan.so")
"""Plugins that are left out at run time if their libraries are missing."""

_FILE: Final = re.compile(r"^File: (.+)$")
_NEEDED: Final = re.compile(r"\(NEEDED\).*\[(.+)\]")
_ELF: Final = b"\x7fELF"


def depends(folder: Path) -> list[str]:
    """Return the packages, as in the field ``Depends``.

    Raises:
        SetupError: A library is neither in the folder nor in ``PACKAGES``.
    """
    files = list(elf_files(folder))
    own = {path.name for path in folder.rglob("*.so*")}
    wanted: dict[str, str] = {}
    for file, library in needed(file for file in files if file.name not in OPTIONAL):
        if library not in own:
            wanted.setdefault(library, file)
    if unknown := sorted(set(wanted) - set(PACKAGES)):
        names = ", ".join(f"{library} (for {wanted[library]})" for library in unknown)
        raise SetupError(f"no package is known for {names}.", remedy="Add it to packaging/linux/needed.py.")
    return sorted({PACKAGES[library] for library in wanted})


def elf_files(folder: Path) -> Iterator[Path]:
    """Yield the programs and libraries in a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == _ELF:
                    yield path


def needed(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield each file with each library that it names; with readelf, because the files are of another machine too."""
    command = ["readelf", "--dynamic", "--wide", *map(str, files)]
    file = ""
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if found := _FILE.match(line):
            file = Path(found[1]).name
        elif found := _NEEDED.search(line):
            yield file, found[1]
