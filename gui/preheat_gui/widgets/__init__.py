"""The parts that every window is made of."""

from preheat.control import HUES, Pattern, Sign, SignBook, preferred_hue
from preheat_gui.widgets.building import Item, button, hbox, named, shortcut, stacked, text_label, timer, vbox
from preheat_gui.widgets.focus import HELP_KEY, SETTINGS_KEY, KeepsFocus, give_focus
from preheat_gui.widgets.focus_ring import focused_by_keyboard, shows_ring
from preheat_gui.widgets.icons import PROGRESS_STEPS, TRAY_SIZES, TrayState, mark_icon, symbol, tray_icon
from preheat_gui.widgets.labels import ElidedLabel, ScaledLabel, caption, figure, heading, plain
from preheat_gui.widgets.model_sign import SIGN_PX, model_sign_icon, paint_model_sign, paint_pattern
from preheat_gui.widgets.panels import Banner, Card, EmptyState, ask, inform
from preheat_gui.widgets.ring_gauge import RingGauge, figure_scale
from preheat_gui.widgets.search_box import SearchBox
from preheat_gui.widgets.share_bar import ShareBar
from preheat_gui.widgets.theme import (
    CAPTION_SCALE,
    GAP,
    GROUP_GAP,
    MARGIN,
    RADIUS,
    HueColours,
    Panel,
    Theme,
    Token,
    apply_theme,
    body_font,
    caption_font,
    colours,
    contrast,
    figure_font,
    heading_font,
    model_colours,
    scaled_font,
    set_role,
    theme,
    tray_colours,
)
from preheat_gui.widgets.window_state import WindowState, state_path
