"""Completion in fish."""

from __future__ import annotations

from preheat.cli.completion.tree import LIST_MODELS, Command, Parameter, Value, first_sentence

_START = """# fish completion of preheat, made by: preheat completion fish

function __preheat_models
    {models}
end

# True if the command of the line is this path, and no subcommand follows it.
function __preheat_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l found
    for word in $words
        string match -q -- '-*' $word; or set -a found $word
    end
    set -l depth (count $argv)
    test (count $found) -ge $depth; or return 1
    test $depth -eq 0; or test "$found[1..$depth]" = "$argv"
end

function __preheat_next
    __preheat_at $argv; or return 1
    set -l words (commandline -opc)
    set -e words[1]
    test (count (string match -v -- '-*' $words)) -eq (count $argv)
end

complete -c preheat -f
"""


def script(tree: Command) -> str:
    """Return the script for a file ``preheat.fish``."""
    lines = [_START.format(models=LIST_MODELS)]
    for command in tree.walk():
        here = " ".join(command.path)
        for name, child in command.commands.items():
            condition = _quoted(f"__preheat_next {here}".strip())
            lines.append(f"complete -c preheat -n {condition} -a {name} -d {_quoted(child.summary)}")
        at = _quoted(f"__preheat_{'next' if command.commands else 'at'} {here}".strip())
        for option in command.options:
            lines.append(f"complete -c preheat -n {at} {_option(option)}")
        words = [_words(argument) for argument in command.arguments]
        lines += [f"complete -c preheat -n {at} {each}" for each in dict.fromkeys(words) if each]
    return "\n".join(lines) + "\n"


def _option(option: Parameter) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.value is not Value.NOTHING:
        parts.append("-r")
        parts.append(_words(option))
    parts.append(f"-d {_quoted(first_sentence(option.help))}")
    return " ".join(part for part in parts if part)


def _words(parameter: Parameter) -> str:
    if parameter.value is Value.WORD:
        return f"-a {_quoted(' '.join(parameter.choices))}"
    return {
        Value.MODEL: "-a '(__preheat_models)'",
        Value.FILE: "-F",
        Value.FOLDER: "-a '(__fish_complete_directories)'",
    }.get(parameter.value, "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
