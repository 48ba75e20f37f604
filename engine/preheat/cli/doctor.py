"""``preheat doctor``: checks of this installation, and a file of diagnostics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preheat.cli.output import EXIT_FAILURE, AsJson, console, print_json, terminal_width
from preheat.errors import InvalidRequestError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.doctor import Line, Report


def doctor(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Name of the file that --bundle writes.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Write a file of diagnostics: this report, the log, the settings.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Let --bundle overwrite an existing file.")] = False,
) -> None:
    """Check this installation, and say what to do.

    Exit code 1 if something is broken.
    """
    if file is not None and not bundle:
        raise InvalidRequestError(msg("doctor_file_without_bundle"))
    from preheat.doctor import Level, examine

    report = examine()
    if as_json:
        from preheat.control import encode

        print_json(encode(report))
    else:
        _print_report(report)
    if bundle:
        _write(report, file, overwrite=force)
    if report.level is Level.BROKEN:
        raise typer.Exit(EXIT_FAILURE)


def _print_report(report: Report) -> None:
    from preheat.doctor import WIDTH, report_lines

    out = console()
    for line in report_lines(report, min(WIDTH, terminal_width(out) or WIDTH)):
        out.print(_styled(line), soft_wrap=True)


def _styled(line: Line) -> object:
    from rich.text import Text

    text = Text(line.text, style="bold" if line.heading else "")
    if line.level is not None:
        word = line.text.index(line.level.words)
        text.stylize(_STYLES[line.level.value], word, word + len(line.level.words))
    return text


_STYLES = {"good": "green", "to_do": "bold yellow", "broken": "bold red"}


def _write(report: Report, file: Path | None, *, overwrite: bool) -> None:
    from preheat.doctor import default_name, write_bundle

    path = Path(default_name()) if file is None else file / default_name() if file.is_dir() else file
    contents = write_bundle(path, report, overwrite=overwrite)
    typer.echo(f"\nWrote {path}, which only you can read:", err=True)
    for name, meaning in contents.items():
        typer.echo(f"  {name:18} {meaning}", err=True)
    typer.echo("Keys, user and host names, and text in quotes were removed. Look at it before you send it.", err=True)
