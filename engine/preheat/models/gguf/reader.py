"""Reads the header of a GGUF file: what the model is, and where its tensors lie.

Files come from strangers. Every count and length is checked against the file and against fixed ceilings before
anything is read or kept, so that a lying header costs neither memory nor time. The file is read and not mapped:
a mapped file that another program shortens would end this process with SIGBUS.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Mapping
from io import FileIO
from math import prod
from operator import length_hint
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from preheat.errors import ModelFileError
from preheat.models.file_names import printable
from preheat.models.gguf.header import GgufHeader, Skipped, Tensor, Value
from preheat.models.gguf.known_arrays import MAX_BYTES, KnownArrays
from preheat.models.gguf.types import GGML_TYPES

_CHUNK_BYTES: Final = 1 << 18
# Ceilings, far above what models have (a vocabulary of 256,000 tokens makes a header of about 10 MB).
_MAX_HEADER_BYTES: Final = 1 << 28
_MAX_KEYS: Final = 1 << 14
_MAX_TENSORS: Final = 1 << 16
_MAX_KEY_BYTES: Final = (1 << 16) - 1
_MAX_STRINGS: Final = 1 << 23  # in one array
_MAX_NAME_BYTES: Final = 63  # of a tensor; llama.cpp's GGML_MAX_NAME
_MAX_DIMENSIONS: Final = 4
_WORTH_KNOWING: Final = 4096  # texts; shorter arrays are walked through at once
# What is kept of the metadata; longer values are passed over.
_KEPT_STRING_BYTES: Final = 1 << 18
_KEPT_NUMBERS: Final = 1 << 10
_KEPT_STRINGS: Final = 64
_KEPT_BYTES: Final = 1 << 22  # all strings together

_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}

_DOWNLOAD: Final = "Download it again"


class _MalformedError(Exception):
    """What is wrong with the file, to follow its name, and the remedy."""

    def __init__(self, problem: str, remedy: str = _DOWNLOAD) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class _Source:
    """Reads a header from a file, a chunk at a time, and passes over what is not wanted without reading it."""

    def __init__(self, file: FileIO, file_bytes: int, arrays: KnownArrays | None = None) -> None:
        self.file_bytes = file_bytes
        self._arrays = arrays
        self.order: Literal["<", ">"] = "<"
        self._file = file
        self._chunk = b""
        self._start = 0  # of the chunk in the file
        self._at = 0  # next byte in the chunk; may be past its end

    @property
    def position(self) -> int:
        """The next byte's offset in the file."""
        return self._start + self._at

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes. The caller bounds ``count``."""
        if self._at + count > len(self._chunk):
            self._fill(count)
        self._at += count
        return self._chunk[self._at - count : self._at]

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes."""
        self._at += count
        self._check(0)

    def numbers(self, kinds: str) -> tuple[int, ...]:
        """Return numbers of these ``struct`` kinds."""
        kinds = self.order + kinds
        return struct.unpack(kinds, self.take(struct.calcsize(kinds)))

    def number(self, kind: str) -> int:
        """Return one number of this ``struct`` kind."""
        return self.numbers(kind)[0]

    def skip_strings(self, count: int) -> None:
        """Pass over ``count`` strings, at once where they are known."""
        if self._arrays is None or count < _WORTH_KNOWING:
            self._walk_strings(count)
            return
        begin = self.position
        for length in self._arrays.lengths(self.order, count):
            if begin + length <= self.file_bytes and self._arrays.has(self.order, count, self._peek(begin, length)):
                self._at += length
                return
        self._walk_strings(count)
        length = self.position - begin
        if length <= MAX_BYTES:
            self._arrays.add(self.order, count, self._peek(begin, length))

    def _peek(self, begin: int, length: int) -> bytes:
        """Return bytes of the file, fewer if it has become shorter; what is read next stays as it is."""
        at = begin - self._start
        if at >= 0 and at + length <= len(self._chunk):
            return self._chunk[at : at + length]
        self._file.seek(begin)
        content = b""
        while len(content) < length and (more := self._file.read(length - len(content))):
            content += more
        return content

    def _walk_strings(self, count: int) -> None:
        """Pass over ``count`` strings: the one loop whose speed matters, with a turn for each token and merge."""
        length_at = struct.Struct(self.order + "Q").unpack_from
        left = count
        while left:
            chunk, at = self._chunk, self._at
            turns = iter(range(left))
            left = 0
            try:
                for _ in turns:
                    at += length_at(chunk, at)[0] + 8
            except (struct.error, OverflowError):  # the chunk ends, or a length lies
                left = length_hint(turns) + 1
            self._at = at
            self._check(8 if left else 0)
            if left:
                self._fill(8)

    def _check(self, count: int) -> None:
        end = self.position + count
        if end > self.file_bytes:
            raise _MalformedError(f"ends early: its header runs past the end of the file at {self.file_bytes:,} bytes")
        if end > _MAX_HEADER_BYTES:
            raise _MalformedError(f"is damaged: its header is longer than {_MAX_HEADER_BYTES:,} bytes")

    def _fill(self, count: int) -> None:
        self._check(count)
        self._start, self._at = self.position, 0
        self._file.seek(self._start)
        self._chunk = b""
        while len(self._chunk) < count:
            more = self._file.read(max(_CHUNK_BYTES, count - len(self._chunk)))
            if not more:
                raise _MalformedError("ends early: it became shorter while it was read")
            self._chunk += more


