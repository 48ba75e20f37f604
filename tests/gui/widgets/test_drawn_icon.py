"""Icons that Python draws: PySide deletes their engines once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import preheat_gui
from preheat_gui.widgets import drawn_icon

_APART = """
import gc
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication
from preheat.control import Pattern, Sign
from preheat_gui.widgets import Panel, TrayState, apply_theme, mark_icon, model_sign_icon, symbol, tray_icon

class Owner:
    def __init__(self, *icons):
        self.icons, self.itself = icons, self

def tray(template):
    return tray_icon(TrayState.HOT, progress=None, count=1, panel=Panel.DARK, template=template)

app = QApplication([])
apply_theme(app, "light")
gc.disable()
for masked in (False, True):
    for _ in range(20):
        icons = [symbol("copy"), mark_icon(), QIcon(model_sign_icon(Sign(0, Pattern.PLAIN, "M"))), QIcon(tray(masked))]
        shared = [QIcon(icon) for icon in icons]
        for icon in icons:
            icon.setIsMask(masked)  # Qt makes a copy of the engine
            assert not icon.pixmap(QSize(16, 16)).isNull()
        Owner(*icons, *shared)
        del icons, shared, icon
        gc.collect()
"""


def test_the_collector_takes_icons_apart() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _APART],
        env={**os.environ, "MALLOC_PERTURB_": "165"},  # memory that was freed is not usable by luck
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_icon_that_python_draws_is_one() -> None:
    modules = Path(preheat_gui.__file__).parent.rglob("*.py")
    assert [module.name for module in modules if "QIconEngine" in module.read_text(encoding="utf-8")] == [
        Path(drawn_icon.__file__).name
    ]
