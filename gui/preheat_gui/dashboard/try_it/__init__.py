"""The try-it page: a conversation with one model."""

from preheat_gui.dashboard.try_it.page import TryPage
