"""Build llama-cpp-python once, and cache the wheel: python packaging/setup/build_llama.py [--portable]

PyPI only has the source, which takes minutes to build. The default build targets the local processor and crashes with
an illegal instruction on virtual machines that advertise AMX without enabling it. pip's cache ignores build flags, so
each wheel has its own folder, named after the version and the flags.

The quick build has one library for the processor, on x86-64 for those with AVX2 (since 2013). The portable build, for
packages, has one for each generation of processors and takes three times as long. Preheat chooses among them; see
``preheat.inference.processor``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, pip, say, whole_file

PROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"
DISTRIBUTION: Final = "llama-cpp-python"

QUICK_FLAGS: Final = "-DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON -DLLAMA_OPENSSL=OFF"
"""Not for the build machine's processor; its library is loaded when a worker starts; nothing that downloads models."""

PORTABLE_FLAGS: Final = f"{QUICK_FLAGS} -DGGML_CPU_ALL_VARIANTS=ON"

NATIVE_FLAGS: Final = "-DLLAMA_OPENSSL=OFF"
"""With the user's ``-DGGML_NATIVE=ON``, which excludes loadable libraries."""

_NATIVE: Final = re.compile(r"GGML_NATIVE(:\w+)?=(ON|YES|TRUE|1)\b", re.IGNORECASE)
_NEEDED_BY_QUICK: Final = {"avx2", "bmi2", "f16c", "fma"}

COMPILERS: Final = ("c++", "g++", "clang++")


def wanted_version(project: Path = PROJECT) -> str:
    """Return the version to build: the oldest that pyproject.toml allows, which is the tested one."""
    requirements: list[str] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    prefix = f"{DISTRIBUTION}>="
    (version,) = [line.removeprefix(prefix) for line in requirements if line.startswith(prefix)]
    return version


def build_flags(environ: Mapping[str, str], *, portable: bool = False) -> str:
    """Return CMAKE_ARGS for the build. The user's flags (``-DGGML_CUDA=ON``) come last, so they take precedence."""
    users = environ.get("CMAKE_ARGS", "")
    own = PORTABLE_FLAGS if portable else NATIVE_FLAGS if _NATIVE.search(users) else QUICK_FLAGS
    return f"{own} {users}".strip()


def quick_build_runs(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether this processor runs the quick build; True where the system does not say."""
    if platform.machine() != "x86_64":
        return True
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return True
    return flags is None or set(flags[1].split()) >= _NEEDED_BY_QUICK


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder of built wheels, in the same cache folder as in ``preheat.paths``."""
    if home := environ.get("PREHEAT_HOME"):
        return Path(home).expanduser().absolute() / "cache" / "wheels"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "preheat" / "wheels"
    # By XDG's rules, a relative path is ignored.
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "preheat" / "wheels"


def wheel_folder(version: str, environ: Mapping[str, str], *, portable: bool = False) -> Path:
    """Return the folder of the wheel for this version, the flags and the system.

    The Python version does not matter: the bindings use ctypes.
    """
    built_with = "\n".join([build_flags(environ, portable=portable), sysconfig.get_platform(), *platform.libc_ver()])
    return cache_folder(environ) / f"{version}-{hashlib.sha256(built_with.encode()).hexdigest()[:12]}"


def ensure_wheel(environ: Mapping[str, str] = os.environ, *, portable: bool = False) -> Path:
    """Return the wheel; builds it unless it is cached.

    Args:
        portable: For all processors, as for packages. A processor without AVX2 gets this build in any case.

    Raises:
        SetupError: There is no C++ compiler, or the build failed.
    """
    version = wanted_version()
    portable = portable or not quick_build_runs()
    folder = wheel_folder(version, environ, portable=portable)
    if wheels := sorted(folder.glob("llama_cpp_python-*.whl")):
        return wheels[0]
    ensure_compiler(environ)
    flags = build_flags(environ, portable=portable)
    say(f"building {DISTRIBUTION} {version} with {flags} (once; takes a few minutes)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="preheat-") as temporary:
        pip(
            [
                "wheel",
                "--no-deps",
                "--no-cache-dir",
                f"--no-binary={DISTRIBUTION}",  # the flags of a published wheel are unknown
                f"--wheel-dir={temporary}",
                f"{DISTRIBUTION}=={version}",
            ],
            environ={**environ, "CMAKE_ARGS": flags},
        )
        (built,) = Path(temporary).glob("*.whl")
        with whole_file(folder / built.name) as part:
            shutil.copyfile(built, part)
    return folder / built.name


def ensure_compiler(environ: Mapping[str, str]) -> None:
    """Check for a C++ compiler; as root, install one with apt-get if necessary.

    pip installs cmake and ninja for the build if the system has none.

    Raises:
        SetupError: There is no compiler.
    """
    if sys.platform == "win32":
        return  # CMake finds Visual Studio, which is not on the path
    search_path = environ.get("PATH")
    names = (environ["CXX"].split()[0],) if environ.get("CXX", "").strip() else COMPILERS
    if any(shutil.which(name, path=search_path) for name in names):
        return
    if not environ.get("CXX") and _install_compiler(search_path):
        return
    raise SetupError(
        f"llama.cpp is built from source, and no C++ compiler was found ({', '.join(names)}).",
        remedy="Install one and run this again. Debian and Ubuntu: sudo apt install g++. "
        "Fedora: sudo dnf install gcc-c++. macOS: xcode-select --install.",
    )


def _install_compiler(search_path: str | None) -> bool:
    apt_get = shutil.which("apt-get", path=search_path)
    if apt_get is None or os.geteuid() != 0:
        return False
    say("installing g++ with apt-get")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "g++", "libc6-dev"]):
        done = subprocess.run(
            [apt_get, *arguments], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            return False
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build llama-cpp-python unless it is cached; print the wheel's path.")
    parser.add_argument("--portable", action="store_true", help="build for all processors, as for packages")
    options = parser.parse_args()
    sys.exit(exit_code_of(lambda: print(ensure_wheel(portable=options.portable))))
