from __future__ import annotations

import socket
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import servers
from benchmarks.figures import Label
from benchmarks.load_options import CONTEXT_LENGTH
from benchmarks.servers import Server, ServerError, free_port, preheat_environment, preheat_settings


def test_settings_of_the_user_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREHEAT_REPACK", "on")
    environment = preheat_environment(tmp_path, {"port": "1234"})
    assert {name: value for name, value in environment.items() if name.startswith("PREHEAT_")} == {
        "PREHEAT_PORT": "1234",
        "PREHEAT_HOME": str(tmp_path),
    }
    assert "PATH" in environment


def test_settings_are_valid(tmp_path: Path) -> None:
    from preheat.settings import load_settings

    chosen = preheat_settings([tmp_path / "a", tmp_path / "b"], threads=2, favourites=[tmp_path / "Model-Q4.gguf"])
    settings = load_settings(environ=preheat_environment(tmp_path, chosen))
    assert settings.models_dirs == (tmp_path / "a", tmp_path / "b")
    assert settings.favourites == ("model-q4",)
    assert settings.threads == 2
    assert settings.context_length == CONTEXT_LENGTH


def test_favourites_may_be_empty(tmp_path: Path) -> None:
    from preheat.settings import load_settings

    settings = load_settings(environ=preheat_environment(tmp_path, preheat_settings([], threads=1)))
    assert settings.favourites == ()


def test_each_server_has_its_own_name_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "Model-Q4.gguf"
    assert Server(Label.PREHEAT, 1, 1, 0.0, 0.0, 0.0, home=tmp_path).model_name(path) == "model-q4"
    assert Server(Label.LLAMA_SERVER, 1, 1, 0.0, 0.0, 0.0).model_name(path) == "Model-Q4"


def test_a_server_runs_only_inside_the_block() -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    with servers.running(Label.LLAMA_SERVER, command, port, {}) as server:
        assert server.answer_s > 0
        with socket.create_connection(("127.0.0.1", port)):
            pass
    assert not psutil.pid_exists(server.pid)


def test_a_failed_server_is_reported_with_its_log() -> None:
    command = [sys.executable, "-c", "print('no such model'); raise SystemExit(3)"]
    with pytest.raises(ServerError, match="ended with 3") as caught, servers.running(Label.PREHEAT, command, 1, {}):
        pytest.fail("it is not up")
    assert "no such model" in caught.value.__notes__[0]
