"""Expects an error by its message code rather than by its English text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from preheat.errors import EngineError


@contextmanager
def raises(kind: type[EngineError], code: str, **params: Any) -> Iterator[None]:
    """Expect an error of this kind with this message code and at least these parameters."""
    with pytest.raises(kind) as caught:
        yield
    message = caught.value.message
    assert message.code == code, caught.value
    given = {name: message.params.get(name) for name in params}
    # A reason may be a message; tests name it by its words.
    assert {name: str(it) if isinstance(params[name], str) else it for name, it in given.items()} == params
