"""Build the source distribution and the wheel for PyPI into a folder, and check them.

They are built from a clean copy of the committed files, so nothing else of a working folder gets into them. The copy
records its commit in ``resources/build.toml``; the wheel is built from the source distribution, which proves that it
is complete.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from project import ROOT, read_project
from setup_step import SetupError, exit_code_of, run, say

REQUIRED_IN_WHEEL: Final = (
    "preheat/__main__.py",
    "preheat/py.typed",
    "preheat/resources/build.toml",
    "preheat/resources/catalogue.toml",
    "preheat/resources/icons/tray.svg",
    "preheat/resources/page/page.html",
    "preheat/resources/translations/preheat_de.qm",
    "preheat_gui/__main__.py",
    "preheat_gui/py.typed",
)
REQUIRED_IN_SDIST: Final = ("LICENSE", "Makefile", "README.md", "PKG-INFO", "pyproject.toml", "tests/conftest.py")
FORBIDDEN_IN_SDIST: Final = (".ci/", ".github/", "docs/screenshots/", "tests/clients/")

_REMEDY: Final = "Install the extra `package` first."


def build_distributions(folder: Path) -> tuple[Path, Path]:
    """Build and check both; return the source distribution and the wheel.

    Raises:
        SetupError: This is no git checkout, or the build or a check failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="preheat-") as temporary:
        copy = Path(temporary) / "source"
        commit = _export(copy)
        (copy / "resources" / "build.toml").write_text(
            build_record(commit, read_project().update_url), encoding="utf-8"
        )
        out = Path(temporary) / "out"
        run([sys.executable, "-m", "build", "--outdir", str(out), str(copy)], "build", _REMEDY)
        built = sorted(out.iterdir())
        run([sys.executable, "-m", "twine", "check", "--strict", *map(str, built)], "twine", _REMEDY)
        (sdist,) = out.glob("*.tar.gz")
        (wheel,) = out.glob("*.whl")
        problems = [*problems_of_sdist(sdist_names(sdist)), *problems_of_wheel(ZipFile(wheel).namelist())]
        if problems:
            raise SetupError("\n  ".join(problems), remedy="See [tool.hatch.build] in pyproject.toml.")
        return sdist.replace(folder / sdist.name), wheel.replace(folder / wheel.name)


def build_record(commit: str, update_url: str) -> str:
    """Return the text of ``build.toml``."""
    return f'package = "wheel"\ncommit = "{commit}"\nupdate_url = "{update_url}"\n'


def sdist_names(sdist: Path) -> list[str]:
    """Return the names in a source distribution, without their common folder."""
    with tarfile.open(sdist) as archive:
        return [member.name.partition("/")[2] for member in archive.getmembers()]


def problems_of_wheel(names: Sequence[str]) -> list[str]:
    """Return a line for each file that is missing from the wheel, or that must not be in it."""
    missing = [f"the wheel lacks {name}" for name in REQUIRED_IN_WHEEL if name not in names]
    own = re.compile(r"(preheat|preheat_gui|preheat-[^/]+\.dist-info)/")
    return [*missing, *(f"the wheel has {name}" for name in names if not own.match(name) or name.endswith(".ts"))]


def problems_of_sdist(names: Sequence[str]) -> list[str]:
    """Return a line for each file that is missing from the source distribution, or that must not be in it."""
    missing = [f"the source distribution lacks {name}" for name in REQUIRED_IN_SDIST if name not in names]
    return [*missing, *(f"the source distribution has {name}" for name in names if name.startswith(FORBIDDEN_IN_SDIST))]


def _export(target: Path) -> str:
    """Copy the committed files; return the commit."""
    archive = subprocess.run(["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        raise SetupError("this is not a git checkout", remedy="Build the packages from a clone.")
    target.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(target, filter="data")
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return commit.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """Build into the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Build the sdist and the wheel for PyPI.")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="Folder for both files.")
    for path in build_distributions(parser.parse_args(arguments).dist):
        say(f"{path} ({path.stat().st_size / 1e6:.1f} MB, {read_project().version})")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
