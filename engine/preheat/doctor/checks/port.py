"""The port: free, Preheat's own, or another program's, on both loopback addresses."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from enum import Enum, auto
from typing import Final, NamedTuple

from preheat.doctor.context import RuntimeFile, running, settings_in_force
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import reason_of

LOOPBACKS: Final = ("127.0.0.1", "::1")
ASK_S: Final = 1.0
"""Time for an answer, in seconds."""

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1", "localhost": "127.0.0.1"}


class Kind(Enum):
    """What answers at an address."""

    FREE = auto()
    SILENT = auto()  # something listens, and does not answer in time
    OTHER = auto()  # another program
    PREHEAT = auto()


class Holder(NamedTuple):
    """What has a port at one address."""

    kind: Kind
    pid: int = 0  # of a Preheat, or of the process that listens; 0 if unknown
    process: str = ""  # its name, if the system reveals it
    version: str = ""  # of a Preheat

    @property
    def name(self) -> str:
        """The holder for people."""
        if self.process:
            return f"{self.process} (process {self.pid})"
        return f"process {self.pid}" if self.pid else "a program of another user"


def check_port() -> Iterator[Finding]:
    """Check who has the configured port, and Ollama's port if the settings ask for it."""
    settings, ours = settings_in_force(), running()
    problem = _bind_problem(settings.host)
    if problem is not None:
        yield broken("doctor_cannot_listen", host=settings.host, reason=problem)
        return
    if settings.port == 0:
        yield good("doctor_port_any")
        return
    address = local_address(settings.host)
    holder = holder_of(address, settings.port)
    yield _of_port(holder, address, settings.port, ours)
    if address in LOOPBACKS:
        yield from _of_other_loopback(holder, address, settings.port)
    if settings.ollama_port:
        yield from _of_ollama_port(address, ours)


def _of_port(holder: Holder, address: str, port: int, ours: RuntimeFile | None) -> Finding:
    if holder.kind is Kind.FREE:
        if ours is not None and ours.port != port:
            return good("doctor_port_elsewhere", port=ours.port, setting=port)
        return good("doctor_port_free", port=port, address=address)
    if holder.kind is Kind.PREHEAT and ours is not None and holder.pid == ours.pid:
        return good("doctor_port_ours", port=port, address=address, pid=ours.pid)
    free = port + 1 if port < 65535 else port - 1
    if holder.kind is Kind.PREHEAT:
        return broken("doctor_port_other_preheat", port=port, holder=holder.name, version=holder.version, free=free)
    if holder.kind is Kind.SILENT:
        return broken("doctor_port_silent", port=port, holder=holder.name, free=free)
    return broken("doctor_port_taken", port=port, holder=holder.name, free=free)


def _of_other_loopback(holder: Holder, address: str, port: int) -> Iterator[Finding]:
    """``localhost`` means both addresses, and many programs try ``::1`` first."""
    other_address = next(each for each in LOOPBACKS if each != address)
    other = holder_of(other_address, port)
    if other.kind is not Kind.FREE and not (other.pid and other.pid == holder.pid):
        yield to_do("doctor_port_other_loopback", address=other_address, port=port, holder=other.name, own=address)


def _of_ollama_port(address: str, ours: RuntimeFile | None) -> Iterator[Finding]:
    from preheat.server import OLLAMA_PORT

    holder = holder_of(address, OLLAMA_PORT)
    if holder.kind is Kind.PREHEAT and ours is not None and holder.pid == ours.pid:
        yield good("doctor_ollama_port_ours", port=OLLAMA_PORT)
    elif holder.kind is not Kind.FREE:
        yield to_do("doctor_ollama_port_taken", port=OLLAMA_PORT, holder=holder.name)


def local_address(host: str) -> str:
    """Return the address at which this machine reaches a port that listens at ``host``."""
    return _ANY.get(host, host)


def holder_of(address: str, port: int) -> Holder:
    """Return what listens at an address. Takes about a second if it does not answer."""
    answer = _ask(address, port)
    if answer.kind in (Kind.FREE, Kind.PREHEAT):
        return answer
    from preheat.server import listeners

    own = {address, "0.0.0.0", "::"}
    found = sorted(listeners(port), key=lambda each: each.address != address)
    return next((Holder(answer.kind, each.pid, each.process) for each in found if each.address in own), answer)


def _ask(address: str, port: int) -> Holder:
    # Connected here: http.client would try again after a failed connection.
    try:
        sock = socket.create_connection((address, port), timeout=ASK_S)
    except ConnectionRefusedError:
        return Holder(Kind.FREE)
    except TimeoutError:
        return Holder(Kind.SILENT)
    except OSError:  # this machine has no such address, such as no IPv6
        return Holder(Kind.FREE)
    connection = http.client.HTTPConnection(address, port, timeout=ASK_S)
    connection.sock = sock
    with closing(connection):
        try:
            connection.request("GET", "/health", headers={"Host": f"localhost:{port}"})
            answer = json.loads(connection.getresponse().read(10_000))
        except TimeoutError:
            return Holder(Kind.SILENT)
        except (OSError, http.client.HTTPException, ValueError, RecursionError):
            return Holder(Kind.OTHER)
    if not isinstance(answer, dict) or answer.get("app") != "preheat":
        return Holder(Kind.OTHER)
    pid = answer.get("pid")
    return Holder(Kind.PREHEAT, pid if isinstance(pid, int) else 0, version=str(answer.get("version", ""))[:40])


def _bind_problem(host: str) -> str | None:
    """Return why this machine cannot listen at an address; None if it can. Takes any free port for an instant."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.bind(address)
    except OSError as error:
        return str(reason_of(error))
    return None
