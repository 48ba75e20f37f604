"""``context`` of generate: the conversation so far, which a client sends back to continue it.

To clients it is a list of numbers. Ollama's are token ids; these are the messages, so that the model's chat template
writes the next prompt, which shares its beginning with the last one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from preheat.errors import InvalidRequestError
from preheat.inference import Message, Role, text_message
from preheat.messages import msg

_MARK: Final = 0x70_72_65  # the first number
_BYTES: Final = 3  # in each number


def to_context(messages: Sequence[Message], answer: str) -> list[int]:
    """Return the context of a conversation and its latest answer. Images are left out."""
    turns = [[message.role.value, message.text] for message in messages] + [[Role.ASSISTANT.value, answer]]
    data = json.dumps(turns, separators=(",", ":")).encode()
    data += b" " * (-len(data) % _BYTES)
    return [_MARK, *(int.from_bytes(data[at : at + _BYTES]) for at in range(0, len(data), _BYTES))]


def from_context(context: Sequence[int]) -> tuple[Message, ...]:
    """Return the messages of a context; raises InvalidRequestError if it is not one of ``to_context``."""
    if not context:
        return ()
    try:
        if context[0] != _MARK:
            raise ValueError
        turns = json.loads(b"".join(number.to_bytes(_BYTES) for number in context[1:]))
        return tuple(text_message(Role(role), str(text)) for role, text in turns)
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise InvalidRequestError(msg("context_foreign"), param="context") from None
