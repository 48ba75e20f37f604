"""Opens the port, or reports which process has it."""

from __future__ import annotations

import errno
import http.client
import json
import logging
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from preheat.errors import PortInUseError, SettingsError, reason_of
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.settings import Settings

logger = logging.getLogger(__name__)

OLLAMA_PORT: Final = 11434
"""Where programs look for Ollama."""

_BACKLOG: Final = 1024
_ASK_TIMEOUT_S: Final = 0.5
_ANY: Final = frozenset({"0.0.0.0", "::"})
_WSAEACCES: Final = 10013  # Windows, when another process has the port exclusively


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. From now on, clients wait instead of failing. Port 0 takes any free one.

    Raises:
        PortInUseError: Another process has the port; the title names it.
        SettingsError: The host is not an address of this machine, or the port is not allowed.
    """
    try:
        return _listen(host, port)
    except OSError as error:
        if _is_taken(error):
            raise port_in_use(host, port) from error
        raise _cannot_listen(host, port, error) from error


def is_free(host: str, port: int) -> bool:
    """Return whether ``listen`` would work. Cheaper than its error, so that it can be tried repeatedly."""
    try:
        _listen(host, port).close()
    except OSError:
        return False
    return True


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # asyncio disables Nagle's algorithm only for sockets with an explicit TCP protocol. With it, a small response in
    # two writes takes 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Without it, closed connections keep the port busy for a minute after a kill.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # On Windows, SO_REUSEADDR would share the port with another process.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
        sock.bind(address)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _is_taken(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE or getattr(error, "winerror", None) == _WSAEACCES


def listen_for_ollama(settings: Settings) -> socket.socket | None:
    """Return a socket on Ollama's port; None if the settings do not ask for it, or another program has it."""
    if not settings.ollama_port or settings.port == OLLAMA_PORT:
        return None
    try:
        return listen(settings.host, OLLAMA_PORT)
    except (PortInUseError, SettingsError) as error:
        logger.warning("Ollama's port is not opened: %s", error)
        return None


def port_in_use(host: str, port: int) -> PortInUseError:
    """Return the error that names the process on the port and the alternatives."""
    is_preheat = _is_preheat(host, port)
    free = port + 1 if port < 65535 else port - 1
    ours = _resolved(host, port)
    # A listener on another address does not keep this one from being opened.
    holder = next((each for each in listeners(port) if _collide(each.address, ours)), None)
    if holder is None:
        return PortInUseError(msg("port_has_preheat" if is_preheat else "port_taken", port=port, free=free))
    code = "port_has_preheat_process" if is_preheat else "port_taken_by_process"
    return PortInUseError(msg(code, port=port, free=free, process=holder.process, pid=holder.pid))


def names_dead_process(error: PortInUseError) -> bool:
    """Return whether the process that has the port, according to the error, has ended since."""
    import psutil

    pid = error.message.params.get("pid")
    if not isinstance(pid, int):
        return False
    try:
        return bool(psutil.Process(pid).name() != error.message.params["process"])  # or its number was used again
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _resolved(host: str, port: int) -> str:
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][4][0])


def _collide(one: str, other: str) -> bool:
    return one == other or not _ANY.isdisjoint((one, other))


class Listener(NamedTuple):
    """A process that listens on a port."""

    address: str
    process: str  # its name
    pid: int


def listeners(port: int) -> list[Listener]:
    """Return the processes that listen on the port, as far as the system reveals them."""
    import psutil  # only failures need it

    found: list[Listener] = []
    try:
        for each in psutil.net_connections(kind="tcp"):
            if each.pid is not None and (address := _listened_at(each, port)):
                with suppress(psutil.Error, OSError):
                    found.append(Listener(address, psutil.Process(each.pid).name(), each.pid))
    except (psutil.Error, OSError):
        # The whole list needs special rights on macOS; the user's own processes do not.
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                for own in process.net_connections(kind="tcp"):
                    if address := _listened_at(own, port):
                        found.append(Listener(address, process.name(), process.pid))
    return found


def _listened_at(connection: Any, port: int) -> str | None:
    """Return the address of a connection that listens on a port; None for others."""
    return connection.laddr.ip if connection.status == "LISTEN" and connection.laddr.port == port else None


def _is_preheat(host: str, port: int) -> bool:
    """Ask the port whether it belongs to Preheat."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    connection = http.client.HTTPConnection(target, port, timeout=_ASK_TIMEOUT_S)
    try:
        connection.request("GET", "/health", headers={"Host": f"localhost:{port}"})
        answer = json.loads(connection.getresponse().read(10_000))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(answer, dict) and answer.get("app") == "preheat"


def _cannot_listen(host: str, port: int, error: OSError) -> SettingsError:
    return SettingsError(msg("cannot_listen", host=host, port=port, reason=reason_of(error)))
