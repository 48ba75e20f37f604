"""Computes with the processor's library: the operations of a model, with the types of weights that models have.

The results are compared with those of plain Python, within what quantization costs.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from preheat.inference.worker.backends.loading import ggml_function, processor_device

_F32: Final = 0
_TYPES: Final = {
    "F32": 0,
    "F16": 1,
    "Q4_0": 2,
    "Q4_1": 3,
    "Q5_0": 6,
    "Q5_1": 7,
    "Q8_0": 8,
    "Q2_K": 10,
    "Q3_K": 11,
    "Q4_K": 12,
    "Q5_K": 13,
    "Q6_K": 14,
    "IQ4_NL": 20,
    "IQ4_XS": 23,
    "BF16": 30,
}
"""Types of weights by their numbers in ``enum ggml_type``; others are made of the same instructions."""

_COLUMNS: Final = 256  # a block of the K types
_ROWS: Final = 16
_TOKENS: Final = (1, 5)  # decode and prefill use different code
_HEAD: Final = 64
_KV_TOKENS: Final = 7
_EXACT: Final = 0.02
_QUANTIZED: Final = 0.35
"""Largest errors, in parts of the result's size. Two bits a weight cost 0.2; a wrong result is off by 1 and more."""

_ARENA_BYTES: Final = 4 << 20

_void, _int, _float, _long, _size = ctypes.c_void_p, ctypes.c_int, ctypes.c_float, ctypes.c_int64, ctypes.c_size_t


class _InitParams(ctypes.Structure):
    _fields_ = (("mem_size", _size), ("mem_buffer", _void), ("no_alloc", ctypes.c_bool))


class _Graph:
    """Tensors and operations that are computed at once."""

    def __init__(self) -> None:
        self._backend = ggml_function("ggml_backend_dev_init", _void, _void, ctypes.c_char_p)(processor_device(), None)
        init = ggml_function("ggml_init", _void, _InitParams)
        self._context = init(_InitParams(_ARENA_BYTES, None, True))
        self._data: list[tuple[int, Any]] = []
        self._outputs: list[tuple[int, int]] = []

    def tensor(self, values: Sequence[float], columns: int, rows: int, kind: int = _F32) -> int:
        """Return a matrix of these values, quantized if ``kind`` says so."""
        new = ggml_function("ggml_new_tensor_2d", _void, _void, _int, _long, _long)
        tensor: int = new(self._context, kind, columns, rows)
        source = (ctypes.c_float * len(values))(*values)
        if kind == _F32:
            self._data.append((tensor, source))
            return tensor
        size = ggml_function("ggml_row_size", _size, _int, _long)(kind, columns) * rows
        target = ctypes.create_string_buffer(size)
        quantize = ggml_function("ggml_quantize_chunk", _size, _int, _void, _void, _long, _long, _long, _void)
        quantize(kind, source, target, 0, rows, columns, None)
        self._data.append((tensor, target))
        return tensor

    def apply(self, name: str, *operands: int | None, numbers: Sequence[float] = ()) -> int:
        """Return the result of an operation; its further arguments are floats."""
        kinds = [_void] * (1 + len(operands)) + [_float] * len(numbers)
        result: int = ggml_function(f"ggml_{name}", _void, *kinds)(self._context, *operands, *numbers)
        return result

    def output(self, tensor: int, count: int) -> None:
        """Compute a tensor of this many floats, and read it."""
        self._outputs.append((tensor, count))

    def compute(self) -> list[list[float]]:
        """Return the outputs, in order."""
        graph = ggml_function("ggml_new_graph", _void, _void)(self._context)
        expand = ggml_function("ggml_build_forward_expand", None, _void, _void)
        for tensor, _count in self._outputs:
            expand(graph, tensor)
        # Room for every tensor, so that no output is overwritten by a later step.
        ggml_function("ggml_backend_alloc_ctx_tensors", _void, _void, _void)(self._context, self._backend)
        write = ggml_function("ggml_backend_tensor_set", None, _void, _void, _size, _size)
        for tensor, data in self._data:
            write(tensor, data, 0, ctypes.sizeof(data))
        status = ggml_function("ggml_backend_graph_compute", _int, _void, _void)(self._backend, graph)
        if status:
            raise RuntimeError(f"the computation ended with status {status}")
        read = ggml_function("ggml_backend_tensor_get", None, _void, _void, _size, _size)
        results = []
        for tensor, count in self._outputs:
            values = (ctypes.c_float * count)()
            read(tensor, values, 0, ctypes.sizeof(values))
            results.append(list(values))
        return results


