"""Ollama's descriptions of models: for the list, the models in memory, and single ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from preheat.core import ModelSnapshot
from preheat.models import Ability, GgufHeader, ModelFile, printable
from preheat.server.ollama.durations import time_text

_NEVER: Final = 253_402_214_400.0
"""Unix time of the last day of the year 9999, for models that stay."""

_THINKS: Final = re.compile(r"think|reasoning", re.IGNORECASE)
_INFILL_KEYS: Final = ("prefix_token_id", "fim_pre_token_id")


def shown_name(model_id: str) -> str:
    """Return a model's name in Ollama's form, which always has a tag."""
    return model_id if ":" in model_id else f"{model_id}:latest"


def tag_json(model: ModelFile, name: str | None = None) -> dict[str, Any]:
    """Return an entry of /api/tags; ``name`` instead of the model's own."""
    name = name or shown_name(model.model_id)
    return {
        "name": name,
        "model": name,
        "modified_at": time_text(model.modified_ns / 1e9),
        "size": model.file_bytes,
        "digest": digest(model),
        "details": details_json(model),
    }


def running_json(model: ModelFile, snapshot: ModelSnapshot) -> dict[str, Any]:
    """Return an entry of /api/ps. Without an end of its keep-alive, a model expires in the year 9999."""
    tag = tag_json(model)
    return {
        **{name: tag[name] for name in ("name", "model", "digest", "details")},
        "size": snapshot.resident_bytes or snapshot.expected_bytes,
        "size_vram": 0,
        "expires_at": time_text(_NEVER if snapshot.expires_at is None else min(snapshot.expires_at, _NEVER)),
        "context_length": snapshot.context_length,
    }


def show_json(model: ModelFile, header: GgufHeader, context_length: int) -> dict[str, Any]:
    """Return the answer of /api/show.

    Args:
        context_length: The one that applies, in tokens.
    """
    template = header.text("tokenizer.chat_template")
    name = shown_name(model.model_id)
    return {
        "license": model.licence,
        "modelfile": f"FROM {name}\nPARAMETER num_ctx {context_length}\n",
        "parameters": f"{'num_ctx':<31}{context_length}",
        "template": template,
        "system": "",
        "details": details_json(model),
        "model_info": model_info(header, model),
        "capabilities": capabilities(model, template, header.metadata),
        "modified_at": time_text(model.modified_ns / 1e9),
    }


def details_json(model: ModelFile) -> dict[str, Any]:
    """Return the field ``details``."""
    family = printable(model.architecture)
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": parameter_size(model.parameters),
        "quantization_level": model.quantization,
    }


def model_info(header: GgufHeader, model: ModelFile) -> dict[str, Any]:
    """Return the header's values; null for long arrays, as Ollama does without ``verbose``."""
    info: dict[str, Any] = {}
    for key, value in header.metadata.items():
        if key != "tokenizer.chat_template":
            short = isinstance(value, int | float | bool | str)
            info[printable(key)] = value if short else list(value) if isinstance(value, tuple) else None
    return {**info, "general.parameter_count": model.parameters}


def capabilities(model: ModelFile, template: str, metadata: Mapping[str, object]) -> list[str]:
    """Return what the model can do, in Ollama's words.

    Every chat model takes tools: one without a place for them in its template gets them in its prompt.
    """
    if model.embeddings:
        return ["embedding"]
    if Ability.RERANK in model.abilities:
        return ["rerank"]
    infill = any(f"tokenizer.ggml.{key}" in metadata for key in _INFILL_KEYS)
    found = {
        "completion": True,
        "tools": model.chat_template,
        "thinking": _THINKS.search(template) is not None,
        "insert": infill,
        "vision": Ability.VISION in model.abilities,
    }
    return [name for name, has in found.items() if has]


def parameter_size(parameters: int) -> str:
    """Return a number of weights as Ollama writes it, such as ``134.52M``."""
    for limit, unit, places in ((10**9, "B", 1), (10**6, "M", 2), (10**3, "K", 2)):
        if parameters >= limit:
            return f"{parameters / limit:.{places}f}{unit}"
    return str(parameters)


def digest(model: ModelFile) -> str:
    """Return a stable identifier of the file's state. Not the file's own hash: reading gigabytes would take minutes."""
    state = f"{model.model_id}\n{model.file_bytes}\n{model.modified_ns}"
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
