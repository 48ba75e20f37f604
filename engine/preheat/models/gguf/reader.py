"""Reads the header of a GGUF file: metadata and tensor positions.

Files come from strangers, so every count and length is checked against the file and fixed ceilings before anything is
read or kept. The file is read, not mapped: a mapped file that another program shortens would end this process.
"""

from __future__ import annotations

import stat
import struct
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from io import FileIO
from math import prod
from operator import length_hint
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from preheat.errors import ModelFileError, reason_of
from preheat.messages import Param, msg
from preheat.models.file_names import printable
from preheat.models.gguf.header import GGML_TYPES, GgufHeader, Skipped, Tensor, Value

_CHUNK_BYTES: Final = 1 << 18
# Ceilings, far above what models have (a vocabulary of 256,000 tokens makes a header of about 10 MB).
_MAX_HEADER_BYTES: Final = 1 << 28
_MAX_KEYS: Final = 1 << 14
_MAX_TENSORS: Final = 1 << 16
_MAX_KEY_BYTES: Final = (1 << 16) - 1
_MAX_STRINGS: Final = 1 << 23  # in one array
_MAX_NAME_BYTES: Final = 63  # of a tensor; llama.cpp's GGML_MAX_NAME
_MAX_DIMENSIONS: Final = 4
_MAX_KNOWN: Final = 64  # arrays
_MAX_KNOWN_BYTES: Final = 1 << 24  # of an array that is remembered
_WORTH_KNOWING: Final = 4096  # strings; shorter arrays are walked through at once
# Longer metadata values are skipped.
_KEPT_STRING_BYTES: Final = 1 << 18
_KEPT_NUMBERS: Final = 1 << 10
_KEPT_STRINGS: Final = 64
_KEPT_BYTES: Final = 1 << 22  # all strings together

_STRING: Final = 8
_ARRAY: Final = 9
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


class KnownArrays:
    """Digests of vocabularies that were read before, by byte order, count and length. Any thread.

    Most of a header's time goes into its tokens and merges: a hundred thousand strings, each with the length to the
    next. Models of one family have the same ones, so their bytes are compared by digest and skipped as a whole.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def lengths(self, order: str, count: int) -> tuple[int, ...]:
        """Return the lengths in bytes of the known arrays with ``count`` strings."""
        return tuple(length for *known, length in list(self._known) if known == [order, count])

    def has(self, order: str, count: int, content: bytes) -> bool:
        return self._known.get((order, count, len(content))) == _digest(content)

    def add(self, order: str, count: int, content: bytes) -> None:
        self._known[order, count, len(content)] = _digest(content)
        while len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=32).digest()  # a cryptographic one: the files come from strangers


class _MalformedError(Exception):
    """Problem of the file: a message code and its parameters, except ``file`` and ``path``."""

    def __init__(self, code: str, **params: Param) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def _damaged(code: str, **params: Param) -> _MalformedError:
    return _MalformedError("gguf_damaged", detail=msg(code, **params))


class _Source:
    """Reads a header chunk by chunk, and skips unwanted parts without reading them."""

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
        return self._start + self._at

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes. The caller bounds ``count``."""
        if self._at + count > len(self._chunk):
            self._fill(count)
        self._at += count
        return self._chunk[self._at - count : self._at]

    def skip(self, count: int) -> None:
        self._at += count
        self._check(0)

    def numbers(self, kinds: str) -> tuple[int, ...]:
        """Return numbers of these ``struct`` kinds."""
        kinds = self.order + kinds
        return struct.unpack(kinds, self.take(struct.calcsize(kinds)))

    def number(self, kind: str) -> int:
        return self.numbers(kind)[0]

    def skip_strings(self, count: int) -> None:
        """Skip ``count`` strings, known arrays at once."""
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
        if length <= _MAX_KNOWN_BYTES:
            self._arrays.add(self.order, count, self._peek(begin, length))

    def _peek(self, begin: int, length: int) -> bytes:
        """Return bytes of the file, fewer if it has become shorter, without moving on."""
        at = begin - self._start
        if at >= 0 and at + length <= len(self._chunk):
            return self._chunk[at : at + length]
        self._file.seek(begin)
        content = b""
        while len(content) < length and (more := self._file.read(length - len(content))):
            content += more
        return content

    def _walk_strings(self, count: int) -> None:
        """Skip ``count`` strings. The only loop with a need for speed: one turn per token and merge."""
        length_at = struct.Struct(self.order + "Q").unpack_from
        left = count
        while left:
            chunk, at = self._chunk, self._at
            turns = iter(range(left))
            left = 0
            try:
                for _ in turns:
                    at += length_at(chunk, at)[0] + 8
            except (struct.error, OverflowError):  # the end of the chunk, or a false length
                left = length_hint(turns) + 1
            self._at = at
            self._check(8 if left else 0)
            if left:
                self._fill(8)

    def _check(self, count: int) -> None:
        end = self.position + count
        if end > self.file_bytes:
            raise _MalformedError("gguf_header_cut", size=self.file_bytes)
        if end > _MAX_HEADER_BYTES:
            raise _damaged("gguf_header_too_long", most=_MAX_HEADER_BYTES)

    def _fill(self, count: int) -> None:
        self._check(count)
        self._start, self._at = self.position, 0
        self._file.seek(self._start)
        self._chunk = b""
        while len(self._chunk) < count:
            more = self._file.read(max(_CHUNK_BYTES, count - len(self._chunk)))
            if not more:
                raise _MalformedError("gguf_shrank")
            self._chunk += more


