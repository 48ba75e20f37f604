"""The checks of processor, devices, services, desktop and installed copies."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from preheat import devices, service
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.doctor.checks import desktop
from preheat.doctor.report import Level
from preheat.inference import processor
from preheat.inference.processor import Candidate, Outcome, ProcessorReport
from preheat.messages import msg
from preheat.service import ServiceState
from preheat.updates import Release, UpdateCheck
from tests.engine.doctor.single_checks import look, write

pytestmark = pytest.mark.usefixtures("preheat_home")


def test_the_library_for_the_processor_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = (
        Candidate("zen4", 0, Outcome.FAILED, "SIGILL"),
        Candidate("haswell", 64, Outcome.PROVEN),
        Candidate("sse42", 8, Outcome.NOT_NEEDED),
        Candidate("x64", 1, Outcome.NOT_NEEDED),
    )
    report = ProcessorReport("A processor", (), "haswell", candidates)
    monkeypatch.setattr(processor, "processor_report", lambda: report)
    monkeypatch.setattr(processor, "damaged_library", lambda: Path("/lib/libggml.so"))
    found = look("processor")
    assert str(found["doctor_processor"].title) == "A processor"
    assert found["doctor_library"].details == ("failed: zen4 (SIGILL)", "proven: haswell", "not needed: sse42, x64")
    assert found["doctor_library_failed"].level is Level.TO_DO
    assert found["doctor_library_damaged"].title.params["file"] == "libggml.so"


@pytest.mark.parametrize(
    ("features", "code"),
    [
        (("SSE3", "AVX2", "FMA"), "doctor_library_single"),
        (("AVX2", "AVX512", "AMX_INT8"), "doctor_library_native"),
    ],
)
def test_a_library_that_is_linked_in(monkeypatch: pytest.MonkeyPatch, features: tuple[str, ...], code: str) -> None:
    report = ProcessorReport("A processor", (), None, linked=features)
    monkeypatch.setattr(processor, "processor_report", lambda: report)
    monkeypatch.setattr(processor, "damaged_library", lambda: None)
    found = look("processor")
    assert found[code].level is Level.GOOD
    assert found[code].details == (f"for processors with {', '.join(features)}",)


def test_a_processor_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    report = ProcessorReport("Old", ("sse4.2",), None, problem=msg("processor_unsupported"))
    monkeypatch.setattr(processor, "processor_report", lambda: report)
    monkeypatch.setattr(processor, "damaged_library", lambda: None)
    found = look("processor")
    assert found["doctor_processor_old"].level is found["processor_unsupported"].level is Level.BROKEN


@pytest.mark.parametrize("has_card", [True, False])
def test_a_backend_without_the_systems_loader(has_card: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = DeviceReport(problems=(msg("vulkan_no_loader"),), backends=("vulkan",))
    monkeypatch.setattr(devices, "find_devices", lambda **_: report)
    monkeypatch.setattr("preheat.doctor.checks.devices.CARDS", tmp_path)
    if has_card:
        (tmp_path / "card0" / "device").mkdir(parents=True)
        (tmp_path / "card0" / "device" / "vendor").write_text("0x10de\n")
    found = look("devices")
    assert found["devices_unused"].details == (("graphics card: NVIDIA (card0)",) if has_card else ())
    assert ("vulkan_no_loader" in found) == has_card


def test_a_device_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 1, 1, driver="1.2")
    report = DeviceReport((card,), backends=("vulkan",))
    monkeypatch.setattr(devices, "find_devices", lambda **_: report)
    [used] = look("devices").values()
    assert (used.level, str(used.title)) == (Level.GOOD, "Models use Imaginary card")
    assert used.details[-1] == "Vulkan0: Imaginary card (discrete, 1.2): it has memory of its own"


def test_an_integrated_gpu_is_not_used_before_it_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device("Vulkan0", "Imaginary graphics", DeviceKind.INTEGRATED, "vulkan", 1, 1)
    monkeypatch.setattr(devices, "find_devices", lambda **_: DeviceReport((card,), backends=("vulkan",)))
    [unused] = look("devices").values()
    assert unused.title.code == "devices_unused"
    assert "was not measured" in unused.details[-1]


# -- installation, updates and service --


def test_a_newer_version_that_is_known() -> None:
    UpdateCheck("https://example.org", fetch=lambda _: Release("99.0", "https://example.org")).check_now()
    finding = look("updates")["doctor_update_available"]
    assert (finding.level, finding.title.params["version"]) == (Level.TO_DO, "99.0")
    assert finding.remedy


def test_a_service_that_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped:
        def status(self) -> ServiceState:
            return ServiceState("systemd", installed=True, enabled=False, state="failed", file="/unit")

    monkeypatch.setattr(service, "service", Stopped)
    found = look("service")
    assert found["doctor_service_stopped"].details == ("systemd: failed", "/unit")
    assert found["doctor_service_disabled"].level is Level.TO_DO


# -- desktop --


def test_an_entry_for_the_login_whose_command_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    entry = tmp_path / "autostart" / "preheat.desktop"
    write(entry, '[Desktop Entry]\nExec="/gone/old copy/preheat-tray" --login %u\n')
    finding = look("autostart")["doctor_autostart_dangling"]
    assert finding.title.params["program"] == "/gone/old copy/preheat-tray"
    write(entry, f"[Desktop Entry]\nExec={sys.executable} -m preheat tray --login\n")
    assert list(look("autostart")) == ["doctor_autostart_on"]
    write(entry, "[Desktop Entry]\nExec=/bin/sh -c preheat\n")
    assert "doctor_autostart_other" in look("autostart")


def test_a_machine_without_a_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert list(look("tray")) == ["doctor_no_desktop"]


def test_libraries_that_windows_need(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ldd = write(
        tmp_path / "ldd", "#!/bin/sh\necho '\tlibEGL.so.1 => not found'; echo '\tlibc.so.6 => /lib/libc.so.6 (0x1)'\n"
    )
    ldd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert look("tray")["doctor_no_desktop"].details == ("libraries that windows would need: libEGL.so.1",)
    monkeypatch.setenv("DISPLAY", ":9999")
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "fedora"})
    finding = look("tray")["doctor_qt_libraries"]
    assert (finding.level, finding.title.params["libraries"]) == (Level.BROKEN, ["libEGL.so.1"])
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu", "ID_LIKE": "debian"})
    assert look("tray")["doctor_qt_libraries_debian"].remedy == "sudo apt install libegl1"


def test_the_debian_packages_of_libraries() -> None:
    names = ["libX11.so.6", "libdbus-1.so.3", "libgthread-2.0.so.0", "libxcb-cursor.so.0", "libxkbcommon-x11.so.0"]
    packages = ["libdbus-1-3", "libglib2.0-0", "libx11-6", "libxcb-cursor0", "libxkbcommon-x11-0"]
    assert desktop.debian_packages(names) == packages


def test_a_desktop_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DISPLAY", ":9999")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    assert look("tray")["doctor_desktop_unreachable"].level is Level.TO_DO


def test_another_copy_comes_first_in_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = write(tmp_path / "bin" / "preheat", "#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}{os.pathsep}{os.environ['PATH']}")
    assert look("installation")["doctor_other_copies"].details == (str(other),)
