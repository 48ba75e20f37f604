"""Recommends a quantization for a memory limit, with the reason.

Pure. Before a file's header is known, a model's memory is its files' size, its KV cache and its worker's overhead.
The rule: between 4 and 6 bits hardly anyone notices the loss, so take the most precise of those where there is plenty
of room, and the smallest of them where there is not, since it is also the fastest. Less than 4 bits only when nothing
else fits. Models under a billion parameters lose more and cost little: 8 bits for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from preheat.errors import HubFileNotFoundError
from preheat.messages import Message, msg
from preheat.models.gguf.quantization import normalized
from preheat.models.hub.hub import RepoFiles
from preheat.models.hub.variants import Variant
from preheat.units import format_bytes

DEFAULT_CONTEXT: Final = 8192

KV_SHARES: Final = {"f16": 1.0, "q8_0": 0.53125, "q4_0": 0.28125}
"""Size of the KV cache relative to f16, by the setting ``kv_cache_type``."""

# Bits per weight, averaged over whole models, as llama.cpp's quantizer reports them.
_BITS_TABLE: Final = """
IQ1_S 1.6  TQ1_0 1.7  IQ1_M 1.8  IQ2_XXS 2.1  TQ2_0 2.1  IQ2_XS 2.3  IQ2_S 2.5  IQ2_M 2.7  Q2_K_S 2.9
Q2_K 3.0  IQ3_XXS 3.1  IQ3_XS 3.3  IQ3_S 3.4  Q3_K_S 3.5  IQ3_M 3.7  Q3_K_M 3.9  Q3_K_L 4.2  IQ4_XS 4.3
MXFP4 4.3  IQ4_NL 4.5  NVFP4 4.5  Q4_0 4.5  Q4_K_S 4.6  Q4_K_M 4.8  Q4_1 4.8  Q5_0 5.5  Q5_K_S 5.5
Q5_K_M 5.7  Q5_1 5.9  Q6_K 6.6  Q8_0 8.5  BF16 16.0  F16 16.0  F32 32.0
"""
_BITS: Final = {name: float(bits) for name, bits in re.findall(r"(\S+) (\S+)", _BITS_TABLE)}

_MOST_SHOWN: Final = 30
_LARGER_PARTS: Final = 0.2  # extra bits for the embeddings in names that end in L or XL

_LEAST_BITS: Final = 4.3  # IQ4_XS and MXFP4 are good ones
_MOST_BITS: Final = 7.0
_SMALL_PARAMETERS: Final = 10**9
_PLENTY: Final = 0.5  # of the room: leaves space for another model

_WORKER_BYTES: Final = 150_000_000
_BUFFERS_SHARE: Final = 0.03  # compute buffers grow with the model
_KV_BYTES_AT_1B: Final = 90_000  # a token's, in f16; grows with about the cube root of the size (135 M to 70 B models)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The recommended variant, its expected memory when loaded, and why."""

    variant: Variant
    memory_bytes: int
    why: Message


def bits_of(quantization: str) -> float:
    """Return the approximate bits per weight of a quantization; 0 if unknown."""
    name = normalized(quantization).removeprefix("UD-")
    if name in _BITS:
        return _BITS[name]
    base = re.sub(r"_X*L$", "", name)
    for known in (f"{base}_M", base, base.replace("_K", "_0")):
        if known in _BITS:
            return _BITS[known] + (0.0 if base == name else _LARGER_PARTS)
    return 0.0


def kv_bytes(parameters: int) -> int:
    """Return the approximate size of a token in an f16 KV cache, in bytes, for a model of this size."""
    return int(_KV_BYTES_AT_1B * (parameters / 1e9) ** (1 / 3))


def memory_bytes(model_bytes: int, kv_bytes_per_token: int, context_length: int) -> int:
    """Return the approximate memory of a loaded model: its files, its KV cache, and its worker."""
    fixed = model_bytes + _WORKER_BYTES + int(model_bytes * _BUFFERS_SHARE)
    return fixed + kv_bytes_per_token * context_length


def expected_bytes(
    variant: Variant, context_length: int, *, parameters: int = 0, kv_bytes_per_token: int | None = None
) -> int:
    """Return the approximate memory of a loaded variant; unknown parameters are derived from its size."""
    size = parameters or int(variant.model_bytes * 8 / (bits_of(variant.quantization) or 8))
    kv = kv_bytes(size) if kv_bytes_per_token is None else kv_bytes_per_token
    return memory_bytes(variant.total_bytes, kv, context_length)


