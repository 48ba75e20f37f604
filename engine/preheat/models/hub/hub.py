"""A client of the hub: search, a repository's files, and where a file's bytes are.

Only this package uses huggingface_hub, and imports it with the first request (0.2 s), never at start; its functions
honour ``HF_*`` variables, ``hf auth login`` and proxies. Everything blocks on the network: call it in a thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from preheat._version import __version__
from preheat.errors import GatedRepoError, HubError, HubFileNotFoundError, RepoNotFoundError
from preheat.messages import msg
from preheat.models.file_names import printable
from preheat.models.hub.errors import translated, unexpected_answer
from preheat.models.hub.facts import abilities_of, found_model, gguf_number, licence_of, task_of, updated_at
from preheat.models.hub.variants import RemoteFile, Variant, is_safe_path, variants_of
from preheat.models.offers import FoundModel, HubAccount, TokenSource
from preheat.settings import HubToken

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

Sort = Literal["downloads", "likes", "last_modified", "trending_score"]
# Search orders, and the hub's names for them.
SORTS: Final[Mapping[Sort, str]] = {
    "downloads": "downloads",
    "likes": "likes",
    "last_modified": "lastModified",
    "trending_score": "trendingScore",
}

MAX_RESULTS: Final = 100
MAX_CARD_BYTES: Final = 100_000

_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_EXPAND: Final = (
    *("cardData", "downloads", "gated", "gguf", "lastModified", "likes", "pipeline_tag", "siblings", "tags"),
)
_HUB_HOSTS: Final = frozenset({"huggingface.co", "hf.co"})


@dataclass(frozen=True, slots=True)
class RepoFiles:
    """A repository's GGUF files at one commit."""

    repo: str  # ``owner/name`` as the hub writes it
    commit: str  # downloads name it, so that all parts are of one state
    variants: tuple[Variant, ...]  # the smallest first
    gated: bool = False  # whether the owner requires consent
    licence: str = ""  # as the hub names it; empty if unknown
    parameters: int = 0  # 0 if unknown
    trained_context: int = 0  # in tokens; 0 if unknown
    task: str = ""  # see ``FoundModel``, likewise the next ones
    abilities: tuple[str, ...] = ()
    downloads: int = 0
    likes: int = 0
    updated_at: float | None = None
    files: tuple[RemoteFile, ...] = ()  # every GGUF file, including those that belong to no variant


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Current URL of a file. Signed URLs expire: request a new one for each attempt."""

    url: str  # may be on another host than the hub
    size_bytes: int | None  # None if the hub does not say
    sha256: str | None  # in lower-case hex; None for a file that is not stored as a large file
    etag: str | None  # Identifies the content; without quotes. The other host's own ETag may differ.
    # For the GET; with the token only if the bytes come from the hub itself.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Hub:
    """A hub that speaks Hugging Face's protocol. Any thread; stateless. Its methods raise ``HubError``.

    Args:
        endpoint: Address; by default ``HF_ENDPOINT``, or huggingface.co.
        timeout_s: Longest silence; by default ``HF_HUB_ETAG_TIMEOUT``, or 10 s.
        stored: The token in the system's keyring; variables of the environment come before it.
    """

    def __init__(
        self, endpoint: str | None = None, *, timeout_s: float | None = None, stored: HubToken | None = None
    ) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._stored = stored or HubToken()

    @property
    def endpoint(self) -> str:
        """The hub's address, without a trailing slash."""
        constants = _constants()
        named = self._endpoint or os.environ.get("HF_ENDPOINT") or constants.HUGGINGFACE_CO_URL_HOME
        return str(named).rstrip("/")

    def search(self, query: str, *, limit: int = 30, sort: Sort = "downloads", task: str = "") -> list[FoundModel]:
        """Return up to ``MAX_RESULTS`` repositories with GGUF files, by words of the name and by task, if any."""
        # Not HfApi.list_models: it has no timeout, and repeats a refused search for minutes.
        from huggingface_hub import get_session, hf_raise_for_status
        from huggingface_hub.hf_api import ModelInfo

        wanted = min(limit, MAX_RESULTS)
        params: dict[str, Any] = {
            "filter": "gguf",
            "search": query.strip(),
            "sort": SORTS[sort],
            # The hub cannot filter by these tasks, so ask for more.
            "limit": MAX_RESULTS if task else wanted,
            "expand": list(_EXPAND),
        }
        headers = self._headers()
        with translated(self.endpoint, with_token="authorization" in headers):
            response = get_session().get(
                f"{self.endpoint}/api/models", params=params, headers=headers, timeout=self._timeout
            )
            hf_raise_for_status(response)
            found = [
                found_model(ModelInfo(**item))  # type: ignore[no-untyped-call]  # untyped there
                for item in response.json()
            ]
        return [model for model in found if not task or model.task == task][:wanted]

    def files(self, repo: str, revision: str = "main") -> RepoFiles:
        """Return a repository's files."""
        from huggingface_hub import HfApi

        headers = self._headers_for(repo)
        with translated(self.endpoint, repo, with_token="authorization" in headers):
            # HfApi's own headers would name the token twice.
            info = HfApi(self.endpoint, token=False, headers=headers).model_info(
                repo, revision=revision, files_metadata=True, timeout=self._timeout
            )
            return _repo_files(repo, info)

    def card(self, repo: str, commit: str = "main") -> str:
        """Return the start of a repository's README, in Markdown; empty if it has none."""
        from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status

        headers = self._headers_for(repo)
        url = hf_hub_url(repo, "README.md", revision=commit, endpoint=self.endpoint)
        try:
            with (
                translated(self.endpoint, repo, "README.md", with_token="authorization" in headers),
                get_session().stream("GET", url, headers=headers, timeout=self._timeout) as response,
            ):
                hf_raise_for_status(response)
                return _start_of(response.iter_bytes()).decode("utf-8", "replace")
        except HubFileNotFoundError:
            return ""

    def has_access(self, repo: str) -> bool:
        """Return whether the token, if any, gives access to the files of a gated repository."""
        from huggingface_hub import get_session, hf_raise_for_status

        headers = self._headers_for(repo)
        url = f"{self.endpoint}/api/models/{repo}/auth-check"
        try:
            with translated(self.endpoint, repo, with_token="authorization" in headers):
                hf_raise_for_status(get_session().get(url, headers=headers, timeout=self._timeout))
        except GatedRepoError:
            return False
        return True

    def account(self, *, check: bool = True) -> HubAccount:
        """Return the account that is used; ``check`` asks the hub for its name."""
        from huggingface_hub import get_session, hf_raise_for_status

        headers = self._headers()
        source = self._token_source() if "authorization" in headers else ""
        if not source or not check:
            return HubAccount(source, problem=self._stored.problem)
        try:
            with translated(self.endpoint, with_token=True):
                response = get_session().get(f"{self.endpoint}/api/whoami-v2", headers=headers, timeout=self._timeout)
                hf_raise_for_status(response)
                return HubAccount(source, printable(str(response.json()["name"])[:100]))
        except HubError as error:
            return HubAccount(source, problem=error.message)

    def locate(self, repo: str, commit: str, path: str) -> FileLocation:
        """Return where a file's bytes are now."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        headers = self._headers_for(repo)
        with translated(self.endpoint, repo, path, with_token="authorization" in headers):
            url = hf_hub_url(repo, path, revision=commit, endpoint=self.endpoint)
            found = get_hf_file_metadata(
                url, token=False, timeout=self._timeout, headers=headers, endpoint=self.endpoint
            )
        if found.commit_hash is None:  # every answer of a hub has it
            raise unexpected_answer(self.endpoint)
        if not self._is_hub(found.location):
            # The other host's address is signed, and must not see the token.
            headers.pop("authorization", None)
        etag = found.etag
        sha256 = etag if etag is not None and _SHA256.fullmatch(etag) else None
        return FileLocation(found.location, found.size, sha256, etag, headers | {"accept-encoding": "identity"})

    @property
    def _timeout(self) -> float:
        return self._timeout_s if self._timeout_s is not None else float(_constants().HF_HUB_ETAG_TIMEOUT)

    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it does export it

        with translated(self.endpoint):
            token = self._stored.read() if not _environment_token() else None
            return dict(build_hf_headers(token=token, library_name="preheat", library_version=__version__))

    def _token_source(self) -> TokenSource:
        if _environment_token():
            return "environment"
        return "keyring" if self._stored.saved_at and self._stored.problem is None else "file"

    def _headers_for(self, repo: str) -> dict[str, str]:
        if not is_repo(repo):
            raise RepoNotFoundError(msg("hub_repo_malformed", name=printable(repo[:100])))
        return self._headers()

    def _is_hub(self, url: str) -> bool:
        asked, own = urlsplit(url), urlsplit(self.endpoint)
        same = (asked.scheme, asked.netloc.lower()) == (own.scheme, own.netloc.lower())
        return same or (asked.scheme == "https" and asked.netloc.lower() in _HUB_HOSTS)


def is_repo(text: str) -> bool:
    """Return whether the text is a repository's name, ``owner/name``, and safe as two folders."""
    return (
        _REPO.fullmatch(text) is not None
        and not any(bad in text for bad in ("..", "--", "./"))
        and not text.endswith((".", "-", ".git"))
    )


