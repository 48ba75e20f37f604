"""Completion in bash."""

from __future__ import annotations

from shlex import quote

from preheat.cli.completion.tree import LIST_WORDS, Command, Parameter, Value, setting_values

_START = r"""# bash completion of preheat, made by: preheat completion bash

_preheat_words() {
    %(words)s "$1" 2>/dev/null
}

_preheat_setting() {
    case "$1" in
%(settings)s
    esac
}

# A model's name may have a colon, at which bash splits words.
_preheat_reply() {
    local cur=$1 prefix
    shift
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
        prefix=${cur%%"${cur##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
    fi
}

_preheat() {
    local line=${COMP_LINE:0:COMP_POINT} words cur path="" value="" word last="" place=0 commands="" options=""
    read -ra words <<< "$line"
    if [[ $line == *[[:space:]] ]]; then words+=(""); fi
    cur=${words[-1]}
    COMPREPLY=()
    for word in "${words[@]:1:${#words[@]}-2}"; do
        if [[ -n $value ]]; then value=""; continue; fi
        case "$path $word" in
"""

_MIDDLE = """            *) if [[ $word != -* ]]; then place=$((place + 1)) last=$word; fi ;;
        esac
    done
    case "$value" in
        "") ;;
        model | loaded | favourite | download) _preheat_reply "$cur" -W "$(_preheat_words "$value")"; return ;;
        file) compopt -o filenames; _preheat_reply "$cur" -f; return ;;
        folder) compopt -o filenames; _preheat_reply "$cur" -d; return ;;
        =*) _preheat_reply "$cur" -W "${value#=}"; return ;;
        *) return ;;
    esac
    value=""
    case "$path" in
"""

_END = """    esac
    if [[ $cur == -* ]]; then _preheat_reply "$cur" -W "$options"; return; fi
    case "$path:$place" in
%(places)s
    esac
    case "$value" in
        model | loaded | favourite | download) _preheat_reply "$cur" -W "$(_preheat_words "$value")" ;;
        setting) _preheat_reply "$cur" -W "$(_preheat_setting "$last")" ;;
        file) compopt -o filenames; _preheat_reply "$cur" -f ;;
        folder) compopt -o filenames; _preheat_reply "$cur" -d ;;
        =*) _preheat_reply "$cur" -W "${value#=}" ;;
        *) _preheat_reply "$cur" -W "$commands" ;;
    esac
}

complete -F _preheat preheat
"""


def script(tree: Command) -> str:
    """Return the script for ``/usr/share/bash-completion/completions/preheat``; it needs no other file."""
    steps, offers, places = [], [], []
    for command in tree.walk():
        path = "".join(f" {name}" for name in command.path)
        steps += [
            f"            {quote(f'{path} {name}')}) path={quote(f'{path} {name}')} ;;" for name in command.commands
        ]
        for option in command.options:
            if option.value is not Value.NOTHING:
                names = "|".join(quote(f"{path} {name}") for name in option.names)
                steps.append(f"            {names}) value='{_offer(option)}' ;;")
        options = " ".join(name for option in command.options for name in option.names)
        offer = f"options={quote(options)}"
        if command.commands:
            offer += f" commands={quote(' '.join(command.commands))}"
        offers.append(f"        {quote(path)}) {offer} ;;")
        for place, argument in enumerate(command.arguments):
            pattern = quote(f"{path}:") + "*" if argument.repeats else quote(f"{path}:{place}")
            if argument.value is not Value.TEXT:
                places.append(f"        {pattern}) value='{_offer(argument)}' ;;")
    settings = (f"        {name}) echo {quote(' '.join(values))} ;;" for name, values in setting_values().items())
    start = _START % {"words": LIST_WORDS, "settings": "\n".join(settings)}
    end = _END % {"places": "\n".join(places)}
    return f"{start}{chr(10).join(steps)}\n{_MIDDLE}{chr(10).join(offers)}\n{end}"


def _offer(parameter: Parameter) -> str:
    return f"={' '.join(parameter.choices)}" if parameter.value is Value.WORD else str(parameter.value)
