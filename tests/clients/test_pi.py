"""Pi, an agent that speaks three protocols."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from running_preheat import Preheat
from tests.clients.conftest import CONTEXT_LENGTH, MODEL, Client


@pytest.mark.parametrize(
    ("protocol", "path"), [("openai-completions", "/v1"), ("openai-responses", "/v1"), ("anthropic-messages", "")]
)
def test_pi_runs_a_command_and_reports(
    protocol: str, path: str, preheat: Preheat, run: Client, project: Path, tmp_path: Path
) -> None:
    model = {"id": MODEL, "contextWindow": CONTEXT_LENGTH, "maxTokens": 1024}
    provider = {"baseUrl": f"{preheat.url}{path}", "api": protocol, "apiKey": "unused", "models": [model]}
    home = tmp_path / "pi"
    home.mkdir()
    (home / "models.json").write_text(json.dumps({"providers": {"preheat": provider}}), encoding="utf-8")
    output = run(
        "pi",
        "--print",
        "--no-session",
        "--offline",
        *("--provider", "preheat"),
        *("--model", MODEL),
        "Write a file.",
        variables={"PI_CODING_AGENT_DIR": str(home)},
    )
    assert output.strip() == "It is written."
    assert (project / "out.txt").read_text(encoding="utf-8") == "by Pi\n"