def read_header(path: Path, arrays: KnownArrays | None = None) -> GgufHeader:
    """Read the header of a GGUF file, and nothing of its tensors' data.

    Blocks on the disk; any thread.

    Args:
        arrays: Vocabularies of files read before, which make those of the same family fast; gains this file's.

    Raises:
        ModelFileError: The file cannot be read, is not GGUF, is damaged, or ends before its last tensor.
    """
    try:
        # Before opening: opening a named pipe would wait for a writer for ever.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _MalformedError("is not a regular file", "Name a GGUF file")
        with FileIO(path) as file:
            return _read(_Source(file, status.st_size, arrays))
    except _MalformedError as error:
        raise _file_error(path, error.problem, error.remedy) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _file_error(path, f"cannot be read: {problem}", "Check that it exists and may be read") from error


def _file_error(path: Path, problem: str, remedy: str) -> ModelFileError:
    return ModelFileError(f"{printable(path.name)} {problem}", hint=f"{remedy} ({printable(str(path))}).")


def _read(source: _Source) -> GgufHeader:
    version = _read_version(source)
    tensor_count, key_count = source.numbers("QQ")
    left = source.file_bytes - source.position
    # 13 and 24 bytes are the least that a key with its value and a tensor take.
    if key_count > min(_MAX_KEYS, left // 13):
        raise _MalformedError(f"is damaged: its header claims {key_count:,} keys")
    if tensor_count > min(_MAX_TENSORS, left // 24):
        raise _MalformedError(f"is damaged: its header claims {tensor_count:,} tensors")
    metadata = _read_metadata(source, key_count)
    alignment = _alignment(metadata)
    tensors = _read_tensors(source, tensor_count)
    data_offset = source.position
    if tensors:
        data_offset = _padded(data_offset, alignment)
        _check_layout(tensors, data_offset, alignment, source.file_bytes)
    return GgufHeader(
        version=version,
        byte_order="little" if source.order == "<" else "big",
        metadata=MappingProxyType(metadata),
        tensors=tensors,
        file_bytes=source.file_bytes,
        data_offset=data_offset,
    )


def _read_version(source: _Source) -> int:
    if source.file_bytes == 0:
        raise _MalformedError("is empty")
    if source.file_bytes < 8:
        raise _MalformedError("is not a GGUF file")
    magic = source.take(4)
    if magic == b"vers":
        raise _MalformedError("is a Git LFS pointer, not the model", "Fetch the model with git lfs pull")
    if magic != b"GGUF":
        raise _MalformedError("is not a GGUF file", "Download the model in GGUF format")
    (version,) = struct.unpack("<I", raw := source.take(4))
    if version & 0xFFFF == 0:
        source.order = ">"
        (version,) = struct.unpack(">I", raw)
    if version == 1:
        raise _MalformedError("is in version 1 of GGUF, which llama.cpp no longer reads", "Download a newer conversion")
    if version not in (2, 3):
        raise _MalformedError(
            f"is in version {version} of GGUF; Preheat knows 2 and 3", "Update Preheat, or " + _DOWNLOAD
        )
    return int(version)


def _read_metadata(source: _Source, count: int) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    kept_bytes = 0
    for _ in range(count):
        length = source.number("Q")
        if not 0 < length <= _MAX_KEY_BYTES:
            raise _MalformedError(f"is damaged: a key in its header is {length:,} bytes long")
        key = source.take(length).decode(errors="replace")
        if key in metadata:
            raise _MalformedError(f"is damaged: its header has the key {_quoted(key)} twice")
        value, size = _read_value(source, key, _KEPT_BYTES - kept_bytes)
        kept_bytes += length + size
        metadata[key] = value
    return metadata


def _read_value(source: _Source, key: str, budget: int) -> tuple[Value, int]:
    """Return a value and the bytes of text that it keeps, at most ``budget``."""
    kind = source.number("I")
    if kind == _STRING:
        return _read_string(source, min(budget, _KEPT_STRING_BYTES))
    if kind in _SCALARS:
        return source.number(_SCALARS[kind]), 0
    if kind != _ARRAY:
        raise _MalformedError(f"is damaged: the key {_quoted(key)} has the unknown type {kind}")
    element, count = source.numbers("IQ")
    if element == _STRING:
        return _read_strings(source, key, count, budget)
    if element not in _SCALARS:
        what = "an array of arrays" if element == _ARRAY else f"an array of the unknown type {element}"
        raise _MalformedError(f"is damaged: the key {_quoted(key)} holds {what}")
    if count > _KEPT_NUMBERS:
        source.skip(count * struct.calcsize("<" + _SCALARS[element]))
        return Skipped(count), 0
    return source.numbers(f"{count}{_SCALARS[element]}"), 8 * count


def _read_string(source: _Source, keep_bytes: int) -> tuple[str | Skipped, int]:
    length = source.number("Q")
    if length > keep_bytes:
        source.skip(length)
        return Skipped(length), 0
    return source.take(length).decode(errors="replace"), length


def _read_strings(source: _Source, key: str, count: int, budget: int) -> tuple[Value, int]:
    if count > _MAX_STRINGS:
        raise _MalformedError(f"is damaged: the key {_quoted(key)} claims {count:,} texts")
    if count > _KEPT_STRINGS:
        source.skip_strings(count)
        return Skipped(count), 0
    texts: list[str] = []
    size = 0
    for done in range(count):
        text, length = _read_string(source, min(budget - size, _KEPT_STRING_BYTES))
        if isinstance(text, Skipped):
            source.skip_strings(count - done - 1)
            return Skipped(count), 0
        texts.append(text)
        size += length
    return tuple(texts), size


def _alignment(metadata: Mapping[str, Value]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        raise _MalformedError(f"is damaged: its alignment is {alignment!r:.40}, which is not a power of two")
    return alignment


def _read_tensors(source: _Source, count: int) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        length = source.number("Q")
        if length > _MAX_NAME_BYTES:
            raise _MalformedError(f"is damaged: a tensor's name is {length:,} bytes long")
        name = source.take(length).decode(errors="replace")
        if name in tensors:
            raise _MalformedError(f"is damaged: it has the tensor {_quoted(name)} twice")
        dimensions = source.number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise _MalformedError(f"is damaged: the tensor {_quoted(name)} has {dimensions:,} dimensions")
        *shape, kind, offset = source.numbers(f"{dimensions}QIQ")
        tensors[name] = _tensor(name, tuple(shape), kind, offset)
    return tuple(tensors.values())


def _tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> Tensor:
    ggml_type = GGML_TYPES.get(kind)
    if ggml_type is None:
        raise _MalformedError(
            f"has the tensor {_quoted(name)} in the unknown type {kind}",
            "Update Preheat, or download the model in another quantization",
        )
    elements = prod(shape)
    if elements >= 1 << 63 or max(shape, default=0) >= 1 << 63:
        raise _MalformedError(f"is damaged: the tensor {_quoted(name)} claims {elements:.3g} elements")
    if (*shape, 1)[0] % ggml_type.block_elements:
        raise _MalformedError(
            f"is damaged: the rows of the tensor {_quoted(name)} are not whole {ggml_type.name} blocks"
        )
    n_bytes = elements // ggml_type.block_elements * ggml_type.block_bytes
    return Tensor(name, shape, ggml_type.name, n_bytes, offset)


def _check_layout(tensors: tuple[Tensor, ...], data_offset: int, alignment: int, file_bytes: int) -> None:
    """Check that the tensors follow each other, as llama.cpp demands, and that the file holds them all."""
    expected = end = 0
    for tensor in tensors:
        if tensor.offset != expected:
            raise _MalformedError(
                f"is damaged: the tensor {_quoted(tensor.name)} lies at {tensor.offset:,} instead of {expected:,}"
            )
        end = expected + tensor.n_bytes
        expected = _padded(end, alignment)
    if data_offset + end > file_bytes:
        raise _MalformedError(f"ends early: {file_bytes:,} of {data_offset + end:,} bytes are there")


def _padded(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment


def _quoted(text: str) -> str:
    return f'"{printable(text[:80])}"'
