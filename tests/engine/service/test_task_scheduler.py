from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.service import Definition, ServiceError, service
from preheat.service.base import Done
from preheat.service.launchd import LaunchdService
from preheat.service.systemd import SystemdService
from preheat.service.task_scheduler import ScheduledTask, task

NAMES = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
MISSING = Done(1, "", "Get-ScheduledTask : No MSFT_ScheduledTask objects found")


class Windows:
    """Answers like schtasks and PowerShell."""

    def __init__(self, state: Done, code: int = 0) -> None:
        self.state = state
        self.code = code
        self.asked: list[str] = []
        self.written = ""

    def __call__(self, command: Sequence[str]) -> Done:
        if command[0] == "powershell.exe":
            return self.state
        self.asked.append(" ".join(part for part in command[1:] if not part.endswith(".xml")))
        if "/Create" in command:
            self.written = Path(command[command.index("/XML") + 1]).read_text(encoding="utf-16")
        return Done(self.code, "", "ERROR: Access is denied." if self.code else "")


def definition(*command: str) -> Definition:
    return Definition(command or ("C:\\Program Files\\Preheat\\preheat.exe", "serve"), {"PREHEAT_HOME": "C:\\h"}, 5.0)


def arguments_of(line: str) -> list[str]:
    """Return the arguments as CommandLineToArgvW reads them."""
    words, word, quoted, at = [], "", False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        at += slashes
        if at < len(line) and line[at] == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            at += 1
            continue
        word += "\\" * slashes
        if at < len(line):
            if line[at] in " \t" and not quoted:
                words.append(word)
                word = ""
            else:
                word += line[at]
            at += 1
    return [*words, word]


def text(xml: str, path: str) -> str:
    found = ET.fromstring(xml).find("/".join(f"t:{part}" for part in path.split("/")), NAMES)
    assert found is not None
    return found.text or ""


@given(st.lists(WORDS, min_size=1))
def test_every_word_survives_the_task(words: list[str]) -> None:
    xml = task(definition(*words), "PC\\me")
    assert text(xml, "Actions/Exec/Command") == "conhost.exe"
    assert arguments_of(text(xml, "Actions/Exec/Arguments")) == ["--headless", *words]


def test_the_task_runs_for_ever_and_without_rights() -> None:
    xml = task(definition(), "PC\\me")
    assert text(xml, "Settings/ExecutionTimeLimit") == "PT0S"
    assert text(xml, "Settings/DisallowStartIfOnBatteries") == "false"
    assert text(xml, "Triggers/LogonTrigger/UserId") == "PC\\me"
    assert text(xml, "Principals/Principal/RunLevel") == "LeastPrivilege"
    assert text(xml, "Actions/Exec/WorkingDirectory") == "C:\\Program Files\\Preheat"


def test_a_character_that_xml_lacks_is_an_error() -> None:
    with pytest.raises(ServiceError, match="Arguments cannot be written"):
        task(definition("a\x01"), "me")


def test_install_replaces_and_starts_the_task() -> None:
    windows = Windows(Done(0, "4\n", ""))
    ScheduledTask(windows, "PC\\me").install(definition())
    assert windows.asked == ["/End /TN Preheat", "/Create /TN Preheat /XML /F", "/Run /TN Preheat"]
    assert "LogonTrigger" in windows.written
    new = Windows(MISSING)
    ScheduledTask(new, "me").install(definition(), start=False)
    assert new.asked == ["/Create /TN Preheat /XML /F"]


def test_status_and_remove() -> None:
    windows = Windows(Done(0, "4\n", ""))
    mine = ScheduledTask(windows, "me")
    now = mine.status()
    assert (now.installed, now.enabled, now.running, now.state) == (True, True, True, "running")
    assert mine.remove()
    assert windows.asked == ["/End /TN Preheat", "/Delete /TN Preheat /F"]
    windows.state = Done(0, "1\n", "")
    assert (mine.status().enabled, mine.status().running) == (False, False)
    windows.state = MISSING
    assert not mine.remove()


def test_refusals_are_errors() -> None:
    with pytest.raises(ServiceError, match="Access is denied"):
        ScheduledTask(Windows(MISSING, code=1), "me").install(definition())
    with pytest.raises(ServiceError, match="only after the user has logged in"):
        ScheduledTask(Windows(MISSING), "me").linger()


def test_every_system_has_its_service() -> None:
    kinds = {platform: type(service(platform)) for platform in ("linux", "darwin", "win32")}
    assert kinds == {"linux": SystemdService, "darwin": LaunchdService, "win32": ScheduledTask}


def test_a_missing_manager_names_the_command(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServiceError, match=r"systemctl is missing.*preheat serve"):
        service("linux").status()
