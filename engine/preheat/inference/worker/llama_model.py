"""One model in memory: weights and context, over llama.cpp's C interface.

Not thread-safe: the decode thread owns everything here. The vocabulary, which others may read, is in its base class.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from preheat.errors import EngineError, InsufficientMemoryError, ModelLoadError
from preheat.inference import UBATCH_TOKENS, LoadOptions
from preheat.inference.prefixes import rope_class
from preheat.inference.worker.backends import BufferSizes, ExpertsInRam, ModelDevices, load_processor_backend
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.logits import Logits
from preheat.inference.worker.pages import touched_ahead
from preheat.inference.worker.scheduling import SCORED_TOKENS
from preheat.inference.worker.threads import StepThreads
from preheat.inference.worker.unused_memory import UnusedMemory
from preheat.inference.worker.vocabulary import ModelVocabulary
from preheat.messages import Param, msg

logger = logging.getLogger(__name__)

MAX_EMBEDDING_SEQUENCES: Final = 64
"""Most inputs in one decode of an embedding model."""

INTERRUPTED: Final = 2
"""Returned by ``llama_decode`` after it was aborted; see ``interrupt_when``."""

_KV_TYPES: Final = {"f16": 1, "q8_0": 8, "q4_0": 2}  # enum ggml_type
_FLASH_ATTENTION: Final = {"auto": -1, "off": 0, "on": 1}  # enum llama_flash_attn_type
_EVEN_FILE_TYPES: Final = frozenset({"2", "3", "7", "8", "9"})  # enum llama_ftype: Q4_0, Q4_1, Q8_0, Q5_0, Q5_1
_POOLING_MEAN: Final = 1  # enum llama_pooling_type
_LOG_INFO: Final = 2
_LOG_WARN: Final = 3
_LOG_ERROR: Final = 4

_ALLOCATION: Final = re.compile(r"alloc|out of memory", re.IGNORECASE)
"""Matches the messages of llama.cpp and ggml about failed allocations."""


class _NativeLog:
    """Forwards llama.cpp's warnings and errors to our log.

    Attributes:
        last_error: Explains a failed load.
        buffers: What the log says of memory.
    """

    def __init__(self) -> None:
        self.last_error = ""
        self.buffers: Final = BufferSizes()
        self._callback = llama.llama_log_callback(self._write)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _write(self, level: int, text: bytes, _user_data: object) -> None:
        if level == _LOG_INFO:
            self.buffers.read(text.decode(errors="replace"))
        if level not in (_LOG_WARN, _LOG_ERROR):
            return
        line = text.decode(errors="replace").strip()
        if level == _LOG_ERROR and line:
            self.last_error = line
        logger.warning("llama.cpp: %s", line)


native_log: Final = _NativeLog()


class LlamaModel(ModelVocabulary):
    """A loaded model with its context.

    Args:
        options: What to load.
        may_continue: Called between tensors; blocks while the load is on hold.
        on_weights: Called with the model when everything but its context is there.
        hurried: Whether a request waits by now.

    Raises:
        ModelLoadError: llama.cpp refused the file.
        InsufficientMemoryError: The system has no memory for it.
    """

    def __init__(
        self,
        options: LoadOptions,
        may_continue: Callable[[], object] = lambda: None,
        on_weights: Callable[[LlamaModel], object] = lambda _: None,
        hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = Path(options.path).name
        self._options: Final = options
        load_processor_backend()
        self._devices = ModelDevices(options.devices if options.gpu_layers else ())
        llama.llama_backend_init()
        self.offloads: Final = bool(self._devices.names)
        self.native: Final = self._load_weights(options, may_continue)
        super().__init__(llama.llama_model_get_vocab(self.native))
        self.embeddings = options.embeddings
        # The state is one running sum: parts of a sequence can be neither dropped nor copied.
        self.recurrent: bool = llama.llama_model_is_recurrent(self.native) or llama.llama_model_is_hybrid(self.native)
        self.n_swa: int = llama.llama_model_n_swa(self.native)
        # Any end of a sequence can be removed.
        self.can_cut: bool = not self.recurrent and not self.n_swa
        self.trained_length: Final[int] = llama.llama_model_n_ctx_train(self.native) or options.context_length
        self.context_limit: Final[int] = min(self.trained_length, options.context_length)
        """The context length before llama.cpp rounds it up."""
        self.dimensions: int = llama.llama_model_n_embd_out(self.native) if self.embeddings else 0
        self.input_embedding_size: int = llama.llama_model_n_embd_inp(self.native)
        self.unused_memory: Final = UnusedMemory()
        on_weights(self)
        # A load without a waiting request does not take a second core.
        with contextlib.nullcontext() if options.warm_prefix and not hurried() else touched_ahead(), self.unused_memory:
            self.ctx = self._make_context()
        self.threads: Final = StepThreads(self.ctx, options.threads, follows=options.follow_load)
        self.logits: Final = Logits(self.ctx, self.n_vocab)
        self.memory: Any = llama.llama_get_memory(self.ctx)
        self.context_length: int = llama.llama_n_ctx_seq(self.ctx)
        sequences: int = llama.llama_n_seq_max(self.ctx)
        self.spare_sequence: int | None = None if not self.can_cut or self.embeddings else sequences - 1
        """A sequence that no slot has, for cells on their way to and from files."""
        self.max_sequences: int = sequences if self.spare_sequence is None else sequences - 1

    def _load_weights(self, options: LoadOptions, may_continue: Callable[[], object]) -> Any:
        def on_progress(_share: float, _data: object) -> bool:
            may_continue()
            return True

        params = self._model_params(options)
        params.progress_callback = callback = llama.llama_progress_callback(on_progress)
        native_log.last_error = ""
        model = llama.llama_model_load_from_file(str(options.path).encode(), params)
        del callback  # kept until here: llama.cpp holds no reference to it
        if not model:
            raise self._load_error("load_file_refused")
        return model

    def _model_params(self, options: LoadOptions) -> Any:
        params = llama.llama_model_default_params()
        params.use_extra_bufts = options.repack
        params.devices = self._devices.native
        params.n_gpu_layers = options.gpu_layers if self.offloads else 0
        if options.layer_split and len(options.layer_split) == len(self._devices.names):
            shares = [*options.layer_split, *[0] * llama.llama_max_devices()][: llama.llama_max_devices()]
            self._shares = params.tensor_split = (ctypes.c_float * len(shares))(*shares)
        if self.offloads and options.cpu_experts:
            self._overrides = ExpertsInRam(options.cpu_experts)
            params.tensor_buft_overrides = self._overrides.native
        return params

    def small_context(self, tokens: int, threads: int) -> Any:
        """Return a further context, for another thread: up to this many tokens in a decode, computed by ``threads``.

        Raises:
            InsufficientMemoryError: The system has no memory for it.
        """
        return self._make_context(tokens, threads)

    def _make_context(self, most_tokens: int | None = None, threads: int | None = None) -> Any:
        native_log.buffers.begin_context()
        params = self._context_params(most_tokens, threads)
        ctx = llama.llama_init_from_model(self.native, params)
        if not ctx:
            kv_cache_type = self._options.kv_cache_type
            raise self._load_error("load_context_failed", tokens=params.n_ctx, kv_cache_type=kv_cache_type)
        return ctx

    def _context_params(self, most_tokens: int | None = None, threads: int | None = None) -> Any:
        options = self._options
        params = llama.llama_context_default_params()
        params.n_ctx = min(self.context_limit, most_tokens or self.context_limit)
        params.n_threads = params.n_threads_batch = threads or options.threads
        params.type_k = params.type_v = _KV_TYPES[options.kv_cache_type]
        params.flash_attn_type = _FLASH_ATTENTION[options.flash_attention]
        params.no_perf = True
        params.kv_unified = True
        # At full size, a sliding window's cache is several times larger. Prompts that cannot be cut are computed again.
        params.swa_full = False
        if self.embeddings:
            # Attention looks both ways: an input has to be in one physical batch.
            params.n_batch = params.n_ubatch = params.n_ctx
            params.n_seq_max = MAX_EMBEDDING_SEQUENCES
            params.embeddings = True
            if self._metadata(f"{self._metadata('general.architecture')}.pooling_type") is None:
                params.pooling_type = _POOLING_MEAN
        else:
            params.n_batch = params.n_ubatch = min(UBATCH_TOKENS, params.n_ctx)
            # Further sequences keep idle conversations, and one is for cells on their way to and from files. Recurrent
            # states and sliding windows take memory for each.
            further = 0 if not self.can_cut else min(options.parallel + 1, SCORED_TOKENS)
            params.n_seq_max = options.parallel + further
            # One row of logits per request, not per token: 100 MB less for a vocabulary of 49,000. llama.cpp aborts if
            # there are fewer than sequences.
            params.n_outputs_max = options.parallel + SCORED_TOKENS
        return params

    @property
    def device_bytes(self) -> tuple[tuple[str, int], ...]:
        """Memory of each device: weights, KV cache and buffers for computing."""
        return native_log.buffers.of(self._devices.names)

    @property
    def build(self) -> str:
        """What identifies llama.cpp's build: versions, and the size of the library."""
        names = []
        for name in ("llama_version", "ggml_version", "ggml_commit"):
            if (function := getattr(llama._lib, name, None)) is not None:
                function.restype = ctypes.c_char_p
                names.append(function().decode(errors="replace"))
        library = Path(llama._lib._name)
        return " ".join((*names, str(library.stat().st_size if library.is_file() else 0)))

    @property
    def even_step(self) -> int:
        """The fewest tokens from which on steps of less than 64 tokens give the same bits; 0 if they never do.

        From 8 tokens on, ggml adds in another order with K-quants, and on some processors with floats. Products with
        repacked weights depend on the place of a token in its step.
        """
        if self._options.repack or self.offloads:
            return 0
        return 2 if self._metadata("general.file_type") in _EVEN_FILE_TYPES else 8

    @property
    def rope_class(self) -> str:
        """What of the context length the KV cells depend on."""
        return rope_class(self._metadata, self.context_limit)

    def _load_error(self, code: str, **params: Param) -> EngineError:
        kind = InsufficientMemoryError if _ALLOCATION.search(native_log.last_error) else ModelLoadError
        return kind(msg(code, file=self._name, detail=native_log.last_error or msg("load_no_detail"), **params))

    def _metadata(self, key: str) -> str | None:
        size = llama.llama_model_meta_val_str(self.native, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.native, key.encode(), buffer, len(buffer))
        return buffer.value.decode(errors="replace")

    def chat_template(self, name: str = "") -> str | None:
        """Return the file's chat template, or the one of this name (``tool_use``); None if it has none."""
        # llama_model_chat_template returns names of llama.cpp's own templates for some models without one.
        return self._metadata(f"tokenizer.chat_template.{name}" if name else "tokenizer.chat_template") or None

    def interrupt_when(self, asked: Callable[[], bool] | None) -> None:
        """Abort decodes while ``asked``, called some hundred times in each, returns True; None lets them finish.

        An aborted decode changes nothing, except the state of recurrent models.
        """
        # An attribute, because llama.cpp holds no reference to it.
        self._abort = llama.ggml_abort_callback() if asked is None else llama.ggml_abort_callback(lambda _: asked())
        llama.llama_set_abort_callback(self.ctx, self._abort, None)

    def close(self) -> None:
        """Free the model and its context; nothing may be called afterwards. A process that ends needs no closing."""
        llama.llama_free(self.ctx)
        llama.llama_model_free(self.native)

    def probe(self, tokens: int = 1, *, all_outputs: bool = True) -> bool:
        """Decode one token or more at once and forget them; return False if the decode was aborted.

        Args:
            all_outputs: Compute the logits of each token, not only of the last one; there are few places for them.

        Raises:
            ModelLoadError: llama.cpp failed.
        """
        batch = Batch(tokens)
        for at in range(tokens):
            batch.add(max(self.bos, 0), at, 0, output=all_outputs or at == tokens - 1)
        status = llama.llama_decode(self.ctx, batch.native)
        if status not in (0, INTERRUPTED):
            raise self._load_error("load_probe_failed", status=status)
        if self.memory:
            llama.llama_memory_clear(self.memory, False)
        return bool(status == 0)


