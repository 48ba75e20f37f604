"""The dashboard window and its pages."""

from preheat_gui.dashboard.diagnostics import DiagnosticsButton
from preheat_gui.dashboard.window import DashboardWindow
