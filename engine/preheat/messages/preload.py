"""Messages about preloading: plans, their reasons, and why nothing is preloaded now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_REASONS: Final = {
    "favourite": Template("favourite {rank}"),
    "expected": Template("expected, since {sign}"),
    "never_used": Template("never used"),
    "not_used_lately": Template("last used {idle_s:duration} ago"),
    "used_once": Template("used once in the last week"),
    "used": Template("used {uses} times in the last week"),
    "used_mostly": Template("used {uses} times in the last week, mostly on {part}"),
    "weekday_nights": Template("weekday nights"),
    "weekday_mornings": Template("weekday mornings"),
    "weekday_afternoons": Template("weekday afternoons"),
    "weekday_evenings": Template("weekday evenings"),
    "weekend_nights": Template("weekend nights"),
    "weekend_mornings": Template("weekend mornings"),
    "weekend_afternoons": Template("weekend afternoons"),
    "weekend_evenings": Template("weekend evenings"),
}
_PLAN: Final = {
    "preload_planned": Template("planned"),
    "plan_keep": Template("kept: {reason}"),
    "plan_preload": Template("will be preloaded: {reason}"),
    "plan_replace": Template("will be preloaded instead of {displaced:names}: {reason}"),
    "plan_too_large": Template("needs {missing:memory} more than the memory limit ({reason})"),
    "plan_no_room": Template("needs {missing:memory} more; other models come first ({reason})"),
    "plan_too_large_for_device": Template("needs {missing:memory} more than the limit of {device} ({reason})"),
    "plan_no_room_on_device": Template("needs {missing:memory} more of {device}; other models come first ({reason})"),
    "plan_favourites_only": Template("not preloaded: only favourites are preloaded ({reason})"),
    "plan_unlikely": Template("not preloaded: unlikely to be needed next ({reason})"),
    "plan_failed": Template("not preloaded for another {wait_s:duration}, since its last preload failed"),
    "plan_in_vain": Template("not preloaded: that would probably be in vain ({reason})"),
    "in_memory": Template("in memory: {reason}"),
    "in_memory_planned": Template("in memory: {reason}; {plan}"),
    "in_memory_form": Template("{memory}; {form}"),
    "why_with_device": Template("{memory}; {device}"),
    "not_in_memory_suppressed": Template(
        "not in memory: it was unloaded by hand, and is preloaded again after its next use"
    ),
    "not_in_memory_failed": Template("not in memory: {error}; {plan}"),
}
_HOLDS: Final = {
    "preload_off": Template("preloading is off"),
    "preload_paused": Template("paused until you resume it"),
    "preload_paused_until": Template("paused until {until}"),
    "preload_makes_room": Template("room is kept for other programs until you end it"),
    "preload_makes_room_until": Template("room is kept for other programs until {until}"),
    "preload_awaits_use": Template("waiting for the first request: preloading at login is off"),
    "preload_on_battery": Template("running on battery"),
    "preload_requests": Template("requests in progress"),
    "preload_not_idle": Template("a request just ended"),
}

TABLE: Final[Mapping[str, Template]] = {**_REASONS, **_PLAN, **_HOLDS}
