from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from preheat import paths
from preheat.cli.completion import Shell, render
from preheat.cli.completion.tree import Command, Parameter, Value, first_sentence, read_tree
from preheat.cli.main import app
from preheat.files import write_atomic
from tests.engine.application import eventually, make_home, preheat


@pytest.fixture(scope="module")
def tree() -> Command:
    return read_tree(typer.main.get_command(app))


@pytest.mark.parametrize("shell", Shell)
def test_every_command_and_option_is_in_the_script(shell: Shell, tree: Command) -> None:
    script = render(shell, tree)

    for command in tree.walk():
        assert not command.path or command.path[-1] in script
        for name in (name for option in command.options for name in option.names):
            assert name in script or f"-l {name[2:]}" in script or f"-s {name[1:]}" in script


def test_values_are_known(tree: Command) -> None:
    assert [argument.value for argument in tree.commands["load"].arguments] == [Value.MODEL]
    assert [argument.value for argument in tree.commands["import"].arguments] == [Value.FILE]
    assert [argument.value for argument in tree.commands["move-models"].arguments] == [Value.FOLDER]
    assert "pause" in tree.commands["downloads"].arguments[0].choices
    assert "memory_limit" in tree.commands["config"].commands["set"].arguments[0].choices
    assert tree.commands["favourite"].arguments[0].repeats
    assert [tree.commands[name].arguments[-1].value for name in ("unload", "unfavourite", "downloads", "why")] == [
        Value.LOADED,
        Value.FAVOURITE,
        Value.DOWNLOAD,
        Value.MODEL,
    ]


def bash_completions(script: str, line: str, models: str = "") -> list[str]:
    """Return what bash offers at the end of a line; ``models`` are the installed ones."""
    program = f"""{script}
_preheat_words() {{ echo "{models}"; }}
compopt() {{ :; }}
COMP_WORDBREAKS=' :=' COMP_LINE="$1" COMP_POINT=${{#1}}
_preheat
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", program, "bash", line], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completes(tree: Command) -> None:
    script = render(Shell.BASH, tree)

    assert bash_completions(script, "preheat lo") == ["load", "log"]
    assert bash_completions(script, "preheat config un") == ["unset"]
    assert bash_completions(script, "preheat serve --models-dir / --no") == ["--no-preload"]
    assert bash_completions(script, "preheat completion ") == ["bash", "zsh", "fish"]
    assert bash_completions(script, "preheat load q", models="qwen3-4b smollm2") == ["qwen3-4b"]
    assert bash_completions(script, "preheat load qwen3:", models="qwen3:4b smollm2") == ["4b"]
    assert bash_completions(script, "preheat favourite smollm2 qw", models="qwen3-4b smollm2") == ["qwen3-4b"]
    assert bash_completions(script, "preheat keys add ") == []
    assert bash_completions(script, "preheat config set preload ") == ["true", "false"]
    assert bash_completions(script, "preheat config set theme d") == ["dark"]
    assert bash_completions(script, "preheat log --since 1") == ["1h", "12h"]
    assert "qwen3:4b" in [f"qwen3:{rest}" for rest in bash_completions(script, "preheat pull qwen3:")]


def test_a_hostile_name_of_a_model_is_not_offered(preheat_home: Path) -> None:
    """Shells expand the words of a completion, or the user runs them with the line."""
    names = ["qwen3:4b", "$(touch ran)", "a`id`", '"; touch ran', "hf.co/a/b-GGUF", "é", "a b", "--force"]
    write_atomic(paths.model_names_file(), "\n".join(names))
    assert offered(preheat_home) == ["qwen3:4b", "hf.co/a/b-GGUF"]


def test_a_look_at_another_folder_leaves_the_names(preheat_home: Path, tmp_path: Path, chat_model: Path) -> None:
    usual = make_home(preheat_home, [chat_model]) / "data/models"
    other = tmp_path / "other"
    other.mkdir()
    (other / "another.gguf").symlink_to(chat_model)
    elsewhere = {"PREHEAT_MODELS_DIR": str(other), "PREHEAT_SOURCES": "[]"}
    assert preheat(preheat_home, "list").returncode == 0
    names = offered(preheat_home)
    assert len(names) == 1
    assert "another" in preheat(preheat_home, "list", **elsewhere).stdout
    assert offered(preheat_home) == names
    (usual / "new.gguf").symlink_to(other / "another.gguf")
    (usual / chat_model.name).unlink()
    assert preheat(preheat_home, "list").returncode == 0
    assert offered(preheat_home) == ["new"]


def offered(home: Path) -> list[str]:
    """Return the models that are offered; there are none until the words are found in half a second."""
    found: list[str] = []

    def look() -> bool:
        found[:] = words_of(home, "model")
        return bool(found)

    eventually(look, "words")
    return found


def words_of(home: Path, kind: str) -> list[str]:
    done = preheat(home, "__complete", kind)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("kind", ["model", "loaded", "favourite", "download", "nonsense"])
def test_words_are_quiet_without_anything(preheat_home: Path, kind: str) -> None:
    assert words_of(preheat_home, kind) == []
    assert not (preheat_home / "data").exists()


def test_words_need_no_heavy_imports() -> None:
    """Someone waits for them at every press of the Tab key."""
    heavy = "typer rich pydantic asyncio psutil preheat.settings preheat.core.engine preheat.cli.main http.client"
    code = f"""
import sys, os
import preheat.__main__
os._exit = lambda code: print(*sorted(set('{heavy}'.split()) & set(sys.modules)))
sys.argv[1:] = ["__complete", "model"]
preheat.__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_option_with_a_repeated_value_can_follow_itself(tree: Command) -> None:
    option = next(each for each in tree.commands["serve"].options if "--models-dir" in each.names)

    assert option == Parameter(("--models-dir",), "A folder with models.", Value.FOLDER, metavar="DIR", repeats=True)
    assert "*--models-dir" in render(Shell.ZSH, tree)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("One. Two.", "One"), ("Use 1.5 of it", "Use 1.5 of it"), ("Over\n  lines.", "Over lines"), ("", "")],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_the_command_prints_the_script(tree: Command) -> None:
    command = [sys.executable, "-m", "preheat", "completion", "fish"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == render(Shell.FISH, tree)
