"""Start at login: the system's own entry for it is the truth; no setting repeats it. Nothing here knows Qt."""

from __future__ import annotations

from preheat_gui.platform.login_item.login_item import LoginItem, LoginItemError, login_command, login_item

__all__ = ["LoginItem", "LoginItemError", "login_command", "login_item"]