def _environment_token() -> bool:
    return any(os.environ.get(name) for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))


def _start_of(parts: Iterable[bytes]) -> bytes:
    content = bytearray()
    for part in parts:
        content += part
        if len(content) >= MAX_CARD_BYTES:
            break
    return bytes(content[:MAX_CARD_BYTES])


def _constants() -> Any:
    """Return huggingface_hub's constants, with its telemetry and warnings switched off."""
    from huggingface_hub import constants, logging

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # untyped there
    return constants


def _repo_files(repo: str, info: ModelInfo) -> RepoFiles:
    if not info.sha:
        raise HubError(msg("hub_commit_unknown", repo=repo))
    files = [
        RemoteFile(file.rfilename, file.size or 0, file.lfs.sha256.lower() if file.lfs else None)
        for file in info.siblings or ()
    ]
    task = task_of(info)
    return RepoFiles(
        repo=info.id if is_repo(info.id) else repo,  # it becomes the names of two folders
        commit=info.sha,
        variants=variants_of(files),
        gated=bool(info.gated),
        licence=licence_of(info),
        parameters=gguf_number(info, "total"),
        trained_context=gguf_number(info, "context_length"),
        task=task,
        abilities=abilities_of(info, task, files),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated_at=updated_at(info),
        files=tuple(file for file in files if file.path.lower().endswith(".gguf") and is_safe_path(file.path)),
    )
