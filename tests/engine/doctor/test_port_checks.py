"""The checks of port and engine, with real listeners."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ports import free_port
from preheat.doctor.checks import port
from preheat.doctor.report import Level
from tests.engine.doctor.single_checks import look, write_runtime_file, write_settings

pytestmark = pytest.mark.usefixtures("preheat_home")


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that accepts connections and never answers."""
    monkeypatch.setattr(port, "ASK_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def web_server() -> Iterator[Callable[[dict[str, object]], int]]:
    """Start web servers that answer everything with one JSON object; return their port."""
    servers: list[HTTPServer] = []

    def start(answer: dict[str, object]) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


# -- port and engine --


def test_a_free_port() -> None:
    write_settings(f"port = {free_port()}")
    assert list(look("port")) == ["doctor_port_free"]


def test_a_port_of_a_program_that_does_not_answer_is_named(listener: socket.socket) -> None:
    number = listener.getsockname()[1]
    write_settings(f"port = {number}")
    finding = look("port")["doctor_port_silent"]
    assert finding.level is Level.BROKEN
    assert str(os.getpid()) in str(finding.title)
    assert f"preheat config set port {number + 1}" in finding.remedy


def test_a_port_of_another_program(web_server: Callable[[dict[str, object]], int]) -> None:
    write_settings(f"port = {web_server({'app': 'nginx'})}")
    assert look("port")["doctor_port_taken"].level is Level.BROKEN


def test_the_port_of_another_preheat(web_server: Callable[[dict[str, object]], int]) -> None:
    write_settings(f"port = {web_server({'app': 'preheat', 'pid': 1, 'version': '9.9'})}")
    finding = look("port")["doctor_port_other_preheat"]
    assert "9.9" in str(finding.title)


def test_the_own_port(web_server: Callable[[dict[str, object]], int]) -> None:
    number = web_server({"app": "preheat", "pid": os.getpid()})
    write_settings(f"port = {number}")
    write_runtime_file(number)
    assert list(look("port")) == ["doctor_port_ours"]


def test_another_program_on_the_other_loopback(
    web_server: Callable[[dict[str, object]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port, "ASK_S", 2.0)  # one of the two answers in time
    number = web_server({"app": "preheat", "pid": 2**22 + 1})
    try:
        other = socket.create_server(("::1", number), family=socket.AF_INET6)
    except OSError:
        pytest.fail("this test needs IPv6 on the loopback")
    with other:
        write_settings(f"port = {number}")
        assert look("port")["doctor_port_other_loopback"].level is Level.TO_DO


def test_an_address_of_another_machine() -> None:
    write_settings('host = "192.0.2.1"\napi_keys = ["abcdef"]')
    assert look("port")["doctor_cannot_listen"].level is Level.BROKEN


def test_no_running_preheat() -> None:
    assert look("engine")["doctor_not_running"].remedy


def test_a_running_preheat_that_does_not_answer(listener: socket.socket) -> None:
    write_runtime_file(listener.getsockname()[1])
    assert look("engine")["doctor_no_answer"].level is Level.BROKEN


def test_a_runtime_file_of_a_dead_process() -> None:
    write_runtime_file(1, pid=2**22 + 1)
    assert "doctor_not_running" in look("engine")
    assert look("private_files")["doctor_runtime_file_stale"].level is Level.GOOD


# -- files and folders --
