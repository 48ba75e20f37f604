"""The manual pages, made from the command line itself. Format: man(7)."""

from __future__ import annotations

import re
from typing import Final

from linux.product import DESCRIPTION, SUMMARY, release_time, urls
from preheat._version import __version__
from preheat.cli.completion.tree import Command, Parameter, Value
from preheat.cli.examples import EXAMPLES

_FILES: Final = (
    ("~/.config/preheat/settings.toml", "The settings. The path is printed by: preheat config path"),
    ("~/.local/share/preheat/models", "The models that Preheat has downloaded or imported."),
    ("~/.cache/preheat/log", "The log."),
)
_CODES: Final = (
    ("0", "Success."),
    ("1", "The command failed; the reason is on standard error."),
    ("2", "Wrong usage."),
)


def preheat_page(tree: Command) -> str:
    """Return preheat(1), with all commands."""
    parts = [
        _head("preheat", SUMMARY),
        ".SH SYNOPSIS\n.B preheat\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n",
        _description(),
        ".SH OPTIONS\n" + "".join(map(_option, tree.options)),
        ".SH COMMANDS\n" + "".join(_command(each) for each in tree.walk() if each.path and not each.commands),
        ".SH ENVIRONMENT\n"
        + _item("PREHEAT_HOME", "A folder for all files of Preheat, instead of the usual ones.")
        + _item("PREHEAT_\\fISETTING\\fR", "The value of a setting, such as PREHEAT_PORT.", raw=True),
        _files(),
        ".SH EXIT STATUS\n" + "".join(_item(code, text) for code, text in _CODES),
        _see_also("preheat\\-tray"),
    ]
    return "".join(parts)


def tray_page() -> str:
    """Return preheat-tray(1)."""
    options = (
        Parameter(("--login",), "Open no window, as at login.", Value.NOTHING),
        Parameter(("--set",), "Override a setting; can be repeated.", Value.TEXT, metavar="NAME=VALUE"),
        Parameter(("--version",), "Print the version.", Value.NOTHING),
        Parameter(("--help", "-h"), "Show the help.", Value.NOTHING),
    )
    parts = [
        _head("preheat-tray", "Preheat with an icon in the desktop's tray"),
        ".SH SYNOPSIS\n.B preheat\\-tray\n[\\fIOPTIONS\\fR]\n",
        _description(),
        ".PP\nA second start shows the window of the first. Next to a running\n.B preheat serve\n"
        "it attaches to it. Without a tray on the desktop, the window replaces the icon.\n",
        ".SH OPTIONS\n" + "".join(map(_option, options)),
        _files(),
        _see_also("preheat"),
    ]
    return "".join(parts)


def _head(name: str, summary: str) -> str:
    title = _text(name.upper())
    date = release_time().date().isoformat()
    purpose = summary[0].lower() + summary[1:] if name == "preheat" else summary
    return (
        f'.TH {title} 1 {date} "Preheat {__version__}" "User Commands"\n.SH NAME\n{_text(name)} \\- {_text(purpose)}\n'
    )


def _description() -> str:
    return ".SH DESCRIPTION\n" + ".PP\n".join(f"{_text(paragraph)}\n" for paragraph in DESCRIPTION)


def _command(command: Command) -> str:
    name = " ".join(("preheat", *command.path))
    usage = " ".join(argument.names[0] for argument in command.arguments)
    arguments = f" \\fI{_text(usage)}\\fR" if usage else ""
    parts = [f".SS {_text(name)}\n.B {_text(name)}\n[\\fIOPTIONS\\fR]{arguments}\n.PP\n{_text(command.help)}\n"]
    parts += [_item(_text(each.names[0]), _with_choices(each), raw=True) for each in command.arguments]
    parts += [_option(each) for each in command.options if "--help" not in each.names]
    lines = "\n.br\n".join(map(_text, EXAMPLES[" ".join(command.path)]))
    parts.append(f".TP\nExamples\n{lines}\n")
    return "".join(parts)


def _option(option: Parameter) -> str:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
    value = f" \\fI{_text(option.metavar)}\\fR" if option.value is not Value.NOTHING else ""
    return _item(names + value, _with_choices(option), raw=True)


def _with_choices(parameter: Parameter) -> str:
    if parameter.value is not Value.WORD:
        return parameter.help
    return f"{parameter.help} One of: {', '.join(parameter.choices)}.".strip()


def _item(term: str, text: str, *, raw: bool = False) -> str:
    return f".TP\n{term if raw else f'.B {_text(term)}'}\n{_text(text) or '.br'}\n"


def _files() -> str:
    return ".SH FILES\n" + "".join(_item(path, text) for path, text in _FILES)


def _see_also(page: str) -> str:
    return f".SH SEE ALSO\n.BR {page} (1),\n.UR {_text(urls()['Homepage'])}\n.UE\n"


def _text(text: str) -> str:
    """Return a text as roff: lines must not begin with its control characters, and a dash is a dash."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", escaped.strip())]
    return "\n.PP\n".join(re.sub(r"^([.'])", r"\\&\1", paragraph) for paragraph in paragraphs)
