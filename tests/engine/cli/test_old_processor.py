"""Commands on a processor on which numpy and Qt do not run."""

from __future__ import annotations

import sys

import pytest

from preheat.cli.main import main
from preheat.messages import msg
from preheat_gui.__main__ import main as tray_main


@pytest.fixture
def old_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.cli.main.processor_problem", lambda: msg("processor_too_old", missing="SSE4.2"))


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["tray"], ["run", "model"]])
def test_a_command_is_refused_in_a_sentence(
    old_processor: None, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["preheat", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("This processor is too old for Preheat: it lacks SSE4.2.\n")


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--help"], []])
def test_help_and_version_are_printed(
    old_processor: None, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["preheat", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "too old" not in capsys.readouterr().err


def test_the_tray_is_refused_before_qt_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("preheat_gui.__main__.processor_problem", lambda: msg("processor_too_old", missing="SSE4.2"))
    monkeypatch.setitem(sys.modules, "preheat_gui.app.start", None)
    assert tray_main() == 1
    assert capsys.readouterr().err.startswith("preheat: This processor is too old for Preheat: it lacks SSE4.2.")
