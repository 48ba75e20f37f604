from __future__ import annotations

import json
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from preheat import __version__, paths
from preheat.cli import output
from preheat.cli.main import app
from preheat.errors import EngineError, ModelNotFoundError, SettingsError
from preheat.units import format_memory
from tests.engine.application import PREHEAT, environment, make_home, preheat

COMMANDS = (
    "serve",
    "status",
    "ps",
    "list",
    "show",
    "load",
    "unload",
    "favourite",
    "unfavourite",
    "favourites",
    "pause",
)
MORE_COMMANDS = ("resume", "why", "plan", "log", "stats", "replay", "run", "embed", "version", "config")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_version() -> None:
    assert run("version").stdout == run("--version").stdout == f"preheat {__version__}\n"
    assert json.loads(run("version", "--json").stdout) == {"version": __version__}


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    for name in (*COMMANDS, *MORE_COMMANDS):
        assert name in shown


def test_config_is_mounted(preheat_home: Path) -> None:
    assert run("config", "path").stdout == f"{preheat_home / 'config' / 'settings.toml'}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["load"], ["serve", "--port", "x"], ["list", "--nonsense"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")


NEED_IT = [["status"], ["ps"], ["load", "m"], ["unload", "m"], ["status", "--json"], ["plan"], ["why", "m"], ["pause"]]


@pytest.mark.parametrize(
    "command", [["status"], ["ps"], ["load", "m"], ["unload", "m"], ["status", "--json"], *NEED_IT]
)
def test_nothing_runs(preheat_home: Path, command: list[str]) -> None:
    result = run(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Preheat is not running.\n  Start it with: preheat serve.\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SettingsError("port cannot be x", hint="Correct it"), 2, "port cannot be x.\n  Correct it.\n"),
        (ModelNotFoundError("There is no a", hint="Did you mean b?"), 1, "There is no a.\n  Did you mean b?\n"),
        (EngineError("It failed"), 1, "It failed.\n"),
    ],
)
def test_an_error_is_a_line_or_two(
    error: EngineError, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output.show_error(error) == code
    assert capsys.readouterr() == ("", words)


def test_wrong_settings_are_2(preheat_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREHEAT_PORT", "many")
    result = run("serve")
    assert result.exit_code == 2
    assert result.stderr.startswith("PREHEAT_PORT cannot be")


def test_a_list_without_models_says_where_to_put_them(preheat_home: Path) -> None:
    result = run("list")
    assert result.exit_code == 0
    assert str(preheat_home / "data" / "models") in result.stdout
    assert json.loads(run("list", "--json").stdout) == []


def test_a_list_needs_no_application(starter_home: Path) -> None:
    models = json.loads(run("list", "--json").stdout)
    assert [(model["id"], model["state"], model["embeddings"]) for model in models] == [
        ("all-minilm-l6-v2.q8_0", "cold", True),
        ("smollm2-135m-instruct.q4_1", "cold", False),
    ]
    assert all(model["file_bytes"] > 10_000_000 for model in models)
    lines = run("list").stdout.splitlines()
    columns = ["Model", "Kind", "Params", "Quantization", "Size", "Memory", "Fit", "Context", "Source", "State"]
    assert lines[0].split() == columns
    assert re.split(r"\s{2,}", lines[2].strip()) == [
        *("smollm2-135m-instruct.q4_1", "chat", "135 M", "4-bit, good quality", "98.4 MB"),
        *(format_memory(models[1]["expected_bytes"]), "fits now", "8k", "Preheat", "cold"),
    ]


def test_a_list_of_all_tells_what_is_not_offered(preheat_home: Path) -> None:
    cut = paths.models_dir() / "mmproj.gguf"
    cut.parent.mkdir(parents=True)
    header = struct.pack("<IQQ", 3, 0, 2)
    for key, value in (("general.architecture", "clip"), ("general.type", "mmproj")):
        header += struct.pack("<Q", len(key)) + key.encode() + struct.pack("<IQ", 8, len(value)) + value.encode()
    cut.write_bytes(b"GGUF" + header)
    assert json.loads(run("list", "--json").stdout) == []
    (file,) = json.loads(run("list", "--all", "--json").stdout)
    assert (file["id"], file["kind"], file["path"]) == ("mmproj", "mmproj", str(cut))
    assert "it is the image encoder of another model" in run("list", "--all").stdout


def test_show_tells_all_of_a_model(starter_home: Path) -> None:
    known = json.loads(run("show", "SMOL", "--json").stdout)
    assert (known["id"], known["quantization"], known["licence"]) == (
        "smollm2-135m-instruct.q4_1",
        "Q4_1",
        "apache-2.0",
    )
    assert known["files"] == [known["path"]]
    lines = [line.split(maxsplit=1) for line in run("show", "smol").stdout.splitlines()]
    assert lines[0] == ["smollm2-135m-instruct.q4_1"]
    shown = {line[0]: line[1] for line in lines[1:]}
    assert shown["Quantization"] == "Q4_1: 4-bit, good quality (5.74 bits per weight)"
    assert shown["Licence"] == "apache-2.0"
    assert shown["Kind"] == "chat"
    assert shown["Files"] == str(paths.models_dir() / "SmolLM2-135M-Instruct.Q4_1.gguf")


def test_show_of_an_unknown_model(starter_home: Path) -> None:
    result = run("show", "smoll3")
    assert result.exit_code == 1
    assert "Did you mean smollm2-135m-instruct.q4_1?" in result.stderr


def test_a_list_has_the_folders_of_the_settings(
    preheat_home: Path, tmp_path: Path, embedding_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "other.gguf").symlink_to(embedding_model)
    monkeypatch.setenv("PREHEAT_MODELS_DIRS", str(tmp_path / "more"))
    assert [model["id"] for model in json.loads(run("list", "--json").stdout)] == ["other"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"state": "hot", "progress": None}, "hot"),
        ({"state": "cold"}, "cold"),
        ({"state": "cold", "standby": True}, "standby"),
        ({"state": "warming"}, "loading"),
        ({"state": "loading", "progress": 0.634}, "loading 63 %"),
        ({"state": "of a newer version"}, "of a newer version"),
    ],
)
def test_words_of_a_state(model: output.JsonObject, words: str) -> None:
    assert output.state_words(model) == words


