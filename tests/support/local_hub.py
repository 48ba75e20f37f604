"""A hub on this machine that behaves like the real one for huggingface_hub, and misbehaves on request.

Two ports are two hosts: the hub itself, and the host to which it redirects for large files ("cdn"). What goes wrong is
scripted: each ``fail_next``, ``cut_after`` and so on holds for the next requests to one of the places ``api``,
``resolve`` and ``cdn``, in the order in which it was asked for. Every request is written down in ``requests``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from local_hub_http import CdnHandler, HubHandler, Server
from local_hub_state import Fault, Place, Repo, Seen, stored

TOKEN: Final = "hf_local"


class LocalHub:
    """The hub; a context manager. Its methods may be called from any thread, at any time.

    Attributes:
        requests: Every request so far, in the order in which they came.
        tokens: Those that the hub knows.
        granted: Those of them that have access to gated repositories.
        bytes_per_s: How fast the other host sends; 0 for as fast as it can.
        ranges: Whether the other host knows ranges.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[Seen] = []
        self.tokens = {TOKEN}
        self.granted = {TOKEN}
        self.bytes_per_s = 0
        self.ranges = True
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._faults: dict[Place, list[Fault]] = {"api": [], "resolve": [], "cdn": []}
        self._signature = 0
        self._servers: list[Server] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> LocalHub:
        for handler in (HubHandler, CdnHandler):
            server = Server(("127.0.0.1", 0), handler)
            server.hub = self
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            self._servers.append(server)
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close all connections, and refuse new ones."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
            server.cut_connections()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._servers, self._threads = [], []

    @property
    def url(self) -> str:
        """The value of ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn_url(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    @property
    def sent_bytes(self) -> int:
        """Bytes sent by the other host."""
        with self.lock:
            return sum(seen.sent for seen in self.requests if seen.place == "cdn")

    def seen(self, place: Place, method: str = "") -> list[Seen]:
        """Return the requests to one place so far."""
        with self.lock:
            return [seen for seen in self.requests if seen.place == place and method in ("", seen.method)]

    def add_repo(
        self,
        name: str,
        files: Mapping[str, bytes | Path],
        *,
        gated: Literal["auto", "manual", False] = False,
        private: bool = False,
        **facts: Any,
    ) -> Repo:
        """Publish a repository; ``facts`` are fields of the model info, such as ``downloads`` or ``tags``."""
        repo = Repo(name, facts, gated, private)
        repo.commit({path: stored(path, content) for path, content in files.items()})
        self.repos[name] = repo
        return repo

    def publish(self, name: str, path: str, content: bytes | Path) -> str:
        """Change a file in a new commit, and return that; the old commit stays."""
        repo = self.repos[name]
        repo.commit({**repo.commits[repo.head], path: stored(path, content)})
        return repo.head

    def swap(self, name: str, path: str, content: bytes | Path) -> None:
        """Change a file without a commit, as a broken hub: SHA-256 and ETag change between two requests."""
        repo = self.repos[name]
        repo.commits[repo.head][path] = stored(path, content)

    def fail_next(self, status: int, *, at: Place = "cdn", times: int = 1, code: str = "", **headers: str) -> None:
        """Answer the next requests with this status; ``retry_after="3"`` is a header, ``code`` is X-Error-Code."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self._add(at, Fault(status=status, headers=named, code=code), times)

    def drop_next(self, *, at: Place = "cdn", times: int = 1) -> None:
        """Close the next connections without an answer."""
        self._add(at, Fault(drop=True), times)

    def cut_after(self, n_bytes: int, *, times: int = 1) -> None:
        """Cut the next connections to the other host after this number of bytes of the file."""
        self._add("cdn", Fault(cut_after=n_bytes), times)

    def corrupt_next(self, *, times: int = 1) -> None:
        """Send wrong bytes of the right number."""
        self._add("cdn", Fault(corrupt=True), times)

    def wrong_length_next(self, add: int, *, times: int = 1) -> None:
        """Announce and send this many bytes more than the file has; fewer if negative."""
        self._add("cdn", Fault(add_length=add), times)

    def answer_next(self, text: str, *, at: Place = "api", times: int = 1) -> None:
        """Answer with an HTML page, like a captive portal."""
        self._add(at, Fault(text=text), times)

    def expire_urls(self) -> None:
        """Answer earlier addresses on the other host with 403 from now on."""
        with self.lock:
            self._signature += 1

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self.lock:
            for faults in self._faults.values():
                faults.clear()

    def take_fault(self, place: Place) -> Fault:
        with self.lock:
            faults = self._faults[place]
            return faults.pop(0) if faults else Fault()

    @property
    def signature(self) -> str:
        return f"s{self._signature}"

    def _add(self, place: Place, fault: Fault, times: int) -> None:
        with self.lock:
            self._faults[place] += [fault] * times
