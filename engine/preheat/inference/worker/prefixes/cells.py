"""Copies KV cells out of llama.cpp's cache and puts them back. Decode thread only.

What was measured with llama-cpp-python 0.3.36 on SmolLM2 (22.5 KiB a token) before this was built:

- ``llama_memory_seq_cp`` of a range to a spare sequence, ``llama_state_seq_get_data_ext`` of that one and
  ``llama_memory_seq_rm`` cut a block of 256 tokens out in 2 to 5 ms, mostly page faults of the copy. Putting one
  back takes 0.5 to 3 ms.
- The cells need not be contiguous: blocks also go into a cache with single free cells between those of others.
- Without flash attention, values are stored transposed and copied in small pieces: a block takes up to 30 ms.
- The next 16 tokens at temperature 0 are equal. In an empty cache the logits are equal bit by bit; elsewhere the order
  of the cells differs, and with it the last bits of a sum, as for any other prompt.
- ``set_data`` of a truncated state returns 0, leaves the sequence empty and does not harm the process.
- Only the decode thread may do this: the functions read the cache that a decode writes.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from preheat.inference.worker.bindings import llama

if TYPE_CHECKING:
    from preheat.inference.worker.llama_model import LlamaModel
    from preheat.inference.worker.prefixes.restore import Copy, Put

_WHOLE: int = 0
"""Flags of the state functions: everything."""


class Cells:
    """The KV cache of one model.

    Args:
        model: The model.
        spare: A sequence id that no slot has; None if states are only used as a whole.
    """

    def __init__(self, model: LlamaModel, spare: int | None) -> None:
        self._model = model
        self._spare = spare

    def copy(self, copy: Copy) -> memoryview | None:
        """Return the cells of a block; None if llama.cpp does not give them."""
        memory, ctx, missing = self._model.memory, self._model.ctx, copy.missing
        if copy.exact or self._spare is None:
            if llama.llama_memory_seq_pos_max(memory, copy.slot.index) != missing.end - 1:
                return None
            return self._state(ctx, copy.slot.index)
        llama.llama_memory_seq_cp(memory, copy.slot.index, self._spare, missing.start, missing.end)
        try:
            first: int = llama.llama_memory_seq_pos_min(memory, self._spare)
            last: int = llama.llama_memory_seq_pos_max(memory, self._spare)
            return self._state(ctx, self._spare) if (first, last) == (missing.start, missing.end - 1) else None
        finally:
            llama.llama_memory_seq_rm(memory, self._spare, -1, -1)

    def _state(self, ctx: object, sequence: int) -> memoryview | None:
        size: int = llama.llama_state_seq_get_size_ext(ctx, sequence, _WHOLE)
        buffer = (ctypes.c_uint8 * size)()  # a bytearray would be filled with zeros first
        got: int = llama.llama_state_seq_get_data_ext(ctx, buffer, size, sequence, _WHOLE)
        return memoryview(buffer).cast("B") if got == size > 0 else None

    def park(self, sequence: int) -> memoryview | None:
        """Take a sequence out of the cache and return it; None, with it still there, if llama.cpp does not give it."""
        cells = self._state(self._model.ctx, sequence)
        if cells is not None:
            llama.llama_memory_seq_rm(self._model.memory, sequence, -1, -1)
        return cells

    def unpark(self, cells: memoryview, sequence: int, length: int) -> bool:
        """Replace a sequence by the first ``length`` tokens of a parked one; it is empty if that is not possible."""
        memory = self._model.memory
        llama.llama_memory_seq_rm(memory, sequence, -1, -1)
        self._set(cells, sequence)
        llama.llama_memory_seq_rm(memory, sequence, length, -1)
        if self._ends(sequence, length):
            return True
        llama.llama_memory_seq_rm(memory, sequence, -1, -1)
        return False

    def put(self, put: Put) -> bool:
        """Put a block into a slot, in the place of whatever the slot has from there on; return whether that worked.

        If it did not, the slot has the tokens before the block; of an ``exact`` state, it is empty.
        """
        memory, slot, start = self._model.memory, put.slot.index, put.link.stored.start
        if put.exact or self._spare is None:
            llama.llama_memory_seq_rm(memory, slot, -1, -1)
            is_there = self._set(put.cells, slot) and self._ends(slot, put.link.stored.end)
            if not is_there:
                llama.llama_memory_seq_rm(memory, slot, -1, -1)
            return is_there
        llama.llama_memory_seq_rm(memory, slot, start, -1)
        try:
            if not (self._set(put.cells, self._spare) and self._ends(self._spare, put.link.stored.end)):
                return False
            llama.llama_memory_seq_cp(memory, self._spare, slot, start, start + put.link.tokens)
            return self._ends(slot, start + put.link.tokens)
        finally:
            llama.llama_memory_seq_rm(memory, self._spare, -1, -1)

    def _set(self, cells: memoryview, sequence: int) -> bool:
        data = bytearray(cells) if cells.readonly else cells
        native = (ctypes.c_uint8 * cells.nbytes).from_buffer(data)
        got: int = llama.llama_state_seq_set_data_ext(self._model.ctx, native, cells.nbytes, sequence, _WHOLE)
        return got == cells.nbytes

    def _ends(self, sequence: int, end: int) -> bool:
        last: int = llama.llama_memory_seq_pos_max(self._model.memory, sequence)
        return last == end - 1
