"""Builds ``llama-server`` from the llama.cpp source of the installed llama-cpp-python.

Both servers then run the same inference code, compiled with the same flags.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

CMAKE_FLAGS: Final = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_NATIVE=OFF",  # like our wheel: a native build crashes where AMX is advertised but not enabled
    "-DBUILD_SHARED_LIBS=ON",  # like our wheel
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",  # needs npm
    "-DLLAMA_USE_PREBUILT_UI=OFF",  # needs a download
    "-DLLAMA_OPENSSL=OFF",
)


class BuildError(Exception):
    """``llama-server`` could not be built; the message names the log."""


def installed_version() -> str:
    """Return the version of the installed llama-cpp-python.

    Raises:
        BuildError: It is not installed.
    """
    try:
        return metadata.version("llama-cpp-python")
    except metadata.PackageNotFoundError:
        raise BuildError("llama-cpp-python is not installed in this environment") from None


def build_key(version: str, flags: Sequence[str] = CMAKE_FLAGS) -> str:
    """Return a folder name that depends on the version, the flags and the platform."""
    what = "\n".join((*flags, sysconfig.get_platform()))
    return f"llama-server-{version}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"


def ensure_llama_server(cache: Path) -> Path:
    """Return the path of ``llama-server``; builds it on first use, which takes minutes.

    Args:
        cache: Folder of the builds, one per version and set of flags.

    Raises:
        BuildError: The source could not be downloaded or a build step failed.
    """
    version = installed_version()
    home = cache / build_key(version)
    binary = home / "build" / "bin" / ("llama-server.exe" if os.name == "nt" else "llama-server")
    done = home / "built"
    if done.is_file() and binary.is_file():
        return binary
    home.mkdir(parents=True, exist_ok=True)
    log = home / "build.log"
    logger.info("Building llama-server from llama-cpp-python %s (once; takes a few minutes; log: %s)", version, log)
    cmake, environment = _cmake()
    source = _fetch_source(version, home, log)
    jobs = str(os.cpu_count() or 1)
    configure = [cmake, "-S", str(source), "-B", str(home / "build"), *CMAKE_FLAGS]
    build = [cmake, "--build", str(home / "build"), "--config", "Release", "--target", "llama-server", "-j", jobs]
    _run(configure, log, environment)
    _run(_low_priority(build), log, environment)
    if not binary.is_file():
        raise BuildError(f"the build ended without {binary}; see {log}")
    done.touch()
    return binary


def _fetch_source(version: str, home: Path, log: Path) -> Path:
    """Return llama.cpp's source folder, from llama-cpp-python's source distribution."""
    unpacked = home / "source"
    source = unpacked / f"llama_cpp_python-{version}" / "vendor" / "llama.cpp"
    if (source / "CMakeLists.txt").is_file():
        return source
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        wanted = f"llama-cpp-python=={version}"
        options = ["--no-deps", "--no-binary", "llama-cpp-python", "--dest", str(folder)]
        _run([sys.executable, "-m", "pip", "download", *options, wanted], log, os.environ)
        archives = list(folder.glob("*.tar.gz"))
        if len(archives) != 1:
            raise BuildError(f"pip downloaded {len(archives)} source archives of {wanted} instead of one; see {log}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder / "source", filter="data")
        shutil.rmtree(unpacked, ignore_errors=True)
        # Renamed when complete, so that an interrupted run does not leave half a tree.
        (folder / "source").rename(unpacked)
    if not (source / "CMakeLists.txt").is_file():
        raise BuildError(f"{wanted} has no llama.cpp source at {source}")
    return source


def _cmake() -> tuple[str, Mapping[str, str]]:
    """Return the path of cmake, from this Python environment or the system, and its environment.

    Raises:
        BuildError: cmake is missing.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    cmake = shutil.which("cmake", path=path)
    if cmake is None:
        raise BuildError("cmake is missing; install Preheat's extra `bench`, or run `make bench`")
    return cmake, {**os.environ, "PATH": path}


def _low_priority(command: list[str]) -> list[str]:
    """Lower the priority, so that the machine stays usable during the build."""
    nice = shutil.which("nice")
    return [nice, "-n", "10", *command] if nice else command


def _run(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    """Run a build step and append its output to ``log``.

    Raises:
        BuildError: The step failed; the message contains the end of the log.
    """
    with log.open("ab") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False)
    if status.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise BuildError(f"{' '.join(command[:6])} ... failed ({status.returncode}); {log} ends with:\n{tail}")