def advise(
    variants: Sequence[Variant],
    room_bytes: int,
    *,
    parameters: int = 0,
    trained_context: int = 0,
    context_length: int = DEFAULT_CONTEXT,
    kv_bytes_per_token: int | None = None,
) -> Recommendation | None:
    """Return the best variant that fits the memory limit of all models together, and why; None if none does.

    Parameters and trained context are 0 if unknown; the KV cache is then estimated.
    """
    context = min(trained_context or context_length, context_length)
    sized = [
        (v, expected_bytes(v, context, parameters=parameters, kv_bytes_per_token=kv_bytes_per_token)) for v in variants
    ]
    fitting = sorted(((v, memory) for v, memory in sized if memory <= room_bytes), key=lambda item: item[1])
    if not fitting:
        return None
    # Of variants with unknown quantizations, only the largest can be preferred.
    known = [item for item in fitting if bits_of(item[0].quantization)] or fitting[-1:]
    (chosen, memory), reason = _choose(known, room_bytes, parameters)
    name = chosen.quantization or chosen.files[0].name
    why = msg("fits", variant=name, memory=memory, limit=room_bytes, reason=msg(reason))
    return Recommendation(chosen, memory, why)


def choose(
    files: RepoFiles,
    *,
    quantization: str | None = None,
    file: str | None = None,
    room_bytes: int,
    context_length: int = DEFAULT_CONTEXT,
) -> Variant:
    """Return the variant that a pull fetches: the requested file or quantization, else the recommended one.

    A part of a split set means the whole set. Where nothing fits, a pull without a quantization takes the usual one:
    the memory limit may be raised, or the file be meant for another machine. Raises ``HubFileNotFoundError``.
    """
    if file is not None:
        return _variant_of_file(files, file)
    if not files.variants:
        if not files.files:
            raise HubFileNotFoundError(msg("hub_no_gguf", repo=files.repo))
        raise HubFileNotFoundError(msg("hub_no_model", repo=files.repo, names=_shortened(f.path for f in files.files)))
    if quantization is not None:
        return _variant_of_quantization(files, quantization)
    advice = advise(
        files.variants,
        room_bytes,
        parameters=files.parameters,
        trained_context=files.trained_context,
        context_length=context_length,
    )
    return advice.variant if advice else min(files.variants, key=_usual)


def _choose(
    fitting: Sequence[tuple[Variant, int]], room_bytes: int, parameters: int
) -> tuple[tuple[Variant, int], str]:
    """Return the choice and the code of its reason; ``fitting`` is sorted by memory."""
    plenty = [item for item in fitting if item[1] <= room_bytes * _PLENTY]
    if 0 < parameters < _SMALL_PARAMETERS:
        precise = [item for item in plenty if _MOST_BITS < bits_of(item[0].quantization) < 16]
        if precise:
            return precise[-1], "fits_small_model"
    good = [item for item in fitting if _LEAST_BITS <= bits_of(item[0].quantization) <= _MOST_BITS]
    usual = [item for item in good if bits_of(item[0].quantization) >= _BITS["Q4_K_M"]]
    roomy = [item for item in usual if item in plenty]
    if roomy:
        return roomy[-1], "fits_precise"
    if good:
        return (usual[0] if usual else good[-1]), "fits_good"
    coarse = [item for item in fitting if bits_of(item[0].quantization) < _LEAST_BITS]
    if coarse:
        return coarse[-1], "fits_coarse"
    return fitting[0], "fits_smallest"


def _usual(variant: Variant) -> tuple[float, int]:
    """Return the distance of a variant from the most common choice."""
    bits = bits_of(variant.quantization)
    return abs(bits - _BITS["Q4_K_M"]) if bits else float(len(_BITS)), variant.model_bytes


def _variant_of_file(files: RepoFiles, wanted: str) -> Variant:
    for variant in files.variants:
        if any(wanted in (file.path, file.name) for file in variant.files):
            return variant
    # What belongs to no variant (a draft model, an adapter) can still be requested by name.
    for remote in files.files:
        if wanted in (remote.path, remote.name):
            return Variant("", (remote,))
    advice = msg("available", names=_shortened(file.path for file in files.files))
    raise HubFileNotFoundError(msg("hub_file_unknown", repo=files.repo, file=wanted, advice=advice))


def _variant_of_quantization(files: RepoFiles, wanted: str) -> Variant:
    name = normalized(wanted)
    for match in (name, f"UD-{name}"):
        found = [variant for variant in files.variants if variant.quantization == match]
        if found:
            return min(found, key=lambda variant: (len(variant.files[0].path), variant.files[0].path))
    offered = [f"{v.quantization} ({format_bytes(v.total_bytes)})" for v in files.variants if v.quantization]
    advice = msg("available", names=_shortened(offered)) if offered else msg("hub_quantizations_unnamed")
    raise HubFileNotFoundError(msg("hub_quantization_unknown", repo=files.repo, quantization=name, advice=advice))


def _shortened(names: Iterable[str]) -> list[str]:
    shown = list(names)
    return shown if len(shown) <= _MOST_SHOWN else [*shown[:_MOST_SHOWN], "…"]
