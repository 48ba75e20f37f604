"""``preheat serve``, ``tray`` and ``open``: the engine and its port, without and with windows, and its web page."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from preheat._version import __version__
from preheat.cli.output import silence
from preheat.errors import SettingsError, windows_error
from preheat.messages import msg
from preheat.units import format_duration

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, ModelSnapshot, State
    from preheat.settings import Settings

ModelsDirs: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--models-dir", metavar="DIR", help="A folder with models."),
]
HostOption: TypeAlias = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
PortOption: TypeAlias = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes any free one.")]
NoPreload: TypeAlias = Annotated[bool, typer.Option("--no-preload", help="Load models only when they are requested.")]
SetOptions: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any setting; see preheat config get.")
]


def serve(
    models_dirs: ModelsDirs = None,
    host: HostOption = None,
    port: PortOption = None,
    no_preload: NoPreload = False,
    overrides: SetOptions = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also print the log.")] = False,
) -> None:
    """Start Preheat without windows, until Ctrl-C."""
    from preheat import server
    from preheat.installation import own_command, start_after_upgrade, upgrade_runs
    from preheat.log import setup_logging
    from preheat.settings import SettingsStore

    store = SettingsStore(parse_options(models_dirs, host, port, no_preload, overrides))
    setup_logging(store.load().log_level, to_file=True, console=verbose)
    if store.problem is not None:
        typer.echo(f"{store.problem.title}. The last good settings apply.", err=True)
    report = _Report()
    server.run(store, report.on_snapshot, report.begin)
    if upgrade_runs():
        _say("Preheat is being upgraded, and starts again when that is done.")
        start_after_upgrade(own_command(*sys.argv[1:]))
    _say("Preheat has stopped.")


def parse_options(
    models_dirs: list[Path] | None, host: str | None, port: int | None, no_preload: bool, overrides: list[str] | None
) -> dict[str, str]:
    """Return the settings that the options give, as text by name.

    Raises:
        SettingsError: A ``--set`` option has no value, or a folder does not exist.
    """
    from preheat.cli.config import parse_overrides

    chosen = parse_overrides(overrides or ())
    for path in models_dirs or ():
        if not path.is_dir():
            raise SettingsError(msg("cli_no_folder", path=str(path)), param="models_dirs")
    if models_dirs:
        # As JSON, because the name of a folder may contain commas.
        chosen["models_dirs"] = json.dumps([str(path.absolute()) for path in models_dirs])
    if host is not None:
        chosen["host"] = host
    if port is not None:
        chosen["port"] = str(port)
    if no_preload:
        chosen["preload"] = "false"
    return chosen


def tray(
    login: Annotated[bool, typer.Option("--login", help="Open no window, as at login.")] = False,
    models_dirs: ModelsDirs = None,
    host: HostOption = None,
    port: PortOption = None,
    no_preload: NoPreload = False,
    overrides: SetOptions = None,
) -> None:
    """Start Preheat with its tray icon.

    A second start shows the dashboard of the first.
    """
    options = parse_options(models_dirs, host, port, no_preload, overrides)
    try:
        from preheat_gui.app.start import main
    except ImportError as error:
        raise windows_error(error) from error
    arguments = ["--login"] if login else []
    for name, text in options.items():
        arguments += ["--set", f"{name}={text}"]
    raise typer.Exit(main(arguments))


class _Report:
    """Prints events while Preheat runs."""

    def __init__(self) -> None:
        self._begun = False
        self._early_lines: list[str] = []
        self._states: dict[str, State] = {}
        self._queued_at: dict[str, float] = {}

    def begin(self, port: int, snapshot: EngineSnapshot, settings: Settings) -> None:
        """Print the address and what Preheat does, then all events so far and from now on."""
        from preheat.control import base_url
        from preheat.service import notify

        url = base_url(settings.host, port)
        _say(f"Preheat {__version__} answers on {url}")
        _say(first_words(snapshot, settings))
        curl = curl_line(url, snapshot, needs_key=bool(settings.api_keys))
        if curl:
            _say(f"Try it:\n  {curl}")
        _say("Press Ctrl-C to stop.")
        notify("READY=1")
        self._begun = True
        for line in self._early_lines:
            _say(line)

    def on_snapshot(self, snapshot: EngineSnapshot) -> None:
        for model in snapshot.models:
            before = self._states.get(model.model_id)
            if model.state is before:
                continue
            self._states[model.model_id] = model.state
            event = self._event(model, first=before is None)
            if event:
                line = f"{time.strftime('%H:%M:%S')} {event}"
                if self._begun:
                    _say(line)
                else:
                    self._early_lines.append(line)

    def _event(self, model: ModelSnapshot, *, first: bool) -> str:
        """Return the event of a model's new state; empty if there is none."""
        from preheat.control import State

        if model.state in (State.QUEUED, State.LOADING, State.WARMING):
            self._queued_at.setdefault(model.model_id, time.monotonic())
            return ""
        queued_at = self._queued_at.pop(model.model_id, None)
        if model.state is State.HOT:
            took = "" if queued_at is None else f" in {format_duration(time.monotonic() - queued_at)}"
            return f"{'loaded' if model.active_requests else 'preloaded'} {model.model_id}{took}"
        if model.state is State.FAILED:
            return f"{model.model_id} failed: {model.error}"
        if model.state is State.COLD and not first:
            return f"unloaded {model.model_id}"
        return ""


def first_words(snapshot: EngineSnapshot, settings: Settings) -> str:
    """Return what Preheat is going to do, as a sentence."""
    if not snapshot.models:
        folder = settings.own_models_dir
        return f"There are no models yet. Get one: preheat pull qwen3:4b. Or put GGUF files into {folder}"
    favourites = [model.model_id for model in snapshot.models if model.favourite]
    if not snapshot.preload.enabled:
        return "Preloading is off: models load when they are requested."
    if not favourites:
        habits = ", and before that once Preheat knows your habits" if settings.preload_learned else ""
        return f"No favourites to preload: models load when they are requested{habits}. Choose: preheat favourite MODEL"
    return f"Preloading {', '.join(favourites)}"


def curl_line(url: str, snapshot: EngineSnapshot, *, needs_key: bool) -> str:
    """Return an example request as a command; empty if there is no model."""
    models = sorted(snapshot.models, key=lambda model: (model.embeddings, not model.favourite))
    if not models:
        return ""
    key = "-H 'Authorization: Bearer YOUR_KEY' " if needs_key else ""
    body: dict[str, Any] = {"model": models[0].model_id}
    if models[0].embeddings:
        path = "embeddings"
        body["input"] = "Hello"
    else:
        path = "chat/completions"
        # Unlimited, a small model sometimes writes for minutes before this command prints anything.
        body |= {"max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}
    text = json.dumps(body).replace("'", "'\\''")
    return f"curl {url}/v1/{path} {key}-H 'Content-Type: application/json' -d '{text}'"


def _say(text: str) -> None:
    """Print a line. Preheat keeps running if the output's reader has closed the pipe."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        silence()


def open_(print_only: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False) -> None:
    """Open the web page of the running Preheat in a browser.

    The page shows memory, models and requests live. Without a desktop, the command prints its address.
    """
    from preheat.control import find_running

    with find_running() as running:
        address = f"{running.url}/"
    if print_only or not _has_desktop() or not _open(address):
        typer.echo(address)


def _has_desktop() -> bool:
    """Return whether a browser would have a window. Text browsers would take the terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> bool:
    import webbrowser

    return webbrowser.open(address)
