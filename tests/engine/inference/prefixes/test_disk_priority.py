"""The disk priority of a thread."""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from typing import Any

import psutil
import pytest

from preheat.inference.prefixes import lower_disk_priority


def in_thread() -> tuple[bool, Any]:
    """Return whether it was lowered in a new thread, and the priority there then."""
    outcomes: list[tuple[bool, Any]] = []

    def run() -> None:
        lowered = lower_disk_priority()
        outcomes.append((lowered, psutil.Process(threading.get_native_id()).ionice().ioclass))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcomes[0]


def test_only_the_calling_thread_is_lowered() -> None:
    before = psutil.Process().ionice()
    assert in_thread() == (True, psutil.IOPRIO_CLASS_IDLE)
    assert psutil.Process().ionice() == before


def test_an_unknown_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    assert not lower_disk_priority()


class Fake:
    """A library that notes calls; any function returns ``result``."""

    def __init__(self, result: int) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._result = result

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: int) -> int:
            self.calls.append((name, *arguments))
            return self._result

        return call


def test_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Fake(0)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    assert lower_disk_priority()
    assert library.calls == [("setiopolicy_np", 0, 1, 3)]


def test_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Fake(-2)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", type("windll", (), {"kernel32": kernel}), raising=False)
    assert lower_disk_priority()
    assert kernel.calls == [("GetCurrentThread",), ("SetThreadPriority", -2, 0x10000)]
