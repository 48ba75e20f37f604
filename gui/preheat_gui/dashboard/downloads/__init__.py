"""The downloads page: queue, catalogue and search."""

from preheat_gui.dashboard.downloads.page import DownloadsPage
