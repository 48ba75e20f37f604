"""Completion in zsh."""

from __future__ import annotations

import re
from shlex import quote

from preheat.cli.completion.tree import LIST_WORDS, Command, Parameter, Value, first_sentence, setting_values

_START = r"""#compdef preheat
# zsh completion of preheat, made by: preheat completion zsh

_preheat_words() {
    local -a found
    found=("${(@f)$(%(words)s $1 2>/dev/null)}")
    compadd -a found
}

# The values of the setting that the word before names.
_preheat_setting() {
    case $words[CURRENT-1] in
%(settings)s
    esac
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
    settings = (f"        {name}) compadd {' '.join(values)} ;;" for name, values in setting_values().items())
    start = _START % {"words": LIST_WORDS, "settings": "\n".join(settings)}
    return f"{start}\n{functions}{_END}"


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
    if parameter.value.is_asked:
        return f"{{_preheat_words {parameter.value}}}"
    return {
        Value.SETTING_VALUE: "_preheat_setting",
        Value.FILE: "_files",
        Value.FOLDER: "_files -/",
    }.get(parameter.value, " ")


def _escaped(text: str) -> str:
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _colons(text: str) -> str:
    return text.replace(":", "\\:")
