"""GGUF files: headers, tensor types, model shapes, and a cache of headers."""

from __future__ import annotations

from preheat.models.gguf.classify import Kind
from preheat.models.gguf.header import GgufHeader
from preheat.models.gguf.quantization import QUANTIZATION_WORDS, quantization_words
from preheat.models.gguf.reader import read_header
from preheat.models.gguf.shape import LayerShape, ModelShape
