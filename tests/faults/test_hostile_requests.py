"""Bodies, heads and connections that are too large, too many or too slow, against a running Preheat.

Each attack has to be answered or ended, without delaying others for long and without memory that grows with it. The
limits of time are wide, since the machine that runs the tests may be busy; those of memory are exact.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Final

import psutil
import pytest

from running_preheat import Preheat, running_preheat, wait_until
from tests.faults.health_probe import HealthProbe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of open files")

LARGE: Final = 30_000_000
MAX_WAIT_S: Final = 5.0
MAX_ADDED_BYTES: Final = 400_000_000
FEW_BYTES: Final = 100_000_000
TIMEOUT_S: Final = 60.0

GET: Final = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
POST: Final = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED: Final = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def preheat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preheat]:
    folder = tmp_path_factory.mktemp("models")
    with running_preheat(tmp_path_factory.mktemp("home"), folder) as running:
        yield running


def connect(preheat: Preheat) -> socket.socket:
    return socket.create_connection(("127.0.0.1", preheat.port), timeout=TIMEOUT_S)


def answer(sock: socket.socket) -> bytes:
    """Return all that the port still sends."""
    received = b""
    try:
        while piece := sock.recv(1 << 16):
            received += piece
    except ConnectionError:
        pass
    return received


def exchange(preheat: Preheat, data: bytes) -> bytes:
    """Send all, if the port takes it, and return the answer."""
    with closing(connect(preheat)) as sock:
        with suppress(ConnectionError):  # it may have answered before
            sock.sendall(data)
        return answer(sock)


def post(preheat: Preheat, body: bytes, path: str = "/v1/chat/completions") -> tuple[int, str]:
    """Return status and error code of the answer to a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    head_of_answer, _, content = exchange(preheat, head.encode() + body).partition(b"\r\n\r\n")
    error = json.loads(content)["error"]
    return int(head_of_answer.split()[1]), error["code"]


def chat(content: bytes, **fields: str) -> bytes:
    more = "".join(f',"{name}":{value}' for name, value in fields.items())
    return b'{"model":"none","messages":[{"role":"user","content":' + content + b"}]" + more.encode() + b"}"


