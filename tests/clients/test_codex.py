"""Codex, which speaks only the Responses protocol."""

from __future__ import annotations

import json
from pathlib import Path

from running_preheat import Preheat
from tests.clients.conftest import CONTEXT_LENGTH, MODEL, Client

CONFIG = """
model = "{model}"
model_provider = "preheat"
model_context_window = {context_length}
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.preheat]
name = "Preheat"
base_url = "{url}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def test_codex_runs_a_command_and_reports(preheat: Preheat, run: Client, project: Path, tmp_path: Path) -> None:
    home = tmp_path / "codex"
    home.mkdir()
    (home / "config.toml").write_text(
        CONFIG.format(model=MODEL, context_length=CONTEXT_LENGTH, url=preheat.url), encoding="utf-8"
    )
    output = run(
        "codex",
        "exec",
        "--json",
        "--skip-git-repo-check",
        "--sandbox=danger-full-access",  # of the project's folder; its own needs rights that a container may lack
        "Write a file.",
        variables={"CODEX_HOME": str(home)},
    )
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    (command,) = (item for item in items if item["type"] == "command_execution")
    assert command["exit_code"] == 0
    assert (project / "out.txt").read_text(encoding="utf-8") == "by Codex\n"
    (message,) = (item for item in items if item["type"] == "agent_message")
    assert message["text"] == "It is written."
    (turn,) = (event for event in events if event["type"] == "turn.completed")
    assert turn["usage"]["input_tokens"] > 10_000
    assert turn["usage"]["cached_input_tokens"] > turn["usage"]["input_tokens"] * 0.4  # the second request's prefix
