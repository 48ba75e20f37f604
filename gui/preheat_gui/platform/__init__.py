"""What the windows do for one system only. Qt is used for D-Bus only."""

from preheat_gui.platform.full_screen import FindProgram, Program, find_program, is_running
from preheat_gui.platform.taskbar import APP_ID, identify_application

__all__ = ["APP_ID", "FindProgram", "Program", "find_program", "identify_application", "is_running"]
