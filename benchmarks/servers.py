"""Starts and stops the two servers: same files, threads, context length and slots.

All other options are each server's defaults, which are what its users get.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Label
from benchmarks.http_client import Connection
from benchmarks.load_options import CONTEXT_LENGTH
from benchmarks.processes import end_tree

_START_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.005


class ServerError(Exception):
    """A server did not start or has ended; the message contains the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    label: Label  # which of the two servers
    port: int
    pid: int
    started_at: float  # ``time.perf_counter`` before the start of the process
    opened_at: float  # the same when the port accepted the first connection
    answered_at: float  # the same at the first answer of the port, with any status
    home: Path | None = None  # Preheat's PREHEAT_HOME; None for llama-server

    @property
    def answer_s(self) -> float:
        """Seconds from process start to the port's first answer."""
        return self.answered_at - self.started_at

    def model_name(self, path: Path) -> str:
        """Return the server's name for a model file."""
        return path.stem.lower() if self.home else path.stem


def preheat_environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with these settings of Preheat only."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREHEAT_")}
    chosen = {f"PREHEAT_{name.upper()}": value for name, value in settings.items()}
    return inherited | chosen | {"PREHEAT_HOME": str(home)}


def preheat_settings(
    folders: Sequence[Path],
    *,
    threads: int | None,
    favourites: Sequence[Path] = (),
    parallel: int | None = 4,
    memory_limit: str = "90%",
    **others: str,
) -> dict[str, str]:
    """Return settings that make Preheat comparable, with ``others`` added; None leaves a default."""
    return {
        "models_dirs": ",".join(map(str, folders)),
        "favourites": ",".join(path.stem.lower() for path in favourites),
        "threads": "auto" if threads is None else str(threads),
        "context_length": str(CONTEXT_LENGTH),
        **({} if parallel is None else {"parallel": str(parallel)}),
        "memory_limit": memory_limit,
        "keep_free": "0%",
        **others,
    }


SERVE: Final = (sys.executable, "-m", "preheat", "serve")


@contextmanager
def preheat(settings: Mapping[str, str], command: Sequence[str] = SERVE) -> Iterator[Server]:
    """Run ``preheat serve`` with its own PREHEAT_HOME; yield once its port answers, during preloading."""
    home = Path(tempfile.mkdtemp(prefix="preheat-bench-"))
    port = free_port()
    environment = preheat_environment(home, {**settings, "port": str(port)})
    try:
        with running(Label.PREHEAT, command, port, environment, home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def llama_server(
    binary: Path,
    *,
    threads: int | None,
    model: Path | None = None,
    models_dir: Path | None = None,
    parallel: int = 4,
    embeddings: bool = False,
) -> Iterator[Server]:
    """Run llama-server with one model, or as a router of a folder that keeps one model in memory."""
    port = free_port()
    command = [str(binary), "--host", "127.0.0.1", "--port", str(port), "--offline"]
    command += ["-c", str(CONTEXT_LENGTH), "-np", str(parallel)]
    if threads is not None:
        command += ["-t", str(threads)]
    # The slots share the context, as in Preheat and by default without -np.
    command += ["--kv-unified"]
    if model:
        command += ["-m", str(model)]
    if models_dir:
        command += ["--models-dir", str(models_dir), "--models-max", "1"]
    if embeddings:
        command += ["--embeddings"]
    with running(Label.LLAMA_SERVER, command, port, os.environ) as server:
        yield server


@contextmanager
def running(
    label: Label, command: Sequence[str], port: int, environment: Mapping[str, str], home: Path | None = None
) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        started_at = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        try:
            opened_at = _wait_for_answer(process, port)
            yield Server(label, port, process.pid, started_at, opened_at, time.perf_counter(), home)
        except Exception as error:
            log.seek(0)
            tail = "\n".join(log.read().decode(errors="replace").splitlines()[-15:])
            error.add_note(f"{label} was running as {' '.join(command)}; its log ends with:\n{tail}")
            raise
        finally:
            end_tree(process.pid)
            process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int) -> float:
    """Wait for the first HTTP answer of the port; return when it accepted the first connection."""
    opened_at: float | None = None
    deadline = time.perf_counter() + _START_TIMEOUT_S
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise ServerError(f"the process ended with {process.returncode} before its port answered")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                opened_at = opened_at or time.perf_counter()
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if connection.recv(1):
                    return opened_at
        except OSError:
            pass
        time.sleep(_POLL_S)
    raise ServerError(f"port {port} did not answer within {_START_TIMEOUT_S:.0f} s")


async def wait_until_hot(server: Server, path: Path) -> None:
    """Wait until the model is ready, without sending it a request.

    Raises:
        ServerError: Its load failed or took too long.
    """
    async with Connection(server.port) as connection:
        deadline = time.perf_counter() + _START_TIMEOUT_S
        while time.perf_counter() < deadline:
            if await _is_hot(connection, server, path):
                return
            await asyncio.sleep(0.02)
    raise ServerError(f"{server.label}: {path.stem} was not ready within {_START_TIMEOUT_S:.0f} s")


async def _is_hot(connection: Connection, server: Server, path: Path) -> bool:
    if server.home is None:
        status, _ = await connection.get("/health")  # 503 while the model loads
        return status == 200
    _, content = await connection.get("/preheat/v1/status")
    models = {model["id"]: model for model in json.loads(content)["models"]}
    found = models.get(server.model_name(path))
    if found is None or found["state"] == "failed":
        raise ServerError(f"Preheat does not have {path.stem}: {found or sorted(models)}")
    return bool(found["state"] == "hot")


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
