"""The hub: searching it, listing a repository's files, finding where a file's bytes are.

Only ``library/`` uses huggingface_hub, which is imported at the first question (0.2 s), never at start. Everything here
waits for the network: call it in a thread. ``HF_ENDPOINT``, ``HF_TOKEN``, the token that ``hf auth login`` stored,
``HF_HUB_OFFLINE`` and proxies are honoured as huggingface_hub does, by its own functions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from preheat._version import __version__
from preheat.errors import HubError, RepoNotFoundError
from preheat.models.file_names import printable
from preheat.models.hub.errors import translated
from preheat.models.hub.variants import RemoteFile, Variant, is_safe_path, variants_of

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

__all__ = ["FileLocation", "Hub", "HubModel", "RemoteFile", "RepoFiles", "Sort", "Variant", "is_repo"]

Sort = Literal["downloads", "likes", "last_modified", "trending_score"]
SORTS: Final[Mapping[Sort, str]] = {
    "downloads": "downloads",
    "likes": "likes",
    "last_modified": "lastModified",
    "trending_score": "trendingScore",
}
"""The orders of a search, the highest first, and the hub's names for them."""

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
class HubModel:
    """One result of a search.

    Attributes:
        repo: ``owner/name``.
        title: The name without ``-GGUF``.
        task: ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if neither tags nor name tell.
        licence: As the hub names it, such as ``apache-2.0``; empty if it does not say.
        gated: Whether the owner wants the user's consent first.
        downloads: In the last 30 days.
        likes: Of all time.
        updated_at: Unix time of the last change; None if unknown.
        parameters: How many the model has; 0 if unknown.
    """

    repo: str
    title: str
    task: str
    licence: str
    gated: bool
    downloads: int
    likes: int
    updated_at: float | None
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class RepoFiles:
    """What a repository offers at one commit.

    Attributes:
        repo: ``owner/name`` as the hub writes it.
        commit: The commit that the files belong to; downloads name it, so that all parts are of one state.
        variants: The smallest first.
        gated: Whether the owner wants the user's consent first.
        licence: As the hub names it; empty if it does not say.
        parameters: How many the model has; 0 if unknown.
        trained_context: In tokens; 0 if unknown.
        files: Every GGUF file, those too that are no variant.
    """

    repo: str
    commit: str
    variants: tuple[Variant, ...]
    gated: bool = False
    licence: str = ""
    parameters: int = 0
    trained_context: int = 0
    files: tuple[RemoteFile, ...] = ()


