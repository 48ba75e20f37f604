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
    # What to do about a file or folder that cannot be used.
    "free_space": Template("Free some space on the disk of {path}"),
    "check_read_only": Template("The disk of {path} is read-only: make it writable, or choose another place"),
    "check_permissions": Template("Check the owner and the permissions of {path}"),
    "close_programs": Template("Close other programs, and try again"),
    "check_disk": Template("Check the disk of {path}"),
    "close_user_of": Template("Close the program that uses {path}"),
    "check_file": Template("Check {path} and the folders above it"),
    "home_unusable": Template(
        "{variable} does not name a home folder", "Set HOME, or PREHEAT_HOME, to a folder of your own"
    ),
    "processor_too_old": Template(
        "This processor is too old for Preheat: it lacks {missing}",
        "Use a newer computer: Intel's processors since 2009 and AMD's since 2011 have them",
    ),
    "file_unusable": Template("{path} cannot be used: {reason}", "{remedy}"),
    "internal_error": Template(
        "Preheat failed because of a bug (error {id})", "Report it with the line of the log that has this number"
    ),
}
