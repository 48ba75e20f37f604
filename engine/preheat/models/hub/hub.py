"""A client of the hub: search, a repository's files, and where a file's bytes are.

Only this package uses huggingface_hub, and imports it with the first request (0.2 s), never at start; its functions
honour ``HF_*`` variables, ``hf auth login`` and proxies. Everything blocks on the network: call it in a thread.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from preheat._version import __version__
from preheat.errors import HubError, RepoNotFoundError
from preheat.messages import msg
from preheat.models.file_names import printable
from preheat.models.hub.errors import translated, unexpected_answer
from preheat.models.hub.variants import RemoteFile, Variant, is_safe_path, variants_of
from preheat.models.offers import FoundModel

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

_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_EXPAND: Final = ("cardData", "downloads", "gated", "gguf", "lastModified", "likes", "pipeline_tag", "tags")
_HUB_HOSTS: Final = frozenset({"huggingface.co", "hf.co"})
_TASKS: Final = {
    "text-generation": "chat",
    "conversational": "chat",
    "text2text-generation": "chat",
    "image-text-to-text": "vision",
    "visual-question-answering": "vision",
    "any-to-any": "vision",
    "feature-extraction": "embedding",
    "sentence-similarity": "embedding",
    "text-ranking": "rerank",
    "text-classification": "rerank",
}
_NAME_TASKS: Final = (
    (re.compile(r"rerank", re.IGNORECASE), "rerank"),
    (re.compile(r"embed|bge-|minilm", re.IGNORECASE), "embedding"),
    (re.compile(r"code|devstral", re.IGNORECASE), "code"),
    (re.compile(r"[-_.]vl[-_.]|vision|llava", re.IGNORECASE), "vision"),
)


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
    """

    def __init__(self, endpoint: str | None = None, *, timeout_s: float | None = None) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s

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
                _found_model(ModelInfo(**item))  # type: ignore[no-untyped-call]  # untyped there
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
            return dict(build_hf_headers(library_name="preheat", library_version=__version__))

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


def _constants() -> Any:
    """Return huggingface_hub's constants, with its telemetry and warnings switched off."""
    from huggingface_hub import constants, logging

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # untyped there
    return constants


def _found_model(info: ModelInfo) -> FoundModel:
    return FoundModel(
        repo=info.id,
        title=re.sub(r"[-_.]gguf$", "", info.id.partition("/")[2] or info.id, flags=re.IGNORECASE),
        task=_task(info),
        licence=_licence(info),
        gated=bool(info.gated),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated_at=info.last_modified.timestamp() if info.last_modified else None,
        parameters=_gguf_number(info, "total"),
    )


def _repo_files(repo: str, info: ModelInfo) -> RepoFiles:
    if not info.sha:
        raise HubError(msg("hub_commit_unknown", repo=repo))
    files = [
        RemoteFile(file.rfilename, file.size or 0, file.lfs.sha256.lower() if file.lfs else None)
        for file in info.siblings or ()
    ]
    return RepoFiles(
        repo=info.id if is_repo(info.id) else repo,  # it becomes the names of two folders
        commit=info.sha,
        variants=variants_of(files),
        gated=bool(info.gated),
        licence=_licence(info),
        parameters=_gguf_number(info, "total"),
        trained_context=_gguf_number(info, "context_length"),
        files=tuple(file for file in files if file.path.lower().endswith(".gguf") and is_safe_path(file.path)),
    )


def _task(info: ModelInfo) -> str:
    by_name = next((task for pattern, task in _NAME_TASKS if pattern.search(info.id)), "")
    by_tag = _TASKS.get(info.pipeline_tag or "", "")
    if by_tag == "chat" or not by_tag:
        return by_name or by_tag
    return by_tag


def _licence(info: ModelInfo) -> str:
    card = info.card_data
    named = (card.get("license_name") if card.get("license") == "other" else card.get("license")) if card else None
    if isinstance(named, str) and named:
        return named
    return next((tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")), "")


def _gguf_number(info: ModelInfo, key: str) -> int:
    value = (info.gguf or {}).get(key)
    return value if isinstance(value, int) and value > 0 else 0
