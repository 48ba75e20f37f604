"""A chat template's program, which runs in a guarded process."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import AbstractContextManager
from typing import Final, Protocol

from preheat.errors import (
    ChatTemplateError,
    ChatTemplateTooSlowError,
    ChatTemplateUnavailableError,
    EngineError,
    InvalidRequestError,
)
from preheat.inference import Chat
from preheat.inference.worker.chat import questions
from preheat.inference.worker.guarded_process import GuardedPool, HelperFailed, Reason
from preheat.messages import Message, msg

LEARN_LIMIT_S: Final = 2.0
"""Time limit of compiling a template and learning what it accepts, which usually takes 2 to 50 ms."""

RENDER_LIMIT_S: Final = 1.0
"""Time limit of one chat, in all forms that are tried for it. Long chats get more."""

_MORE_PER_BYTE: Final = 1 / (1 << 20)
_MOST: Final = 4

_MAX_SOURCE_CHARACTERS: Final = 1 << 20
"""Longest template; those of model families have up to 50,000 characters."""

_FIRST_PAUSE_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 3600.0

_MEMORY_BYTES: Final = 256 << 20
_PROCESSES: Final = 3
"""Long chats are prepared on two threads; the third process is for short ones."""

_keys = itertools.count()


class Helper(Protocol):
    """A process that answers ``questions``; ``GuardedProcess`` is one."""

    def ask(self, question: bytes, timeout_s: float) -> bytes:
        """Return the answer; raises HelperFailed."""


class Helpers(Protocol):
    """Where to get such processes; ``GuardedPool`` is one."""

    def borrow(self) -> AbstractContextManager[Helper]:
        """Return a process for the block."""


def renderer_pool() -> GuardedPool:
    """Return the processes in which one worker's templates run; none is started yet."""
    return GuardedPool("preheat.inference.worker.chat.renderer", _MEMORY_BYTES, _PROCESSES)


class RemoteTemplate:
    """One template. A process learns it when it is first asked for a prompt, and again after it was replaced.

    A template that does not parse, or is too long, is refused for good. One that runs too long or takes too much memory
    while it is learned is not tried again for a minute, then for longer. Any thread.
    """

    def __init__(
        self,
        source: str,
        bos: str,
        eos: str,
        helpers: Helpers,
        *,
        max_prompt_bytes: int = questions.MAX_PROMPT_BYTES,
        learn_limit_s: float = LEARN_LIMIT_S,
        render_limit_s: float = RENDER_LIMIT_S,
    ) -> None:
        self._key = next(_keys)
        is_too_long = len(source) > _MAX_SOURCE_CHARACTERS
        self._learn_question = b"" if is_too_long else questions.learn_question(self._key, source, bos, eos)
        self._helpers = helpers
        self._max_prompt_bytes = max_prompt_bytes
        self._learn_limit_s = learn_limit_s
        self._render_limit_s = render_limit_s
        self._learning = threading.Lock()  # never held while borrowing a helper
        self._was_learned = False
        self._problem = msg("template_too_long", limit=_MAX_SOURCE_CHARACTERS) if is_too_long else None
        self._retry_at = float("inf") if is_too_long else 0.0  # monotonic
        self._pause_s = _FIRST_PAUSE_S

    @property
    def problem(self) -> Message | None:
        """Why the template cannot be run; None as long as it is not known that it cannot."""
        return self._problem

    def learn(self) -> None:
        """Let a process learn the template; raises EngineError if it cannot be run."""
        with self._helpers.borrow() as helper:
            if not self._was_learned:
                self._learn(helper)

    def prompt(self, chat: Chat, nonce: str) -> tuple[str, bool]:
        """Return a chat's prompt, and whether it describes the tools in its system message.

        Raises:
            InvalidRequestError: The template refuses the chat in every form, or leaves out a text.
            ChatTemplateError: The template cannot be run.
            ChatTemplateUnavailableError: The process does not start.
        """
        with self._learning:  # a helper that is learning needs no second one
            self._refuse_unusable()
        question = questions.render_question(self._key, chat, nonce, self._max_prompt_bytes)
        with self._helpers.borrow() as helper:
            answer = self._ask(helper, question)
            if answer == questions.UNKNOWN:
                self._learn(helper)
                answer = self._ask(helper, question)
        if answer == questions.UNKNOWN:  # the process was replaced, because learning made it large
            raise ChatTemplateError(self._set_problem(_UNUSABLE[Reason.MEMORY]))
        kind, content = answer[:1], answer[1:].decode(errors="replace")
        match kind:
            case questions.LEFT_OUT:
                raise InvalidRequestError(msg("template_leaves_out_text"), param="messages")
            case questions.FAULT:
                raise InvalidRequestError(msg("template_failed", reason=content), param="messages")
        return content, kind == questions.TEXT_WITH_TOOLS

    def _refuse_unusable(self) -> None:
        if self._problem is not None and time.monotonic() < self._retry_at:
            raise ChatTemplateError(self._problem)

    def _learn(self, helper: Helper) -> None:
        with self._learning:
            self._refuse_unusable()
            was_learned, self._was_learned = self._was_learned, False
            try:
                answer = _asked(helper, self._learn_question, self._learn_limit_s)
            except HelperFailed as failure:
                # After a success, a failure is more likely the machine's fault. The next chat finds out.
                if was_learned or failure.reason is Reason.NOT_STARTED:
                    raise _error(failure.reason) from failure
                raise ChatTemplateError(self._set_problem(_UNUSABLE[failure.reason])) from failure
            if answer[:1] == questions.FAULT:
                self._problem = msg("template_broken", reason=answer[1:].decode(errors="replace"))
                self._retry_at = float("inf")
                raise ChatTemplateError(self._problem)
            self._problem, self._was_learned = None, True

    def _ask(self, helper: Helper, question: bytes) -> bytes:
        more = min(1 + len(question) * _MORE_PER_BYTE, _MOST)
        try:
            return _asked(helper, question, self._render_limit_s * more)
        except HelperFailed as failure:
            raise _error(failure.reason) from failure

    def _set_problem(self, code: str) -> Message:
        self._problem = problem = msg(code)
        self._retry_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return problem


_UNUSABLE: Final = {
    Reason.TIMEOUT: "template_unusable_slow",
    Reason.MEMORY: "template_unusable_memory",
    Reason.DIED: "template_unusable_crash",
    Reason.HUNG: "template_unusable_slow",
}
_FAILED: Final = {
    Reason.TIMEOUT: (ChatTemplateTooSlowError, "template_too_slow"),
    Reason.MEMORY: (ChatTemplateError, "template_too_large"),
    Reason.DIED: (ChatTemplateError, "template_crashed"),
    Reason.HUNG: (ChatTemplateTooSlowError, "template_too_slow"),
    Reason.NOT_STARTED: (ChatTemplateUnavailableError, "template_process_not_started"),
}


def _error(reason: Reason) -> EngineError:
    kind, code = _FAILED[reason]
    return kind(msg(code), param=None if reason is Reason.NOT_STARTED else "messages")


def _asked(helper: Helper, question: bytes, limit_s: float) -> bytes:
    """Return the answer; asks again if the process died or hung, which may come from outside."""
    try:
        return helper.ask(question, limit_s)
    except HelperFailed as failure:
        if failure.reason not in (Reason.DIED, Reason.HUNG):
            raise
    return helper.ask(question, limit_s)
