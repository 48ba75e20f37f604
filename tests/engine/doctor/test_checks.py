"""Each check with what it looks at in a real, broken state."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from preheat import paths, service
from preheat._version import __version__
from preheat.doctor.checks import CHECKS, desktop, port
from preheat.doctor.report import Finding, Level
from preheat.inference import processor
from preheat.inference.processor import Candidate, Outcome, ProcessorReport
from preheat.log import log_file
from preheat.messages import msg
from preheat.service import ServiceState
from preheat.settings import KeyStore, SettingsStore
from preheat.updates import Release, UpdateCheck
from preheat.usage import FILE_NAME, RequestRecord, UsageLog

FOUND = {check.name: check.look for check in CHECKS}

pytestmark = pytest.mark.usefixtures("preheat_home")


def look(name: str) -> dict[str, Finding]:
    """Run a check and return its findings by code."""
    return {finding.title.code: finding for finding in FOUND[name]()}


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_settings(text: str) -> Path:
    return write(paths.settings_path(), text)


def write_runtime_file(port: int, pid: int | None = None, version: str = __version__) -> Path:
    content = {"pid": os.getpid() if pid is None else pid, "host": "127.0.0.1", "port": port, "version": version}
    path = write(paths.runtime_file(), json.dumps(content))
    path.parent.chmod(0o700)
    path.chmod(0o600)
    return path


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that accepts connections and never answers."""
    monkeypatch.setattr(port, "ASK_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def web_server() -> Iterator[Callable[[dict[str, object]], int]]:
    """Start web servers that answer everything with one JSON object; return their port."""
    servers: list[HTTPServer] = []

    def start(answer: dict[str, object]) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


# -- port and engine --


def test_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        number = sock.getsockname()[1]
    write_settings(f"port = {number}")
    assert list(look("port")) == ["doctor_port_free"]


def test_a_port_of_a_program_that_does_not_answer_is_named(listener: socket.socket) -> None:
    number = listener.getsockname()[1]
    write_settings(f"port = {number}")
    finding = look("port")["doctor_port_silent"]
    assert finding.level is Level.BROKEN
    assert str(os.getpid()) in str(finding.title)
    assert f"preheat config set port {number + 1}" in finding.remedy


def test_a_port_of_another_program(web_server: Callable[[dict[str, object]], int]) -> None:
    write_settings(f"port = {web_server({'app': 'nginx'})}")
    assert look("port")["doctor_port_taken"].level is Level.BROKEN


def test_the_port_of_another_preheat(web_server: Callable[[dict[str, object]], int]) -> None:
    write_settings(f"port = {web_server({'app': 'preheat', 'pid': 1, 'version': '9.9'})}")
    finding = look("port")["doctor_port_other_preheat"]
    assert "9.9" in str(finding.title)


def test_the_own_port(web_server: Callable[[dict[str, object]], int]) -> None:
    number = web_server({"app": "preheat", "pid": os.getpid()})
    write_settings(f"port = {number}")
    write_runtime_file(number)
    assert list(look("port")) == ["doctor_port_ours"]


def test_another_program_on_the_other_loopback(
    web_server: Callable[[dict[str, object]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port, "ASK_S", 0.1)
    number = web_server({"app": "preheat", "pid": 2**22 + 1})
    try:
        other = socket.create_server(("::1", number), family=socket.AF_INET6)
    except OSError:
        pytest.fail("this test needs IPv6 on the loopback")
    with other:
        write_settings(f"port = {number}")
        assert look("port")["doctor_port_other_loopback"].level is Level.TO_DO


def test_an_address_of_another_machine() -> None:
    write_settings('host = "192.0.2.1"\napi_keys = ["abcdef"]')
    assert look("port")["doctor_cannot_listen"].level is Level.BROKEN


def test_no_running_preheat() -> None:
    assert look("engine")["doctor_not_running"].remedy


def test_a_running_preheat_that_does_not_answer(listener: socket.socket) -> None:
    write_runtime_file(listener.getsockname()[1])
    assert look("engine")["doctor_no_answer"].level is Level.BROKEN


def test_a_runtime_file_of_a_dead_process() -> None:
    write_runtime_file(1, pid=2**22 + 1)
    assert "doctor_not_running" in look("engine")
    assert look("private_files")["doctor_runtime_file_stale"].level is Level.GOOD


# -- files and folders --


def test_a_file_in_the_place_of_a_folder(preheat_home: Path) -> None:
    write(preheat_home / "data")
    finding = look("folders")["doctor_folder_no_folder"]
    assert finding.level is Level.BROKEN
    assert str(preheat_home / "data") in str(finding.title)


def test_a_folder_without_access(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.data_dir().mkdir()
    paths.data_dir().chmod(0o500)
    real = os.access  # the tests may run as root, who has access to everything
    monkeypatch.setattr(os, "access", lambda path, mode: real(path, mode) and Path(path) != paths.data_dir())
    assert look("folders")["doctor_folder_no_access"].level is Level.BROKEN


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give folders away")
def test_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong HOME must not lead to advice to take over the system's files."""
    monkeypatch.delenv("PREHEAT_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    config = tmp_path / "my $config" / "preheat"
    config.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.parent))
    os.chown(config, 12345, 12345)
    assert (
        look("folders")["doctor_folder_of_other"].remedy
        == "Give it back: sudo chown -R \"$USER\" ~/'my $config/preheat'"
    )

    os.chown(tmp_path, 12345, 12345)
    found = look("folders")
    assert "doctor_folder_of_other" not in found
    assert "chown" not in found["doctor_folder_not_ours"].remedy


def test_what_others_can_read() -> None:
    KeyStore().create("laptop")
    paths.keys_file().chmod(0o644)
    write_settings('api_keys = ["abcdef"]').chmod(0o644)
    assert "chmod 600" in look("private_files")["doctor_file_open"].remedy
    assert look("settings")["doctor_settings_readable"].level is Level.TO_DO


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [{"name": "x"}]}', '{"keys": 7}'])
def test_a_damaged_file_of_keys(content: str) -> None:
    write(paths.keys_file(), content)
    finding = look("private_files")["doctor_keys_unreadable"]
    assert (finding.level, finding.title.params["reason"]) == (Level.BROKEN, "it is damaged")


def test_a_runtime_folder_that_others_can_write() -> None:
    paths.runtime_dir().mkdir()
    paths.runtime_dir().chmod(0o777)
    assert look("private_files")["runtime_folder_unsafe"].level is Level.BROKEN


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "huge"])
def test_hostile_things_in_the_place_of_each_file(kind: str) -> None:
    files = [paths.settings_path(), paths.keys_file(), paths.runtime_file(), log_file(), paths.data_dir() / FILE_NAME]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "link":
            path.symlink_to(path)
        else:
            with path.open("wb") as file:
                file.truncate(1 << 32)
    began = time.monotonic()
    for name in ("settings", "private_files", "engine", "log", "database", "models", "port", "memory"):
        levels = {finding.level for finding in look(name).values()}
        if name in ("settings", "database"):
            assert Level.BROKEN in levels, name
    assert time.monotonic() - began < 60


