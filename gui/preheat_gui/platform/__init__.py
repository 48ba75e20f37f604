"""What the windows do for one system only. Nothing here uses Qt."""

from preheat_gui.platform.taskbar import APP_ID, identify_application
