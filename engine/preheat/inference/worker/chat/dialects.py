"""Marks around thinking and tool calls in the answers of model families, as their chat templates write them.

Models often use another family's form than the one that their template shows, after a merge or with a generic tool
prompt, so that all forms are recognised in every answer. The template and the vocabulary decide only how a call looks
that the model has to make, and which control tokens are text for the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from preheat.inference import Chat


class Thinking(NamedTuple):
    """Marks around a model's thinking; ``after`` comes between it and the answer's text."""

    open: str
    close: str
    after: str = "\n\n"


THINKING: Final = (
    Thinking("<think>", "</think>"),  # DeepSeek R1, Qwen 3, GLM, MiniMax, Nemotron
    Thinking("[THINK]", "[/THINK]"),  # Magistral
    Thinking("<seed:think>", "</seed:think>"),  # Seed-OSS
    Thinking("<|START_THINKING|>", "<|END_THINKING|>"),  # Command
    Thinking("<thought>", "</thought>"),  # EXAONE Deep
    Thinking("<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant<|channel|>final<|message|>"),  # gpt-oss
)


class Block(NamedTuple):
    """Marks around tool calls.

    Attributes:
        open: The text that begins a call.
        close: Texts that end it. The end of its JSON does, too.
        kept: The end of ``open`` that belongs to the call.
        guess: Other text may look the same: only a call of one of the request's tools is a call.
    """

    open: str
    close: tuple[str, ...] = ()
    kept: str = ""
    guess: bool = False


BLOCKS: Final = (
    # Hermes, Qwen, SmolLM (JSON), Qwen3-Coder (<function=…>), GLM (<arg_key>…)
    Block("<tool_call>", ("</tool_call>",)),
    Block("<|tool_call|>", ("<|/tool_call|>",)),  # Granite 3, Phi 4 mini
    Block("[TOOL_CALLS]"),  # Mistral: a list, or name[ARGS]{…}
    Block("<|python_tag|>"),  # Llama 3: JSON, a Python call, or code
    Block("<|python_start|>", ("<|python_end|>",)),  # Llama 4
    Block("<｜tool▁call▁begin｜>", ("<｜tool▁call▁end｜>",)),  # DeepSeek
    Block("<|tool_call_begin|>", ("<|tool_call_end|>",)),  # Kimi K2
    Block("<|tool_call_start|>", ("<|tool_call_end|>",)),  # LFM2
    Block("<|START_ACTION|>", ("<|END_ACTION|>",)),  # Command
    Block("<TOOLCALL>", ("</TOOLCALL>",)),  # Nemotron
    Block("<tool_calls>", ("</tool_calls>",)),  # Jamba, Hunyuan
    Block("<|tools_prefix|>", ("<|tools_suffix|>",)),  # Apertus
    Block("<function_calls>", ("</function_calls>",)),  # Olmo 3
    Block("<function_call>", ("</function_call>",)),
    Block("<tools>", ("</tools>",), guess=True),  # Qwen 2.5 Coder
    Block("<minimax:tool_call>", ("</minimax:tool_call>",)),
    Block("<seed:tool_call>", ("</seed:tool_call>",)),
    Block("<function=", ("</function>",), "<function="),  # Functionary, Llama 3's own functions; Qwen3-Coder
    Block('<function name="', ("</function>",), '<function name="'),
    Block('<invoke name="', ("</invoke>",), '<invoke name="'),  # MiniMax
    Block("functools[", (), "["),  # Phi 4 mini, Firefunction
    Block("<|channel|>commentary to=functions.", ("<|call|>", "<|end|>")),  # gpt-oss
    Block(" to=functions.", ("<|call|>", "<|end|>"), guess=True),
    Block("```\n", ("```",), guess=True),
    Block("```json", ("```",), guess=True),
    Block("```tool_call", ("```",), guess=True),
    Block("```tool_code", ("```",), guess=True),  # Gemma 3
)

CLOSING: Final = tuple(dict.fromkeys(close for block in BLOCKS if not block.guess for close in block.close))
"""Marks that are dropped after a call, also without their opening one."""

BARE: Final = Block("", guess=True)
"""A call without marks at the beginning of a line: Llama 3's JSON, and ``[f(a=1)]``."""

WRAPPERS: Final = (
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
)
"""Marks around all calls of an answer; no text."""

CHANNELS: Final = (
    "<|start|>assistant",
    "<|channel|>final<|message|>",
    "<|channel|>commentary<|message|>",
    "<|end|>",
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
)
"""Marks around the answer's text; no text. Only where the vocabulary has the control tokens."""

