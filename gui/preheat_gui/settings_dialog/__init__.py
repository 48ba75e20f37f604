"""The settings window, built from the declarations of the settings, and the smaller one for a single model."""

from preheat_gui.settings_dialog.dialog import SettingsDialog
from preheat_gui.settings_dialog.model_dialog import ModelSettingsDialog

__all__ = ["ModelSettingsDialog", "SettingsDialog"]
