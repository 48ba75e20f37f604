"""The identity of a model: everything that its KV cells depend on besides the tokens.

Not part of it: the context length as such, parallel requests, threads, devices and repacking. They change no cell by
more than the last bits, so changing them keeps the stored prompts.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

_HEAD_BYTES: Final = 4 << 20
"""Beginning of a file that is read in full: the header, but for the end of very large vocabularies."""

_SAMPLES: Final = 1024
_SAMPLE_BYTES: Final = 4096
_DIGEST_BYTES: Final = 16
_FORMAT: Final = 1


def model_identity(
    files: Sequence[str | Path],
    *,
    llama_cpp: str,
    kv_types: tuple[str, str],
    flash_attention: str,
    rope: str = "",
    chat_template: str = "",
    mmproj: str | Path | None = None,
    adapters: Sequence[str | Path] = (),
) -> bytes:
    """Return the identity of a model as loaded. Two are equal if their cells may be exchanged. Blocks; any thread.

    Args:
        files: All files of a split set, in order.
        llama_cpp: Version of llama.cpp and of what decides the form of its states.
        kv_types: Types of keys and values.
        flash_attention: As it is in effect. It decides how values are laid out.
        rope: See ``rope_class``.
        chat_template: The template's text.

    Raises:
        OSError: A file cannot be read.
    """
    parts = {
        "format": _FORMAT,
        "files": [_fingerprint(Path(file)) for file in files],
        "mmproj": None if mmproj is None else _fingerprint(Path(mmproj)),
        "adapters": [_fingerprint(Path(file)) for file in adapters],
        "llama_cpp": llama_cpp,
        "machine": f"{sys.byteorder} {sys.maxsize.bit_length() + 1}",
        "kv_types": list(kv_types),
        "flash_attention": flash_attention,
        "rope": rope,
        "chat_template": blake2b(chat_template.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest(),
    }
    return json.dumps(parts, separators=(",", ":")).encode()


def identity_changes(before: bytes, after: bytes) -> tuple[str, ...]:
    """Return which parts of two identities differ, by the names of the arguments of ``model_identity``."""
    old, new = _parts(before), _parts(after)
    return tuple(name for name in new if old.get(name) != new[name])


def rope_class(metadata: Callable[[str], str | None], context_length: int) -> str:
    """Return what of the context length changes the cells; "" for most models, with any context length.

    Files with two sets of rope factors (longrope, as Phi-3.5 has) use the long ones for every position as soon as the
    context is longer than the original one (``llama_model::get_rope_factors``). YaRN and linear scaling depend only on
    the file.

    Args:
        metadata: Returns the value of a metadata key of the file as text; None without one.
    """
    original = metadata(f"{metadata('general.architecture')}.rope.scaling.original_context_length")
    if original is None or not original.isdigit():
        return ""
    return "long" if context_length > int(original) else "short"


def _parts(identity: bytes) -> dict[str, Any]:
    try:
        parts = json.loads(identity)
    except ValueError:
        return {}
    return parts if isinstance(parts, dict) else {}


def _fingerprint(path: Path) -> list[int | str]:
    """Return size, time of the last change in seconds, and a digest of the header and of samples of the data.

    A file of 0.6 GB in the page cache takes some 10 ms. Samples are spread evenly, with the first and the last bytes.
    They miss a change that lies between two of them (every 0.6 MB of a file of 0.6 GB) if it also keeps size and time.
    """
    with path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        digest = blake2b(digest_size=_DIGEST_BYTES)
        digest.update(file.read(_HEAD_BYTES))
        last = status.st_size - _SAMPLE_BYTES
        if last > _HEAD_BYTES:
            for number in range(_SAMPLES):
                file.seek(_HEAD_BYTES + (last - _HEAD_BYTES) * number // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
        else:
            digest.update(file.read())
    return [status.st_size, int(status.st_mtime), digest.hexdigest()]
