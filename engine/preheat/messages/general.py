"""Messages that belong to no single area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    # Words of other software, such as llama.cpp or the operating system: shown as they are.
    "text": Template("{text}", "{hint}"),
    "process_out_of_memory": Template(
        "There is not enough memory for this",
        "Close other programs, use a smaller model or context_length, or raise the limits on this process's memory and "
        "threads (ulimit -v, ulimit -u)",
    ),
    "internal_error": Template(
        "Preheat failed because of a bug (error {id})", "Report it with the line of the log that has this number"
    ),
}
