"""Downloads of llama.cpp's programs, made with ``-hf``.

From llama.cpp's common/download.cpp: one folder with ``USER_REPO_FILE.gguf`` (a folder inside the repository becomes an
underscore too), ``manifest=USER=REPO=TAG.json`` for every repository, and ``*.downloadInProgress`` during a download.
Since 2026 the layout is that of the Hugging Face cache, in that cache or in ``LLAMA_CACHE``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from preheat.models.sources.candidates import ENDING, Candidate, Report, scan
from preheat.models.sources.huggingface import candidates as huggingface_candidates
from preheat.models.sources.outside import cache_folder, from_variable


def roots() -> tuple[Path, ...]:
    """Return llama.cpp's cache folder."""
    return (from_variable("LLAMA_CACHE") or cache_folder("llama.cpp"),)


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the files of both layouts: the flat one, and that of the Hugging Face cache."""
    yield from _flat(root, report)
    yield from huggingface_candidates(root, report)


def _flat(root: Path, report: Report) -> Iterator[Candidate]:
    names = [entry.name for entry in scan(root, report, lambda entry: entry.is_file())]
    repositories = list(_repositories(names))
    for name in names:
        if not name.lower().endswith(ENDING) or name.startswith("."):
            continue
        owner, repo = next((pair for pair in repositories if name.startswith("_".join((*pair, "")))), ("", ""))
        short = name.removeprefix(f"{owner}_{repo}_") if repo else name
        yield Candidate(
            root / name,
            short,
            owners=tuple(part for part in (repo, owner) if part),
            aliases=(name,) if short != name else (),
            group=f"{root}/{owner}/{repo}" if repo else str(root),
            one_repo=bool(repo),
        )


def _repositories(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield owner and name of the repositories that the manifests name."""
    for name in names:
        parts = name.split("=")
        if len(parts) == 4 and parts[0] == "manifest" and name.endswith(".json"):
            yield parts[1], parts[2]