# -- settings --


def test_wrong_settings_are_listed_one_by_one() -> None:
    write_settings('theme = "purple"\nport = 99999999\nnothing = 1')
    found = [finding for finding in FOUND["settings"]() if finding.level is Level.BROKEN]
    assert [finding.title.code for finding in found] == [
        "doctor_settings_ignored",
        "setting_invalid",
        "setting_invalid",
        "setting_unknown_at",
    ]
    assert "line 1" in str(found[1].title)


def test_the_last_good_settings_apply() -> None:
    SettingsStore().set({"port": "12345"})
    SettingsStore().load()
    write_settings("port = [")
    assert "doctor_settings_wrong" in look("settings")
    assert look("port")["doctor_port_free"].title.params["port"] == 12345


def test_variables_are_named_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_API_KEYS", "secretsecret")
    assert look("settings")["doctor_settings_default"].details == ("from the environment: PREHEAT_API_KEYS",)


# -- models, downloads and cache --


def test_models_by_source_and_what_is_wrong_with_the_others(embedding_model: Path) -> None:
    folder = paths.models_dir()
    folder.mkdir(parents=True)
    (folder / embedding_model.name).symlink_to(embedding_model)
    write(folder / "broken.gguf", "GGUF and nothing else")
    (folder / "gone.gguf").symlink_to("nowhere")
    write_settings('favourites = ["missing-model"]')
    found = look("models")
    assert found["doctor_models"].title.params["count"] == 1
    assert found["doctor_models"].details[0].startswith("preheat: 1")
    assert len(found["doctor_models_problems"].details) == 2
    assert found["doctor_favourites_missing"].title.params["names"] == ["missing-model"]
    assert not paths.cache_dir().exists()  # the look wrote nothing


