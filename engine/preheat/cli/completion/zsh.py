"""Completion in zsh."""

from __future__ import annotations

import re
from shlex import quote

from preheat.cli.completion.tree import LIST_MODELS, Command, Parameter, Value, first_sentence

_START = r"""#compdef preheat
# zsh completion of preheat, made by: preheat completion zsh

_preheat_models() {
    local -a models
    models=("${(@f)$(%s)}")
    compadd -a models
}
"""

_END = """
if [[ $funcstack[1] == _preheat ]]; then
    _preheat "$@"
else
    compdef _preheat preheat
fi
"""


def script(tree: Command) -> str:
    """Return the script for a file ``_preheat`` in zsh's ``fpath``, or for ``source``."""
    functions = "\n".join(_function(command) for command in tree.walk())
    return f"{_START % LIST_MODELS}\n{functions}{_END}"


def _function(command: Command) -> str:
    lines = [f"{_name(command)}() {{"]
    options = [quote(spec) for option in command.options for spec in _option_specs(option)]
    if not command.commands:
        arguments = [
            quote(f"{'*' if argument.repeats else place}:{_escaped(argument.names[0])}:{_action(argument)}")
            for place, argument in enumerate(command.arguments, 1)
        ]
        lines += [
            "    _arguments -s -S \\",
            " \\\n".join(f"        {spec}" for spec in [*options, *arguments]),
            "}",
            "",
        ]
        return "\n".join(lines)
    lines += [
        "    local context curcontext=$curcontext state line",
        "    typeset -A opt_args",
        "    _arguments -s -C \\",
        " \\\n".join(f"        {spec}" for spec in [*options, "'1: :->command'", "'*:: :->rest'"]),
        "    case $state in",
        "        command)",
        "            local -a commands=(",
        *(f"                {quote(f'{_colons(name)}:{child.summary}')}" for name, child in command.commands.items()),
        "            )",
        "            _describe command commands ;;",
        "        rest)",
        "            case $words[1] in",
        *(f"                {name}) {_name(child)} ;;" for name, child in command.commands.items()),
        "            esac ;;",
        "    esac",
        "}",
        "",
    ]
    return "\n".join(lines)


def _name(command: Command) -> str:
    return "_".join(("_preheat", *(re.sub(r"\W", "_", name) for name in command.path)))


def _option_specs(option: Parameter) -> list[str]:
    """Return one specification for each name of the option; each excludes the others."""
    shut_out = "*" if option.repeats else f"({' '.join(option.names)})"
    ending = "" if option.value is Value.NOTHING else f":{_escaped(option.metavar)}:{_action(option)}"
    return [f"{shut_out}{name}[{_escaped(first_sentence(option.help))}]{ending}" for name in option.names]


def _action(parameter: Parameter) -> str:
    if parameter.value is Value.WORD:
        return f"({' '.join(_colons(word) for word in parameter.choices)})"
    return {
        Value.MODEL: "_preheat_models",
        Value.FILE: "_files",
        Value.FOLDER: "_files -/",
    }.get(parameter.value, " ")


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _colons(text: str) -> str:
    return text.replace(":", "\\:")
