"""Names of quantizations, and their description for people."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from preheat.models.gguf.header import GgufHeader

QUANTIZATION: Final = re.compile(
    r"(?<![A-Za-z0-9])"
    r"(?P<name>(?:UD-)?"
    r"(?:I?Q[1-8]_(?:K_(?:XXL|XL|L|M|S)|K|NL|XXS|XS|S|M|L|XL|[0-9](?:_[0-9]_[0-9])?)"
    r"|TQ[12]_0|MXFP[468](?:_MOE)?|NVFP4|BF16|FP?16|FP?32))"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE | re.ASCII,
)
"""A quantization as file names and people write it."""

# llama.cpp's llama_ftype (llama.h), which files contain as general.file_type, by number. "-" was withdrawn.
_FILE_TYPES: Final = """
F32 F16 Q4_0 Q4_1 - - - Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ2_XXS
IQ2_XS Q2_K_S IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16 - - - TQ1_0 TQ2_0 MXFP4
NVFP4 Q1_0
"""
FILE_TYPES: Final = {number: name for number, name in enumerate(_FILE_TYPES.split()) if name != "-"}

_GUESSED: Final = 1024  # added to the number where a program guessed

_PROJECTORS: Final = ("F16", "Q8_0", "BF16", "F32")
_WHOLE: Final = frozenset({"F32", "F16", "BF16"})
_BITS: Final = re.compile(r"I?Q(\d)|TQ(\d)|(?:MX|NV)FP(\d)|B?F(\d\d)")
QUANTIZATION_WORDS: Final = {
    1: "1-bit, poor quality",
    2: "2-bit, low quality",
    3: "3-bit, fair quality",
    4: "4-bit, good quality",
    5: "5-bit, very good quality",
    6: "6-bit, excellent quality",
    8: "8-bit, nearly as the original",
    16: "16-bit, as the original",
    32: "32-bit, as the original",
}
"""Descriptions of quantizations, by bits per weight."""


def quantization_of(path: str) -> str:
    """Return the last quantization in a path, ``F16`` for ``FP16``; empty if there is none."""
    for part in reversed(path.removesuffix(".gguf").split("/")):
        found = [match["name"] for match in QUANTIZATION.finditer(part)]
        if found:
            return normalized(found[-1])
    return ""


def normalized(quantization: str) -> str:
    """Return the canonical spelling: upper case, ``F16`` for ``FP16``; a leading ``UD-`` stays."""
    name = quantization.upper()
    return {"FP16": "F16", "FP32": "F32", "MXFP4_MOE": "MXFP4"}.get(name, name)


def quantization_of_header(header: GgufHeader) -> str:
    """Return a file's quantization: the stated one, or the type of most of its bytes; empty without tensors.

    A file that calls itself unquantized and is not comes from a program that forgot to say so: its tensors count.
    """
    stated = header.metadata.get("general.file_type")
    name = FILE_TYPES.get(stated % _GUESSED, "") if type(stated) is int and stated >= 0 else ""
    sizes: Counter[str] = Counter()
    for tensor in header.tensors:
        sizes[tensor.ggml_type] += tensor.n_bytes
    most = max(sizes, key=lambda kind: sizes[kind], default="")
    if name in _WHOLE and most and most not in _WHOLE:
        return most
    return name or most


def quantization_words(name: str, bits_per_weight: float = 0.0) -> str:
    """Return a description for people, by the bits where the name does not tell; empty if unknown."""
    match = _BITS.search(name.upper())
    bits = float(next(group for group in match.groups() if group)) if match else bits_per_weight
    return QUANTIZATION_WORDS[min(QUANTIZATION_WORDS, key=lambda known: abs(known - bits))] if bits else ""


def projector_rank(name: str, n_bytes: int, path: str) -> tuple[int, int, str]:
    """Return a sort key of image encoders by preference, the best first."""
    quantization = quantization_of(name)
    known = _PROJECTORS.index(quantization) if quantization in _PROJECTORS else len(_PROJECTORS)
    return known, n_bytes, path
