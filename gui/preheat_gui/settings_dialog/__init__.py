"""The settings dialog, built from the settings' declarations, and the dialog for one model."""

from preheat_gui.settings_dialog.dialog import SettingsDialog
from preheat_gui.settings_dialog.model_dialog import ModelSettingsDialog
