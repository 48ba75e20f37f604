from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from preheat.cli.config import parse_overrides
from preheat.cli.main import app
from preheat.errors import SettingsError
from preheat.settings import FIELDS


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in [variable for variable in os.environ if variable.startswith("PREHEAT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path))
    (tmp_path / "config").mkdir()
    return tmp_path / "config" / "settings.toml"


def config(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", *arguments])


def test_path(file: Path) -> None:
    assert config("path").stdout == f"{file}\n"


def test_get_prints_all_settings_as_a_settings_file_with_their_origins(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("port = 1\n")
    monkeypatch.setenv("PREHEAT_THREADS", "2")
    lines = config("get", "--set", "parallel=3").stdout.splitlines()
    assert "port = 1  # settings.toml line 1" in lines
    assert "threads = 2  # PREHEAT_THREADS" in lines
    assert "parallel = 3  # --set parallel" in lines
    assert 'memory_limit = "50%"  # default' in lines
    assert list(tomllib.loads("\n".join(lines))) == list(FIELDS)


def test_get_json_has_value_and_origin(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = 1\n")
    monkeypatch.setenv("PREHEAT_THREADS", "2")
    got = json.loads(config("get", "--json", "--set", "parallel=3").stdout)
    assert list(got) == list(FIELDS)
    assert got["port"] == {"value": 1, "origin": "file", "place": "settings.toml line 1"}
    assert got["threads"] == {"value": 2, "origin": "environment", "place": "PREHEAT_THREADS"}
    assert got["parallel"] == {"value": 3, "origin": "option", "place": "--set parallel"}
    assert got["host"] == {"value": "127.0.0.1", "origin": "default", "place": None}
    assert list(json.loads(config("get", "port", "--json").stdout)) == ["port"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "8080"),
        ("memory-limit", "8GiB"),
        ("preload", "false"),
        ("favourites", "a,b"),
        ("models_dirs", ""),
        ("favourites", '["a,b", "c"]'),
    ],
)
def test_get_prints_what_set_takes(name: str, text: str) -> None:
    assert config("set", name, text).exit_code == 0
    assert config("get", name).stdout == f"{text}\n"


def test_a_negative_number_is_no_option() -> None:
    assert config("set", "gpu_layers", "-1").stdout == "gpu_layers = -1\n"


def test_keys_are_hidden_unless_asked_for() -> None:
    outputs = [
        config("set", "api_keys", "sesame,open"),
        config("get"),
        config("get", "api_keys"),
        config("get", "--json"),
        config("get", "api_keys", "--json"),
        config("set", "api_keys", "sesame with space"),
    ]
    assert all("***" in result.output and "sesame" not in result.output for result in outputs)
    assert json.loads(outputs[3].stdout)["api_keys"]["value"] == ["***", "***"]
    assert config("get", "api_keys", "--reveal").stdout == "sesame,open\n"
    assert json.loads(config("get", "--json", "--reveal").stdout)["api_keys"]["value"] == ["sesame", "open"]


def test_unset_says_what_holds_now(file: Path) -> None:
    file.write_text("port = 1\nprot = 2\n")
    assert config("unset", "prot").stdout == "prot was removed.\n"
    assert config("unset", "port").stdout == "port = 11435\n"
    assert config("unset", "port").stdout == "port was not set.\n"
    assert tomllib.loads(file.read_text()) == {}


def test_set_says_when_a_variable_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "next start" in config("set", "port", "1").stderr
    monkeypatch.setenv("PREHEAT_PORT", "2")
    assert "PREHEAT_PORT" in config("set", "port", "3").stderr


@pytest.mark.parametrize(
    ("arguments", "title", "hint"),
    [
        (["set", "port", "x"], 'port cannot be "x"; allowed: a whole number from 0 to 65535.', "Nothing was changed."),
        (["set", "prot", "1"], "there is no setting prot; similar: port.", "preheat config get."),
        (["get", "prot"], "there is no setting prot; similar: port.", "preheat config get."),
        (["unset", "prot"], "there is no setting prot; similar: port.", "preheat config get."),
        (["get", "--set", "port"], "--set port has no value.", "Write it as --set name=value."),
        (["get", "--set", "port=x"], '--set port cannot be "x"; allowed:', "preheat config get."),
    ],
)
def test_a_settings_error_is_exit_code_2_with_title_and_hint(arguments: list[str], title: str, hint: str) -> None:
    result = config(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert first.startswith(title)
    assert second.endswith(hint)


def test_get_with_a_broken_file(file: Path) -> None:
    file.write_text("port = ")
    result = config("get")
    assert result.exit_code == 2
    assert "settings.toml line 1 is not valid TOML" in result.stderr
    assert str(file) in result.stderr


def test_check_without_problems(file: Path) -> None:
    assert config("check").stdout == f"{file} does not exist; the defaults apply.\n"
    file.write_text("port = 1\n")
    result = config("check")
    assert (result.exit_code, result.stdout) == (0, f"{file} is correct.\n")


def test_check_lists_every_problem(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port = -1\nprot = 2\n")
    monkeypatch.setenv("PREHEAT_THREADS", "x")
    result = config("check")
    assert result.exit_code == 2
    for part in ("line 1: port cannot be -1", "line 2: there is no setting prot", "PREHEAT_THREADS cannot be"):
        assert part in result.stderr
    result = config("check", "--json")
    assert result.exit_code == 2
    assert [problem["setting"] for problem in json.loads(result.stdout)["problems"]] == ["port", "prot", "threads"]


def test_the_last_override_of_a_name_holds() -> None:
    assert parse_overrides(["a=1", "b=x=y", "a=2", "c="]) == {"a": "2", "b": "x=y", "c": ""}
    with pytest.raises(SettingsError, match="--set a has no value"):
        parse_overrides(["a"])


def test_a_models_own_setting_is_set_shown_and_taken_out(file: Path) -> None:
    name = 'models."qwen2.5-7b".context_length'
    assert config("get", name).stdout == "auto\n"
    # A shell without single quotes takes the others away.
    assert config("set", "models.qwen2.5-7b.context-length", "4096").stdout == f"{name} = 4096\n"
    assert tomllib.loads(file.read_text()) == {"models": {"qwen2.5-7b": {"context_length": 4096}}}
    line = file.read_text().splitlines().index("context_length = 4096") + 1
    assert config("get", name).stdout == "4096\n"
    shown = config("get").stdout
    assert shown.splitlines()[-1] == f"{name} = 4096  # settings.toml line {line}"
    assert tomllib.loads(shown)["models"] == {"qwen2.5-7b": {"context_length": 4096}}
    assert json.loads(config("get", name, "--json").stdout)[name]["place"] == f"settings.toml line {line}"
    assert config("unset", name).stdout == f"{name} was removed.\n"
    assert tomllib.loads(file.read_text()) == {}
    assert config("unset", name).stdout == f"{name} was not set.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "models.x.context_length", "5"), 'models."x".context_length cannot be "5"; allowed: a whole number'),
        (("set", "models.x.parralel", "5"), 'there is no setting models."x".parralel; similar: parallel'),
        (("get", "models"), "there is no setting models"),
        (("unset", "models.x.parralel"), "there is no setting models"),
    ],
)
def test_a_wrong_setting_of_a_model_is_named(arguments: tuple[str, ...], words: str) -> None:
    result = config(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