BODIES: Final[dict[str, Callable[[], bytes]]] = {
    "messages": lambda: b'{"messages":[' + b'{"role":"user","content":"a"},' * 1_000_000 + b"0]}",
    "empty objects": lambda: b'{"messages":[' + b"{}," * (LARGE // 3) + b"0]}",
    "numbers": lambda: b'{"prompt":[' + b"1," * (LARGE // 2) + b"1]}",
    "depth": lambda: b"[" * LARGE,
    "deep unknown field": lambda: b'{"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
}
"""Bodies with too many values, or nested too deeply."""

TEXTS: Final[dict[str, Callable[[], bytes]]] = {
    "escapes": lambda: b'"' + b"\\n" * (LARGE // 2) + b'"',
    "halves of characters": lambda: b'"' + b"\\ud800a" * (LARGE // 7) + b'"',
    "one wide character": lambda: '"🦊'.encode() + b"a " * (LARGE // 2) + b'"',
    "spaces in base64": lambda: (
        b'[{"type":"image_url","image_url":"data:image/png;base64,' + b"A " * (LARGE // 2) + b'"}]'
    ),
    "percents": lambda: b'[{"type":"image_url","image_url":"data:image/png,' + b"%41" * (LARGE // 3) + b'"}]',
    "parts": lambda: b"[" + b'{"type":"text","text":"a"},' * 8000 + b'"a"]',
    "wrong parts": lambda: b"[" + b"1," * 900_000 + b"1]",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_too_many_values_are_refused_unparsed(name: str, preheat: Preheat) -> None:
    body = BODIES[name]()
    with HealthProbe(preheat.port, preheat.process.pid) as probe:
        refused = (400, "invalid_request") if name == "deep unknown field" else (413, "body_too_large")
        assert post(preheat, body) == refused
    assert (probe.failures, probe.longest_wait_s < MAX_WAIT_S, probe.added_bytes < FEW_BYTES) == (0, True, True), probe


@pytest.mark.parametrize("name", TEXTS)
def test_large_texts_hold_nobody_up(name: str, preheat: Preheat) -> None:
    body = chat(TEXTS[name]())
    with HealthProbe(preheat.port, preheat.process.pid) as probe:
        status, _ = post(preheat, body)
        assert status in (400, 404)
    assert (probe.failures, probe.longest_wait_s < MAX_WAIT_S) == (0, True), probe
    assert probe.added_bytes < MAX_ADDED_BYTES


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stop": json.dumps("a" * 2000)}, "stop"),
        ({"thinking_budget": "1" + "0" * 300}, "thinking_budget"),
        ({"logit_bias": json.dumps({str(token): 1 for token in range(3000)})}, "logit_bias"),
        ({"tools": json.dumps([{"type": "function", "function": {"name": "f"}}] * 1100)}, "tools"),
        ({"top_k": "1" + "0" * 30}, "top_k"),
        ({"seed": "1e400"}, "seed"),
    ],
)
def test_numbers_and_lists_without_a_meaning_are_refused(fields: dict[str, str], param: str, preheat: Preheat) -> None:
    assert post(preheat, chat(b'"hi"', **fields)) == (400, "invalid_request"), param


def test_half_sent_bodies_share_their_memory(preheat: Preheat) -> None:
    head = POST + b"Content-Length: %d\r\n\r\n" % LARGE
    data = memoryview(head + b" " * (LARGE - 1_000))
    with ExitStack() as stack, HealthProbe(preheat.port, preheat.process.pid) as probe:
        sent = {stack.enter_context(closing(connect(preheat))): 0 for _ in range(40)}
        for sock in sent:
            sock.setblocking(False)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for sock in select.select([], sent, [], 0.2)[1]:
                try:
                    sent[sock] += sock.send(data[sent[sock] : sent[sock] + (1 << 20)])
                except OSError:
                    sent[sock] = len(data)  # ended by the port
        # An honest large body gets its turn.
        assert post(preheat, chat(b'"' + b"a" * 1_000_000 + b'"'))[0] == 404
    assert (probe.failures, probe.longest_wait_s < MAX_WAIT_S) == (0, True), probe
    assert probe.added_bytes < MAX_ADDED_BYTES


ENDLESS: Final = {
    "one header": (GET + b"X: ", b"a" * 65536),
    "many headers": (GET, b"a: b\r\n" * 10_000),
    "request line": (b"GET /", b"a" * 65536),
    "empty lines": (b"", b"\r\n" * 30_000),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * 10_000),
    "one trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"a" * 65536),
    "chunk extension": (CHUNKED + b"2;x=", b"a" * 65536),
    "tiny chunks": (CHUNKED, b"1\r\n \r\n" * 10_000),
    "pipeline": (b"", (GET + b"\r\n") * 1_000),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_heads_end(name: str, preheat: Preheat) -> None:
    first, block = ENDLESS[name]
    with HealthProbe(preheat.port, preheat.process.pid) as probe:
        received = exchange(preheat, first + block * (50_000_000 // len(block)))
    assert b"HTTP/1.1 431" in received or b"HTTP/1.1 400" in received or received == b"", received[:200]
    assert (probe.failures, probe.longest_wait_s < MAX_WAIT_S, probe.added_bytes < FEW_BYTES) == (0, True, True), probe


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (POST + b"Content-Length: " + b"9" * 5001 + b"\r\n\r\n", 400),
        (POST + b"Connection: close\r\nContent-Length: 9999999999999999999\r\n\r\n", 413),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (CHUNKED + b"fffffffffffffffff\r\n{}", 400),
        (POST + b"Connection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 415),
        (POST + b"Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", 415),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160), 400),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (GET + b"X: a\0b\r\n\r\n", 400),
        (GET + b"".join(b"x%d: y\r\n" % number for number in range(300)) + b"\r\n", 431),
    ],
)
def test_what_is_no_request_gets_an_answer(data: bytes, status: int, preheat: Preheat) -> None:
    received = exchange(preheat, data)
    assert received.startswith(b"HTTP/1.1 %d " % status), received[:200]
    assert json.loads(received.partition(b"\r\n\r\n")[2])["error"]["code"]


def test_a_refused_request_is_answered_while_its_body_arrives(preheat: Preheat) -> None:
    head = POST.replace(b"localhost", b"evil.example") + b"Content-Length: %d\r\n\r\n" % LARGE
    with closing(connect(preheat)) as sock:
        sock.sendall(head + b" " * LARGE)
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 403 ")
    with closing(connect(preheat)) as sock:
        sock.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 403 ")


IDLE: Final = {
    "silent": b"",
    "half a head": GET,
    "half a body": POST + b"Content-Length: 100\r\n\r\n{",
    "half a chunk": CHUNKED + b"2\r\n{",
    "subscriptions": b"GET /preheat/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", IDLE)
def test_connections_that_do_nothing_lock_nobody_out(name: str, preheat: Preheat) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(700):
            sock = stack.enter_context(closing(connect(preheat)))
            with suppress(ConnectionError):  # made room for another one
                sock.sendall(IDLE[name])
        for _ in range(5):
            assert b"200 OK" in exchange(preheat, GET + b"Connection: close\r\n\r\n")


def test_few_descriptors_are_enough(preheat: Preheat) -> None:
    pid = preheat.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with ExitStack() as stack:
            for _ in range(400):
                stack.enter_context(closing(connect(preheat)))
            assert b"200 OK" in exchange(preheat, GET + b"Connection: close\r\n\r\n")
            wait_until(lambda: psutil.Process(pid).num_fds() < 256 - 64)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
