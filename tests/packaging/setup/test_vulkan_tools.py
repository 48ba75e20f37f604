"""The tools for llama.cpp's Vulkan library: the system's if they are new enough, otherwise Debian's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from setup.vulkan_tools import KEY, PACKAGES, cmake_options
from setup_step import SetupError

APT_GET = """#!/bin/sh
echo "$PWD: $*" >>"{log}"
case "$*" in *" update") cat debian.sources >>"{log}"; exit {code} ;; esac
for name in {packages}; do : >"$name.deb"; done
"""
DPKG_DEB = """#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
cd "$3/usr/lib/x86_64-linux-gnu"
: >libvulkan.so
printf '#!/bin/sh\\necho "loader: $*"\\n' >ld-linux-x86-64.so.2
chmod +x ld-linux-x86-64.so.2
"""


class Programs:
    """Programs in a folder that is the whole search path, but for those of a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "apt.log"
        folder.mkdir()
        for name in ("sh", "mkdir", "chmod", "dirname", "cat"):
            (folder / name).symlink_to(f"/bin/{name}")
        self.environ = {"PATH": str(folder)}

    def add(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def add_compilers(self, *, headers: int = 0, glslc: int = 0) -> None:
        """Add a compiler and a ``glslc`` that end with these exit codes."""
        self.add("c++", f"#!/bin/sh\nexit {headers}\n")
        self.add("glslc", f"#!/bin/sh\nexit {glslc}\n")

    def add_debian(self, code: int = 0) -> None:
        self.add("apt-get", APT_GET.format(log=self.log, packages=" ".join(PACKAGES), code=code))
        self.add("dpkg-deb", DPKG_DEB)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path / "programs")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache of wheels"


def test_new_tools_of_the_system_are_used(programs: Programs, cache: Path) -> None:
    programs.add_compilers()
    assert cmake_options(cache, programs.environ) == []


def test_an_sdk_is_used(programs: Programs, cache: Path) -> None:
    assert cmake_options(cache, {**programs.environ, "VULKAN_SDK": "/opt/vulkan"}) == []


@pytest.mark.parametrize("old", ["headers", "glslc"])
def test_old_tools_are_replaced_by_those_of_debian(programs: Programs, cache: Path, old: str) -> None:
    programs.add_compilers(**{old: 1})
    programs.add_debian()
    options = cmake_options(cache, programs.environ)
    (root,) = cache.iterdir()
    assert options == [
        f"-DCMAKE_PREFIX_PATH={root}/usr",
        f"-DVulkan_INCLUDE_DIR={root}/usr/include",
        f"-DVulkan_LIBRARY={root}/usr/lib/x86_64-linux-gnu/libvulkan.so",
        f"-DVulkan_GLSLC_EXECUTABLE={root}/glslc",
    ]
    programs.log.unlink()
    assert cmake_options(cache, programs.environ) == options
    assert not programs.log.exists()


def test_nothing_of_the_systems_apt_is_used(programs: Programs, cache: Path) -> None:
    programs.add_debian()
    cmake_options(cache, programs.environ)
    log = programs.log.read_text()
    assert str(cache) in log
    assert "-oDir::Etc::sourceparts=-" in log
    key = [line for line in KEY.read_text().splitlines() if line]
    assert [line[1:] for line in log.splitlines() if line[1:] in key] == key


def test_glslc_of_debian_gets_its_own_c_library(programs: Programs, cache: Path) -> None:
    programs.add_debian()
    program = cmake_options(cache, programs.environ)[-1].partition("=")[2]
    said = subprocess.run([program, "-c", "a b"], env=dict(os.environ), capture_output=True, text=True, check=True)
    root = Path(program).parent
    assert said.stdout == f"loader: --library-path {root}/usr/lib/x86_64-linux-gnu {root}/usr/bin/glslc -c a b\n"


def test_without_the_network_nothing_is_left(programs: Programs, cache: Path) -> None:
    programs.add_debian(code=100)
    with pytest.raises(SetupError, match="apt-get update failed with exit code 100"):
        cmake_options(cache, programs.environ)
    assert list(cache.iterdir()) == []


def test_other_systems_are_told_what_is_missing(programs: Programs, cache: Path) -> None:
    with pytest.raises(SetupError, match="dnf install vulkan-loader-devel"):
        cmake_options(cache, programs.environ)
