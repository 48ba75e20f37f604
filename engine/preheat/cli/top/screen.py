"""The live screen: draws only what has changed, and waits in between."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from preheat.cli.top.feed import Feed, News
from preheat.cli.top.keys import reading_keys
from preheat.cli.top.view import Look, Picture, changes_at

if TYPE_CHECKING:
    from rich.console import Console, ConsoleDimensions
    from rich.text import Text

    from preheat.control import HttpClient

_QUIT: Final = frozenset("qQ\x1b\x04")
_LEAST_PAUSE_S: Final = 0.2
"""Time between two pictures. The program is a guest on the processor that answers."""

_RESIZED: Final = "resized"
"""Comes in place of a key."""


def watch(out: Console, running: HttpClient, look: Look) -> None:
    """Show the picture until a key ends it."""
    from preheat.control import SignBook

    inbox: SimpleQueue[News | str] = SimpleQueue()
    screen, picture = Screen(out), Picture(look, SignBook(), "q quits")
    news: News | None = None
    with (
        suppress(KeyboardInterrupt),
        _alternate_screen(out),
        _terminal_signals(out, inbox.put),
        reading_keys(inbox.put),
        closing(Feed(running, inbox.put)),
    ):
        while True:
            now = time.time()
            due = changes_at(news.status if news is not None else None, now)
            for each in _received(inbox, None if due is None else due - now):
                if isinstance(each, News):
                    news = each
                elif each == _RESIZED:
                    screen.forget()
                elif each in _QUIT:
                    return
            if news is not None:
                screen.show(_drawn(picture, news, out.size))
            time.sleep(_LEAST_PAUSE_S)


def _drawn(picture: Picture, news: News, size: ConsoleDimensions) -> list[Text]:
    if news.status is None:
        return picture.waiting(size.width)
    return picture.lines(news.status, news.url, time.time(), size.width, size.height)


class Screen:
    """Draws lines from the top of the terminal; those that are as before are left alone."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._lines: list[Text] = []

    def forget(self) -> None:
        """Draw everything at the next picture."""
        from rich.control import Control

        self._out.control(Control.clear())
        self._lines = []

    def show(self, lines: list[Text]) -> None:
        """Draw a picture."""
        from rich.control import Control
        from rich.segment import ControlType
        from rich.text import Text

        erase = Control((ControlType.ERASE_IN_LINE, 2))
        gone = [Text()] * (len(self._lines) - len(lines))
        with self._out:  # one write for all
            for place, line in enumerate([*lines, *gone]):
                if place >= len(self._lines) or self._lines[place] != line:
                    self._out.control(Control.move_to(0, place), erase)
                    self._out.print(line, end="", no_wrap=True, overflow="crop", crop=True)
        self._lines = lines


def _received(inbox: SimpleQueue[News | str], timeout_s: float | None) -> Iterator[News | str]:
    """Wait for something to come, and yield it with all that came meanwhile; of several news, only the last."""
    latest: News | None = None
    try:
        each = inbox.get(timeout=timeout_s)
        while True:
            if isinstance(each, News):
                latest = each
            else:
                yield each
            each = inbox.get_nowait()
    except Empty:
        pass
    if latest is not None:
        yield latest


@contextmanager
def _alternate_screen(out: Console) -> Iterator[None]:
    """Use the terminal's other screen, without a cursor, while the block runs; what was there returns."""
    _enter(out)
    try:
        yield
    finally:
        _leave(out)


def _enter(out: Console) -> None:
    out.set_alt_screen(True)
    out.show_cursor(False)


def _leave(out: Console) -> None:
    out.show_cursor(True)
    out.set_alt_screen(False)


@contextmanager
def _terminal_signals(out: Console, send: Callable[[str], object]) -> Iterator[None]:
    """Redraw at another size and after Ctrl-Z, and end in order, while the block runs. Main thread only."""
    if sys.platform == "win32":
        yield
        return

    def stop(*_: object) -> None:
        _leave(out)
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(*_: object) -> None:
        _enter(out)
        send(_RESIZED)

    handlers: dict[signal.Signals, Callable[..., object]] = {
        signal.SIGWINCH: lambda *_: send(_RESIZED),
        signal.SIGTSTP: stop,
        signal.SIGCONT: go_on,
        signal.SIGTERM: signal.default_int_handler,
        signal.SIGHUP: signal.default_int_handler,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
