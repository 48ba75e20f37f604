"""Prints what happens while ``preheat serve`` runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from preheat._version import __version__
from preheat.cli.output import silence
from preheat.control import base_url
from preheat.units import format_duration

if TYPE_CHECKING:
    from preheat.control import EngineSnapshot, ModelSnapshot, State
    from preheat.settings import Settings, SettingsStore


def run(store: SettingsStore) -> None:
    """Run Preheat until Ctrl-C or SIGTERM.

    Raises:
        PortInUseError: Another process has the port.
        SettingsError: The host or port cannot be listened on.
    """
    from preheat import server

    report = _Report()
    server.run(store, report.on_snapshot, report.begin)
    _say("Preheat has stopped.")


class _Report:
    """Prints events while Preheat runs."""

    def __init__(self) -> None:
        self._begun = False
        self._early_lines: list[str] = []
        self._states: dict[str, State] = {}
        self._queued_at: dict[str, float] = {}

    def begin(self, port: int, snapshot: EngineSnapshot, settings: Settings) -> None:
        """Print the address and what Preheat does, then all events so far and from now on."""
        url = base_url(settings.host, port)
        _say(f"Preheat {__version__} answers on {url}")
        _say(first_words(snapshot, settings))
        curl = curl_line(url, snapshot, needs_key=bool(settings.api_keys))
        if curl:
            _say(f"Try it:\n  {curl}")
        _say("Press Ctrl-C to stop.")
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
        return "No favourites to preload: models load when they are requested. Choose: preheat favourite MODEL"
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
        body["messages"] = [{"role": "user", "content": "Hello"}]
    text = json.dumps(body).replace("'", "'\\''")
    return f"curl {url}/v1/{path} {key}-H 'Content-Type: application/json' -d '{text}'"


def _say(text: str) -> None:
    """Print a line. Preheat keeps running if the output's reader has closed the pipe."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        silence()
