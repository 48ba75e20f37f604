"""The dashboard: what a person sees of the engine besides the tray."""

from preheat_gui.dashboard.window import DashboardWindow

__all__ = ["DashboardWindow"]