class Batch:
    """The input of one ``llama_decode``: up to ``capacity`` tokens of any sequences."""

    def __init__(self, capacity: int) -> None:
        # Any: mypy takes no lists of numbers for slices.
        self._tokens: Any = (ctypes.c_int32 * capacity)()
        self._positions: Any = (ctypes.c_int32 * capacity)()
        self._sequences: Any = (ctypes.c_int32 * capacity)()
        self._outputs: Any = (ctypes.c_int8 * capacity)()
        self._counts = (ctypes.c_int32 * capacity)(*[1] * capacity)  # each token is in one sequence
        start, size = ctypes.addressof(self._sequences), ctypes.sizeof(ctypes.c_int32)
        self._pointers = (ctypes.c_void_p * capacity)(*range(start, start + capacity * size, size))
        self.native: Any = llama.llama_batch(
            n_tokens=0,
            token=ctypes.cast(self._tokens, ctypes.POINTER(llama.llama_token)),
            pos=ctypes.cast(self._positions, ctypes.POINTER(llama.llama_pos)),
            n_seq_id=ctypes.cast(self._counts, ctypes.POINTER(ctypes.c_int32)),
            seq_id=ctypes.cast(self._pointers, ctypes.POINTER(ctypes.POINTER(llama.llama_seq_id))),
            logits=self._outputs,
        )
        self.size = 0

    def clear(self) -> None:
        """Remove all tokens."""
        self.size = self.native.n_tokens = 0

    def add(self, token: int, position: int, sequence: int, *, output: bool) -> None:
        """Add one token; ``output`` keeps its logits, at its index in the batch."""
        at = self.size
        self._tokens[at] = token
        self._positions[at] = position
        self._sequences[at] = sequence
        self._outputs[at] = output
        self.size = self.native.n_tokens = at + 1

    def add_sequence(self, tokens: Sequence[int], sequence: int) -> None:
        """Add a sequence's tokens from its start on, all with outputs. Takes a fraction of ``add``."""
        start, end = self.size, self.size + len(tokens)
        self._tokens[start:end] = tokens
        self._positions[start:end] = range(len(tokens))
        self._sequences[start:end] = [sequence] * len(tokens)
        self._outputs[start:end] = [1] * len(tokens)
        self.size = self.native.n_tokens = end

    def fill(self, tokens: list[int], positions: list[int], sequences: list[int]) -> None:
        """Replace the content by one token for each sequence, all with logits. Takes a fraction of ``add``."""
        size = len(tokens)
        self._tokens[:size] = tokens
        self._positions[:size] = positions
        self._sequences[:size] = sequences
        self._outputs[:size] = [1] * size
        self.size = self.native.n_tokens = size
