"""``preheat tray`` without what it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from preheat.errors import windows_error
from tests.engine.application import environment

PROGRAM = """
import sys
{before}
sys.argv = ["preheat", "tray", *{options}]
from preheat.cli.main import main
main()
"""


def run(home: Path, before: str, *options: str) -> subprocess.CompletedProcess[str]:
    code = PROGRAM.format(before=before, options=options)
    return subprocess.run(
        [sys.executable, "-c", code], env=environment(home), capture_output=True, text=True, timeout=60, check=False
    )


def test_without_the_gui_extra_it_says_what_to_install(preheat_home: Path) -> None:
    done = run(preheat_home, "sys.modules['PySide6'] = None")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Preheat's windows are not installed.",
        "  Install them: pip install 'preheat[gui]'.",
    ]


def test_the_second_command_says_the_same(preheat_home: Path) -> None:
    code = "import sys; sys.modules['PySide6'] = None; from preheat_gui.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(preheat_home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "preheat: Preheat's windows are not installed. Install them: pip install 'preheat[gui]'\n"


def test_other_missing_modules_are_bugs() -> None:
    error = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        windows_error(error)


def test_a_library_that_the_system_lacks_is_named(preheat_home: Path) -> None:
    before = """
class Lacking:
    def find_spec(self, name, path, target=None):
        if name == "preheat_gui.app.start":
            raise ImportError("libEGL.so.1: cannot open shared object file")
sys.meta_path.insert(0, Lacking())
"""
    done = run(preheat_home, before)
    assert done.returncode == 1
    assert "libEGL.so.1" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ((), "[]"),
        (("--login",), "['--login']"),
        (
            ("--port", "0", "--no-preload", "--set", "parallel=2", "--models-dir", "/"),
            "['--set', 'parallel=2', '--set', 'models_dirs=[\"/\"]', '--set', 'port=0', '--set', 'preload=false']",
        ),
    ],
)
def test_the_windows_are_started_with_the_options_and_their_exit_code_is_its(
    preheat_home: Path, options: tuple[str, ...], printed: str
) -> None:
    before = """
import types
windows = types.ModuleType("preheat_gui.app.start")
windows.main = lambda argv: print(argv) or 3
sys.modules["preheat_gui.app.start"] = windows
"""
    done = run(preheat_home, before, *options)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (3, printed, "")