def read_header(path: Path, arrays: KnownArrays | None = None) -> GgufHeader:
    """Read the header of a GGUF file, and nothing of its tensors' data. Blocks on the disk; any thread.

    ``arrays`` makes files with the vocabulary of an earlier one fast.

    Raises:
        ModelFileError: The file cannot be read, is not GGUF, is damaged, or ends before its last tensor.
    """
    try:
        # Before opening: a named pipe would wait for a writer.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _MalformedError("gguf_not_regular")
        with FileIO(path) as file:
            return _read(_Source(file, status.st_size, arrays))
    except _MalformedError as error:
        raise _file_error(path, error.code, **error.params) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _file_error(path, "gguf_unreadable", reason=reason_of(error)) from error


def _file_error(path: Path, code: str, **params: Param) -> ModelFileError:
    return ModelFileError(msg(code, file=printable(path.name), path=printable(str(path)), **params))


def _read(source: _Source) -> GgufHeader:
    version = _read_version(source)
    tensor_count, key_count = source.numbers("QQ")
    left = source.file_bytes - source.position
    # A key with its value has at least 13 bytes, a tensor 24.
    if key_count > min(_MAX_KEYS, left // 13):
        raise _damaged("gguf_too_many_keys", count=key_count)
    if tensor_count > min(_MAX_TENSORS, left // 24):
        raise _damaged("gguf_too_many_tensors", count=tensor_count)
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
    if source.file_bytes < 8:
        raise _MalformedError("gguf_wrong_format" if source.file_bytes else "gguf_empty")
    magic = source.take(4)
    if magic == b"vers":
        raise _MalformedError("gguf_lfs_pointer")
    if magic != b"GGUF":
        raise _MalformedError("gguf_wrong_format")
    (version,) = struct.unpack("<I", raw := source.take(4))
    if version & 0xFFFF == 0:
        source.order = ">"
        (version,) = struct.unpack(">I", raw)
    if version == 1:
        raise _MalformedError("gguf_version_1")
    if version not in (2, 3):
        raise _MalformedError("gguf_version_unknown", version=version)
    return int(version)


def _read_metadata(source: _Source, count: int) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    kept_bytes = 0
    for _ in range(count):
        length = source.number("Q")
        if not 0 < length <= _MAX_KEY_BYTES:
            raise _damaged("gguf_key_length", length=length)
        key = source.take(length).decode(errors="replace")
        if key in metadata:
            raise _damaged("gguf_key_twice", key=_quoted(key))
        value, size = _read_value(source, key, _KEPT_BYTES - kept_bytes)
        kept_bytes += length + size
        metadata[key] = value
    return metadata


def _read_value(source: _Source, key: str, budget: int) -> tuple[Value, int]:
    """Return a value, and the size of its strings, at most ``budget`` bytes."""
    kind = source.number("I")
    if kind == _STRING:
        return _read_string(source, min(budget, _KEPT_STRING_BYTES))
    if kind in _SCALARS:
        return source.number(_SCALARS[kind]), 0
    if kind != _ARRAY:
        raise _damaged("gguf_value_type", key=_quoted(key), type=kind)
    element, count = source.numbers("IQ")
    if element == _STRING:
        return _read_strings(source, key, count, budget)
    if element not in _SCALARS:
        if element == _ARRAY:
            raise _damaged("gguf_nested_array", key=_quoted(key))
        raise _damaged("gguf_array_type", key=_quoted(key), type=element)
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
        raise _damaged("gguf_too_many_strings", key=_quoted(key), count=count)
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
        raise _damaged("gguf_alignment", alignment=f"{alignment!r:.40}")
    return alignment


def _read_tensors(source: _Source, count: int) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    for _ in range(count):
        length = source.number("Q")
        if length > _MAX_NAME_BYTES:
            raise _damaged("gguf_tensor_name_length", length=length)
        name = source.take(length).decode(errors="replace")
        if name in tensors:
            raise _damaged("gguf_tensor_twice", tensor=_quoted(name))
        dimensions = source.number("I")
        if dimensions > _MAX_DIMENSIONS:
            raise _damaged("gguf_dimensions", tensor=_quoted(name), count=dimensions)
        *shape, kind, offset = source.numbers(f"{dimensions}QIQ")
        tensors[name] = _tensor(name, tuple(shape), kind, offset)
    return tuple(tensors.values())


def _tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> Tensor:
    ggml_type = GGML_TYPES.get(kind)
    if ggml_type is None:
        raise _MalformedError("gguf_tensor_type_unknown", tensor=_quoted(name), type=kind)
    elements = prod(shape)
    if elements >= 1 << 63 or max(shape, default=0) >= 1 << 63:
        raise _damaged("gguf_elements", tensor=_quoted(name), count=elements)
    if (*shape, 1)[0] % ggml_type.block_elements:
        raise _damaged("gguf_partial_block", tensor=_quoted(name), type=ggml_type.name)
    n_bytes = elements // ggml_type.block_elements * ggml_type.block_bytes
    return Tensor(name, shape, ggml_type.name, n_bytes, offset)


def _check_layout(tensors: tuple[Tensor, ...], data_offset: int, alignment: int, file_bytes: int) -> None:
    """Check that the tensors are contiguous, as llama.cpp requires, and complete."""
    expected = end = 0
    for tensor in tensors:
        if tensor.offset != expected:
            name = _quoted(tensor.name)
            raise _damaged("gguf_tensor_offset", tensor=name, offset=tensor.offset, expected=expected)
        end = expected + tensor.n_bytes
        expected = _padded(end, alignment)
    if data_offset + end > file_bytes:
        raise _MalformedError("gguf_cut", size=file_bytes, expected=data_offset + end)


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment


def _quoted(text: str) -> str:
    return f'"{printable(text[:80])}"'
