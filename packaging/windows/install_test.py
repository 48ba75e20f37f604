"""Install with the real installer on Windows, serve, and uninstall: what the workflow of releases runs.

For a machine that is thrown away: it installs for the present user. Not run on this project's own machines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from installed import clean_environment, run, served, try_models
from project import ROOT, read_project
from setup_step import SetupError, exit_code_of, say

TIMEOUT_S: Final = 300.0


def main() -> None:
    """Install, serve, and uninstall.

    Raises:
        SetupError: A step failed.
    """
    version = read_project().version
    setup = ROOT / "dist" / f"preheat-{version}-windows-x86_64-setup.exe"
    local = Path(os.environ["LOCALAPPDATA"])
    target = local / "Programs" / "Preheat"
    models = local / "preheat" / "models"
    environ = clean_environment(ROOT / "build" / "windows-home", HOME=str(ROOT))
    _checked([str(setup), "/S", "/LOGIN=1"])
    command = str(target / "preheat.exe")
    said = run([command, "version"], environ).strip()
    if said != f"preheat {version}":
        raise SetupError(f"preheat version printed {said!r}", remedy="See the bundle.")
    serve = [command, "serve", "--port", "0", "--models-dir", str(models)]
    with served(serve, environ, stop=[command, "quit"]) as url:
        say(try_models(url))
    _checked([str(target / "uninstall.exe"), "/S", f"_?={target}"])
    left = [path.name for path in target.rglob("*") if path.is_file() and path.name != "uninstall.exe"]
    if left:
        raise SetupError(f"the uninstaller left {', '.join(left[:5])}", remedy="See packaging/windows/preheat.nsi.")
    say("installed, served and uninstalled")


def _checked(command: list[str]) -> None:
    started = time.monotonic()
    # As text: NSIS takes the folder in `_?=` without quotes.
    code = subprocess.run(" ".join(command), timeout=TIMEOUT_S, check=False).returncode
    if code:
        raise SetupError(f"{command[0]} ended with exit code {code}", remedy="See packaging/windows/preheat.nsi.")
    say(f"{Path(command[0]).name} took {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
