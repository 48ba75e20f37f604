"""The timeline in words: tooltips, the line under it, and what screen readers say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import Day, PlannedStay, Stay
from preheat.messages import Message
from preheat_gui.dashboard.activity.day.picture import Item, clock
from preheat_gui.dashboard.activity.day.scene import DayScene, LaneScene, ShownRequest
from preheat_gui.words import (
    app_name,
    decision_sentence,
    format_duration,
    format_number,
    message_text,
    percent,
    sentence,
)

translate = QCoreApplication.translate

_BRIEF: Final = ("preload_requests", "preload_not_idle")


def item_words(item: Item, lane: LaneScene, until: float) -> str:
    """Return what something on a lane means, and why."""
    if item.requests:
        return _requests(item.requests, lane)
    if item.planned is not None:
        return _planned(item.planned, until)
    return _stay(item.stay) if item.stay is not None else ""


def lane_words(lane: LaneScene) -> str:
    """Return a lane in one sentence."""
    ready = sum(shown.ready for shown in lane.requests)
    text = translate("Day", "{ready} of {count} requests found it ready.")
    words = [text.format(ready=format_number(ready), count=format_number(len(lane.requests)))] if lane.requests else []
    words += [_loads_at(stay) for stay in lane.plan if stay.loads][:1]
    return " ".join(words) or translate("Day", "No requests.")


def summary(scene: DayScene, day: Day | None = None) -> str:
    """Return the timeline in one or two sentences."""
    ready, count = scene.ready
    if not count:
        text = translate("Day", "No requests in the last 24 hours.")
    else:
        text = translate("Day", "{ready} of {count} requests found their model ready ({rate}).").format(
            ready=format_number(ready), count=format_number(count), rate=percent(ready / count)
        )
        if ready < count:
            waited_s = sum(shown.request.wait_s for lane in scene.lanes for shown in lane.requests if not shown.ready)
            text += " " + translate("Day", "Waiting for models: {duration} in all.").format(
                duration=format_duration(waited_s)
            )
    if day is not None and day.until > day.now and (hold := _lasting_hold(day)) is not None:
        text += " " + sentence(translate("Day", "Nothing will be preloaded: {why}").format(why=message_text(hold)))
    return text


def _lasting_hold(day: Day) -> Message | None:
    """Return why nothing is planned, unless it ends with the requests in progress."""
    planned = any(stay.loads for stay in day.plan)
    return None if planned or day.hold is None or day.hold.code in _BRIEF else day.hold


def _requests(requests: Sequence[ShownRequest], lane: LaneScene) -> str:
    if len(requests) == 1:
        return _request(requests[0], lane)
    first, last = clock(requests[0].request.at), clock(requests[-1].request.at)
    span = first if first == last else f"{first}–{last}"  # noqa: RUF001 - the dash of spans
    waits = [shown for shown in requests if not shown.ready]
    if not waits:
        text = translate("Day", "{span}: {count} requests, the model was ready.")
        return text.format(span=span, count=format_number(len(requests)))
    if any(shown.changed for shown in requests):
        text = translate("Day", "{span}: {count} requests, {waits} of them would have waited.")
        return text.format(span=span, count=format_number(len(requests)), waits=format_number(len(waits)))
    text = translate("Day", "{span}: {count} requests, {waits} of them waited {duration} in all.")
    return text.format(
        span=span,
        count=format_number(len(requests)),
        waits=format_number(len(waits)),
        duration=format_duration(sum(shown.request.wait_s for shown in waits)),
    )


def _request(shown: ShownRequest, lane: LaneScene) -> str:
    request = shown.request
    app = app_name(request.client) or translate("Activity", "unknown")
    if shown.changed and shown.ready:
        text = translate("Day", "{time}, {app}: waited {duration}; with this limit, the model would have been ready.")
    elif shown.changed:
        text = translate("Day", "{time}, {app}: the model was ready; with this limit, it would have had to load.")
    elif shown.ready:
        text = translate("Day", "{time}, {app}: the model was ready.")
    else:
        text = translate("Day", "{time}, {app}: waited {duration}, because the model was not in memory.")
    words = text.format(time=clock(request.at), app=app, duration=format_duration(request.wait_s))
    before = None if request.ready else lane.before(request.at)
    if before is not None and before.ended is not None:
        words += " " + sentence(f"{clock(before.ended.at)}: {decision_sentence(before.ended)}")
    return words


def _stay(stay: Stay) -> str:
    begin, end = clock(stay.begins_at), clock(stay.ends_at)
    words = [translate("Day", "In memory from {begin} to {end}.").format(begin=begin, end=end)]
    words += [sentence(decision_sentence(each)) for each in (stay.loaded, stay.ended) if each is not None]
    return " ".join(words)


def _planned(stay: PlannedStay, until: float) -> str:
    words = [
        _loads_at(stay) if stay.loads else translate("Day", "Stays in memory unless another model needs the room.")
    ]
    if stay.ends_at < until:
        words.append(translate("Day", "Leaves at {time}.").format(time=clock(stay.ends_at)))
    return " ".join(words)


def _loads_at(stay: PlannedStay) -> str:
    time, why = clock(stay.begins_at), "" if stay.why is None else message_text(stay.why)
    if stay.usual_at is None:
        return sentence(translate("Day", "Loads at {time}: {why}").format(time=time, why=why))
    text = translate("Day", "Loads at {time}, before you usually start at {usual}: {why}")
    return sentence(text.format(time=time, usual=clock(stay.usual_at), why=why))
