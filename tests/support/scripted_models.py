"""Tiny GGUF models that say exact texts, with any chat template.

A model is a llama of one layer that adds nothing, so that the next token depends on the last one alone; the output
weights make the pieces of a script follow each other, then the end token. The prompt's last token starts a script: the
templates end with the start token of the script that the last user message names, as in ``play(call)``. Any other
prompt starts the first script. The next token's logit is far above all others: temperature changes nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import gguf
import numpy as np
from gguf import TokenType

CONTEXT_LENGTH: Final = 16384
"""Tokens. Nearly every byte of a prompt is a token."""

END: Final = "<|im_end|>"
BOS: Final = "<s>"

CERTAIN: Final = 60.0
"""A margin that no temperature overcomes."""

_HEAD_DIM: Final = 32

SCRIPTS: Final[Mapping[str, str]] = {
    "greeting": "Good morning! How can I help?",
    "emoji": "A 🦊 and a 🐻‍❄️ met in Zürich.",
    "spaces": " \n  indented text  ",
    "call": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    "call_text": (
        'I will look.\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Köln 🌧"}}\n</tool_call>\nThere.'
    ),
    "call_two": (
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>\n'
        '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'
    ),
    "call_broken": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par}\n</tool_call>',
    "call_xml": (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nBern\n</parameter>\n</function>\n</tool_call>"
    ),
    "call_bare": '{"name": "get_weather", "parameters": {"city": "Rome"}}',
    "call_fenced": '```json\n{"name": "get_weather", "arguments": {"city": "Bonn"}}\n```',
    "call_mark": '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Nice"}}]',
    "think": "<think>\nTwo and two.\n</think>\n\nThe answer is 4.",
    "think_call": (
        '<think>\nI could use <tool_call>{"name": "get_time"}</tool_call>.\n</think>\n\n'
        '<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>'
    ),
    "think_on": "Still thinking.\n</think>\n\nDone.",
}
"""Texts that a model of ``write_scripted_model`` says by default."""

MARKS: Final = ("[TOOL_CALLS]",)
"""Control tokens in them."""

_TURNS: Final = "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor -%}"
_ANSWER: Final = "{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"

TEMPLATES: Final[Mapping[str, str]] = {
    # tools and calls as in Hermes and Qwen 2.5; arguments have to be an object
    "tools": (
        "{%- if tools -%}<|im_start|>system\nTools:\n{% for t in tools -%}{{ t | tojson }}\n{% endfor -%}"
        "Answer with <tool_call></tool_call>.<|im_end|>\n{% endif -%}"
        "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{{ m.content or '' }}"
        "{%- for c in m.tool_calls or [] -%}<tool_call>\n"
        '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</tool_call>'
        "{%- endfor -%}<|im_end|>\n{% endfor -%}" + _ANSWER
    ),
    "plain": _TURNS + _ANSWER,
    # thinking can be switched off, as in Qwen 3
    "thinking": (
        "{%- for m in messages -%}<|im_start|>{{ m.role }}\n"
        "{%- if m.reasoning_content -%}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif -%}"
        "{{ m.content }}<|im_end|>\n{% endfor -%}" + _ANSWER + "{%- if enable_thinking is false -%}"
        "<think>\n\n</think>\n\n{% endif -%}"
    ),
    # the prompt opens the thinking, as in DeepSeek R1
    "thinking_open": _TURNS + "{%- if add_generation_prompt -%}<|im_start|>assistant\n<think>\n{% endif -%}",
    # no system role, strict alternation, no tools, as in Gemma 2
    "no_system": (
        "{%- for m in messages -%}{%- if (m.role == 'user') != (loop.index0 % 2 == 0) -%}"
        "{{ raise_exception('roles must alternate') }}{%- endif -%}"
        "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{%- endfor -%}" + _ANSWER
    ),
}
"""Templates in the style of model families."""


def write_scripted_models(folder: Path) -> None:
    """Write one model for each of ``TEMPLATES``, as ``scripted-STYLE.gguf``."""
    for style, template in TEMPLATES.items():
        write_scripted_model(folder / f"scripted-{style}.gguf", template)


def write_scripted_model(
    path: Path,
    template: str | None = TEMPLATES["tools"],
    scripts: Mapping[str, str] = SCRIPTS,
    *,
    marks: Sequence[str] = MARKS,
    add_bos: bool = False,
    context_length: int = CONTEXT_LENGTH,
    margin: float = CERTAIN,
    pre: str = "gpt-2",
) -> Path:
    """Write a model and return its path.

    Args:
        path: The file.
        template: Its chat template, to which the start of the named script is added; None for no template.
        scripts: The texts by name. Each is cut into tokens of a few bytes, also inside characters.
        marks: Control tokens of the vocabulary; each may occur once in the scripts.
        add_bos: The tokenizer adds a start token.
        context_length: Trained context length, in tokens.
        margin: Logit of the next token; those of all others are 0.
        pre: llama.cpp's name of the patterns that cut a text into words.
    """
    vocabulary = _Vocabulary([BOS, END, *marks])
    end = vocabulary.ids[END]
    follows: dict[int, int] = {}
    for name, text in scripts.items():
        last = vocabulary.add_control(_start(name))
        for piece in _pieces(text, marks, vocabulary.ids, random.Random(name)):
            token = vocabulary.ids[piece] if piece in marks else vocabulary.add_bytes(piece)
            assert last not in follows, f"{piece!r} occurs twice"
            follows[last] = token
            last = token
        follows[last] = end
    writer = gguf.GGUFWriter(path, "llama")
    _write_header(writer, path.stem, vocabulary, context_length, add_bos, pre)
    if template is not None:
        writer.add_chat_template(template + _starts(scripts))
    _write_tensors(writer, len(vocabulary.tokens), follows, margin)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


class _Vocabulary:
    """Tokens of GPT-2's byte-level alphabet: control tokens, all single bytes, then what is added."""

    def __init__(self, control: Sequence[str]) -> None:
        self.tokens: list[str] = []
        self.types: list[int] = []
        self.ids: dict[str | bytes, int] = {}
        printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
        others = iter(range(256, 512))
        self._letters = {byte: chr(byte if byte in printable else next(others)) for byte in range(256)}
        for text in control:
            self.add_control(text)
        for byte in range(256):
            self.add_bytes(bytes([byte]))

    def add_control(self, text: str) -> int:
        return self._add(text, text, TokenType.CONTROL)

    def add_bytes(self, piece: str | bytes) -> int:
        assert isinstance(piece, bytes)
        return self._add(piece, "".join(self._letters[byte] for byte in piece), TokenType.NORMAL)

    def _add(self, key: str | bytes, text: str, kind: TokenType) -> int:
        token = self.ids[key] = len(self.tokens)
        self.tokens.append(text)
        self.types.append(kind)
        return token


