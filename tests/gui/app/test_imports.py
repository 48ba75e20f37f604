"""The icon does not wait for what it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from preheat import paths
from preheat_gui.bridge import looks_at_start

PROGRAM = """
import sys
from preheat_gui.app import start
start.make_application()
from preheat_gui.tray import Tray
print(*{"pydantic", "preheat.settings", "preheat.residency.deciding", "httpx2", "psutil"} & set(sys.modules))
"""


def test_the_icon_does_not_wait_for_the_settings_and_the_engine() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("file", "options", "looks"),
    [
        (None, {}, ("auto", "auto")),
        ('theme = "dark"\nlanguage = "de"\nmemory_limit = "8GB"', {}, ("de", "dark")),
        ('theme = "dark"', {"theme": "light"}, ("auto", "light")),
        ('theme = "pink"', {}, ("auto", "auto")),
        ("theme = ", {}, ("auto", "auto")),
        ("", {"language": "xx"}, ("auto", "auto")),
    ],
)
def test_looks_are_read_before_the_other_settings(
    file: str | None, options: dict[str, str], looks: tuple[str, str]
) -> None:
    if file is not None:
        path = paths.settings_path()
        path.parent.mkdir(parents=True)
        path.write_text(file)
    assert looks_at_start(options) == looks


def test_a_variable_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_THEME", "dark")
    assert looks_at_start().theme == "dark"
