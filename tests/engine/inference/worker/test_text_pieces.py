"""Long texts in pieces: the tokens are those of the whole text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.lanes import CancelledError
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.text_pieces import PIECE_CHARACTERS, pieces

SENTENCE = "The quick brown fox, at 7:45, jumps over the lazy dog.\n\nIt's über-fast (really)!\n"


@given(st.text("ab .\n<|>é", max_size=300).map(lambda text: text * 300))
def test_pieces_are_the_text(text: str) -> None:
    found = list(pieces(text))
    assert "".join(found) == text
    assert all(len(piece) <= PIECE_CHARACTERS for piece in found)


@pytest.mark.parametrize(
    "text", [SENTENCE * 500, "<|im_start|>user\nHi<|im_end|>\n" * 1000, "def f(a):\n    return a\n" * 2000]
)
def test_tokens_are_those_of_the_whole_text(chat_llama: LlamaModel, text: str) -> None:
    counts: list[int] = []
    tokens = chat_llama.tokenize(text, on_piece=counts.append)
    assert len(counts) > 1
    assert counts[-1] == len(tokens)
    assert chat_llama.detokenize(tokens) == text
    tenth = text[: len(text) // 10]
    assert len(tokens) == 10 * len(chat_llama.tokenize(tenth, add_special=False))


def test_tokenizing_stops_where_it_is_told(chat_llama: LlamaModel) -> None:
    counts: list[int] = []

    def stop(tokens: int) -> None:
        counts.append(tokens)
        raise CancelledError

    with pytest.raises(CancelledError):
        chat_llama.tokenize("<|im_start|>" * 100_000, on_piece=stop)
    assert counts[0] < 2000
