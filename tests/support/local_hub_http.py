"""The two servers of the local hub: the hub itself, and the host of large files."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from local_hub_state import Fault, Place, Repo, Seen, StoredFile

if TYPE_CHECKING:
    from local_hub import LocalHub

PAGE_SIZE: Final = 1000  # entries of a tree per answer
_SLICE: Final = 1024 * 1024
_INVALID_TOKEN: Final = "Invalid credentials in Authorization header"


class Server(ThreadingHTTPServer):
    hub: LocalHub
    daemon_threads = False  # joined when the server is closed
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the client disconnected during an answer, as some tests do

    def cut_connections(self) -> None:
        for request in list(self._open):
            with suppress(OSError):  # already closed
                request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    place: Place
    seen: Seen

    @property
    def hub(self) -> LocalHub:
        return self.server.hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.place = self.place_of(url.path)
        # Recorded before the answer, so that a client with an answer finds its request here.
        self.seen = Seen(self.place, self.command, self.path, {name.lower(): v for name, v in self.headers.items()})
        with self.hub.lock:
            self.hub.requests.append(self.seen)
        fault = self.hub.take_fault(self.place)
        if fault.drop:
            self.close_connection = True
        elif fault.text is not None:
            self.send(200, {"Content-Type": "text/html"}, fault.text.encode())
        elif fault.status:
            code = {"X-Error-Code": fault.code} if fault.code else {}
            self.refuse(fault.status, "scripted", {**code, **fault.headers})
        else:
            self.answer(unquote(url.path), parse_qs(url.query), fault)

    def place_of(self, path: str) -> Place:
        raise NotImplementedError

    def answer(self, path: str, query: dict[str, list[str]], fault: Fault) -> None:
        raise NotImplementedError

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.seen.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.head(status, {"Content-Length": str(len(body)), **headers})
        if self.command != "HEAD":
            self.seen.sent = len(body)
            self.wfile.write(body)

    def send_json(self, content: object, headers: Mapping[str, str] | None = None) -> None:
        self.send(200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(content).encode())

    def refuse(self, status: int, message: str, headers: Mapping[str, str]) -> None:
        body = json.dumps({"error": message}).encode()
        self.send(status, {"Content-Type": "application/json", "X-Error-Message": message, **headers}, body)


class HubHandler(_Handler):
    """``/api/models…`` and ``/owner/name/resolve/revision/path``."""

    def place_of(self, path: str) -> Place:
        return "api" if path.startswith("/api/") else "resolve"

    def answer(self, path: str, query: dict[str, list[str]], fault: Fault) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens:
            self.refuse(401, _INVALID_TOKEN, {})
        elif path == "/api/models":
            self._search(query)
        elif path == "/api/whoami-v2":
            self._whoami(token)
        elif auth := re.fullmatch(r"/api/models/([^/]+/[^/]+)/auth-check", path):
            self._auth_check(auth[1], token)
        elif info := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._info(info[1], info[2] or "main", query, token)
        elif tree := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", path):
            self._tree(tree[1], tree[2], tree[3] or "", query, token)
        elif resolve := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(resolve[1], resolve[2], resolve[3], token)
        else:
            self.refuse(404, "Sorry, we can't find the page you are looking for.", {})

    def _search(self, query: dict[str, list[str]]) -> None:
        words = query.get("search", [""])[0].lower()
        tags = set(query.get("filter", []))
        found = [
            repo
            for repo in self.hub.repos.values()
            if words in repo.name.lower() and not repo.private and tags <= {"gguf", *repo.facts.get("tags", ())}
        ]
        key = query.get("sort", ["trendingScore"])[0]
        found.sort(key=lambda repo: repo.facts.get(key) or 0, reverse=True)
        limit = int(query.get("limit", ["1000"])[0])
        self.send_json([self._facts(repo, query.get("expand")) for repo in found[:limit]])

    def _facts(self, repo: Repo, expand: list[str] | None) -> dict[str, Any]:
        siblings = [{"rfilename": path} for path in repo.commits[repo.head]]
        facts = {"gated": repo.gated, "private": repo.private, "sha": repo.head, "tags": ["gguf"], "siblings": siblings}
        facts |= repo.facts
        named = facts if expand is None else {name: facts[name] for name in expand if name in facts}
        return {"_id": repo.head[:24], "id": repo.name, "modelId": repo.name, **named}

    def _whoami(self, token: str) -> None:
        if token:
            self.send_json({"type": "user", "name": "ada", "auth": {"accessToken": {"displayName": "laptop"}}})
        else:
            self.refuse(401, "Invalid username or password.", {"WWW-Authenticate": "Bearer"})

    def _auth_check(self, name: str, token: str) -> None:
        repo, _ = self._find(name, "main", token)
        if repo is None:
            return
        if repo.gated and token not in self.hub.granted:
            words = f"Access to model {name} is restricted and you are not in the authorized list."
            self.refuse(403 if token else 401, words, {"X-Error-Code": "GatedRepo"})
        else:
            self.send(200, {"Content-Type": "text/plain"}, b"OK")

    def _info(self, name: str, revision: str, query: dict[str, list[str]], token: str) -> None:
        repo, files = self._find(name, revision, token)
        if repo is None or files is None:
            return
        blobs = query.get("blobs", ["false"])[0].lower() == "true"
        siblings = [self._sibling(path, file) if blobs else {"rfilename": path} for path, file in files.items()]
        commit = repo.head if revision == "main" else revision
        self.send_json({**self._facts(repo, query.get("expand")), "sha": commit, "siblings": siblings})

    def _sibling(self, path: str, file: StoredFile) -> dict[str, Any]:
        known: dict[str, Any] = {"rfilename": path, "size": file.size, "blobId": file.sha256[:40]}
        if file.lfs:
            known["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": 135}
        return known

    def _tree(self, name: str, revision: str, folder: str, query: dict[str, list[str]], token: str) -> None:
        repo, files = self._find(name, revision, token)
        if repo is None or files is None:
            return
        begin = int(query.get("cursor", ["0"])[0])
        recursive = query.get("recursive", ["false"])[0].lower() == "true"
        entries = _tree_entries(files, f"{folder}/" if folder else "", recursive)
        headers = {}
        if begin + PAGE_SIZE < len(entries):
            onward = f"{self.hub.url}{urlsplit(self.path).path}?recursive={recursive}&cursor={begin + PAGE_SIZE}"
            headers["Link"] = f'<{onward}>; rel="next"'
        self.send_json(entries[begin : begin + PAGE_SIZE], headers)

    def _resolve(self, name: str, revision: str, path: str, token: str) -> None:
        repo, files = self._find(name, revision, token)
        if repo is None or files is None:
            return
        commit = {"X-Repo-Commit": repo.head if revision == "main" else revision}
        if repo.gated and token not in self.hub.granted:
            status = 403 if token else 401
            words = f"Access to model {name} is restricted and you are not in the authorized list."
            self.refuse(status, words, {"X-Error-Code": "GatedRepo", **commit})
        elif path not in files:
            self.refuse(404, "Entry not found", {"X-Error-Code": "EntryNotFound", **commit})
        else:
            self._send_or_redirect(name, path, files[path], commit)

    def _send_or_redirect(self, name: str, path: str, file: StoredFile, commit: Mapping[str, str]) -> None:
        headers = {**commit, "Accept-Ranges": "bytes", "ETag": f'"{file.etag}"'}
        if not file.lfs:
            content = file.content.read_bytes() if isinstance(file.content, Path) else file.content
            self.send(200, headers, content)
            return
        headers |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.etag}"'}
        query = f"commit={commit['X-Repo-Commit']}&Signature={self.hub.signature}"
        headers["Location"] = f"{self.hub.cdn_url}/{quote(name)}/{quote(path)}?{query}"
        self.send(302, headers, f"Found. Redirecting to {headers['Location']}".encode())

    def _find(self, name: str, revision: str, token: str) -> tuple[Repo | None, dict[str, StoredFile] | None]:
        """Return the repository and its files, or answer that it does not exist."""
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and token not in self.hub.granted):
            if token:
                self.refuse(404, "Repository not found", {"X-Error-Code": "RepoNotFound"})
            else:  # the real hub hides private repositories
                self.refuse(401, "Invalid username or password.", {"WWW-Authenticate": "Bearer"})
            return None, None
        files = repo.files(revision)
        if files is None:
            self.refuse(404, f"Invalid rev id: {revision}", {"X-Error-Code": "RevisionNotFound"})
        return repo, files


class CdnHandler(_Handler):
    """``/owner/name/path?commit=…&Signature=…``: the bytes, with ranges."""

    def place_of(self, path: str) -> Place:
        return "cdn"

    def answer(self, path: str, query: dict[str, list[str]], fault: Fault) -> None:
        owner, name, inner = path.removeprefix("/").split("/", 2)
        files = self.hub.repos[f"{owner}/{name}"].files(query["commit"][0])
        if "Authorization" in self.headers:
            self.refuse(400, "Only one auth mechanism allowed", {})  # as S3 does with a signed address
        elif query["Signature"] != [self.hub.signature]:
            self.refuse(403, "Request has expired", {})
        elif files is None or inner not in files:
            self.refuse(404, "NoSuchKey", {})
        else:
            self._send_file(files[inner], fault)

    def _send_file(self, file: StoredFile, fault: Fault) -> None:
        size = max(file.size + fault.add_length, 0)
        headers = {"Content-Type": "application/octet-stream", "ETag": f'"{file.etag}"'}
        begin, end = 0, size
        if self.hub.ranges:
            headers["Accept-Ranges"] = "bytes"
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked and self.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
                begin = int(asked[1])
                end = min(int(asked[2]) + 1, size) if asked[2] else size
                if begin >= size:
                    self.refuse(416, "InvalidRange", {"Content-Range": f"bytes */{size}"})
                    return
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        status = 206 if "Content-Range" in headers else 200
        self.head(status, {"Content-Length": str(end - begin), **headers})
        if self.command == "HEAD":
            return
        stop_at = end if fault.cut_after is None else min(begin + fault.cut_after, end)
        self._send_bytes(file, begin, stop_at, corrupt=fault.corrupt)
        self.close_connection = self.close_connection or stop_at < end

    def _send_bytes(self, file: StoredFile, begin: int, end: int, *, corrupt: bool) -> None:
        if isinstance(file.content, Path) and not corrupt and not self.hub.bytes_per_s and end <= file.size:
            with file.content.open("rb") as opened:
                while begin < end:
                    begin += self._counted(min(end - begin, _SLICE), partial(self.connection.sendfile, opened, begin))
            return
        content = file.content.read_bytes() if isinstance(file.content, Path) else file.content
        content = content.ljust(end, b"\0")
        if corrupt:
            wrong = bytes(255 - byte for byte in content[begin : begin + 16])
            content = content[:begin] + wrong + content[begin + 16 :]
        view = memoryview(content)
        step = max(self.hub.bytes_per_s // 20, 1) if self.hub.bytes_per_s else _SLICE
        while begin < end:
            part = view[begin : min(begin + step, end)]
            sent = self._counted(len(part), partial(self._send, part))
            begin += sent
            if self.hub.bytes_per_s and self.hub.stopping.wait(sent / self.hub.bytes_per_s):
                return

    def _send(self, part: memoryview, _size: int) -> int:
        sent: int = self.connection.send(part)
        return sent

    def _counted(self, size: int, send: Callable[[int], int]) -> int:
        """Count and then send up to ``size`` bytes; return their number."""
        self.seen.sent += size
        sent = 0
        try:
            sent = send(size)
        finally:
            self.seen.sent -= size - sent
        return sent


def _tree_entries(files: Mapping[str, StoredFile], prefix: str, recursive: bool) -> list[dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    for path, file in sorted(files.items()):
        if not path.startswith(prefix):
            continue
        inner = path.removeprefix(prefix)
        if "/" in inner:
            folder = prefix + inner.partition("/")[0]
            oid = hashlib.sha1(folder.encode()).hexdigest()
            entries.setdefault(folder, {"type": "directory", "oid": oid, "size": 0, "path": folder})
        if recursive or "/" not in inner:
            entry: dict[str, Any] = {"type": "file", "oid": file.sha256[:40], "size": file.size, "path": path}
            if file.lfs:
                entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 135}
            entries[path] = entry
    return list(entries.values())
