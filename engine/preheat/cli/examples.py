"""Examples in the help of each command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "serve": (
        "preheat serve",
        "preheat serve --port 8080 --models-dir ~/models",
        "preheat serve --set memory_limit=12GiB",
    ),
    "tray": ("preheat tray", "preheat tray --login"),
    "open": ("preheat open", "preheat open --print"),
    "quit": ("preheat quit", "preheat quit --now"),
    "run": (
        'preheat run smollm2 "Name three colours"',
        "preheat run smollm2",
        'preheat run smollm2 --system "Answer in one line" --max-tokens 60 "What is GGUF?"',
    ),
    "embed": ('preheat embed "a text"', "preheat embed --json - < lines.txt"),
    "list": ("preheat list", "preheat list --all"),
    "show": ("preheat show smollm2",),
    "search": (
        "preheat search qwen3 coder",
        "preheat search --task embedding nomic",
        "preheat search Qwen/Qwen3-4B-GGUF",
        "preheat search --card Qwen/Qwen3-4B-GGUF",
    ),
    "catalogue": ("preheat catalogue", "preheat catalogue --task code"),
    "hub login": ("preheat hub login", "preheat hub login < token.txt"),
    "hub logout": ("preheat hub logout",),
    "hub account": ("preheat hub account", "preheat hub account --json"),
    "pull": ("preheat pull qwen3:4b", "preheat pull Qwen/Qwen3-4B-GGUF:Q4_K_M"),
    "downloads": ("preheat downloads", "preheat downloads pause ID"),
    "rm": ("preheat rm smollm2", "preheat rm smollm2 --yes"),
    "import": ("preheat import ~/Downloads/model.gguf", "preheat import --move ~/Downloads/model.gguf"),
    "move-models": ("preheat move-models /mnt/large/models --dry-run", "preheat move-models /mnt/large/models"),
    "status": ("preheat status", "preheat status --json"),
    "top": ("preheat top", "preheat top --once"),
    "ps": ("preheat ps", "preheat ps --json"),
    "load": ("preheat load smollm2",),
    "unload": ("preheat unload smollm2",),
    "favourite": ("preheat favourite smollm2", "preheat favourite qwen3-4b all-minilm"),
    "unfavourite": ("preheat unfavourite smollm2",),
    "favourites": ("preheat favourites", "preheat favourites --order qwen3-4b smollm2"),
    "pause": ("preheat pause 30m", "preheat pause"),
    "make-room": ("preheat make-room 8GiB --for 1h", "preheat make-room", "preheat make-room --end"),
    "resume": ("preheat resume",),
    "cache list": ("preheat cache list",),
    "cache clear": ("preheat cache clear smollm2", "preheat cache clear"),
    "why": ("preheat why smollm2",),
    "plan": ("preheat plan",),
    "log": ("preheat log", "preheat log --since 2h", "preheat log --model smollm2 --count 50"),
    "requests": ("preheat requests --since 1d", "preheat requests --model smollm2 --json"),
    "devices": ("preheat devices", "preheat devices --json"),
    "day": ("preheat day", "preheat day --hours 8"),
    "stats": ("preheat stats", "preheat stats --since 24h", "preheat stats --since all --json"),
    "replay": (
        "preheat replay --limit 8GiB,12GiB",
        "preheat replay --synthetic office-day --limit 8GiB",
        "preheat replay --tune",
    ),
    "doctor": ("preheat doctor", "preheat doctor --bundle"),
    "config get": ("preheat config get", "preheat config get memory_limit"),
    "config set": ("preheat config set memory_limit 12GiB", "preheat config set preload false"),
    "config unset": ("preheat config unset memory_limit",),
    "config path": ("preheat config path",),
    "config check": ("preheat config check",),
    "keys list": ("preheat keys list",),
    "keys add": ("preheat keys add laptop", "preheat keys add editor --scope use --model smollm2"),
    "keys revoke": ("preheat keys revoke laptop",),
    "service install": ("preheat service install", "preheat service install --linger --set memory_limit=12GiB"),
    "service remove": ("preheat service remove",),
    "service status": ("preheat service status",),
    "completion": (
        "source <(preheat completion bash)",
        "preheat completion fish > ~/.config/fish/completions/preheat.fish",
    ),
    "update": ("preheat update", "preheat update --check"),
    "version": ("preheat version",),
}
"""By the command's words after ``preheat``."""


def add_examples(command: Any, name: str) -> None:
    """Add its examples to the end of a command's help, or of the help of each subcommand.

    Args:
        command: As typer has made it.
        name: Its words after ``preheat``.
    """
    for subcommand, below in getattr(command, "commands", {}).items():
        add_examples(below, f"{name} {subcommand}")
    if shown := EXAMPLES.get(name):
        heading = "[dim]Example[/dim]" if len(shown) == 1 else "[dim]Examples[/dim]"
        command.epilog = "\n".join([heading, *(f"  {example}" for example in shown)])
