"""Tools that Anthropic defines and the client runs: bash, text editor and memory.

Anthropic's models know their parameters, so that requests do not have them:
https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from preheat.inference import JsonObject

_TEXT: Final[JsonObject] = {"type": "string"}
_NUMBER: Final[JsonObject] = {"type": "integer"}

_FILE_FIELDS: Final[JsonObject] = {
    "path": _TEXT,
    "file_text": {**_TEXT, "description": "Content of a new file"},
    "old_str": {**_TEXT, "description": "Text to replace; it has to occur exactly once"},
    "new_str": {**_TEXT, "description": "Its replacement"},
    "insert_line": {**_NUMBER, "description": "Line after which to insert; 0 is the start of the file"},
    "insert_text": {**_TEXT, "description": "Text to insert"},
    "view_range": {"type": "array", "items": _NUMBER, "description": "First and last line to view; -1 is the end"},
}


def _schema(fields: Mapping[str, Any], *required: str) -> JsonObject:
    return {"type": "object", "properties": dict(fields), "required": list(required)}


def _commands(*names: str) -> JsonObject:
    return {"command": {**_TEXT, "enum": list(names)}}


CLIENT_TOOLS: Final[Mapping[str, tuple[str, JsonObject]]] = {
    "bash": (
        "Run a command in a persistent bash session.",
        _schema({"command": _TEXT, "restart": {"type": "boolean", "description": "Start a new session instead"}}),
    ),
    "text_editor": (
        "View, create and edit text files.",
        _schema({**_commands("view", "create", "str_replace", "insert"), **_FILE_FIELDS}, "command", "path"),
    ),
    "memory": (
        "View and edit files of notes in the folder /memories, which stay for later conversations.",
        _schema(
            {
                **_commands("view", "create", "str_replace", "insert", "delete", "rename"),
                **_FILE_FIELDS,
                "old_path": _TEXT,
                "new_path": _TEXT,
            },
            "command",
        ),
    ),
}
"""Description and parameters, by the type without its date."""
