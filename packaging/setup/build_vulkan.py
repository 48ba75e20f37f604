"""Build llama.cpp's library for Vulkan devices once, cache it, and install it: python packaging/setup/build_vulkan.py

It is built from the sources of the installed llama-cpp-python, as a wheel of its own, ``preheat-vulkan``, in the same
version. The wheel puts the library next to llama.cpp's others, and pip's record of it has the checksum that Preheat
compares before it loads the file. ``pip uninstall preheat-vulkan`` removes it.

The build takes 10 minutes or more. One that was interrupted goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup.build_llama import DISTRIBUTION, cache_folder, ensure_compiler
from setup.install import VULKAN, installed_from, installed_version
from setup.vulkan_tools import cmake_options
from setup_step import SetupError, exit_code_of, pip, say, whole_file

FLAGS: Final = "-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DGGML_CPU=OFF -DGGML_VULKAN=ON"
"""The library needs nothing but ggml's base, which is the same in each build of a version."""

PROJECT: Final = Path(__file__).with_name("vulkan")
"""The project of the wheel, except for the sources."""

_GGML: Final = "/vendor/llama.cpp/ggml/"


def install(environ: Mapping[str, str] = os.environ) -> None:
    """Install the library for the llama-cpp-python in the environment of this interpreter.

    Raises:
        SetupError: llama-cpp-python is missing, or the build failed.
    """
    version = installed_version(DISTRIBUTION)
    if version is None:
        raise SetupError(f"{DISTRIBUTION} is not installed.", remedy="Use `make vulkan`, which installs it.")
    wheel = ensure_wheel(version, environ)
    if installed_from(VULKAN) != wheel.as_uri():
        say(f"installing {wheel.name}")
        pip(["install", "--force-reinstall", "--no-deps", str(wheel)])
    say("llama.cpp's library for Vulkan is installed; `preheat doctor` says whether it finds a device")


def ensure_wheel(version: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the wheel for a version of llama-cpp-python; builds it unless it is cached.

    Raises:
        SetupError: This system has no Vulkan, a tool is missing, or the build failed.
    """
    folder = wheel_folder(version, environ)
    if wheels := sorted(folder.glob("preheat_vulkan-*.whl")):
        return wheels[0]
    if sys.platform == "darwin":
        raise SetupError("macOS has no Vulkan.", remedy="Nothing is needed: llama.cpp's Metal is part of each build.")
    ensure_compiler(environ)
    flags = shlex.join([*FLAGS.split(), *cmake_options(cache_folder(environ), environ)])
    source = folder / "source"
    if not source.is_dir():
        say(f"fetching the source of {DISTRIBUTION} {version}")
        _fetch_source(version, source, environ)
    say("building llama.cpp's library for Vulkan (once; takes 10 minutes or more)")
    with tempfile.TemporaryDirectory(prefix="preheat-") as temporary:
        pip(
            ["wheel", "--no-deps", "--no-cache-dir", f"--wheel-dir={temporary}", str(source)],
            environ={**environ, "CMAKE_ARGS": flags},
        )
        (built,) = Path(temporary).glob("*.whl")
        with whole_file(folder / built.name) as part:
            shutil.copyfile(built, part)
    shutil.rmtree(source)
    return folder / built.name


def wheel_folder(version: str, environ: Mapping[str, str]) -> Path:
    """Return the folder of the wheel for this version and system, next to those of llama-cpp-python."""
    built_with = "\n".join([FLAGS, sysconfig.get_platform(), *platform.libc_ver()])
    return cache_folder(environ) / f"{version}-vulkan-{hashlib.sha256(built_with.encode()).hexdigest()[:12]}"


def _fetch_source(version: str, target: Path, environ: Mapping[str, str]) -> None:
    """Write the project of the wheel, with ggml's sources from those of llama-cpp-python, to a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="source-", dir=target.parent) as temporary:
        pip(
            [
                "download",
                "--no-deps",
                f"--no-binary={DISTRIBUTION}",
                f"--dest={temporary}",
                f"{DISTRIBUTION}=={version}",
            ]
        )
        (archive,) = Path(temporary).glob("*.tar.gz")
        project = Path(temporary, "project")
        with tarfile.open(archive) as opened:
            for entry in opened:
                _, inside, name = entry.name.partition(_GGML)
                if inside:
                    entry.name = f"ggml/{name}"
                    opened.extract(entry, project, filter="data")
        shutil.copyfile(PROJECT / "CMakeLists.txt", project / "CMakeLists.txt")
        text = (PROJECT / "pyproject.toml.in").read_text(encoding="utf-8")
        (project / "pyproject.toml").write_text(text.replace("@VERSION@", version), encoding="utf-8")
        project.rename(target)


if __name__ == "__main__":
    sys.exit(exit_code_of(install))
