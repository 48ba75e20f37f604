"""Loading the processor's library: one that does not load is passed over, and the reason is kept."""

from __future__ import annotations

import _ctypes
import ctypes
from collections.abc import Mapping
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.inference.processor import Choice
from preheat.inference.worker.backends import ModelDevices, devices, load_processor_backend, loading
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
    monkeypatch.setattr(devices, "device_libraries", lambda: [ANY_LIBRARY])
    assert ModelDevices(["Vulkan0"]).names == ()
    assert f"{ANY_LIBRARY.name} does not load" in caplog.text
    assert "device Vulkan0 is not there" in caplog.text


def test_a_model_without_devices_loads_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "device_libraries", None)
    chosen = ModelDevices(())
    assert chosen.names == ()
    assert ctypes.c_void_p.from_address(chosen.native).value is None


def test_only_the_library_of_the_device_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    registered = {"CPU": 1}

    def load(path: Path) -> bool:
        loaded.append(path.name)
        registered["Other1"] = 2
        return True

    monkeypatch.setattr(devices, "device_libraries", lambda: [Path("libggml-cuda.so"), Path("libggml-other.so")])
    monkeypatch.setattr(devices, "load_backend", load)
    monkeypatch.setattr(devices, "device_handles", lambda: list(registered.values()))
    monkeypatch.setattr(devices, "device_name", {handle: name for name, handle in [("CPU", 1), ("Other1", 2)]}.get)
    chosen = ModelDevices(["Other1"])
    assert (chosen.names, loaded) == (("Other1",), ["libggml-other.so"])
    native = (ctypes.c_void_p * 2).from_address(chosen.native)
    assert list(native) == [2, None]


def test_a_function_that_ggml_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no_such_function"):
        loading.ggml_function("no_such_function", None)
