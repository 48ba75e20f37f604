from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.service import Definition, ServiceError
from preheat.service.base import Done
from preheat.service.launchd import LaunchdService, agent

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)
OK = Done(0, "", "")
PRINTED = (
    "gui/501/org.preheat.serve = {\n\tactive count = 1\n\tstate = running\n\n\tpid = 77\n\tjob state = running\n}\n"
)
DEFINITION = Definition(("/Applications/Preheat.app/x y", "serve"), {"PREHEAT_HOME": "/a"}, 5.0)


class Launchctl:
    def __init__(self, **answers: Done) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, command: Sequence[str]) -> Done:
        self.asked.append(" ".join(command[1:]))
        return self.answers.get(command[1].replace("-", "_"), OK)


def service(folder: Path, **answers: Done) -> tuple[LaunchdService, Launchctl]:
    launchctl = Launchctl(**answers)
    return LaunchdService(launchctl, folder, 501), launchctl


@given(st.lists(WORDS, min_size=1), WORDS)
def test_every_word_survives_the_agent(words: list[str], value: str) -> None:
    content = plistlib.loads(agent(Definition(tuple(words), {"PREHEAT_HOME": value}, 5.0)))
    assert content["ProgramArguments"] == words
    assert content["EnvironmentVariables"] == {"PREHEAT_HOME": value}
    assert (content["RunAtLoad"], content["KeepAlive"], content["ExitTimeOut"]) == (True, {"SuccessfulExit": False}, 20)


def test_a_character_that_xml_lacks_is_an_error() -> None:
    with pytest.raises(ServiceError, match=r"org\.preheat\.serve cannot be written"):
        agent(Definition(("/a\x01",), {}, 5.0))


def test_install_replaces_a_loaded_agent(tmp_path: Path) -> None:
    mine, launchctl = service(tmp_path, bootout=Done(3, "", "No such process"))
    mine.install(DEFINITION)
    assert launchctl.asked == [
        "bootout gui/501/org.preheat.serve",
        "enable gui/501/org.preheat.serve",
        f"bootstrap gui/501 {tmp_path}/org.preheat.serve.plist",
    ]
    mine.install(DEFINITION, start=False)
    assert "bootstrap" not in launchctl.asked[-1]


def test_install_restarts_an_agent_that_is_still_ending(tmp_path: Path) -> None:
    mine, launchctl = service(tmp_path, bootstrap=Done(5, "", "Bootstrap failed: 5: Input/output error"))
    mine.install(DEFINITION)
    assert launchctl.asked[-1] == "kickstart -k gui/501/org.preheat.serve"


def test_refusals_are_errors(tmp_path: Path) -> None:
    over_ssh, _ = service(tmp_path, bootstrap=Done(125, "", "Domain does not support specified action"))
    with pytest.raises(ServiceError, match="Domain does not support"):
        over_ssh.install(DEFINITION)
    with pytest.raises(ServiceError, match="only after the user has logged in"):
        over_ssh.linger()
    refusing, _ = service(tmp_path, bootout=Done(1, "", "Operation not permitted"))
    with pytest.raises(ServiceError, match="launchctl failed: Operation not permitted"):
        refusing.remove()


def test_status_and_remove(tmp_path: Path) -> None:
    mine, launchctl = service(tmp_path, print=Done(0, PRINTED, ""))
    assert not mine.status().installed
    mine.install(DEFINITION)
    now = mine.status()
    assert (now.installed, now.enabled, now.running, now.pid) == (True, True, True, 77)
    launchctl.answers["print_disabled"] = Done(0, '\t"org.preheat.serve" => disabled\n', "")
    launchctl.answers["print"] = Done(113, "", "Could not find service")
    now = mine.status()
    assert (now.enabled, now.running, now.pid, now.state) == (False, False, None, "not loaded")
    assert mine.remove()
    assert not mine.path.exists()
    assert not mine.remove()
