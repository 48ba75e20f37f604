from __future__ import annotations

import gzip
import json
from http.server import BaseHTTPRequestHandler
from threading import Event

import pytest

from preheat import __version__
from preheat.updates import Release, UpdateCheckError, UpdateUnreachableError
from preheat.updates.fetch import fetch_release
from tests.engine.updates.conftest import ReleaseServer

NEW = json.dumps({"version": "9.1", "url": "https://example.org/get", "date": "2026-12-01"})


def test_the_newest_release_is_asked_for_without_anything_about_the_user(server: ReleaseServer) -> None:
    address = server.says(NEW, Set_Cookie="id=1")
    assert fetch_release(address) == Release("9.1", "https://example.org/get", "2026-12-01")
    fetch_release(address)
    (first, second) = server.requests
    assert first == second  # no cookie came back
    assert first.pop("host").startswith("127.0.0.1")
    assert first == {
        "user-agent": f"Preheat/{__version__}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }


def test_redirects_are_followed_a_few_times_and_only_to_https(
    server: ReleaseServer, plain_server: ReleaseServer
) -> None:
    server.says(NEW, "/last")
    first = server.says("", "/first", 302, Location="/last")
    assert fetch_release(first).version == "9.1"
    circle = server.says("", "/circle", 301, Location="/circle")
    with pytest.raises(UpdateCheckError, match="too many redirects"):
        fetch_release(circle)
    assert len(server.requests) == 2 + 4
    plain = plain_server.says(NEW)
    for elsewhere in (plain, "file:///etc/passwd", "javascript:alert(1)", "//[", "https://u:p@127.0.0.1:1/"):
        with pytest.raises(UpdateCheckError):
            fetch_release(server.says("", "/away", 307, Location=elsewhere))
    assert plain_server.requests == []


def test_http_is_for_this_machine_and_only_if_the_build_says_so(plain_server: ReleaseServer) -> None:
    assert fetch_release(plain_server.says(NEW)).version == "9.1"
    with pytest.raises(UpdateCheckError, match="not https"):
        fetch_release("http://example.org/")


def test_an_unknown_certificate_is_refused(server: ReleaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(UpdateUnreachableError, match=r"(?i)certificate"):
        fetch_release(server.says(NEW))
    assert server.requests == []


def test_no_server_is_no_question() -> None:
    with pytest.raises(UpdateUnreachableError):
        fetch_release("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b" " * 70_000 + NEW.encode(), 200, "too large"),
        (b"\x00\xff", 200, "not JSON"),
        (NEW.encode(), 404, "status 404"),
        (NEW.encode(), 300, "status 300"),
        (b"", 204, "status 204"),
    ],
)
def test_answers_of_no_use(server: ReleaseServer, content: bytes, status: int, said: str) -> None:
    with pytest.raises(UpdateCheckError, match=said):
        fetch_release(server.says(content, status=status))


def test_compressed_answers_are_refused(server: ReleaseServer) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(UpdateCheckError, match="compressed"):
        fetch_release(server.says(bomb, Content_Encoding="gzip"))


def test_a_slow_server_does_not_hold_the_caller(server: ReleaseServer) -> None:
    end = Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not end.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    server.answers["/"] = drip
    with pytest.raises(UpdateCheckError, match="too long"):
        fetch_release(f"{server.url}/", total_s=0.5)
    end.set()
