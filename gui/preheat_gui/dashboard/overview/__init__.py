"""The overview page: current loads, memory, and what preloading saves."""

from preheat_gui.dashboard.overview.page import OverviewPage
