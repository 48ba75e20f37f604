"""The models page: every known model and its actions."""

from preheat_gui.dashboard.models.page import ModelsPage
