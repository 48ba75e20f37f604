"""A local server that names the newest release, over real TLS."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class ReleaseServer:
    """Answers with ``answers``, by path, and keeps the headers of each request."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)

    def says(self, content: str | bytes, path: str = "/", status: int = 200, **headers: str) -> str:
        """Answer requests for a path; return its address."""
        body = content.encode() if isinstance(content, str) else content

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return f"{self.url}{path}"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


def serve(context: ssl.SSLContext | None) -> Iterator[ReleaseServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.requests.append({name.lower(): value for name, value in self.headers.items()})
            made.answers[self.path](self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    made = ReleaseServer(f"{scheme}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseServer]:
    """A server with a certificate that this process trusts."""
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    yield from serve(context)


@pytest.fixture
def plain_server() -> Iterator[ReleaseServer]:
    """A server without TLS."""
    yield from serve(None)
