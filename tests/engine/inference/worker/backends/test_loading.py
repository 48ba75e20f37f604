"""Loading the processor's library: one that does not load is passed over, and the reason is kept."""

from __future__ import annotations

import _ctypes
from collections.abc import Mapping
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.inference.processor import Choice
from preheat.inference.worker.backends import load_device_backends, load_processor_backend, loading
from preheat.messages import msg

ANY_LIBRARY = Path(_ctypes.__file__)
"""A shared library that is no backend."""


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "processor_device", lambda: None)


def test_libraries_that_do_not_load_are_refused(
    nothing_loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "libggml-cpu-zen4.so"
    text.write_text("no library")
    files = {"zen4": text, "haswell": ANY_LIBRARY}
    seen: list[dict[str, str]] = []

    def choose(refused: Mapping[str, str]) -> Choice:
        seen.append(dict(refused))
        for variant, path in files.items():
            if variant not in refused:
                return Choice(variant, path, ())
        raise ModelLoadError(msg("processor_unsupported"))

    monkeypatch.setattr(loading, "choose", choose)
    with pytest.raises(ModelLoadError):
        load_processor_backend()
    assert [list(refused) for refused in seen] == [[], ["zen4"], ["zen4", "haswell"]]
    assert text.name in seen[1]["zen4"]
    assert seen[2]["haswell"] == ""


def test_a_loaded_or_linked_library_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    load_processor_backend()
    monkeypatch.setattr(loading, "choose", None)
    load_processor_backend()


def test_another_device_that_does_not_load_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "device_libraries", lambda: [ANY_LIBRARY])
    load_device_backends()
    assert f"{ANY_LIBRARY.name} does not load" in caplog.text


def test_a_function_that_ggml_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no_such_function"):
        loading.ggml_function("no_such_function", None)