_INNER_MARKS: Final = ("[ARGS]", "[CALL_ID]", "<｜tool▁sep｜>", "<|tool_call_argument_begin|>")
_CHANNEL_TOKENS: Final = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>", "<|call|>")


class CallForm(Enum):
    """How a call looks that a model has to make: the form of its training."""

    HERMES = "hermes"  # <tool_call>\n{"name": …, "arguments": …}\n</tool_call>
    XML = "xml"  # <tool_call>\n<function=…>\n<parameter=…>\n…\n</parameter>\n</function>\n</tool_call>
    LLAMA = "llama"  # {"name": …, "parameters": …}
    MISTRAL = "mistral"  # [TOOL_CALLS][{"name": …, "arguments": …}]
    MISTRAL_ARGS = "mistral_args"  # [TOOL_CALLS]name[ARGS]{…}
    GRANITE = "granite"  # <|tool_call|>[{"name": …, "arguments": …}]
    FUNCTION = "function"  # <function=name>{…}</function>
    DEEPSEEK = "deepseek"  # <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>name<｜tool▁sep｜>{…}<｜tool▁call▁end｜>…
    DEEPSEEK_FENCED = "deepseek_fenced"  # the same with name\n```json\n{…}\n```


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the parser and the constraints know about a model.

    Attributes:
        form: How it writes calls.
        thinking: Marks that its template shows; None if it shows none.
        control: Text of control tokens that are marks, by token id.
        channels: The vocabulary has the control tokens of ``CHANNELS``.
    """

    form: CallForm = CallForm.HERMES
    thinking: Thinking | None = None
    control: Mapping[int, str] = field(default_factory=dict)
    channels: bool = False


def dialect_of(template: str, control_token: Callable[[str], int | None]) -> Dialect:
    """Return the dialect of a model. ``control_token`` returns the id of the control token with this text."""
    control = {}
    for text in dict.fromkeys(_all_marks()):
        token = control_token(text)
        if token is not None:
            control[token] = text
    known = set(control.values())
    return Dialect(
        form=_form(template, known),
        thinking=next((marks for marks in THINKING if marks.open in template or marks.open in known), None),
        control=control,
        channels="<|channel|>" in known or "<|START_RESPONSE|>" in known,
    )


def prompted_thinking(prompt: str, chat: Chat) -> Thinking | None:
    """Return the marks of the thinking that a chat's prompt has begun, not those of a message's text."""
    last = "" if chat.continue_last or not chat.messages else chat.messages[-1].text.strip()
    for marks in THINKING:
        at = prompt.rfind(marks.open)
        end = prompt[at + len(marks.open) :]
        if at < 0 or marks.close in end:
            continue
        text_at = prompt.rfind(last)
        after_text = 0 <= text_at <= at - len(last) if marks.open in last else last not in end
        if chat.continue_last or not end.strip() or (last and after_text):
            return marks
    return None


def thinking_openings() -> tuple[str, ...]:
    """Return the marks that begin thinking."""
    return tuple(marks.open for marks in THINKING)


def _all_marks() -> Iterable[str]:
    for marks in THINKING:
        yield from (marks.open, marks.close)
    for block in BLOCKS:
        yield block.open
        yield from block.close
    yield from (*WRAPPERS, *CHANNELS, *_INNER_MARKS, *_CHANNEL_TOKENS)


def _form(template: str, control: set[str]) -> CallForm:
    """Return the form that the template shows; Hermes's, the most common one, if it shows none."""
    signs = {
        "<｜tool▁call▁begin｜>": CallForm.DEEPSEEK,
        "[ARGS]": CallForm.MISTRAL_ARGS,
        "[TOOL_CALLS]": CallForm.MISTRAL,
        "<parameter=": CallForm.XML,
        "<tool_call>": CallForm.HERMES,
        "<|tool_call|>": CallForm.GRANITE,
        "<function=": CallForm.FUNCTION,
        "<|python_tag|>": CallForm.LLAMA,
        '"parameters":': CallForm.LLAMA,
    }
    if "function<｜tool▁sep｜>" in template or ("<｜tool▁sep｜>" in template and "```json" in template):
        return CallForm.DEEPSEEK_FENCED
    found = (form for sign, form in signs.items() if sign in template)
    return next(found, CallForm.MISTRAL if "[TOOL_CALLS]" in control else CallForm.HERMES)
