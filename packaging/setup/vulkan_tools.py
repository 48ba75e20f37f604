"""Find what the build of llama.cpp's Vulkan library needs: headers of Vulkan and SPIR-V, the loader, and ``glslc``.

Debian 12 and Ubuntu 22.04 have headers that are too old, and a ``glslc`` without cooperative matrices, which make long
prompts faster on most graphics cards. There, those of Debian 13 are unpacked into the cache folder; nothing is
installed, so that this needs no root. apt-get checks them against Debian's key, which is in this folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, run, say

PACKAGES: Final = (
    "glslc",
    "libshaderc1",
    "libvulkan-dev",
    "libvulkan1",
    "spirv-headers",
    # What glslc is linked to.
    "libc6",
    "libgcc-s1",
    "libstdc++6",
)
SUITE: Final = "trixie"
MIRROR: Final = "http://deb.debian.org/debian"
KEY: Final = Path(__file__).with_name("vulkan") / "debian-13.asc"

_HEADERS: Final = """
#include <vulkan/vulkan.hpp>
#include <spirv/unified1/spirv.hpp>
vk::LayerSettingEXT setting;
"""
_SHADER: Final = """
#version 460
#extension GL_KHR_cooperative_matrix : require
void main() {}
"""
_REMEDY: Final = (
    "Install Vulkan's headers of version 1.3.280 or newer, SPIR-V's headers, and glslc. Debian 13, Ubuntu 25.04 and "
    "later: sudo apt install libvulkan-dev spirv-headers glslc. Fedora: sudo dnf install vulkan-loader-devel "
    "spirv-headers-devel glslc. Or set VULKAN_SDK to the folder of LunarG's SDK."
)


def cmake_options(cache: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return CMake's options for the tools; none if it finds the right ones by itself.

    Args:
        cache: Where tools from Debian are kept.

    Raises:
        SetupError: There are none, and none can be fetched.
    """
    if environ.get("VULKAN_SDK") or (headers_are_new(environ) and glslc_is_new(environ)):
        return []
    if sys.platform == "win32" or not shutil.which("apt-get", path=environ.get("PATH")):
        raise SetupError("the tools for Vulkan are missing or too old.", remedy=_REMEDY)
    return _options(debian_tools(cache / f"vulkan-tools-{SUITE}", environ))


def headers_are_new(environ: Mapping[str, str]) -> bool:
    """Return whether the compiler finds headers that llama.cpp can use."""
    compiler = environ.get("CXX", "").split() or ["c++"]
    return _accepts([*compiler, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"], _HEADERS, environ)


def glslc_is_new(environ: Mapping[str, str]) -> bool:
    """Return whether there is a ``glslc`` that knows cooperative matrices."""
    command = ["glslc", "-fshader-stage=compute", "--target-env=vulkan1.3", "-o", os.devnull, "-"]
    return _accepts(command, _SHADER, environ)


def _accepts(command: list[str], source: str, environ: Mapping[str, str]) -> bool:
    program = shutil.which(command[0], path=environ.get("PATH"))
    if program is None:
        return False
    done = subprocess.run([program, *command[1:]], input=source.encode(), env=environ, capture_output=True, check=False)
    return done.returncode == 0


def debian_tools(folder: Path, environ: Mapping[str, str]) -> Path:
    """Return a folder with Debian's tools; fetches them unless it exists.

    Raises:
        SetupError: They cannot be fetched.
    """
    if folder.is_dir():
        return folder
    say(f"fetching tools for Vulkan from Debian {SUITE} (8 MB)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vulkan-tools-", dir=folder.parent) as temporary:
        root = Path(temporary, "root")
        root.mkdir()
        for package in _download(Path(temporary, "apt"), environ):
            run(["dpkg-deb", "--extract", str(package), str(root)], "dpkg-deb", _REMEDY, environ=environ)
        # A C library of its own: Debian's programs need a newer one than the system may have.
        loader = next(root.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*")).relative_to(root)
        script = root / "glslc"
        script.write_text(
            '#!/bin/sh\nhere=$(dirname "$0")\n'
            f'exec "$here/{loader}" --library-path "$here/{loader.parent}" "$here/usr/bin/glslc" "$@"\n',
            encoding="utf-8",
        )
        script.chmod(0o755)
        root.rename(folder)
    return folder


def _download(folder: Path, environ: Mapping[str, str]) -> list[Path]:
    """Download the packages, with apt-get but without the system's sources, lists and packages."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    key = "".join(f" {line or '.'}\n" for line in KEY.read_text(encoding="ascii").splitlines())
    sources = folder / "debian.sources"
    sources.write_text(
        f"Types: deb\nURIs: {MIRROR}\nSuites: {SUITE}\nComponents: main\nSigned-By:\n{key}", encoding="ascii"
    )
    (folder / "status").touch()
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "true",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    for arguments in (["update"], ["download", *PACKAGES]):
        command = ["apt-get", "-qq", *options, *arguments]
        run(command, f"apt-get {arguments[0]}", f"Check the network. {_REMEDY}", environ=environ, folder=folder)
    return sorted(folder.glob("*.deb"))


def _options(root: Path) -> list[str]:
    (library,) = root.glob("usr/lib/*-linux-gnu*/libvulkan.so")
    return [
        f"-DCMAKE_PREFIX_PATH={root / 'usr'}",
        f"-DVulkan_INCLUDE_DIR={root / 'usr' / 'include'}",
        f"-DVulkan_LIBRARY={library}",
        f"-DVulkan_GLSLC_EXECUTABLE={root / 'glslc'}",
    ]
