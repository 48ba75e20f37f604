"""The bytes between a worker and its guarded process: lengths and times in network order, then the content."""

from __future__ import annotations

import struct
from typing import Final

QUESTION: Final = struct.Struct(">II")
"""Length of a question in bytes, and its time limit in milliseconds."""

ANSWER: Final = struct.Struct(">cI")
"""Kind and length of an answer."""

READY: Final = b"r"
"""Sent once, before the first question."""

ANSWERED: Final = b"a"

LAST_ANSWER: Final = b"l"
"""The process ends after this answer, because it has grown."""

BUG: Final = b"b"
"""The content says where an unexpected error was raised."""

EXIT_MEMORY: Final = 3
"""Exit code of a process that reached its memory limit."""
