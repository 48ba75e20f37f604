"""Which models should be in memory next? The policy, the planner that applies it, and the task that loads."""

from __future__ import annotations

from preheat.preload.favourites import choose_favourites
from preheat.preload.planner import PreloadPlanner
from preheat.preload.policy import PreloadPlan
from preheat.preload.preloader import Preloader
from preheat.preload.round import Round
from preheat.preload.tracker import RecordObserver, UsageTracker

__all__ = ["PreloadPlan", "PreloadPlanner", "Preloader", "RecordObserver", "Round", "UsageTracker", "choose_favourites"]
