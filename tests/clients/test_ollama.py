"""Ollama's own package for JavaScript."""

from __future__ import annotations

import json

from running_preheat import Preheat
from tests.clients.conftest import FOLDER, MODEL, Client


def test_the_package_lists_chats_and_calls(preheat: Preheat, run: Client) -> None:
    found = json.loads(run("node", str(FOLDER / "ollama_client.mjs"), preheat.url, MODEL, variables={}))
    assert any(name.startswith(MODEL) for name in found["models"])
    assert "tools" in found["capabilities"]
    (call,) = found["message"]["tool_calls"]
    assert call["function"]["name"] == "bash"
    assert call["function"]["arguments"] == {"command": "echo by Pi > out.txt"}
    assert found["text"] == "It is written."
    assert found["last"]["done"] is True
