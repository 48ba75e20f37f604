"""The connect page: how other apps use Preheat."""

from preheat_gui.dashboard.connect.page import ConnectPage
