from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preheat.service import Definition, ServiceError, notify
from preheat.service.base import Done
from preheat.service.systemd import SystemdService, quoted, unit

SYSTEMD = {
    "show --property=Version": Done(0, "Version=252\n", ""),
    "daemon-reload": Done(0, "", ""),
    "enable preheat.service": Done(0, "", ""),
    "restart preheat.service": Done(0, "", ""),
    "disable --now preheat.service": Done(0, "", ""),
    "reset-failed preheat.service": Done(1, "", "Failed to reset failed state"),
}
RUNNING = (
    "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=42\nFragmentPath=/u/unit\n"
)
WORDS = st.text(st.characters(exclude_characters="\0", codec="utf-8")) | st.binary().map(
    lambda raw: os.fsdecode(raw.replace(b"\0", b""))
)


class Systemd:
    """Answers like systemctl and loginctl, and notes what it was asked."""

    def __init__(self, answers: dict[str, Done], shown: str = RUNNING) -> None:
        self.answers = {**SYSTEMD, **answers}
        self.shown = shown
        self.asked: list[str] = []

    def __call__(self, command: Sequence[str]) -> Done:
        words = " ".join(command)
        if words.startswith("loginctl"):
            self.asked.append(words)
            return self.answers.get(words, Done(0, "no\n", ""))
        asked = words.removeprefix("systemctl --user --no-pager ")
        self.asked.append(asked)
        if asked.startswith("show --property=LoadState"):
            return Done(0, self.shown, "")
        return self.answers[asked]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_USER", raising=False)
    return tmp_path / "systemd" / "user" / "preheat.service"


def definition(*command: str, **environment: str) -> Definition:
    return Definition(command or ("/usr/bin/preheat", "serve"), environment, 5.0)


def split(line: str) -> list[str]:
    """Return the words of a line as systemd's extract_first_word does, for words in double quotes."""
    words = []
    while line:
        assert line[0] == '"'
        word, at = bytearray(), 1
        while line[at] != '"':
            if line[at] == "\\" and line[at + 1] == "x":
                word.append(int(line[at + 2 : at + 4], 16))
                at += 4
                continue
            at += line[at] == "\\"
            word += line[at].encode()
            at += 1
        # Then the specifiers: a percent sign of the word is doubled, and nothing else starts one.
        text = os.fsdecode(bytes(word))
        assert re.fullmatch(r"([^%]|%%)*", text, re.DOTALL)
        words.append(text.replace("%%", "%"))
        line = line[at + 1 :].removeprefix(" ")
    return words


@given(st.lists(WORDS, min_size=1))
@example(["a b", "$HOME", "${x}", "100%n", '"', "'", "\\", "\\n", "new\nline", ";", "", "é\u2028\x7f\x85", "#", "-"])
def test_every_word_survives_the_unit(words: list[str]) -> None:
    line = " ".join(map(quoted, words))
    assert "\n" not in line
    assert "\r" not in line
    assert split(line) == words
    line.encode()  # systemd refuses lines that are not UTF-8


@pytest.mark.parametrize("program", ["/opt/it's/preheat", '/a"b', "/a\\b", "/a\nb"])
def test_a_program_with_a_path_that_systemd_refuses_runs_through_a_shell(program: str) -> None:
    line = next(line for line in unit(definition(program, "serve")).splitlines() if line.startswith("ExecStart="))
    words = split(line.removeprefix("ExecStart="))
    assert words == [":/bin/sh", "-c", 'exec "$0" "$@"', program, "serve"]
    assert subprocess.run([words[0][1:], *words[1:3], "/bin/echo", "a  b"], capture_output=True).stdout == b"a  b\n"


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is on Linux only")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "pre heat % $HOME é"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    file = tmp_path / "preheat.service"
    file.write_text(unit(definition(str(program), "--set", 'a=["b c;"]', PREHEAT_HOME="/x y%z$")))
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)], capture_output=True, text=True, env=environ
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_grace_of_requests_is_the_services(config: Path) -> None:
    assert "TimeoutStopSec=75\n" in unit(Definition(("/p",), {}, 60.0))


def test_a_variable_that_systemd_ignores_is_an_error() -> None:
    with pytest.raises(ServiceError, match="PREHEAT_HOME"):
        unit(definition(PREHEAT_HOME="/a\x1b"))


def test_install_writes_enables_and_starts(config: Path) -> None:
    systemd = Systemd({})
    SystemdService(systemd).install(definition())
    assert systemd.asked == [
        "show --property=Version",
        "daemon-reload",
        "enable preheat.service",
        "restart preheat.service",
    ]
    assert 'ExecStart=":/usr/bin/preheat" "serve"\n' in config.read_text()
    SystemdService(systemd).install(definition("/new"), start=False)  # replaces its own unit
    assert '":/new"' in config.read_text()
    assert systemd.asked[-1] == "enable preheat.service"


def test_a_unit_of_the_user_is_not_overwritten(config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.write_text("[Service]\n")
    with pytest.raises(ServiceError, match="not written by Preheat"):
        SystemdService(Systemd({})).install(definition())
    assert config.read_text() == "[Service]\n"


def test_without_a_manager_nothing_is_written(config: Path) -> None:
    no_bus = Systemd({"show --property=Version": Done(1, "", "Failed to connect to bus: No medium found\n")})
    with pytest.raises(ServiceError, match=r"cannot be reached.*No medium found"):
        SystemdService(no_bus).install(definition())
    assert not config.exists()


def test_sudo_is_refused(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "me")
    with pytest.raises(ServiceError, match="without sudo"):
        SystemdService(Systemd({})).install(definition())


def test_a_failed_start_is_explained(config: Path) -> None:
    failed = RUNNING.replace("active\nSubState=running", "failed\nSubState=failed")
    systemd = Systemd({"restart preheat.service": Done(1, "", "Job failed.")}, failed)
    with pytest.raises(ServiceError, match=r"failed \(failed\).*journalctl"):
        SystemdService(systemd).install(definition())


def test_linger(config: Path) -> None:
    SystemdService(systemd := Systemd({})).linger()
    assert systemd.asked == ["loginctl enable-linger"]
    refusing = Systemd({"loginctl enable-linger": Done(1, "", "Could not enable linger: Access denied")})
    with pytest.raises(ServiceError, match="Access denied"):
        SystemdService(refusing).linger()


def test_status_and_remove(config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.write_text("x")
    service = SystemdService(systemd := Systemd({}))
    now = service.status()
    assert (now.installed, now.enabled, now.running, now.pid, now.linger) == (True, True, True, 42, False)
    assert now.state == "active (running)"
    assert service.remove()
    assert "disable --now preheat.service" in systemd.asked
    assert not config.exists()
    systemd.shown = "LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n"
    assert not service.status().installed
    assert not service.remove()


@pytest.mark.parametrize("make", [lambda folder: f"{folder}/socket", lambda folder: f"@preheat-test-{os.getpid()}"])
def test_systemd_learns_that_the_port_is_open(
    make: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address.replace("@", "\0"))
        notify("READY=1")
        assert receiver.recv(100) == b"READY=1"
    notify("READY=1")  # nothing listens: no error
