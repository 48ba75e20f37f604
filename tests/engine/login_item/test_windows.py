from __future__ import annotations

import pytest

from preheat.login_item import LoginItemError
from preheat.login_item.windows import APPROVED, RUN, RunKey

COMMAND = ("C:\\Program Files\\Python\\python.exe", "-m", "preheat", "tray", "--login")


class FakeRegistry:
    """A registry in memory; ``locked`` refuses changes."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}
        self.locked = False

    def read(self, key: str, name: str) -> str | bytes | None:
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        if self.locked:
            raise PermissionError(13, "Access is denied")
        self.values[key, name] = value

    def delete(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def test_switching_it_on_and_off(registry: FakeRegistry) -> None:
    run = RunKey(COMMAND, registry)
    assert not run.is_on()
    run.switch(True)
    assert run.is_on()
    assert registry.values == {
        (RUN, "Preheat"): '"C:\\Program Files\\Python\\pythonw.exe" -m preheat tray --login',
    }
    run.switch(False)
    assert not run.is_on()
    assert registry.values == {}


def test_a_packaged_program_is_started_as_it_is(registry: FakeRegistry) -> None:
    RunKey(("C:\\Preheat\\preheat.exe", "tray", "--login"), registry).switch(True)
    assert registry.values[RUN, "Preheat"] == "C:\\Preheat\\preheat.exe tray --login"


@pytest.mark.parametrize(("noted", "on"), [(b"\x03\0\0\0", False), (b"\x02\0\0\0", True), (b"", True)])
def test_the_task_manager_can_switch_it_off(registry: FakeRegistry, noted: bytes, on: bool) -> None:
    run = RunKey(COMMAND, registry)
    run.switch(True)
    registry.values[APPROVED, "Preheat"] = noted
    assert run.is_on() is on
    run.switch(True)
    assert run.is_on()


def test_a_locked_registry_is_an_error(registry: FakeRegistry) -> None:
    registry.locked = True
    with pytest.raises(LoginItemError, match="Access is denied"):
        RunKey(COMMAND, registry).switch(True)


@pytest.mark.parametrize(
    ("value", "command"),
    [
        ('"C:\\Program Files\\p.exe" --login', ("C:\\Program Files\\p.exe", "--login")),
        ("C:\\p.exe", ("C:\\p.exe",)),
        ("", ()),
        (b"\x00", ()),
    ],
)
def test_the_program_of_the_value(registry: FakeRegistry, value: str | bytes, command: tuple[str, ...]) -> None:
    registry.values[RUN, "Preheat"] = value
    assert RunKey(COMMAND, registry).command() == command
