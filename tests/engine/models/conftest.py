"""GGUF files made byte by byte, so that they can contain false values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

KINDS = {"u8": 0, "i8": 1, "u16": 2, "i16": 3, "u32": 4, "i32": 5, "f32": 6, "bool": 7, "u64": 10, "i64": 11, "f64": 12}
CODES = "BbHhIif?..Qqd"
STRING, ARRAY = 8, 9

Value = str | bytes | tuple[str, object]
"""A string, raw bytes (type and value), ``("u32", 5)``, ``("u32", [1, 2])`` or ``("str", ["a"])``."""


@dataclass(frozen=True)
class Gguf:
    """Makes the bytes of a GGUF file. ``tensors``: name, shape, ggml type, bytes, offset (None: where it belongs)."""

    metadata: Mapping[str, Value] = field(default_factory=dict)
    tensors: Sequence[tuple[str, Sequence[int], int, int, int | None]] = (("t", (32,), 0, 128, None),)
    version: int = 3
    order: str = "<"
    alignment: int = 32
    key_count: int | None = None
    tensor_count: int | None = None
    extra: bytes = b""  # more metadata, encoded; count it in key_count

    def pack(self, kinds: str, *numbers: object) -> bytes:
        return struct.pack(self.order + kinds, *numbers)

    def text(self, value: str | bytes) -> bytes:
        raw = value.encode() if isinstance(value, str) else value
        return self.pack("Q", len(raw)) + raw

    def value(self, value: Value) -> bytes:
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return self.pack("I", STRING) + self.text(value)
        kind, content = value
        if kind == "str":
            assert isinstance(content, list)
            return self.pack("IIQ", ARRAY, STRING, len(content)) + b"".join(self.text(text) for text in content)
        code = CODES[KINDS[kind]]
        if isinstance(content, list):
            return self.pack(f"IIQ{len(content)}{code}", ARRAY, KINDS[kind], len(content), *content)
        return self.pack("I" + code, KINDS[kind], content)

    def header(self) -> bytes:
        keys = len(self.metadata) if self.key_count is None else self.key_count
        tensors = len(self.tensors) if self.tensor_count is None else self.tensor_count
        parts = [b"GGUF", self.pack("IQQ", self.version, tensors, keys)]
        parts += [self.text(key) + self.value(value) for key, value in self.metadata.items()]
        parts.append(self.extra)
        at = 0
        for name, shape, kind, n_bytes, offset in self.tensors:
            parts.append(self.text(name) + self.pack(f"I{len(shape)}Q", len(shape), *shape))
            parts.append(self.pack("IQ", kind, at if offset is None else offset))
            at += -(-n_bytes // self.alignment) * self.alignment
        return b"".join(parts)

    def file(self) -> bytes:
        header = self.header()
        data = b"".join(b"\1" * n + b"\0" * (-n % self.alignment) for _, _, _, n, _ in self.tensors)
        return header + b"\0" * (-len(header) % self.alignment) + data


def model_metadata(architecture: str = "llama", **more: Value) -> dict[str, Value]:
    """The least that a language model's file has."""
    return {
        "general.architecture": architecture,
        f"{architecture}.context_length": ("u32", 2048),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ("str", [f"t{number}" for number in range(100)]),
        **{key.replace("__", "."): value for key, value in more.items()},
    }


@pytest.fixture(scope="session")
def gguf_file() -> type[Gguf]:
    return Gguf


@pytest.fixture(scope="session")
def metadata() -> Callable[..., dict[str, Value]]:
    return model_metadata


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small model below ``tmp_path``; keyword arguments are metadata, with ``__`` for the dots."""

    def write(name: str, architecture: str = "llama", n_bytes: int = 128, **more: Value) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = [("t", (n_bytes // 4,), 0, n_bytes, None)] if n_bytes else []
        path.write_bytes(Gguf(model_metadata(architecture, **more), tensors).file())
        return path

    return write