def _pieces(
    text: str, marks: Sequence[str], taken: Mapping[str | bytes, int], randomness: random.Random
) -> Iterator[str | bytes]:
    """Cut a text into marks and pieces of a few bytes, none of which is taken: each token may occur once."""
    pattern = "|".join(map(re.escape, marks))
    for part in re.split(f"({pattern})", text) if pattern else [text]:
        if part in marks:
            yield part
        else:
            yield from _cut(part.encode(), taken, randomness)


def _cut(data: bytes, taken: Mapping[str | bytes, int], randomness: random.Random) -> list[bytes]:
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + randomness.randint(2, 6)
        while end < len(data) and (data[at:end] in taken or data[at:end] in pieces):
            end += 1
        pieces.append(data[at:end])
        at = end
    while len(pieces) > 1 and (
        pieces[-1] in taken or pieces[-1] in pieces[:-1]
    ):  # at the end, longer ones begin earlier
        pieces[-2:] = [b"".join(pieces[-2:])]
    assert not pieces or pieces[-1] not in taken, f"{data!r} is too short"
    return pieces


def _start(name: str) -> str:
    return f"<|play:{name}|>"


def _starts(scripts: Mapping[str, str]) -> str:
    """Return Jinja source that writes the start token of the script that the last user message names."""
    choices = "".join(
        f"{{%- {'if' if not at else 'elif'} 'play({name})' in last.text -%}}{{{{ '{_start(name)}' }}}}"
        for at, name in enumerate(scripts)
    )
    return (
        "{%- if add_generation_prompt -%}{%- set last = namespace(text='') -%}"
        "{%- for m in messages if m.role == 'user' -%}{%- set last.text = m.content | string -%}{%- endfor -%}"
        f"{choices}{{%- endif -%}}{{%- endif -%}}"
    )


def _write_header(
    writer: gguf.GGUFWriter, name: str, vocabulary: _Vocabulary, context_length: int, add_bos: bool, pre: str
) -> None:
    writer.add_name(name)
    writer.add_block_count(1)
    writer.add_context_length(context_length)
    writer.add_feed_forward_length(32)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_key_length(_HEAD_DIM)
    writer.add_value_length(_HEAD_DIM)
    writer.add_rope_dimension_count(_HEAD_DIM)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(["t h"])  # llama.cpp wants at least one
    writer.add_bos_token_id(vocabulary.ids[BOS])
    writer.add_eos_token_id(vocabulary.ids[END])
    writer.add_add_bos_token(add_bos)


def _write_tensors(writer: gguf.GGUFWriter, n_vocab: int, follows: Mapping[int, int], logit: float) -> None:
    # One dimension for each token that has a next one, and one for all others.
    width = (len(follows) // 32 + 1) * 32
    first = next(iter(follows.values()))
    embedding = np.zeros((n_vocab, width), np.float32)
    embedding[:, width - 1] = 1
    output = np.zeros((n_vocab, width), np.float32)
    margin = logit / np.sqrt(width)  # the norm makes a row of length 1 that of length sqrt(width)
    output[first, width - 1] = margin
    for dimension, (token, following) in enumerate(follows.items()):
        embedding[token] = 0
        embedding[token, dimension] = 1
        output[following, dimension] = margin
    writer.add_embedding_length(width)
    ones = np.ones(width, np.float32)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("blk.0.attn_norm.weight", ones)
    writer.add_tensor("blk.0.ffn_norm.weight", ones)
    shapes = {
        **dict.fromkeys(("attn_q", "attn_k", "attn_v"), (_HEAD_DIM, width)),
        "attn_output": (width, _HEAD_DIM),
        **dict.fromkeys(("ffn_gate", "ffn_up"), (32, width)),
        "ffn_down": (width, 32),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float32))