def test_nothing_is_cut_off_in_a_pipe(preheat_home: Path, tmp_path: Path, embedding_model: Path) -> None:
    name = f"{'long-' * 40}name.q8_0"
    (tmp_path / f"{name}.gguf").symlink_to(embedding_model)
    shown = preheat(preheat_home, "list", PREHEAT_MODELS_DIRS=str(tmp_path), FORCE_COLOR="", NO_COLOR="")
    assert name in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("config", "get"), ("--help",)])
def test_a_reader_that_has_gone_is_no_failure_worth_words(
    tmp_path: Path, embedding_model: Path, arguments: tuple[str, ...]
) -> None:
    home = make_home(tmp_path / "home", [embedding_model])
    process = subprocess.Popen(
        [*PREHEAT, *arguments], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
@pytest.mark.parametrize(("redirection", "errors"), [(">/dev/full", "Writing failed: No space left"), (">&-", "")])
def test_output_that_cannot_be_written(preheat_home: Path, redirection: str, errors: str) -> None:
    command = shlex.join([*PREHEAT, "version"])
    done = subprocess.run(
        f"{command} {redirection}",
        shell=True,
        env=environment(preheat_home),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert errors in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert (done.returncode == 0) == (errors == "")


def test_a_command_imports_what_it_needs() -> None:
    """``preheat version`` is quick, and so is ``preheat serve``'s way to its port."""
    slow = (
        "pydantic rich asyncio http.client psutil concurrent.futures "
        "preheat.core.engine preheat.settings preheat.control.client"
    )
    code = f"import preheat.cli.main, sys; print(*sorted(set('{slow}'.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("command", [["move-models", ""], ["import", " "]])
def test_an_empty_path_is_refused(command: list[str]) -> None:
    """``preheat move-models "$UNSET"`` must not move the models into the current folder."""
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert "empty" in result.output
