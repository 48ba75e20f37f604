"""Models to load next: the policy, the planner that applies it, and the task that loads them."""

from __future__ import annotations

from preheat.preload.ahead import Ahead, PlannedStay, plan_ahead
from preheat.preload.context import PreloadContext, policy_of
from preheat.preload.favourites import (
    FavouritesRoom,
    add_favourites,
    choose_favourites,
    favourites_in_order,
    favourites_room,
    missing_favourites,
    order_favourites,
    remove_favourites,
    replace_favourites,
    report_missing,
)
from preheat.preload.forms import FormAction, FormFacts, FormOutlook, facts_of, plan_forms
from preheat.preload.gate import IDLE_S
from preheat.preload.plan import (
    DeviceNeeds,
    LimitOutlook,
    PlanAction,
    PolicySettings,
    PreloadPlan,
    PreloadTarget,
    TargetKind,
)
from preheat.preload.planner import PreloadPlanner
from preheat.preload.policy import PlanBasis
from preheat.preload.power import on_battery
from preheat.preload.preloader import REPLAN_S, Preloader
from preheat.preload.prompts import prompts_to_restore
from preheat.preload.round import Round