def test_downloads_that_do_not_continue() -> None:
    part = write(paths.models_dir() / ".downloads" / "x" / "a.part", "x" * 1_000_000)
    assert look("cache")["doctor_downloads_open"].level is Level.GOOD
    old = time.time() - 30 * 86_400
    os.utime(part, (old, old))
    assert look("cache")["doctor_downloads_old"].level is Level.TO_DO


def test_the_size_of_the_cache() -> None:
    write(paths.cache_dir() / "wheels" / "one.whl", "x" * 1_500_000)
    assert look("cache")["doctor_cache"].details == ("wheels: 1.5 MB",)


# -- database --


def record_usage() -> Path:
    log = UsageLog()
    log.record(RequestRecord("m", time.time(), "hit", 0.0, None, 1, 1, "client", 0.0))  # type: ignore[arg-type]
    assert log.write_pending()
    log.close()
    return paths.data_dir() / FILE_NAME


def test_a_whole_database_is_read_without_a_trace() -> None:
    path = record_usage()
    before = sorted((each.name, each.stat().st_mtime_ns) for each in path.parent.iterdir())
    assert look("database")["doctor_database"].title.params["requests"] == 1
    assert sorted((each.name, each.stat().st_mtime_ns) for each in path.parent.iterdir()) == before


def test_a_damaged_database() -> None:
    path = record_usage()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    assert look("database")["doctor_database_damaged"].level is Level.BROKEN


def test_a_foreign_database_and_one_moved_aside() -> None:
    path = paths.data_dir() / FILE_NAME
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    write(path.with_name(f"{FILE_NAME}.corrupt-20260101T000000Z"))
    found = look("database")
    assert found["doctor_database_damaged"].level is Level.BROKEN
    assert found["doctor_database_aside"].level is Level.TO_DO


# -- log and clock --


def test_internal_errors_in_the_log() -> None:
    line = (
        "2026-11-29T07:00:00+0000 ERROR   preheat.bugs: internal error deadbeef: encoding failed: ValueError at a:1\n"
    )
    write(log_file(), line)
    finding = look("log")["doctor_log_bugs"]
    assert (finding.level, "deadbeef" in finding.details[0]) == (Level.TO_DO, True)


def test_a_clock_that_was_set_back() -> None:
    ahead = time.time() + 86_400
    os.utime(write(log_file()), (ahead, ahead))
    assert look("clock")["doctor_clock_set_back"].level is Level.TO_DO


def test_a_clock_at_its_factory_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert look("clock")["doctor_clock_past"].level is Level.BROKEN


# -- processor and devices --


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


def test_a_backend_without_the_systems_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise OSError

    monkeypatch.setattr(processor, "device_libraries", lambda: [Path("/lib/libggml-vulkan.so")])
    monkeypatch.setattr(ctypes, "CDLL", missing)
    found = look("devices")
    assert found["doctor_backends"].title.params["names"] == ["vulkan"]
    assert found["doctor_no_vulkan_loader"].level is Level.TO_DO


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
