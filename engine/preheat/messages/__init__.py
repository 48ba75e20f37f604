"""Sentences as codes with parameters.

A decision, a reason or an error is made as a ``Message`` where it happens, and put into words where it is shown. One
table holds the English words for the API, the command line and the log; the windows translate the same table.
"""

from __future__ import annotations

from preheat.messages.message import (
    ENGLISH,
    Message,
    Param,
    Words,
    message_from_json,
    message_json,
    msg,
    render,
    verbatim,
)
from preheat.messages.system import REASON_CODES
from preheat.messages.table import TABLE
