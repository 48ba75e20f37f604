"""The parts that every window is made of."""

from preheat_gui.widgets.banner import Banner
from preheat_gui.widgets.caption import ScaledLabel, caption, figure, heading
from preheat_gui.widgets.card import Card
from preheat_gui.widgets.elided_label import ElidedLabel
from preheat_gui.widgets.empty_state import EmptyState
from preheat_gui.widgets.ring_gauge import RingGauge, Segment

__all__ = [
    "Banner",
    "Card",
    "ElidedLabel",
    "EmptyState",
    "RingGauge",
    "ScaledLabel",
    "Segment",
    "caption",
    "figure",
    "heading",
]
