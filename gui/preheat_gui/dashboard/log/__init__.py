"""The log page: the end of the log file."""

from preheat_gui.dashboard.log.page import LogPage
