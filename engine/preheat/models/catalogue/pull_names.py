"""Parses the names of models to pull.

A pull understands ``hf.co/owner/name``, addresses of huggingface.co (of a repository or a file), ``owner/name``, each
with ``:QUANTIZATION`` or ``/FILE`` after it, and Ollama's names for models of the catalogue. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import unquote

from preheat.errors import InvalidRequestError, ModelNotFoundError
from preheat.messages import msg
from preheat.models.catalogue.catalogue import CatalogueEntry
from preheat.models.file_names import printable
from preheat.models.gguf.quantization import QUANTIZATION, normalized, quantization_of
from preheat.models.hub.hub import is_repo
from preheat.models.hub.variants import PullTarget, is_safe_path

MAX_NAME: Final = 1024

_HUB: Final = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
_OLLAMA: Final = re.compile(
    r"(?:https?://)?(?:registry\.ollama\.ai/|(?:www\.)?ollama\.com/)?(?:library/)?(?=[^/]+$)", re.IGNORECASE
)
_REVISION: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,99}(?:/[A-Za-z0-9][\w.-]{0,99}){0,3}", re.ASCII)
_FILE_PAGES: Final = ("resolve", "blob", "raw")


def parse_pull(text: str, catalogue: Sequence[CatalogueEntry]) -> PullTarget:
    """Return the target of a name.

    Raises:
        InvalidRequestError: The name has none of the forms, or leaves its repository.
        ModelNotFoundError: It looks like an Ollama name that the catalogue does not have; the hint names similar ones.
    """
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _malformed(text)
    hub = _HUB.match(name)
    if hub is not None:
        return _of_address(name[hub.end() :], text)
    ollama = _OLLAMA.match(name)
    if ollama is not None:
        return _of_catalogue(name[ollama.end() :], text, catalogue)
    if "://" in name:
        raise _malformed(text)
    return _of_repo(name, text)


def _of_address(address: str, text: str) -> PullTarget:
    """Return the target of a path on ``huggingface.co``."""
    path = unquote(re.split(r"[?#]", address, maxsplit=1)[0]).strip("/")
    if not path.isprintable():  # after decoding
        raise _malformed(text)
    parts = path.split("/")
    if len(parts) < 4 or parts[2] not in (*_FILE_PAGES, "tree"):
        return _of_repo(path, text)
    revision, rest = _revision_and_rest(parts[3:])
    if not is_repo("/".join(parts[:2])) or not _REVISION.fullmatch(revision) or ".." in revision:
        raise _malformed(text)
    repo = "/".join(parts[:2])
    if parts[2] == "tree":
        return PullTarget(repo, quantization_of(rest) or None, None, revision)
    return PullTarget(repo, None, _checked_file(rest, text), revision)


def _revision_and_rest(parts: Sequence[str]) -> tuple[str, str]:
    """Return a revision, which has three parts for a pull request, and the path after it."""
    length = 3 if parts[0] == "refs" and len(parts) > 3 else 1
    return "/".join(parts[:length]), "/".join(parts[length:])


def _of_repo(name: str, text: str) -> PullTarget:
    """Return the target of ``owner/name``, ``owner/name:TAG`` or ``owner/name/FILE``."""
    parts = name.split("/", 2)
    if len(parts) == 3:
        if not is_repo("/".join(parts[:2])):
            raise _malformed(text)
        return PullTarget("/".join(parts[:2]), None, _checked_file(parts[2], text))
    repo, colon, tag = name.partition(":")
    if not is_repo(repo) or (colon and not tag):
        raise _malformed(text)
    if not tag or tag.lower() == "latest":
        return PullTarget(repo)
    if tag.lower().endswith(".gguf"):  # Ollama takes a file's name as a tag
        return PullTarget(repo, None, _checked_file(tag, text))
    if QUANTIZATION.fullmatch(tag) is None:
        raise InvalidRequestError(msg("pull_quantization_malformed", name=_shown(tag)), param="name")
    return PullTarget(repo, normalized(tag))


def _checked_file(path: str, text: str) -> str:
    if not is_safe_path(path) or not path.lower().endswith(".gguf"):
        raise _malformed(text)
    return path


def _of_catalogue(name: str, text: str, catalogue: Sequence[CatalogueEntry]) -> PullTarget:
    entries = {known: entry for entry in catalogue for known in (entry.name, *entry.aliases)}
    wanted = name.lower()
    if wanted in entries:
        return PullTarget(entries[wanted].repo)
    # Ollama writes the quantization at the end of the tag: qwen3:4b-q8_0, qwen3:4b-instruct-2507-q4_K_M.
    model, _, tag = wanted.partition(":")
    head, dash, quantization = tag.rpartition("-")
    if QUANTIZATION.fullmatch(quantization):
        known = f"{model}:{head}" if dash else model
        if known in entries:
            return PullTarget(entries[known].repo, normalized(quantization))
    raise _unknown(wanted, text, entries)


def _unknown(wanted: str, text: str, entries: Mapping[str, CatalogueEntry]) -> ModelNotFoundError:
    model = wanted.partition(":")[0]
    family = [known for known in entries if known.partition(":")[0] == model]
    near = get_close_matches(wanted[:100], family, n=6, cutoff=0.0)
    near += get_close_matches(wanted[:100], entries, n=5, cutoff=0.6)
    near = list(dict.fromkeys(near))[:6]
    advice = msg("did_you_mean", names=near) if near else msg("search_the_hub")
    return ModelNotFoundError(msg("pull_name_unknown", name=_shown(text), advice=advice), param="name")


def _malformed(text: str) -> InvalidRequestError:
    return InvalidRequestError(msg("pull_name_malformed", name=_shown(text)), param="name")


def _shown(text: str) -> str:
    short = text.strip()
    return printable(short if len(short) <= 100 else f"{short[:100]}…")
