"""Build the bundle, ``dist/preheat``: python packaging/bundle/build.py [--package FORM] LLAMA_WHEEL."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from preheat.inference.processor import write_sums
from setup_step import SetupError, exit_code_of, say

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


def build(llama_wheel: Path, package: str, update_url: str = "") -> Path:
    """Build the bundle from this source tree and a wheel of llama-cpp-python, and return its folder.

    Raises:
        SetupError: A step failed.
    """
    python = _make_venv(llama_wheel)
    say("building the bundle")
    shutil.rmtree(BUNDLE, ignore_errors=True)
    _run(
        [
            *(str(python), "-m", "PyInstaller", "--noconfirm", "--log-level=WARN"),
            *(f"--distpath={BUNDLE.parent}", f"--workpath={_WORK / 'pyinstaller'}", str(_SPEC)),
        ]
    )
    write_build_record(BUNDLE, package, update_url)
    if sys.platform.startswith("linux"):
        strip(BUNDLE / "_internal")
    write_sums(BUNDLE / "_internal" / "llama_cpp" / "lib")
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


def _make_venv(llama_wheel: Path) -> Path:
    """Return the interpreter of a new environment with what goes into the bundle, and PyInstaller."""
    folder = _WORK / "venv"
    say("making the environment of the bundle")
    venv.create(folder, clear=True, with_pip=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    constraints = _WORK / "constraints.txt"
    constraints.write_text(_tested_versions(), encoding="utf-8")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, f"--constraint={constraints}", str(llama_wheel), f"{ROOT}[gui,bundle]"])
    return python


def _tested_versions() -> str:
    """Return pip's constraints for the versions in this environment, which the tests have used."""
    return "".join(
        f"{distribution.name}=={distribution.version}\n"
        for distribution in importlib.metadata.distributions()
        if distribution.name not in ("preheat", "pip", "setuptools", "llama_cpp_python")
    )


def _run(command: Sequence[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        said = "\n  ".join(done.stdout.strip().splitlines()[-30:])
        raise SetupError(
            f"{Path(command[0]).name} failed with exit code {done.returncode}:\n  {said}", remedy="See above."
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("llama_wheel", type=Path, help="a wheel of llama-cpp-python")
    parser.add_argument(
        "--package", default="folder", help="the form of the installation, which `preheat doctor` names"
    )
    parser.add_argument("--update-url", default="", help="where the newest release is named")
    options = parser.parse_args(arguments)
    say(f"built {build(options.llama_wheel, options.package, options.update_url)}")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
