"""The logits of the last decode as numpy arrays. Decode thread only.

Importing numpy takes 0.06 s and 14 MB. An idle worker does it soon after its load; requests that can do
without it do not wait for it.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from typing import Any, Final

from preheat.inference.worker.bindings import llama

# With the address as a number; llama_cpp's own function makes a pointer object of it.
_address_of: Final = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32)(
    ("llama_get_logits_ith", llama._lib)
)


IMPORT_AFTER_S: Final = 1.0
"""Idle time after which numpy is imported: it slows down an answer on two cores."""


class Logits:
    """The logits of one context.

    Args:
        context: llama.cpp's context.
        n_vocab: Tokens in the vocabulary.
    """

    def __init__(self, context: Any, n_vocab: int) -> None:
        self._context = context
        self._n_vocab = n_vocab
        self._rows: dict[int, Any] = {}  # by address: making an array takes as long as searching it
        self._numpy_wanted = False

    def row(self, index: int) -> Any:
        """Return those of the batch's token at ``index``: an array that is valid until the next decode."""
        address = _address_of(self._context, index)
        row = self._rows.get(address)
        if row is None:
            import numpy as np

            row = self._rows[address] = np.ctypeslib.as_array((ctypes.c_float * self._n_vocab).from_address(address))
        return row

    def likeliest(self, index: int) -> int | None:
        """Return the token with the highest logit, the first one of several; None while numpy is not imported.

        The same token as llama.cpp's greedy sampler chooses, which takes 15 times as long. None also if a logit is not
        a number.
        """
        if "numpy" not in sys.modules:
            self._numpy_wanted = True
            return None
        row = self.row(index)
        token = int(row.argmax())
        return None if math.isnan(row[token]) else token

    @property
    def idle_s(self) -> float | None:
        """Idle time after which ``prepare`` is useful, in seconds; None if it is not."""
        return IMPORT_AFTER_S if self._numpy_wanted else None

    def want_numpy(self) -> None:
        """Let numpy be imported in the next idle moment: before the first request, if that does not come at once."""
        self._numpy_wanted = "numpy" not in sys.modules

    def prepare(self) -> None:
        """Import numpy on another thread. For moments in which no request waits."""
        self._numpy_wanted = False
        threading.Thread(target=_import_numpy, daemon=True, name="numpy").start()


def _import_numpy() -> None:
    import numpy  # noqa: F401
