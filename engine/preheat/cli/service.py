"""``preheat service``: Preheat in the background, without windows, started by the system."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, print_json, print_text
from preheat.cli.serve import HostOption, ModelsDirs, NoPreload, PortOption, SetOptions, parse_options
from preheat.errors import NotRunningError

if TYPE_CHECKING:
    from preheat.service import Service, ServiceState

_EXIT_STOPPED: Final = 3
"""As for ``systemctl status``."""

service_app = typer.Typer(
    help="Run Preheat in the background, without windows.\n\nWith systemd, launchd or the Task Scheduler.",
    no_args_is_help=True,
)


@service_app.command()
def install(
    linger: Annotated[
        bool, typer.Option("--linger", help="Start with the machine, before anyone logs in (Linux with systemd).")
    ] = False,
    models_dirs: ModelsDirs = None,
    host: HostOption = None,
    port: PortOption = None,
    no_preload: NoPreload = False,
    overrides: SetOptions = None,
) -> None:
    """Install the service of this user, with these options of preheat serve, and start it.

    It starts when you log in, and again if it fails. Installing it again replaces its options.
    """
    from preheat.service import Definition, service
    from preheat.settings import SettingsStore

    options = parse_options(models_dirs, host, port, no_preload, overrides)
    settings = SettingsStore(options).load()
    words = [word for name, text in options.items() for word in ("--set", f"{name}={text}")]
    target = service()
    other = _other_preheat(target)
    target.install(Definition.of(*words, grace_s=settings.shutdown_grace), start=other is None)
    if linger:
        target.linger()
    now = target.status()
    typer.echo(f"Installed: {now.file} ({now.manager})")
    if other is not None:
        typer.echo(f"Preheat already runs (process {other}), so the service starts at the next login.")
        typer.echo("To start it now, quit the other one with preheat quit, then install the service again.")
        return
    typer.echo("Preheat is running in the background. See it with: preheat status")
    if now.linger is False:
        typer.echo("It ends when you log out. To keep it running: preheat service install --linger")


@service_app.command()
def remove() -> None:
    """Stop and remove the service. Models, settings and figures stay."""
    from preheat.service import service

    typer.echo("The service is removed." if service().remove() else "There is no service to remove.")


@service_app.command()
def status(as_json: AsJson = False) -> None:
    """Show the service. Exit code 0 if it is running, 3 if it is not."""
    from preheat.service import service

    now = service().status()
    if as_json:
        print_json(asdict(now))
    else:
        for line in _lines(now):
            print_text(line, indent=10)
    if not now.running:
        raise typer.Exit(_EXIT_STOPPED)


def _lines(now: ServiceState) -> list[str]:
    if not now.installed:
        return [f"The service is not installed ({now.manager}).", "Install it: preheat service install"]
    process = f", process {now.pid}" if now.pid else ""
    lines = [f"Service   {'running' if now.running else 'not running'}: {now.state}{process}"]
    starts = "at login" if now.enabled else "only by hand"
    lines.append(f"Starts    {'with the machine' if now.enabled and now.linger else starts}")
    lines.append(f"File      {now.file}")
    return lines


def _other_preheat(target: Service) -> int | None:
    """Return the process of a running Preheat that is not the service; None if there is none."""
    from preheat.control import find_running

    try:
        with find_running() as running:
            return None if target.status().running else running.pid
    except NotRunningError:
        return None
