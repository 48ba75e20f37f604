"""The vocabulary of one model, in the form that llguidance takes."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from typing import Any, Final

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel

logger = logging.getLogger(__name__)

_SPECIAL: Final = b"\xff"
"""llguidance's prefix of tokens that are no text."""

_NO_TEXT: Final = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN | llama.LLAMA_TOKEN_ATTR_UNUSED


class Vocabulary:
    """Prepared when the first constraint needs it, which takes some tenths of a second. Any thread."""

    def __init__(self, model: LlamaModel) -> None:
        self._model = model
        self._preparing = threading.Lock()
        self._tokenizer: Any = None

    @property
    def tokenizer(self) -> Any:
        """llguidance's tokenizer."""
        with self._preparing:
            if self._tokenizer is None:
                self._tokenizer = self._prepared()
            return self._tokenizer

    @property
    def is_prepared(self) -> bool:
        """Whether ``tokenizer`` is there."""
        return self._tokenizer is not None

    def sample(self, count: int) -> list[bytes]:
        """Return up to this number of tokens' bytes, from all over the vocabulary, without control tokens."""
        step = max(1, -(-self._model.n_vocab // count))
        tokens = map(self._token_bytes, range(0, self._model.n_vocab, step))
        return [token for token in tokens if token and not token.startswith(_SPECIAL)]

    def special_token(self, text: str) -> int | None:
        """Return the token that has this text and that grammars can only name by its id."""
        tokens = self._model.tokenize(text, add_special=False)
        is_special = len(tokens) == 1 and self._token_bytes(tokens[0]) == _SPECIAL + text.encode()
        return tokens[0] if is_special else None

    def _prepared(self) -> Any:
        from llguidance import LLTokenizer

        began = time.monotonic()
        model = self._model
        ends = [token for token in range(model.n_vocab) if model.is_end(token)]
        tokens = [self._token_bytes(token) for token in range(model.n_vocab)]
        if not ends:
            ends = [len(tokens)]
            tokens.append(_SPECIAL + b"<end>")
        tokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]  # its stub lacks it
            tokens=tokens,
            vocab_ptr=ctypes.cast(model.vocab, ctypes.c_void_p).value,
            tokenize_fptr=ctypes.cast(llama._lib.llama_tokenize, ctypes.c_void_p).value,
            eos_token=ends,
            slices=[],
        )
        # In two calls, each of which keeps the interpreter from the decode thread.
        tokenizer = tokenizer.with_slices(LLTokenizer.general_slices())
        logger.info("vocabulary prepared for constraints in %.2f s", time.monotonic() - began)
        return tokenizer

    def _token_bytes(self, token: int) -> bytes:
        """Return a token's bytes as llguidance takes them; control tokens must not match text."""
        attributes: int = llama.llama_vocab_get_attr(self._model.vocab, token)
        text = self._model.written_piece(token)
        is_tag = text.startswith(b"<") and text.endswith(b">")
        special = attributes & _NO_TEXT or (attributes & llama.LLAMA_TOKEN_ATTR_USER_DEFINED and is_tag)
        return _SPECIAL + text if special else text
