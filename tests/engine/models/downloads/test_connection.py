"""The HTTP client alone: redirects, proxies, secrets, and unusual answers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

from preheat.models.downloads.connection import BrokenConnectionError, Interrupt, InterruptedTransferError, get

Serve = Callable[..., str]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *answers: str) -> None:
        self.asked: list[str] = []
        self.answers = [answer.replace("\n", "\r\n").encode() for answer in answers]
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        lines = []
        while line := self.rfile.readline().strip():
            lines.append(line.decode())
        self.server.asked.append("\n".join(lines))
        self.wfile.write(self.server.answers.pop(0))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., _Server]]:
    """Start a server that gives these answers, one a connection."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    started: list[_Server] = []

    def start(*answers: str) -> _Server:
        started.append(_Server(*answers))
        threading.Thread(target=started[-1].serve_forever, args=(0.02,), daemon=True).start()
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def _ok(body: str) -> str:
    return f"HTTP/1.1 200 OK\nContent-Length: {len(body)}\n\n{body}"


def _fetched(url: str, begin: int = 0, **headers: str) -> bytes:
    content, view = b"", memoryview(bytearray(1000))
    with get(url, headers, begin, stall_s=5, interrupt=Interrupt()) as answer:
        while n_bytes := answer.read_into(view):
            content += bytes(view[:n_bytes])
    return content


def test_secrets_stay_with_the_host_that_they_are_for(serve: Callable[..., _Server]) -> None:
    other = serve(_ok("bytes"))
    first = serve(f"HTTP/1.1 302 Found\nLocation: {other.url}/there\nContent-Length: 0\n\n")
    assert _fetched(f"{first.url}/here", 3, Authorization="Bearer secret", **{"X-Else": "1"}) == b"bytes"
    assert "Authorization: Bearer secret" in first.asked[0]
    assert "secret" not in other.asked[0]
    assert "Range: bytes=3-" in other.asked[0]
    assert "X-Else: 1" in other.asked[0]


def test_secrets_stay_on_the_same_host(serve: Callable[..., _Server]) -> None:
    server = serve("HTTP/1.1 307 Over There\nLocation: /there\nContent-Length: 0\n\n", _ok("bytes"))
    assert _fetched(f"{server.url}/here", Authorization="Bearer secret") == b"bytes"
    assert "GET /there HTTP/1.1" in server.asked[1]
    assert "Bearer secret" in server.asked[1]


def test_redirect_loops_end(serve: Callable[..., _Server]) -> None:
    server = serve(*["HTTP/1.1 302 Found\nLocation: /again\nContent-Length: 0\n\n"] * 10)
    with pytest.raises(BrokenConnectionError, match="in circles"):
        _fetched(server.url)


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n3\ndef\n0\n\n",
        "HTTP/1.1 200 OK\n\nabcdef",
        "HTTP/1.1 200 OK\nContent-Length: 6\n\nabcdefgh",
    ],
)
def test_other_body_encodings(serve: Callable[..., _Server], answer: str) -> None:
    assert _fetched(serve(answer).url) == b"abcdef"


def test_a_proxy_is_used_unless_the_host_is_excepted(
    serve: Callable[..., _Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = serve(_ok("direct")), serve(_ok("by proxy"))
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:p%40ss@"))
    assert _fetched("http://hub.invalid/file?a=b") == b"by proxy"
    assert proxy.asked[0].startswith("GET http://hub.invalid/file?a=b HTTP/1.1\n")
    assert "Host: hub.invalid" in proxy.asked[0]
    assert "Proxy-Authorization: Basic bWU6cEBzcw==" in proxy.asked[0]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert _fetched(server.url) == b"direct"


def test_an_encrypted_connection_goes_through_a_tunnel(
    serve: Callable[..., _Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve("HTTP/1.1 407 Proxy Authentication Required\nContent-Length: 0\n\n")
    monkeypatch.setenv("https_proxy", proxy.url.removeprefix("http://"))
    with pytest.raises(BrokenConnectionError, match="407"):
        _fetched("https://hub.invalid/file", Authorization="Bearer secret")
    assert proxy.asked[0].startswith("CONNECT hub.invalid:443")
    assert "secret" not in proxy.asked[0]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://hub.invalid/x", "not an address"),
        ("http:///x", "not an address"),
        ("http://127.0.0.1:1/x", "The connection to 127.0.0.1 failed"),
        ("http://hub.invalid/x", "The connection to hub.invalid failed"),
    ],
)
def test_unreachable_hosts(serve: Callable[..., _Server], url: str, words: str) -> None:
    with pytest.raises(BrokenConnectionError, match=words):
        _fetched(url)


def test_an_answer_without_http(serve: Callable[..., _Server]) -> None:
    with pytest.raises(BrokenConnectionError, match="failed"):
        _fetched(serve("SSH-2.0-OpenSSH_9.6\n").url)


def test_it_can_be_cut_from_outside(serve: Callable[..., _Server]) -> None:
    server = serve("HTTP/1.1 200 OK\nContent-Length: 9\n\nabc")
    interrupt = Interrupt()
    interrupt.set()
    with (
        pytest.raises(InterruptedTransferError),
        get(server.url, {}, 0, stall_s=5, interrupt=interrupt),
    ):
        pass
