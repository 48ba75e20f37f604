"""Differences between Linux, macOS and Windows. Nothing here uses Qt."""

from preheat_gui.platform.login_item import LoginItem, LoginItemError, login_item
from preheat_gui.platform.taskbar import APP_ID, identify_application
