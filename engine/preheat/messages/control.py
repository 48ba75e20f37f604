"""Messages of the control API and the port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "must_be_flag": Template("{param} must be true or false"),
    "must_be_one_of": Template("{param} must be one of {names:names}"),
    "must_be_whole_number": Template("{param} must be a whole number from {minimum} to {maximum}"),
    "must_be_list": Template("{param} must be a list, with entries of the right kind"),
    "must_be_text": Template("{param} must be a text"),
    "must_be_short_text": Template("{param} must be a text of at most {maximum} characters"),
    "must_be_absolute_path": Template("{param} must be an absolute path"),
    "must_be_path": Template("{param} is not a usable path: {reason}"),
    "parameter_unknown": Template("{param} is no parameter here", "These are: {known:names}"),
    "must_be_size": Template("{param} must be an amount of memory, such as 8GiB or 50%"),
    "room_end_alone": Template("--end takes no size and no time"),
    "must_be_seconds": Template("{param} must be a number of seconds above 0"),
    "must_be_model_names": Template("{param} must be a list of model names, or auto"),
    "must_be_setting": Template("{param} must be a text, number, true, false or list"),
    "body_not_an_object": Template("The request body must be a JSON object"),
    "not_running": Template("Preheat is not running", "Start it with: preheat serve"),
    "answer_incomplete": Template("Preheat ended before its answer was complete", "Start it with: preheat serve"),
    "engine_ended": Template("The engine stopped", "Start it again"),
    "shown_engine_ended": Template("Preheat quit. It is shown again as soon as it runs"),
    "engine_of_other_program": Template(
        "This Preheat is part of another program", "End that program, and Preheat ends with it"
    ),
    "still_running": Template(
        "Preheat (process {pid}) has not ended yet", "Wait for its requests, or end it at once: preheat quit --now"
    ),
    "engine_failed": Template("The engine stopped unexpectedly: {reason}"),
    "other_version": Template(
        "The running Preheat is another version ({version}) and cannot be shown", "Stop it and start it again"
    ),
    "http_status": Template("Preheat answered with HTTP status {status}"),
    "makes_embeddings": Template("{model} makes embeddings, not text", "Choose a text model"),
    "writes_text": Template("{model} writes text, not embeddings", "Choose an embedding model"),
    "port_closed": Template("The port closed as it opened", "See the log for the reason"),
    "port_not_opened": Template("The port could not be opened: {reason}", "See the log for more"),
    "shutting_down": Template("Preheat is shutting down"),
    "not_started": Template("Preheat is not running"),
    "queue_full": Template(
        "{limit} requests are using {model} or waiting for it", "Try again shortly, or raise max_queue"
    ),
    "model_answering": Template(
        "{model} has requests in progress and cannot be moved or deleted now", "Try again when they have ended"
    ),
    "download_cancelled_meanwhile": Template("The download was cancelled in the meantime"),
    "no_endpoint": Template("There is no such endpoint", "See /docs for the endpoints"),
    "no_method": Template("{method} is not possible here"),
}
