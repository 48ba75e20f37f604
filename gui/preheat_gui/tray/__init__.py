"""The tray icon, its menu and its notifications."""

from preheat_gui.tray.notifications import Notifications
from preheat_gui.tray.room_offer import RoomOffer
from preheat_gui.tray.tray import Tray
