"""Messages of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "cli_models_need_order": Template(
        "Models are only given together with --order", "preheat favourites --order A B, or preheat favourite A"
    ),
    "cli_order_needs_models": Template("No models to order", "Name the models: preheat favourites --order A B"),
    "cli_no_download_named": Template(
        "No download is given", "preheat downloads {action} ID; preheat downloads lists the ids"
    ),
    "cli_no_folder": Template("There is no folder {path}", "Create it, or choose another one with --models-dir"),
    "cli_no_prompt": Template("There is no prompt", "Write it after the model's name, or to standard input"),
    "cli_write_failed": Template("Writing failed: {reason}"),
    "cli_import_modes": Template("--copy, --move and --link exclude each other", "Use one of them, or none"),
    "cli_not_confirmed": Template("{model} was not deleted: input is not a terminal", "Confirm it with --yes"),
    "cli_windows_missing": Template("Preheat's windows are not installed", "Install them: pip install 'preheat[gui]'"),
    "cli_windows_not_in_package": Template(
        "preheat-server has no windows", "Install the package preheat, which takes its place and keeps your models"
    ),
    "cli_windows_fail": Template(
        "Preheat's windows cannot start: {reason}", "docs/troubleshooting.md lists the system libraries that Qt needs"
    ),
}