@dataclass(frozen=True, slots=True)
class FileLocation:
    """Where a file's bytes are now. Signed addresses expire: ask again for each attempt.

    Attributes:
        url: Where to GET it, perhaps on another host than the hub.
        size_bytes: Its size; None if the hub does not say.
        sha256: Of its content, in lower-case hex; None for a file that is not stored as a large file.
        etag: Names the content; without quotes. The other host's own ETag may differ.
        headers: To send with the GET; the token only if the bytes come from the hub itself.
    """

    url: str
    size_bytes: int | None
    sha256: str | None
    etag: str | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Hub:
    """A hub that speaks Hugging Face's protocol. Any thread; holds nothing but its address.

    Args:
        endpoint: Its address; without it ``HF_ENDPOINT``, or huggingface.co.
        timeout_s: How long it may be silent; without it ``HF_HUB_ETAG_TIMEOUT``, or 10 s.
    """

    def __init__(self, endpoint: str | None = None, *, timeout_s: float | None = None) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s

    @property
    def endpoint(self) -> str:
        """The hub's address, without a slash at its end."""
        constants = _constants()
        named = self._endpoint or os.environ.get("HF_ENDPOINT") or constants.HUGGINGFACE_CO_URL_HOME
        return str(named).rstrip("/")

    def search(self, query: str, *, limit: int = 30, sort: Sort = "downloads", task: str = "") -> list[HubModel]:
        """Return repositories with GGUF files whose name contains the query, the first by ``sort`` first.

        Args:
            query: Words of the name; empty for all.
            limit: How many at most, up to ``MAX_RESULTS``.
            sort: By what; one of ``SORTS``.
            task: Only those for this task.

        Raises:
            HubError: See ``hub_errors``.
        """
        wanted = min(limit, MAX_RESULTS)
        params: dict[str, Any] = {
            "filter": "gguf",
            "search": query.strip(),
            "sort": SORTS[sort],
            # The task is known here only, so ask for more than is wanted.
            "limit": MAX_RESULTS if task else wanted,
            "expand": list(_EXPAND),
        }
        found = self._get_models(params)
        return [model for model in found if not task or model.task == task][:wanted]

    def files(self, repo: str, revision: str = "main") -> RepoFiles:
        """Return what a repository offers.

        Raises:
            RepoNotFoundError: There is no such repository or revision, or it is private.
            HubError: See ``hub_errors``.
        """
        from huggingface_hub import HfApi

        self._check(repo)
        headers = self._headers()
        with translated(self.endpoint, repo, with_token="authorization" in headers):
            # The header is given: HfApi's own would name the token twice.
            info = HfApi(self.endpoint, token=False, headers=headers).model_info(
                repo, revision=revision, files_metadata=True, timeout=self._timeout
            )
            return _repo_files(repo, info)

    def locate(self, repo: str, commit: str, path: str) -> FileLocation:
        """Return where a file's bytes are now.

        Raises:
            HubFileNotFoundError: The repository has no such file at this commit.
            GatedRepoError: The owner wants the user's consent first.
            HubError: See ``hub_errors``.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        self._check(repo)
        headers = self._headers()
        with translated(self.endpoint, repo, path, with_token="authorization" in headers):
            url = hf_hub_url(repo, path, revision=commit, endpoint=self.endpoint)
            found = get_hf_file_metadata(
                url, token=False, timeout=self._timeout, headers=headers, endpoint=self.endpoint
            )
        if found.commit_hash is None:  # every answer of a hub has it
            raise HubError(f"{self.endpoint} does not answer as a hub does", hint="Check the network and HF_ENDPOINT")
        if not self._is_hub(found.location):
            # The other host's address is signed; the token is none of its business.
            headers.pop("authorization", None)
        etag = found.etag
        sha256 = etag if etag is not None and _SHA256.fullmatch(etag) else None
        return FileLocation(found.location, found.size, sha256, etag, headers | {"accept-encoding": "identity"})

    @property
    def _timeout(self) -> float:
        return self._timeout_s if self._timeout_s is not None else float(_constants().HF_HUB_ETAG_TIMEOUT)

    def _get_models(self, params: Mapping[str, Any]) -> list[HubModel]:
        # Not HfApi.list_models: it waits without limit, and repeats a refused search for minutes.
        from huggingface_hub import get_session, hf_raise_for_status
        from huggingface_hub.hf_api import ModelInfo

        headers = self._headers()
        with translated(self.endpoint, with_token="authorization" in headers):
            response = get_session().get(
                f"{self.endpoint}/api/models", params=dict(params), headers=headers, timeout=self._timeout
            )
            hf_raise_for_status(response)
            return [
                _hub_model(ModelInfo(**item))  # type: ignore[no-untyped-call] # its author left it without types
                for item in response.json()
            ]

    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it does export it

        with translated(self.endpoint):
            return dict(build_hf_headers(library_name="preheat", library_version=__version__))

    def _check(self, repo: str) -> None:
        if not is_repo(repo):
            raise RepoNotFoundError(f'"{printable(repo[:100])}" is no repository', hint="Write it as owner/name")

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
    """Return huggingface_hub's constants, with what it does beyond its task switched off."""
    from huggingface_hub import constants, logging

    # It would ask the hub which agents there are, to name one in each request; and warn on standard error.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()  # type: ignore[no-untyped-call] # likewise
    return constants


def _hub_model(info: ModelInfo) -> HubModel:
    return HubModel(
        repo=info.id,
        title=_title(info.id),
        task=_task(info),
        licence=_licence(info),
        gated=bool(info.gated),
        downloads=info.downloads or 0,
        likes=info.likes or 0,
        updated_at=_timestamp(info.last_modified),
        parameters=_gguf_number(info, "total"),
    )


def _repo_files(repo: str, info: ModelInfo) -> RepoFiles:
    if not info.sha:
        raise HubError(f"The hub does not say which commit {repo} is at", hint="Try again later")
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


def _title(repo: str) -> str:
    return re.sub(r"[-_.]gguf$", "", repo.partition("/")[2] or repo, flags=re.IGNORECASE)


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


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
