"""Messages of the tray application itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "login_item_not_written": Template(
        "Start at login could not be changed: {reason}", "Check the permissions of {file}"
    ),
    "login_item_refused": Template(
        "Start at login could not be changed: {reason}", "An administrator may have locked the startup programs"
    ),
    "image_unreadable": Template("{path} cannot be read: {reason}", "{remedy}"),
    "not_an_image": Template("{file} is not a picture that can be used", "Use a PNG or JPEG file"),
    "conversation_file": Template("The conversation {path} cannot be used: {reason}", "{remedy}"),
    "not_a_conversation": Template("{file} is not a kept conversation", "Choose another one"),
    "export_failed": Template("{path} cannot be written: {reason}", "{remedy}"),
    "engine_not_started": Template("The engine did not start", "See the log"),
    "preheat_quits": Template("Preheat is quitting"),
}
