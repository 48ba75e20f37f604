"""``context`` of generate: the conversation so far, which a client sends back to continue it.

To clients it is a list of numbers. Ollama's are token ids; these are the messages, so that the model's chat template
writes the next prompt, which shares its beginning with the last one.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Final

from preheat.errors import EngineError, InvalidRequestError
from preheat.inference import Message, Role, text_message
from preheat.messages import msg
from preheat.server.bodies import parse_json

_MARK: Final = 0x65_72_70  # the first number
_BYTES: Final = 3  # of text in each number, so that it fits 32 bits with a sign


def to_context(messages: Sequence[Message], answer: str) -> list[int]:
    """Return the context of a conversation and its latest answer. Images are left out."""
    turns = [[message.role.value, message.text] for message in messages] + [[Role.ASSISTANT.value, answer]]
    text = json.dumps(turns, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _BYTES)
    count = len(text) // _BYTES
    data = bytearray(4 * count)
    for at in range(_BYTES):
        data[at::4] = text[at::_BYTES]
    return [_MARK, *struct.unpack(f"<{count}I", data)]


def from_context(context: Sequence[int]) -> tuple[Message, ...]:
    """Return the messages of a context; raises InvalidRequestError if it is not one of ``to_context``."""
    if not context:
        return ()
    try:
        if context[0] != _MARK:
            raise ValueError
        data = struct.pack(f"<{len(context) - 1}I", *context[1:])
        text = bytearray(_BYTES * (len(context) - 1))
        for at in range(_BYTES):
            text[at::_BYTES] = data[at::4]
        turns = parse_json(bytes(text))
        return tuple(text_message(Role(role), str(text)) for role, text in turns)
    except (EngineError, ValueError, struct.error, TypeError):
        raise InvalidRequestError(msg("context_foreign"), param="context") from None
