"""Messages about what is likely to be needed next: who says so, how likely it is, and what a load of it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_VOICES: Final = {
    "voices": Template("{first}, {second}"),
    "voice_lately": Template("one of the last used"),
    "voice_hour": Template("used on weekdays around {hour}:00"),
    "voice_weekend_hour": Template("used on weekends around {hour}:00"),
    "voice_weekday": Template("used on {day} from {hour}:00 to {end}:00"),
    "voice_session": Template("used between other models"),
    "voice_pause": Template("used after a break of more than {pause_s:duration}"),
    "voice_after": Template("used after {model}"),
    "voice_after_two": Template("used after {first} and then {second}"),
    "voice_return": Template("usually used again about now"),
    "voice_client": Template("{client} was opened"),
    "voice_named": Template("an app asked for its details"),
    "voice_added": Template("it was just added"),
    "voice_chosen": Template("it was just chosen"),
}
_DAYS: Final = {
    "day_0": Template("Mondays"),
    "day_1": Template("Tuesdays"),
    "day_2": Template("Wednesdays"),
    "day_3": Template("Thursdays"),
    "day_4": Template("Fridays"),
    "day_5": Template("Saturdays"),
    "day_6": Template("Sundays"),
}
_ESTIMATES: Final = {
    "chance_sure": Template("almost certain to be next"),
    "chance_most": Template("about a {parts} in {whole} chance of being next"),
    "chance_one": Template("about a 1 in {whole} chance of being next"),
    "chance_slight": Template("unlikely to be next"),
    "plan_estimated": Template("{plan}; {chance}, saves {saved_s:duration}, may load {load:bytes} in vain"),
}

TABLE: Final[Mapping[str, Template]] = {**_VOICES, **_DAYS, **_ESTIMATES}
