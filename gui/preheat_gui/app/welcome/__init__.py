"""The dialog of a first start: models to choose from those that were found, or to download."""

from preheat_gui.app.welcome.dialog import Reason, WelcomeDialog, included_chat_model, reason_to_welcome
from preheat_gui.app.welcome.first_start import make_welcome
from preheat_gui.app.welcome.found import FoundModels
from preheat_gui.app.welcome.suggestions import WelcomeSuggestions, choose
