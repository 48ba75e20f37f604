"""The vocabulary of a model: texts to tokens and back, over llama.cpp's C interface. Any thread: it is only read."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.text_pieces import PIECE_CHARACTERS, OnPiece, no_limit, pieces
from preheat.messages import msg

_CONTROL_ATTRIBUTES: Final = 1 | 8  # LLAMA_TOKEN_ATTR_UNKNOWN, LLAMA_TOKEN_ATTR_CONTROL


class ModelVocabulary:
    """What a model has of a vocabulary.

    Args:
        vocab: llama.cpp's vocabulary.
    """

    def __init__(self, vocab: Any) -> None:
        self.vocab: Final[Any] = vocab
        self.n_vocab: int = llama.llama_vocab_n_tokens(vocab)
        self.bos: int = llama.llama_vocab_bos(self.vocab)
        self.adds_bos: bool = self.bos >= 0 and llama.llama_vocab_get_add_bos(self.vocab)
        self.infill = self._infill_tokens()
        self.bos_text = self._special_text(self.bos)
        self.eos_text = self._special_text(llama.llama_vocab_eos(self.vocab))
        self.piece: Callable[[int], bytes] = lru_cache(maxsize=8192)(self._piece)
        self.control_text: Callable[[int], str] = lru_cache(maxsize=16384)(self._control_text)
        self.is_end: Callable[[int], bool] = lru_cache(maxsize=1024)(self._is_end)

    def tokenize(
        self, text: str, *, add_special: bool = True, parse_special: bool = True, on_piece: OnPiece = no_limit
    ) -> list[int]:
        """Return the text's token ids. Any thread.

        Args:
            text: The text; a long one is tokenized in pieces, cut between words.
            add_special: Add the start and end tokens that the model wants.
            parse_special: Turn text such as ``<|im_end|>`` into its control token.
            on_piece: Called after each piece of a long text with the number of tokens so far; may raise to stop.
        """
        if len(text) <= PIECE_CHARACTERS:
            return self._tokenize(text, add_special, parse_special)
        start, end = self._around_texts if add_special else ((), ())
        tokens = [*start]
        for number, piece in enumerate(pieces(text)):
            tokens += self._continued(piece, parse_special) if number else self._tokenize(piece, False, parse_special)
            on_piece(len(tokens))
        tokens += end
        return tokens

    def _tokenize(self, text: str, add_special: bool, parse_special: bool) -> list[int]:
        data = text.encode("utf-8", errors="replace")
        count = -(len(data) + 8)
        while count < 0:  # llama.cpp returns the size that it needs, negated
            tokens = (ctypes.c_int32 * -count)()
            count = llama.llama_tokenize(self.vocab, data, len(data), tokens, -count, add_special, parse_special)
        return tokens[:count]

    @cached_property
    def _around_texts(self) -> tuple[list[int], list[int]]:
        """The tokens that the model wants before and after each text."""
        bare, whole = self._tokenize("a", False, False), self._tokenize("a", True, False)
        at = next(at for at in range(len(whole)) if whole[at : at + len(bare)] == bare)
        return whole[:at], whole[at + len(bare) :]

    def _continued(self, piece: str, parse_special: bool) -> list[int]:
        """Return the token ids of a further piece: some tokenizers begin each text with a space of their own."""
        if not self._line_break or piece.startswith(" "):
            return self._tokenize(piece.removeprefix(" ") if self._line_break else piece, False, parse_special)
        tokens = self._tokenize(f"\n{piece}", False, parse_special)
        start = len(self._line_break)
        return tokens[start:] if tokens[:start] == self._line_break else self._tokenize(piece, False, parse_special)

    @cached_property
    def _line_break(self) -> list[int]:
        """The tokens of a line break and the space that the tokenizer puts before it; empty if it puts none."""
        text = b"".join(map(self.piece, self._tokenize("a", False, False)))
        return self._tokenize("\n", False, False) if text.startswith(b" ") else []

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of token ids that the vocabulary has, control tokens included. Any thread."""
        ids = (ctypes.c_int32 * len(tokens))(*tokens)
        size = -8 * len(tokens) - 8
        while size < 0:  # llama.cpp returns the size that it needs, negated
            buffer = ctypes.create_string_buffer(-size)
            size = llama.llama_detokenize(self.vocab, ids, len(tokens), buffer, len(buffer), False, True)
        return buffer.raw[:size].decode(errors="replace")

    def check_tokens(self, tokens: Sequence[int], param: str) -> None:
        """Raise InvalidRequestError for a token id that the vocabulary does not have. Any thread."""
        if tokens and not 0 <= min(tokens) <= max(tokens) < self.n_vocab:
            unknown = next(token for token in tokens if not 0 <= token < self.n_vocab)
            raise InvalidRequestError(msg("token_unknown", token=unknown, last=self.n_vocab - 1), param=param)

    def _piece(self, token: int, special: bool = False) -> bytes:
        size = -64
        while size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:size]

    def written_piece(self, token: int) -> bytes:
        """Return the bytes of a token; a control token is written out, as ``<|im_end|>``. Any thread."""
        return self._piece(token, special=True)

    def _special_text(self, token: int) -> str:
        return self._piece(token, special=True).decode(errors="replace") if token >= 0 else ""

    def _control_text(self, token: int) -> str:
        """Return the text that becomes this token only with ``parse_special``; empty for other tokens."""
        is_control = llama.llama_vocab_get_attr(self.vocab, token) & _CONTROL_ATTRIBUTES
        return self._special_text(token) if is_control else ""

    def _infill_tokens(self) -> tuple[int, int, int] | None:
        """Return the tokens before the prefix, the suffix and the gap between them; None if one is missing."""
        prefix: int = llama.llama_vocab_fim_pre(self.vocab)
        suffix: int = llama.llama_vocab_fim_suf(self.vocab)
        middle: int = llama.llama_vocab_fim_mid(self.vocab)
        return (prefix, suffix, middle) if min(prefix, suffix, middle) >= 0 else None

    @cached_property
    def control_texts(self) -> frozenset[str]:
        """The texts of all control tokens. The first call takes some 0.1 s for a vocabulary of 150,000."""
        return frozenset(text for token in range(self.n_vocab) if (text := self._control_text(token)))

    def _is_end(self, token: int) -> bool:
        return bool(llama.llama_vocab_is_eog(self.vocab, token))
