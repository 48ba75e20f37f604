"""Exceptions that mean lack of memory, and bugs."""

from __future__ import annotations

import errno

import pytest

from bug_watch import BugWatch
from preheat.bugs import failure_of
from preheat.errors import InsufficientMemoryError, InternalError, ModelNotFoundError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        ImportError("libssl.so.3: failed to map segment from shared object"),
        ImportError("libllama.so: cannot allocate memory in static TLS block"),
    ],
)
def test_lack_of_memory_is_no_bug(error: Exception) -> None:
    assert isinstance(failure_of("a test", error), InsufficientMemoryError)


@pytest.mark.parametrize("error", [RuntimeError("secret"), OSError(errno.ENOENT, "secret"), ImportError("secret")])
def test_everything_else_is_one(error: Exception, bugs: BugWatch) -> None:
    failed = failure_of("a test", error)
    assert isinstance(failed, InternalError)
    assert "secret" not in str(failed)
    assert len(bugs.take()) == 1


def test_expected_errors_stay() -> None:
    expected = ModelNotFoundError("No such model")
    assert failure_of("a test", expected) is expected
