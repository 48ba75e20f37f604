"""Messages of replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "nothing_to_replay": Template(
        "There is nothing to replay: no request is on record", "Try a made-up user: preheat replay --synthetic steady"
    ),
    "replay_failed": Template("The recorded use could not be replayed", "{reason}"),
}
