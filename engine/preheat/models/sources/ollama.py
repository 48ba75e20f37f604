"""Ollama's models: manifests that name blobs, as in a container registry.

From Ollama's source (manifest/, types/model/name.go): ``manifests/HOST/NAMESPACE/MODEL/TAG`` is a JSON file
of layers with a media type, a digest and a size; a complete layer is in ``blobs/sha256-HEX``. Names omit the host
``registry.ollama.ai`` and the namespace ``library``. The Linux installer's service has its own home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from preheat.messages import msg
from preheat.models.sources.candidates import Candidate, Report, scan, stays_inside
from preheat.models.sources.outside import from_variable, home, read_object

_LAYER: Final = "application/vnd.ollama.image."
_DIGEST: Final = re.compile(r"sha256[:-]([0-9a-f]{64})")
_HOST: Final = "registry.ollama.ai"
_LATEST: Final = ":latest"
_SERVICE: Final = Path("/usr/share/ollama/.ollama/models")
_MANIFEST_PARTS: Final = 4


def roots() -> tuple[Path, ...]:
    """Return Ollama's models folders."""
    named = from_variable("OLLAMA_MODELS")
    return (named,) if named else (home() / ".ollama" / "models", _SERVICE)


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the model of every manifest; several may share a blob."""
    manifests = root / "manifests"
    for path in _manifests(manifests, report, _MANIFEST_PARTS):
        name = _shown_name(path.relative_to(manifests).parts)
        layers = read_object(path).get("layers")
        blobs = list(_blobs(root, layers if isinstance(layers, list) else [], report))
        models = [blob for kind, blob in blobs if kind == "model"]
        if not models:
            continue
        changed = any(kind == "adapter" for kind, _ in blobs)
        yield Candidate(
            models[0],
            name,
            aliases=(name.removesuffix(_LATEST),) if name.endswith(_LATEST) else (),
            mmproj=next((blob for kind, blob in blobs if kind == "projector"), None),
            # A model with an adapter has neither the name nor the content of its blob.
            sha256="" if changed else models[0].name[-64:],
            refused=msg("skipped_adapted") if changed else None,
        )


def _manifests(folder: Path, report: Report, depth: int) -> Iterator[Path]:
    """Yield the files exactly ``depth`` levels below; links to folders are not followed."""
    for entry in scan(folder, report, lambda entry: not entry.name.startswith(".")):
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _manifests(folder / entry.name, report, depth - 1)
        elif depth == 1 and entry.is_file():
            yield folder / entry.name


def _blobs(root: Path, layers: list[Any], report: Report) -> Iterator[tuple[str, Path]]:
    """Yield kind and file of every complete layer inside the store."""
    for layer in layers:
        if not isinstance(layer, dict):
            continue
        kind, digest = str(layer.get("mediaType", "")), _DIGEST.fullmatch(str(layer.get("digest", "")))
        if not kind.startswith(_LAYER) or digest is None:
            continue
        # Until version 0.1.30 the names had a colon.
        for blob in (root / "blobs" / f"sha256-{digest[1]}", root / "blobs" / f"sha256:{digest[1]}"):
            try:
                size = blob.stat().st_size
            except OSError:
                continue
            if stays_inside(blob, root, "Ollama", report) and size == layer.get("size", size):
                yield kind.removeprefix(_LAYER), blob
                break


def _shown_name(parts: tuple[str, ...]) -> str:
    """Return a model's name in Ollama: ``qwen3:4b``, ``user/model:tag``, ``hf.co/user/repo:Q4_K_M``."""
    host, namespace, model, tag = parts
    if host != _HOST:
        return f"{host}/{namespace}/{model}:{tag}"
    return f"{model}:{tag}" if namespace == "library" else f"{namespace}/{model}:{tag}"
