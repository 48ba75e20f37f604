"""The service on Windows: a task of the Task Scheduler that starts when the user logs on.

Services of Windows proper need an administrator and know neither the user's folders nor keys.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path, PureWindowsPath
from typing import Final
from xml.etree import ElementTree as ET

from preheat.messages import msg
from preheat.service.base import Definition, Run, ServiceError, ServiceState, checked, run_program

TASK: Final = "Preheat"
_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_STATES: Final = {0: "unknown", 1: "disabled", 2: "queued", 3: "ready", 4: "running"}

# The words of schtasks depend on the language of Windows, numbers do not.
_QUERY: Final = (
    *("powershell.exe", "-NoProfile", "-NonInteractive", "-Command"),
    f"[int](Get-ScheduledTask -TaskName '{TASK}' -TaskPath '\\' -ErrorAction Stop).State",
)


class ScheduledTask:
    """The task ``Preheat`` of this user. No administrator is needed."""

    def __init__(self, run: Run = run_program, user: str | None = None) -> None:
        self._run = run
        self._user = _user() if user is None else user

    def install(self, definition: Definition, *, start: bool = True) -> None:
        """See ``Service``."""
        if self.status().running:
            self._schtasks("/End", "/TN", TASK)
        content = task(definition, self._user)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "preheat-task.xml"
            file.write_text(content, encoding="utf-16")
            self._schtasks("/Create", "/TN", TASK, "/XML", str(file), "/F")
        if start:
            self._schtasks("/Run", "/TN", TASK)

    def linger(self) -> None:
        """See ``Service``. A task without a login needs the user's password or an administrator."""
        raise ServiceError(msg("service_always_unsupported", command="preheat serve"))

    def remove(self) -> bool:
        """See ``Service``."""
        now = self.status()
        if now.running:
            self._schtasks("/End", "/TN", TASK)
        if now.installed:
            self._schtasks("/Delete", "/TN", TASK, "/F")
        return now.installed

    def status(self) -> ServiceState:
        """See ``Service``."""
        done = self._run(_QUERY)
        number = int(done.output) if done.code == 0 and done.output.strip().isdecimal() else None
        return ServiceState(
            "Task Scheduler",
            installed=number is not None,
            enabled=number is not None and number != 1,
            running=number == 4,
            state=_STATES.get(number, "unknown") if number is not None else "",
            file=f"\\{TASK}" if number is not None else "",
        )

    def _schtasks(self, *arguments: str) -> None:
        checked(self._run, ("schtasks.exe", *arguments))


def task(definition: Definition, user: str) -> str:
    """Return the task as XML. Pure. See "Task Scheduler Schema" in Microsoft's documentation.

    The environment is left out: tasks get the user's permanent one, and have none of their own.

    Raises:
        ServiceError: XML cannot carry a character of it.
    """
    root = ET.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    _add(root, "RegistrationInfo", Description="Preheat, local models ready before they are requested")
    _add(ET.SubElement(root, "Triggers"), "LogonTrigger", Enabled="true", UserId=user)
    principal = _add(
        ET.SubElement(root, "Principals"),
        "Principal",
        UserId=user,
        LogonType="InteractiveToken",
        RunLevel="LeastPrivilege",
    )
    principal.set("id", "Author")
    settings = _add(
        root,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",
        ExecutionTimeLimit="PT0S",  # none; the default is three days
        Priority="6",  # the default, 7, also lowers the priority of disk access
    )
    _add(settings, "RestartOnFailure", Interval="PT1M", Count="10")
    actions = ET.SubElement(root, "Actions", {"Context": "Author"})
    # Windows 10 1809 and later; elsewhere a console window would stay open.
    arguments = subprocess.list2cmdline(("--headless", *definition.command))
    # Not the user's home, from which ``python -m`` would import.
    folder = str(PureWindowsPath(definition.command[0]).parent)
    _add(actions, "Exec", Command="conhost.exe", Arguments=arguments, WorkingDirectory=folder)
    return ET.tostring(root, encoding="unicode")


def _add(parent: ET.Element, name: str, **texts: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    for key, text in texts.items():
        if _NOT_IN_XML.search(text):
            raise ServiceError(msg("service_unusable_text", what=key, reason=msg("path_control_character")))
        ET.SubElement(element, key).text = text
    return element


def _user() -> str:
    return "\\".join(filter(None, (os.environ.get("USERDOMAIN"), os.environ.get("USERNAME"))))
