"""An answer's text to reasoning, text and tool calls, while it is generated. Pure.

The text arrives in pieces; the result does not depend on where it is cut. Text that may begin a mark is held back.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from preheat.inference import ToolDefinition
from preheat.inference.worker.chat.calls import JSON_HEAD, NAMED, JsonScan, block_calls, escaped, json_call
from preheat.inference.worker.chat.dialects import BARE, BLOCKS, CLOSING, THINKING, Block, Dialect, Thinking
from preheat.inference.worker.chat.marks import clear_length, is_call, marks_of, skip, trimmed_length
from preheat.inference.worker.chat.parts import Output, Part

STREAMED_ARGUMENTS: Final = 64
"""Longer arguments, in characters, are handed on while they are written. Shorter ones only as a whole, so that a call
that turns out to be malformed is text."""

_SPACE: Final = " \t\r\n"
_BETWEEN_CALLS: Final = _SPACE + ",;]}`"
_LONGEST_HEAD: Final = 300
"""Longest name of a function with the marks after it, in characters."""

_MOST_BARE_ENDS: Final = 20
"""Brackets of an answer that are tried as the end of calls without marks."""

_BEFORE_BARE_END: Final = 16
_CALL_ENDS: Final = (")", "}", ",")
"""What precedes the bracket at the end of calls."""

_Steps = Generator[None, None, None]
_Flag = Generator[None, None, bool]
_Item = Generator[None, None, tuple[int, bool]]


class AnswerParser(Output):
    """Separates one answer.

    Thinking is looked for at the beginning only. A call without its closing mark is a call; a malformed one is text.
    White space around thinking and calls is dropped; a blank line separates the text after a call from that before it.

    Args:
        dialect: The model's forms.
        tools: Tools that may be called; without any, no call is looked for.
        one_call: The answer ends with its first call.
        opened: Marks of the thinking that the prompt has begun.
    """

    def __init__(
        self,
        dialect: Dialect,
        tools: Sequence[ToolDefinition] = (),
        *,
        one_call: bool = False,
        opened: Thinking | None = None,
    ) -> None:
        super().__init__()
        self._tools = {tool.name: tool for tool in tools}
        self._one_call = one_call
        self._marks = marks_of(bool(tools), dialect.channels)
        self._final = False
        self._bare_ends = _MOST_BARE_ENDS
        self._in_text = False  # neither at the beginning nor in thinking or a call
        self._steps = self._run(opened)
        self.thinking = False
        """The text so far ends inside thinking."""
        self.in_call = False
        """The text so far ends inside what may be a call."""
        self.blocks = 0
        """Number of places so far where a call may have begun."""
        next(self._steps)
        if opened is not None:
            self.thinking = self._drop_space = True

    @property
    def before_text(self) -> bool:
        """The text so far ends inside thinking, or in white space after it."""
        return self.thinking or (self._drop_space and not self._said and not self.calls)

    @property
    def ended(self) -> bool:
        """No more is wanted."""
        return self._one_call and self.complete_calls > 0

    def feed(self, text: str) -> list[Part]:
        """Return what this piece completes."""
        if self._in_text and not self._buffer and not self._drop_space and not self._marks.noticed(text):
            self._said, self._line_start = True, False
            return [Part(text)] if text else []
        self._buffer += text
        return self._advance()

    def finish(self) -> list[Part]:
        """Return the rest after the last piece."""
        self._final = True
        return self._advance()

    def _advance(self) -> list[Part]:
        self._parts = []
        next(self._steps, None)
        return self._parts

    def _more(self) -> _Flag:
        """Wait for the next piece; return False if there is none."""
        if self._final:
            return False
        yield
        return True

    def _run(self, opened: Thinking | None) -> _Steps:
        yield
        marks = opened or (yield from self._opening())
        while marks is not None:
            yield from self._think(marks)
            marks = yield from self._opening()
        yield from self._content()

    def _opening(self) -> Generator[None, None, Thinking | None]:
        """Return the marks of thinking that begins here, after white space only."""
        while True:
            lead = self._buffer.lstrip()
            for marks in THINKING:
                if lead.startswith(marks.open):
                    self._buffer = lead.removeprefix(marks.open)
                    return marks
            waits = not lead or any(marks.open.startswith(lead) for marks in THINKING)
            if not waits or not (yield from self._more()):
                return None

    def _think(self, marks: Thinking) -> _Steps:
        self.thinking = self._drop_space = True
        while self.thinking:
            if self._drop_space:
                self._buffer = self._buffer.lstrip()
                self._drop_space = not self._buffer
            end = self._buffer.find(marks.close)
            clear = clear_length(self._buffer, (marks.close,)) if end < 0 else trimmed_length(self._buffer[:end])
            self._reason(clear)
            if end >= 0:
                self._buffer = self._buffer[end - clear + len(marks.close) :]
                self.thinking = False
            elif not (yield from self._more()):
                self._reason(trimmed_length(self._buffer))
                self._buffer = ""
                return
        self._drop_space = True

    def _content(self) -> _Steps:
        while not self.ended:
            if self._drop_space:
                self._buffer = self._buffer.lstrip()
            found = self._find_mark()
            if found is not None:
                yield from self._enter(*found)
                continue
            self._say(clear_length(self._buffer, self._held_marks()))
            self._in_text = True
            more = yield from self._more()
            self._in_text = False
            if not more:
                self._say(len(self._buffer))
                return

    def _held_marks(self) -> tuple[str, ...]:
        after_call = self._after_call and self._drop_space
        return (*self._marks.texts, *CLOSING) if after_call else self._marks.texts

    def _find_mark(self) -> tuple[str, Block | None, int] | None:
        """Return the text, block and index of the first mark; no block stands for a mark that is dropped."""
        buffer, marks = self._buffer, self._marks
        if self._after_call and self._drop_space:
            close = next((close for close in CLOSING if buffer.startswith(close)), None)
            if close is not None:
                return close, None, 0
        for match in marks.find.finditer(buffer) if marks.find else ():
            text = match[0]
            if text in marks.dropped or text in marks.thinking:
                return text, None, match.start()
            block = marks.blocks.get(text, BARE)
            at = match.start() if block is not BARE else match.end()
            if block is BARE and match.start() == 0 and not self._line_start:
                continue
            if not block.guess or is_call(buffer[at + len(block.open) :], self._tools) is not False:
                return text, block, at
        return None

    def _enter(self, mark: str, block: Block | None, at: int) -> _Steps:
        """Read what the mark at this index begins."""
        text = trimmed_length(self._buffer[:at])
        self._say(text)
        if block is None:
            self._buffer = self._buffer[at - text + len(mark) :]
            self._drop_space = True
            if mark in self._marks.thinking:
                yield from self._think(self._marks.thinking[mark])
            return
        self.in_call = True
        self.blocks += 1
        yield from self._block(block, at - text)
        self.in_call = False

    def call_beginning(self) -> str | None:
        """Return the text of the marked call that has begun, with its mark; None before its content begins."""
        beginning = self._buffer.lstrip()
        mark = next((mark for mark, block in self._marks.blocks.items() if beginning.startswith(mark)), None)
        if mark is None or self._marks.blocks[mark].guess or not beginning[len(mark) :].strip():
            return None
        return beginning

    def _block(self, block: Block, start: int) -> _Steps:
        """Give the calls of the block that begins at ``start``, after white space; it is text if it has none."""
        first = True
        begin = start + len(block.open) - (block.kept == "[")
        while not self.ended:
            buffer = self._buffer
            if first and block.guess and is_call(buffer[begin:], self._tools) is False:
                return self._say(len(buffer[:begin].rstrip()))
            at = skip(buffer, begin, _SPACE if first else _BETWEEN_CALLS)
            close = next((close for close in block.close if buffer.startswith(close, at)), None)
            if close is not None:
                return self._say(at + len(close)) if first else self._cut(at + len(close))
            rest = buffer[at : at + _LONGEST_HEAD]
            if any(mark.startswith(rest) and mark != rest for mark in (*block.close, *self._marks.texts)):
                if (yield from self._more()):
                    continue
                return self._say(len(buffer)) if first else self._cut(at)
            inner = next((other for other in BLOCKS if not other.guess and rest.startswith(other.open)), None)
            if inner is not None:  # a mark around several calls
                return (yield from self._block(inner, at)) if first else None
            if rest[0] == "[" and first:
                inside = skip(buffer, at + 1, _SPACE)
                if inside == len(buffer) and (yield from self._more()):
                    continue
                if buffer[inside : inside + 1] == "{":
                    at = inside
            elif not first and rest[0] != "{":
                return self._cut(at) if {"]", "}"} & set(buffer[:at]) else None
            end, called = yield from self._item(block, begin if first else at, at)
            if not called:
                return self._say(end if end > begin else len(self._buffer[:begin].rstrip())) if first else None
            self._cut(end)
            first, begin = False, 0

    def _item(self, block: Block, begin: int, at: int) -> _Item:
        """Give the next call of a block; return the index after it, and whether it was one.

        Args:
            block: The block; its content begins at ``begin``.
            at: Where the call begins.
        """
        if self._buffer[at] == "{":
            return (yield from self._json(block, begin, at, at, None))
        scanned, named_at = at, at
        while True:
            buffer = self._buffer
            if block.guess and is_call(buffer[begin:], self._tools) is False:
                return begin, False
            named = NAMED.match(buffer, named_at) if named_at >= 0 else None
            if named is not None and named.end() - at <= _LONGEST_HEAD:
                return (yield from self._json(block, begin, at, named.end(), named[1]))
            if len(buffer) - at > _LONGEST_HEAD:
                named_at = -1
            end, scanned = self._plain_end(block, begin, scanned)
            if end is not None:
                return end
            if not (yield from self._more()):
                return len(self._buffer), self._give_plain(block, begin, len(self._buffer))

    def _plain_end(self, block: Block, begin: int, scanned: int) -> tuple[tuple[int, bool] | None, int]:
        """Look for the end of a block that is no JSON; return what ``_item`` returns, and where to look next."""
        buffer = self._buffer
        if block is BARE:
            while self._bare_ends and (at := buffer.find("]", scanned)) >= 0:
                if buffer[max(begin, at - _BEFORE_BARE_END) : at].rstrip()[-1:] in _CALL_ENDS:
                    self._bare_ends -= 1
                    if self._give_plain(block, begin, at + 1):
                        return (at + 1, True), at + 1
                scanned = at + 1
            return None, len(buffer)
        found = [(at, close) for close in block.close if (at := buffer.find(close, scanned)) >= 0]
        if not found:
            longest = max(map(len, block.close), default=0)
            return None, max(scanned, len(buffer) - longest)
        at, close = min(found)
        return (at + len(close), self._give_plain(block, begin, at)), at

    def _give_plain(self, block: Block, begin: int, end: int) -> bool:
        """Give the calls of a block that is no JSON; return False if it has none."""
        kept = "" if block.kept == "[" else block.kept
        calls = block_calls(kept + self._buffer[begin:end], self._tools)
        if not calls or (block.guess and any(call.name not in self._tools for call in calls)):
            return False
        for call in calls[:1] if self._one_call else calls:
            self._give_call(call)
        return True

    def _json(self, block: Block, begin: int, at: int, start: int, name: str | None) -> _Item:
        """Do the same for a call. Its JSON begins at ``start``, perhaps after the function's name."""
        scan = JsonScan(start)
        while True:
            buffer = self._buffer
            if block.guess and name is None and is_call(buffer[begin:], self._tools) is False:
                return begin, False
            end = scan.find(buffer)
            head = self._streamed(block, at, start, name)
            if head is not None:
                return (yield from self._stream(block, *head, scan))
            if end is not None:
                call = json_call(buffer[start:end], self._tools, name)
                if call is None or (block.guess and call.name not in self._tools):
                    return end, False
                self._give_call(call)
                return end, True
            if scan.broken:
                while True:
                    found, _ = self._plain_end(block, begin, at)
                    if found is not None:
                        return found
                    if not (yield from self._more()):
                        return len(self._buffer), self._give_plain(block, begin, len(self._buffer))
            if not (yield from self._more()):
                return len(buffer), False

    def _streamed(self, block: Block, at: int, start: int, name: str | None) -> tuple[str, int] | None:
        """Return the name and the index of arguments that are long; None if they are not, or not yet."""
        buffer = self._buffer
        if name is None:
            head = JSON_HEAD.match(buffer, at)
            if head is None:
                return None
            name, start = head[1], head.end()
        if len(buffer) - start <= STREAMED_ARGUMENTS or (block.guess and name not in self._tools):
            return None
        first = skip(buffer, start + 1, _SPACE)
        if buffer[first : first + 1] != '"':
            return None
        scan = JsonScan(start)
        scan.find(buffer)
        return (name, start) if scan.at - start > STREAMED_ARGUMENTS else None

    def _stream(self, block: Block, name: str, start: int, outer: JsonScan) -> _Item:
        """Give a call's arguments, from ``start``, as they come. ``outer`` scans the object that they are in."""
        self._begin_call(name)
        self._cut(start)
        outer.at -= start
        scan = JsonScan(0)
        in_string = False
        while scan.find(self._buffer) is None and not scan.broken:
            outer.find(self._buffer)
            given = scan.at
            text, in_string = escaped(self._buffer[:given], in_string)
            self._give_arguments(text)
            self._buffer = self._buffer[given:]
            scan.at -= given
            outer.at -= given
            if not (yield from self._more()):
                return len(self._buffer), True
        text, _ = escaped(self._buffer[: scan.at], in_string)
        self._give_arguments(text)
        if scan.broken:
            return (yield from self._rest(block, scan.at))
        self.complete_calls += 1
        end = scan.at
        while outer.find(self._buffer) is None and not outer.broken and (yield from self._more()):
            pass
        return outer.at if outer.ended else end, True

    def _rest(self, block: Block, at: int) -> _Item:
        """Give arguments that stopped to be JSON as they are, so that the client can tell the model."""
        while True:
            self._buffer, at = self._buffer[at:], 0
            found = [(at, close) for close in block.close if (at := self._buffer.find(close)) >= 0]
            if found:
                at, close = min(found)
                self._give_arguments(self._buffer[:at].rstrip())
                self.complete_calls += 1
                return at + len(close), True
            at = clear_length(self._buffer, block.close)
            self._give_arguments(self._buffer[:at])
            if not (yield from self._more()):
                self._give_arguments(self._buffer[at:])
                self.complete_calls += 1
                return len(self._buffer), True
