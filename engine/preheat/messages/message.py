"""Messages: a code, its parameters, and how both become words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from preheat.units import format_bytes, format_count, format_duration, format_memory, format_percent, memory_decimals

Param: TypeAlias = "str | int | float | Sequence[str] | Message | None"
"""A parameter's value. Sizes are bytes and times are seconds; the template says how they are shown."""

Format = Callable[..., str]
"""Writes a value; the one for ``memory`` takes the number of decimals, too."""


class Message(NamedTuple):
    """A message as a code with parameters. Not a dataclass, since scripts would pay for importing ``dataclasses``.

    Attributes:
        code: A key of ``TABLE``; stable, so that clients and tests can match on it.
        params: What the template's fields stand for. A parameter that is a message is rendered in its place.
    """

    code: str
    params: Mapping[str, Param] = MappingProxyType({})

    def __str__(self) -> str:
        """Return the English text without the hint."""
        return render(self).text

    def with_params(self, **params: Param) -> Message:
        """Return this message with more parameters."""
        return Message(self.code, {**self.params, **params})

    def __hash__(self) -> int:
        """Hash by code: params may be a dict."""
        return hash(self.code)


class Words(NamedTuple):
    """A rendered message; see ``Template``."""

    text: str
    hint: str


def msg(code: str, /, **params: Param) -> Message:
    """Return the message of this code with these parameters (see ``Param``)."""
    return Message(code, params)


def verbatim(text: str, hint: str = "") -> Message:
    """Return a message of words without a code, such as those of other software."""
    return Message("text", {"text": text, "hint": hint})


ENGLISH: Final[Mapping[str, Format]] = {
    "memory": format_memory,
    "bytes": format_bytes,
    "count": format_count,
    "duration": format_duration,
    "percent": format_percent,
    "names": ", ".join,
}
"""English output of the formats in templates."""


def _same(text: str) -> str:
    return text


def render(
    message: Message,
    formats: Mapping[str, Format] = ENGLISH,
    translate: Callable[[str], str] = _same,
) -> Words:
    """Return a message in words. Pure.

    A code that the table does not have, which a newer Preheat may send, is shown as it is.

    Args:
        formats: By name, how values are written; ``ENGLISH`` if not given.
        translate: Returns a template's words in another language.
    """
    from preheat.messages.table import TABLE

    template = TABLE.get(message.code)
    if template is None:
        return Words(message.code, "")
    texts = [translate(words) if words else "" for words in (template.text, template.hint)]
    formatter = _Formatter(formats, translate, memory_decimals(_amounts("".join(texts), message.params)))
    fields = _Fields(message.params)
    text, hint = (formatter.vformat(words, (), fields) for words in texts)
    return Words(text, hint)


def _amounts(words: str, params: Mapping[str, Param]) -> Iterator[int]:
    """Yield what the fields for memory stand for."""
    for _, name, spec, _ in Formatter().parse(words):
        if spec == "memory" and name and isinstance(amount := params.get(name), int):
            yield amount


class _Fields(dict[str, Any]):
    """Parameters of a message; one that an older or newer Preheat did not send is shown as a question mark."""

    def __missing__(self, name: str) -> str:
        return "?"


class _Formatter(Formatter):
    def __init__(self, formats: Mapping[str, Format], translate: Callable[[str], str], decimals: int) -> None:
        self._formats = formats
        self._decimals = decimals
        self._translate = translate

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Message):
            return render(value, self._formats, self._translate).text
        if value is None or value == "?":
            return "" if value is None else "?"
        named = self._formats.get(format_spec)
        if named is None:
            return format(value, format_spec)
        return named(value, self._decimals) if format_spec == "memory" else named(value)


def message_json(message: Message) -> dict[str, Any]:
    """Return a message as JSON: its code, parameters, and English text."""
    params = {
        name: message_json(value) if isinstance(value, Message) else value for name, value in message.params.items()
    }
    words = render(message)
    return {"code": message.code, "params": params, "text": words.text, "hint": words.hint}


def message_from_json(content: Mapping[str, Any]) -> Message:
    """Return the message that ``message_json`` was made of; one of an unknown code keeps its English text.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: It is no message.
    """
    from preheat.messages.table import TABLE

    code = str(content["code"])
    if code not in TABLE:
        return verbatim(str(content.get("text", code)), str(content.get("hint", "")))
    params = {
        name: message_from_json(value) if isinstance(value, Mapping) and "code" in value else value
        for name, value in dict(content.get("params") or {}).items()
    }
    return Message(code, params)
