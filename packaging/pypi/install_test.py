"""Install PyPI's packages as users do, each into its own folder, and use them.

pip, pip with the windows, the source distribution, ``pipx run``, ``pipx install`` and ``uv tool install``. Everything
comes from PyPI but Preheat itself and llama-cpp-python, of which PyPI has only the source: the cached wheel is taken.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from installed import clean_environment, run, served, try_models
from project import ROOT, read_project
from setup.build_llama import ensure_wheel
from setup_step import SetupError, exit_code_of, say

BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Case:
    """What the steps share."""

    wheel: Path
    sdist: Path
    llama: Path
    models: Path
    folder: Path

    @property
    def pip_options(self) -> list[str]:
        """Options of pip that take the cached llama-cpp-python."""
        return ["--only-binary=llama-cpp-python", f"--find-links={self.llama.parent}"]

    @property
    def gui(self) -> str:
        """The requirement of the wheel with the windows."""
        return f"preheat[gui] @ {self.wheel.as_uri()}"

    def environment(self, name: str, **variables: str) -> dict[str, str]:
        """Return the environment of one step, with a home of its own."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        return clean_environment(home, **variables)

    def serve(self, program: Path) -> list[str | Path]:
        """Return the command that opens a port with the starter models."""
        return [program, "serve", "--port", "0", "--models-dir", self.models]


def with_pip(case: Case) -> str:
    """Install the wheel without windows, then the source distribution over it."""
    environ = case.environment("pip")
    venv = _venv(case.folder / "pip-venv", case.pip_options, [str(case.wheel)])
    _check_version(venv / "preheat", environ)
    run([venv / "python", "-m", "pip", "check"], environ)
    if "PySide6" in run([venv / "python", "-m", "pip", "list"], environ):
        raise SetupError("PySide6 was installed without the extra `gui`", remedy="See pyproject.toml.")
    for refused in (["preheat-tray"], ["preheat", "tray"]):
        said = run([venv / refused[0], *refused[1:]], environ, ok=False)
        if "pip install 'preheat[gui]'" not in said or "Traceback" in said:
            raise SetupError(f"{' '.join(refused)} said: {said}", remedy="See preheat_gui/__main__.py.")
    with served(case.serve(venv / "preheat"), environ) as url:
        said = try_models(url)
    run([venv / "python", "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", case.sdist], environ)
    _check_version(venv / "preheat", environ)
    run([venv / "python", "-m", "pip", "uninstall", "-q", "-y", "preheat"], environ)
    _check_gone(venv, venv.parent / "lib")
    return said


def with_windows(case: Case) -> str:
    """Install the extra `gui`, and start the tray; offscreen, where it serves without showing an icon."""
    environ = case.environment("gui", QT_QPA_PLATFORM="offscreen")
    venv = _venv(case.folder / "gui-venv", case.pip_options, [case.gui])
    _check_version(venv / "preheat-tray", environ, "--version")
    options = ["--login", "--set", "port=0", "--set", f'models_dirs=["{case.models}"]']
    with served([venv / "preheat-tray", *options], environ) as url:
        return try_models(url)


def with_pipx(case: Case) -> str:
    """Run once without installing, then install, use and uninstall."""
    own = case.folder / "pipx-own"
    environ = case.environment("pipx", PIPX_HOME=str(own), PIPX_BIN_DIR=str(own / "bin"))
    options = ["--pip-args", " ".join(case.pip_options)]
    pipx = [sys.executable, "-m", "pipx"]
    said = run([*pipx, "run", *options, "--spec", case.wheel, "preheat", "version"], environ)
    if f"preheat {read_project().version}" not in said:
        raise SetupError(f"pipx run printed {said}", remedy="Try it alone.")
    run([*pipx, "install", *options, case.gui], environ)
    _check_version(own / "bin" / "preheat-tray", environ, "--version")
    with served(case.serve(own / "bin" / "preheat"), environ) as url:
        said = try_models(url)
    run([*pipx, "uninstall", "preheat"], environ)
    _check_gone(own / "bin", own / "venvs")
    return said


def with_uv(case: Case) -> str:
    """Install with uv as a tool, use it, uninstall it."""
    own = case.folder / "uv-own"
    environ = case.environment(
        "uv", UV_TOOL_DIR=str(own / "tools"), UV_TOOL_BIN_DIR=str(own / "bin"), UV_CACHE_DIR=str(own / "cache")
    )
    only_wheels = ["--no-build-package", "llama-cpp-python", "--find-links", str(case.llama.parent)]
    options = ["--python", sys.executable, *only_wheels]
    run([BIN / "uv", "tool", "install", *options, case.gui], environ)
    _check_version(own / "bin" / "preheat-tray", environ, "--version")
    with served(case.serve(own / "bin" / "preheat"), environ) as url:
        said = try_models(url)
    run([BIN / "uv", "tool", "uninstall", "preheat"], environ)
    _check_gone(own / "bin", own / "tools")
    return said


STEPS: Final[dict[str, Callable[[Case], str]]] = {
    "pip": with_pip,
    "pip-gui": with_windows,
    "pipx": with_pipx,
    "uv": with_uv,
}


def _venv(folder: Path, options: Sequence[str], requirements: Sequence[str]) -> Path:
    """Create an environment with these packages; return its folder of commands."""
    run_here = [sys.executable, "-m", "venv", str(folder)]
    subprocess.run(run_here, check=True)
    python = folder / "bin" / "python"
    run([python, "-m", "pip", "install", "-q", *options, *requirements], clean_environment(folder))
    return python.parent


def _check_version(program: Path, environ: dict[str, str], argument: str = "version") -> None:
    said = run([program, argument], environ).strip()
    if said != f"preheat {read_project().version}":
        raise SetupError(f"{program} {argument} printed {said!r}", remedy="Build the packages again.")


def _check_gone(commands: Path, packages: Path) -> None:
    """Raise SetupError if something of Preheat is still there after it was uninstalled."""
    left = [*commands.glob("preheat*"), *packages.rglob("preheat*")]
    if left:
        raise SetupError(f"left after the uninstallation: {', '.join(map(str, left[:5]))}", remedy="See RECORD.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the named steps, or all."""
    parser = argparse.ArgumentParser(description="Install the packages for PyPI in clean environments, and use them.")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="Folder of the sdist and the wheel.")
    parser.add_argument("--models", type=Path, default=Path.home() / ".local/share/preheat/models")
    parser.add_argument("--llama", type=Path, help="The wheel of llama-cpp-python; by default the cached one.")
    parser.add_argument("--only", choices=STEPS, help="Run one step; by default all.")
    options = parser.parse_args(arguments)
    version = read_project().version
    with tempfile.TemporaryDirectory(prefix="preheat-pypi-") as temporary:
        case = Case(
            wheel=(options.dist / f"preheat-{version}-py3-none-any.whl").absolute(),
            sdist=(options.dist / f"preheat-{version}.tar.gz").absolute(),
            llama=options.llama or ensure_wheel(),
            models=options.models.absolute(),
            folder=Path(temporary),
        )
        for name in [options.only] if options.only else STEPS:
            started = time.monotonic()
            said = STEPS[name](case)
            say(f"{name}: {said} ({time.monotonic() - started:.0f} s in total)")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