def first_error() -> str:
    """Compute; return the name of the first operation with a wrong result, or an empty text."""
    graph = _Graph()
    cases = [*_operations(graph), *(case for tokens in _TOKENS for case in _products(graph, tokens))]
    for case in cases:
        graph.output(case.tensor, len(case.expected))
    for case, values in zip(cases, graph.compute(), strict=True):
        error = math.dist(values, case.expected) / math.hypot(*case.expected)
        if not error <= case.tolerance:  # NaN is not
            return case.name
    return ""


class _Case(NamedTuple):
    name: str
    tensor: int
    expected: Sequence[float]
    tolerance: float = _EXACT


def _products(graph: _Graph, tokens: int) -> Iterator[_Case]:
    """Yield a layer's product with each type of weights, as Python computes it."""
    weights, inputs = _numbers(_COLUMNS * _ROWS, 0.7), _numbers(_COLUMNS * tokens, 1.3)
    expected = [_dot(row, state) for state in _split(inputs, _COLUMNS) for row in _split(weights, _COLUMNS)]
    state = graph.tensor(inputs, _COLUMNS, tokens)
    for name, kind in _TYPES.items():
        tolerance = _EXACT if name in ("F32", "F16", "BF16") else _QUANTIZED
        yield _Case(
            f"mul_mat {name}",
            graph.apply("mul_mat", graph.tensor(weights, _COLUMNS, _ROWS, kind), state),
            expected,
            tolerance,
        )


def _operations(graph: _Graph) -> Iterator[_Case]:
    """Yield what comes between the products."""
    values = _numbers(_COLUMNS, 1.1)
    state = graph.tensor(values, _COLUMNS, 1)
    size = math.sqrt(_dot(values, values) / _COLUMNS)
    yield _Case("rms_norm", graph.apply("rms_norm", state, numbers=[0.0]), [value / size for value in values])
    yield _Case("soft_max", graph.apply("soft_max", state), _soft_max(values))
    yield _Case("silu", graph.apply("silu", state), [value / (1 + math.exp(-value)) for value in values])
    query, keys, read = (_numbers(count, step) for count, step in _ATTENTION)
    scale = 1 / math.sqrt(_HEAD)
    shares = _soft_max([scale * _dot(query, key) for key in _split(keys, _HEAD)])
    result = graph.apply(
        "flash_attn_ext",
        graph.tensor(query, _HEAD, 1),
        graph.tensor(keys, _HEAD, _KV_TOKENS, _TYPES["F16"]),
        graph.tensor(read, _HEAD, _KV_TOKENS, _TYPES["F16"]),
        None,
        numbers=[scale, 0.0, 0.0],
    )
    yield _Case("flash_attn_ext", result, [_dot(shares, column) for column in zip(*_split(read, _HEAD), strict=True)])


_ATTENTION: Final = ((_HEAD, 0.9), (_HEAD * _KV_TOKENS, 1.7), (_HEAD * _KV_TOKENS, 0.4))


def _numbers(count: int, step: float) -> list[float]:
    """Return numbers between -1 and 1 without a pattern."""
    return [math.sin(step * number * number + number) for number in range(count)]


def _split(values: Sequence[float], size: int) -> Iterator[Sequence[float]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _soft_max(values: Sequence[float]) -> list[float]:
    powers = [math.exp(value) for value in values]
    total = sum(powers)
    return [power / total for power in powers]
