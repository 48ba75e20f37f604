"""Finding devices: what a library does in the process that lists them, and what is remembered."""

from __future__ import annotations

import _ctypes
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from preheat.devices import Device, DeviceKind, discovery, find_devices, remembered_devices
from preheat.devices.device import DeviceReport
from preheat.files import sha256_of
from preheat.inference.processor import list_in_process
from preheat.paths import cache_dir
from tests.engine.devices.conftest import Fault, MakeLibrary

GIB = 1 << 30


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The device libraries of the installation; to be filled in."""
    libraries: list[Path] = []
    monkeypatch.setattr(discovery, "device_libraries", lambda: list(libraries))
    monkeypatch.setattr(discovery, "linked_backends", list)
    state = lambda: "\n".join(f"{path} {path.stat().st_mtime_ns}" for path in libraries)  # noqa: E731
    monkeypatch.setattr(discovery, "library_fingerprint", state)
    return libraries


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[list[Path]]:
    """The libraries of each listing; the processes start as usual."""
    seen: list[list[Path]] = []

    def listed(libraries: list[Path], limit_s: float, stop: threading.Event | None) -> object:
        seen.append(libraries)
        return list_in_process(libraries, limit_s, stop)

    monkeypatch.setattr(discovery, "list_in_process", listed)
    return seen


def codes(report: DeviceReport) -> list[tuple[str, object]]:
    return [(problem.code, problem.params.get("file")) for problem in report.problems]


def test_a_device_and_its_facts(installed: list[Path], make_library: MakeLibrary) -> None:
    installed.append(make_library("imaginary"))
    report = find_devices()
    assert report.problems == ()
    assert report.backends == ("imaginary",)
    [device] = report.devices
    expected = Device(
        "Imaginary0",
        "Imaginary card",
        DeviceKind.DISCRETE,
        "imaginary",
        4 * GIB,
        3 * GIB,
        device_id="0000:0a:00.0",
        library=device.library,
    )
    assert device == expected
    assert device.library


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.CRASHES, "device_library_crashes"),
        (Fault.EXITS, "device_library_crashes"),
        (Fault.FOREIGN, "device_library_foreign"),
        (Fault.NO_DEVICE, "device_library_without_device"),
    ],
)
def test_a_library_that_does_not_work_costs_only_its_devices(
    fault: Fault, code: str, installed: list[Path], make_library: MakeLibrary
) -> None:
    installed += [make_library("broken", fault), make_library("imaginary")]
    report = find_devices()
    assert [device.name for device in report.devices] == ["Imaginary0"]
    assert codes(report) == [(code, "libggml-broken.so")]


def test_a_library_that_is_none(installed: list[Path], make_library: MakeLibrary, tmp_path: Path) -> None:
    text = tmp_path / "libggml-text.so"
    text.write_text("no library")
    installed += [text, Path(_ctypes.__file__), make_library("imaginary")]
    report = find_devices()
    assert [code for code, _ in codes(report)] == ["device_library_refused", "device_library_foreign"]
    assert len(report.devices) == 1


def test_a_library_that_never_returns(make_library: MakeLibrary) -> None:
    listing = list_in_process([make_library("imaginary"), make_library("stuck", Fault.HANGS)], limit_s=5.0)
    assert [(problem.code, problem.params["file"]) for problem in listing.problems] == [
        ("device_library_hangs", "libggml-stuck.so")
    ]
    assert [device.name for device in listing.devices] == ["Imaginary0"]
    assert not listing.lasting


def test_a_listing_that_is_stopped_leaves_no_process(
    installed: list[Path], processes: list[list[Path]], make_library: MakeLibrary
) -> None:
    installed += [make_library("stuck", Fault.HANGS), make_library("imaginary")]
    before = set(psutil.Process().children())
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert find_devices(stop) == DeviceReport(backends=("stuck", "imaginary"))
    assert not set(psutil.Process().children()) - before
    assert len(processes) == 1
    assert remembered_devices() is None


def test_a_file_that_was_cut_off_is_not_loaded(
    installed: list[Path], processes: list[list[Path]], make_library: MakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_library("short")
    monkeypatch.setattr(discovery, "recorded_sums", {path: sha256_of(path)}.copy)
    path.write_bytes(path.read_bytes()[:9000])
    installed.append(path)
    assert codes(find_devices()) == [("device_library_damaged", "libggml-short.so")]
    assert processes == [[]]


def test_a_file_that_cannot_be_read_to_its_end_is_not_opened(
    installed: list[Path], make_library: MakeLibrary, tmp_path: Path
) -> None:
    pipe = tmp_path / "libggml-pipe.so"
    os.mkfifo(pipe)
    installed += [pipe, make_library("imaginary")]
    report = find_devices()
    assert codes(report) == [("device_library_damaged", "libggml-pipe.so")]
    assert len(report.devices) == 1


def test_without_libraries_nothing_starts(installed: list[Path], processes: list[list[Path]]) -> None:
    assert find_devices() == remembered_devices() == DeviceReport()
    assert processes == []


def test_what_was_found_is_remembered(
    installed: list[Path], processes: list[list[Path]], make_library: MakeLibrary
) -> None:
    installed += [make_library("imaginary"), make_library("broken", Fault.FOREIGN)]
    assert remembered_devices() is None
    found = find_devices()
    assert remembered_devices() == find_devices() == found
    assert len(processes) == 1


def replaced_library(library: Path, _patch: pytest.MonkeyPatch) -> None:
    library.touch()


def other_visible_devices(_library: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("GGML_VK_VISIBLE_DEVICES", "1")


def another_driver(library: Path, patch: pytest.MonkeyPatch) -> None:
    (library.parent / "driver.json").write_text("{}")
    patch.setenv("VK_DRIVER_FILES", str(library.parent / "driver.json"))


def a_driver_in_a_folder(library: Path, patch: pytest.MonkeyPatch) -> None:
    folder = library.parent / "vulkan" / "icd.d"
    folder.mkdir(parents=True)
    (folder / "driver.json").write_text("{}")
    patch.setenv("XDG_DATA_HOME", str(library.parent))


def an_edited_memory(_library: Path, _patch: pytest.MonkeyPatch) -> None:
    memory = cache_dir() / "devices.json"
    content = json.loads(memory.read_text())
    memory.write_text(json.dumps({key: {"devices": [{"name": "x"}]} for key in content}))


def a_size_that_is_none(_library: Path, _patch: pytest.MonkeyPatch) -> None:
    memory = cache_dir() / "devices.json"
    memory.write_text(memory.read_text().replace(str(4 * GIB), '"much"'))


@pytest.mark.parametrize(
    "change",
    [
        replaced_library,
        other_visible_devices,
        another_driver,
        a_driver_in_a_folder,
        an_edited_memory,
        a_size_that_is_none,
    ],
)
def test_devices_are_listed_again_after_a_change(
    change: Callable[[Path, pytest.MonkeyPatch], None],
    installed: list[Path],
    processes: list[list[Path]],
    make_library: MakeLibrary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed.append(make_library("imaginary"))
    find_devices()
    change(installed[0], monkeypatch)
    assert remembered_devices() is None
    assert len(find_devices().devices) == 1
    assert len(processes) == 2


def test_nothing_is_written_if_nothing_is_to_be_remembered(installed: list[Path], make_library: MakeLibrary) -> None:
    installed.append(make_library("imaginary"))
    find_devices(remember=False)
    assert remembered_devices() is None
