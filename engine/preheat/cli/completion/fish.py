"""Completion in fish."""

from __future__ import annotations

from preheat.cli.completion.tree import LIST_WORDS, Command, Parameter, Value, first_sentence, setting_values

_START = """# fish completion of preheat, made by: preheat completion fish

function __preheat_words
    {words} $argv[1] 2>/dev/null
end

# The values of the setting that the word before names.
function __preheat_setting
    set -l words (commandline -opc)
    switch $words[-1]
{settings}
    end
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

# True if this many words follow the command; with a plus, or more.
function __preheat_place
    __preheat_at $argv[2..]; or return 1
    set -l words (commandline -opc)
    set -e words[1]
    set -l place (math (count (string match -v -- '-*' $words)) - (count $argv) + 1)
    test $place -eq (string trim -c + -- $argv[1]); and return
    string match -q -- '*+' $argv[1]; and test $place -gt (string trim -c + -- $argv[1])
end

complete -c preheat -f
"""


def script(tree: Command) -> str:
    """Return the script for a file ``preheat.fish``."""
    settings = "\n".join(
        f"        case {name}\n            string split ' ' '{' '.join(values)}'"
        for name, values in setting_values().items()
    )
    lines = [_START.format(words=LIST_WORDS, settings=settings)]
    for command in tree.walk():
        here = " ".join(command.path)
        for name, child in command.commands.items():
            condition = _quoted(f"__preheat_place 0 {here}".strip())
            lines.append(f"complete -c preheat -n {condition} -a {name} -d {_quoted(child.summary)}")
        at = _quoted(f"__preheat_{'place 0' if command.commands else 'at'} {here}".strip())
        for option in command.options:
            lines.append(f"complete -c preheat -n {at} {_option(option)}")
        for place, argument in enumerate(command.arguments):
            if words := _words(argument):
                condition = _quoted(f"__preheat_place {place}{'+' if argument.repeats else ''} {here}")
                lines.append(f"complete -c preheat -n {condition} {words}")
    return "\n".join(lines) + "\n"


def _option(option: Parameter) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.value is not Value.NOTHING:
        parts.append("-r" if option.value in (Value.FILE, Value.FOLDER) else "-x")
        parts.append(_words(option))
    parts.append(f"-d {_quoted(first_sentence(option.help))}")
    return " ".join(part for part in parts if part)


def _words(parameter: Parameter) -> str:
    if parameter.value is Value.WORD:
        return f"-a {_quoted(' '.join(parameter.choices))}"
    if parameter.value.is_asked:
        return f"-a '(__preheat_words {parameter.value})'"
    return {
        Value.SETTING_VALUE: "-a '(__preheat_setting)'",
        Value.FILE: "-F",
        Value.FOLDER: "-a '(__fish_complete_directories)'",
    }.get(parameter.value, "")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
