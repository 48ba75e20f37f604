from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from ports import free_port
from preheat import paths
from preheat.errors import FolderError, PortInUseError, SettingsError
from preheat.inference import GenerationChunk
from preheat.messages import msg
from preheat.server import listen
from preheat.server.listening import names_dead_process, port_in_use
from raising import raises
from tests.engine.application import eventually
from tests.engine.server.conftest import RunningPort, start_port
from tests.engine.server.fake_engine import FakeEngine

BODY = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}], "stream": True}

PROGRAM = """
import asyncio, sys
from preheat.server import serve
from tests.engine.server.fake_engine import FakeEngine, Settings

engine = FakeEngine(Settings(port=int(sys.argv[1]), shutdown_grace=float(sys.argv[2])))
engine.script.insert(1, asyncio.Event())
asyncio.run(serve(engine, engine.settings, on_ready=lambda port: print("ready", flush=True)))
print("ended", flush=True)
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens without answering."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def start_process(port: int, grace_s: float) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "engine")])}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(port), str(grace_s)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_small_answers_do_not_wait_for_nagle() -> None:
    # asyncio disables Nagle's algorithm only for sockets with an explicit protocol.
    with listen("127.0.0.1", 0) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_a_taken_port_names_its_process_and_alternatives(taken: int) -> None:
    with pytest.raises(PortInUseError) as caught:
        listen("127.0.0.1", taken)
    message = caught.value.message
    assert message.code == "port_taken_by_process"
    assert message.params.items() >= {"port": taken, "free": taken + 1, "pid": os.getpid()}.items()


def test_a_listener_at_another_address_is_not_blamed(taken: int) -> None:
    error = port_in_use("127.0.0.2", taken)
    assert error.message.code == "port_taken"


def test_a_process_that_has_ended_is_noticed() -> None:
    def taken_by(process: str, pid: int) -> PortInUseError:
        return PortInUseError(msg("port_taken_by_process", port=1, free=2, process=process, pid=pid))

    me = psutil.Process()
    assert not names_dead_process(taken_by(me.name(), me.pid))
    assert names_dead_process(taken_by("ollama", me.pid))  # its number was used again
    assert names_dead_process(taken_by("ollama", 2**22 + 1))
    assert not names_dead_process(PortInUseError(msg("port_taken", port=1, free=2)))


async def test_a_port_taken_by_preheat_says_so(port: RunningPort) -> None:
    with pytest.raises(PortInUseError) as caught:
        await asyncio.to_thread(listen, "127.0.0.1", port.port)
    message = caught.value.message
    assert (message.code, message.params["pid"]) == ("port_has_preheat_process", os.getpid())


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_impossible_host_is_a_settings_error(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        listen(host, 0)
    assert caught.value.message.code == "cannot_listen"


async def test_the_runtime_file_exists_while_the_port_is_open(port: RunningPort) -> None:
    file = paths.runtime_file()
    content = json.loads(file.read_text())
    assert (content["pid"], content["host"], content["port"]) == (os.getpid(), "127.0.0.1", port.port)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    port.task.cancel()
    await asyncio.wait([port.task])
    assert not file.exists()


async def test_only_this_user_reads_the_runtime_file_also_where_an_old_one_was_open(
    engine: FakeEngine, preheat_home: Path
) -> None:
    file = paths.runtime_file()
    file.parent.mkdir(mode=0o755)
    file.write_text("{}")
    file.chmod(0o666)
    running = await start_port(engine)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(json.loads(file.read_text())["key"]) >= 43
    running.task.cancel()
    await asyncio.wait([running.task])


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
async def test_a_runtime_folder_that_others_can_write_is_refused(
    mode: int, engine: FakeEngine, preheat_home: Path
) -> None:
    paths.runtime_dir().mkdir()
    paths.runtime_dir().chmod(mode)
    with raises(FolderError, "runtime_folder_unsafe"):
        await start_port(engine)
    assert not paths.runtime_file().exists()


async def test_another_instances_runtime_file_is_left_alone(port: RunningPort) -> None:
    paths.runtime_file().write_text("{}")
    port.task.cancel()
    await asyncio.wait([port.task])
    assert paths.runtime_file().read_text() == "{}"


async def test_the_port_is_free_again_at_once(engine: FakeEngine, preheat_home: Path) -> None:
    running = await start_port(engine)
    async with httpx2.AsyncClient(base_url=running.url) as client:
        assert (await client.get("/health")).status_code == 200
        running.task.cancel()
        await asyncio.wait([running.task])
    with listen("127.0.0.1", running.port):
        pass


async def test_a_cancelled_server_finishes_its_answers(engine: FakeEngine, port: RunningPort) -> None:
    gate = asyncio.Event()
    engine.script.insert(1, gate)
    async with httpx2.AsyncClient(base_url=port.url, timeout=20) as client:
        request = asyncio.create_task(client.post("/v1/chat/completions", json=BODY))
        await engine.until(lambda: bool(engine.requests))
        port.task.cancel()
        await asyncio.sleep(0)
        gate.set()
        answer = await request
    assert answer.text.endswith("data: [DONE]\n\n")
    await asyncio.wait([port.task])
    assert port.task.cancelled()


async def test_streams_beyond_the_grace_period_get_an_error(engine: FakeEngine, preheat_home: Path) -> None:
    running = await start_port(engine, shutdown_grace=0.05)
    engine.script = [GenerationChunk("Hel"), asyncio.Event()]
    async with httpx2.AsyncClient(base_url=running.url, timeout=20) as client:
        request = asyncio.create_task(client.post("/v1/chat/completions", json=BODY))
        await engine.until(lambda: bool(engine.requests))
        running.task.cancel()
        assert '"code": "engine_stopped"' in (await request).text
    await asyncio.wait([running.task])
    assert engine.leases == 0


async def test_event_streams_do_not_delay_the_shutdown(engine: FakeEngine, preheat_home: Path) -> None:
    running = await start_port(engine, shutdown_grace=60)
    async with (
        httpx2.AsyncClient(base_url=running.url, timeout=20) as client,
        client.stream("GET", "/preheat/v1/events") as answer,
    ):
        lines = answer.aiter_lines()
        await anext(lines)
        running.task.cancel()
        assert [line async for line in lines if line.startswith("data")] == []
        await asyncio.wait([running.task])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_idle_server_at_once(number: int, preheat_home: Path) -> None:
    port = free_port()
    with start_process(port, 60) as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert (output, process.returncode) == ("ended\n", 0)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_second_signal_ends_a_busy_server(preheat_home: Path) -> None:
    port = free_port()
    with (
        start_process(port, 60) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        client.stream("POST", "/v1/chat/completions", json=BODY) as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        process.send_signal(signal.SIGINT)
        eventually(lambda: refuses(port), "the port's end")  # a signal before that would be one with the first
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert any("engine_stopped" in line for line in lines)
        output, _ = process.communicate(timeout=60)
        assert (output, process.returncode) == ("ended\n", 0)


def test_importing_the_package_does_not_import_the_framework() -> None:
    code = "import sys, preheat.server; print(sorted({'fastapi', 'uvicorn', 'starlette'} & set(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout == "[]\n"


async def test_the_warm_up_is_not_logged(
    engine: FakeEngine, preheat_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    running = await start_port(engine, api_keys=("k1",))
    running.task.cancel()
    await asyncio.wait([running.task])
    assert (engine.requests, engine.commands) == ([], [])
    assert not [record for record in caplog.records if record.name == "preheat.server.access"]
