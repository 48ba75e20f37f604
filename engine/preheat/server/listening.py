"""The port: taking it, or saying who has it."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from preheat.errors import EngineError, PortInUseError, SettingsError

if TYPE_CHECKING:
    import psutil

_BACKLOG: Final = 1024
_ASK_TIMEOUT_S: Final = 0.5
_WSAEACCES: Final = 10013  # Windows, when the holder asked for exclusive use


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; from now on clients queue up rather than fail. Port 0 takes any free one.

    Raises:
        PortInUseError: Another process has the port; the title names it, the hint the way out.
        SettingsError: The host is not an address of this machine, or the port is not allowed.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    # The protocol is named: asyncio turns Nagle's algorithm off only for sockets that say they are TCP, and with it
    # a small answer, written as headers and body, takes 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Without it, the port stays taken for a minute after a kill, by connections that are long closed.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            # There SO_REUSEADDR would share the port with another process.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
        sock.bind(address)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE or getattr(error, "winerror", None) == _WSAEACCES:
            raise port_in_use(host, port) from error
        raise _cannot_listen(host, port, error) from error
    return sock


def port_in_use(host: str, port: int) -> PortInUseError:
    """Return the error that says who has the port and what to do."""
    if _is_preheat(host, port):
        return PortInUseError(
            f"Preheat is already running on port {port}{_named(_holder(port))}",
            hint=f"Use it as it is, end it first, or start another with 'preheat serve --port {port + 1}'",
        )
    holder = _holder(port)
    who = f"the process {holder}" if holder else "another process"
    free = port + 1 if port < 65535 else port - 1
    return PortInUseError(
        f"Port {port} is taken by {who}",
        hint=f"End it, or use another port: 'preheat serve --port {free}' or 'preheat config set port {free}'",
    )


def _named(holder: str | None) -> str:
    return f" ({holder})" if holder else ""


def _holder(port: int) -> str | None:
    """Return name and pid of the process that listens on the port; None if the system does not tell."""
    import psutil  # here: only a failure needs it

    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            if _listens(connection.status, connection.laddr, port) and connection.pid is not None:
                return _process_name(psutil.Process(connection.pid))
        return None
    # Where the whole list needs special rights (macOS), one's own processes can still be asked.
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(_listens(found.status, found.laddr, port) for found in process.net_connections(kind="tcp")):
                return _process_name(process)
    return None


def _listens(status: str, address: object, port: int) -> bool:
    return status == "LISTEN" and getattr(address, "port", None) == port


def _process_name(process: psutil.Process) -> str:
    return f"{process.name()}, pid {process.pid}"


def _is_preheat(host: str, port: int) -> bool:
    """Ask the port whether it is a Preheat."""
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


def _cannot_listen(host: str, port: int, error: OSError) -> EngineError:
    return SettingsError(
        f"Cannot listen on {host}:{port}: {error.strerror or error}",
        hint="Check the settings host and port",
    )
