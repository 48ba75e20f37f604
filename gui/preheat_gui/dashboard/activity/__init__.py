"""The activity page: requests in progress and decisions."""

from preheat_gui.dashboard.activity.page import ActivityPage
