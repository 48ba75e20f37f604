"""The dashboard window and its pages."""

from preheat_gui.dashboard.window import DashboardWindow
