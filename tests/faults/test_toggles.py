"""Many clients change the same lists at once, and none of their changes is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from running_preheat import Preheat, running_preheat

N_MODELS = 40


def ask(preheat: Preheat, method: str, path: str, body: object = None) -> Any:
    answer = preheat.ask(method, path, body, preheat.own_headers)
    assert answer.status == 200, answer.body
    return answer.body


def toggle(preheat: Preheat, name: str, *, on: bool) -> None:
    ask(preheat, "POST", f"/preheat/v1/models/{name}/{'favourite' if on else 'unfavourite'}", {})


def favourites(preheat: Preheat) -> set[str]:
    return set(ask(preheat, "GET", "/preheat/v1/favourites")["ordered"])


def test_toggles_at_once_lose_no_favourite(preheat_home: Path, scripted_folder: Path) -> None:
    models = preheat_home / "data" / "models"
    models.mkdir(parents=True)
    content = next(iter(sorted(scripted_folder.glob("*.gguf")))).read_bytes()
    names = [f"copy-{number}" for number in range(N_MODELS)]
    for name in names:
        (models / f"{name}.gguf").write_bytes(content + name.encode())
    missing = {"unplugged-1", "unplugged-2"}
    (preheat_home / "config").mkdir()
    (preheat_home / "config" / "settings.toml").write_text(f"favourites = {sorted(missing)}\n")
    with (
        running_preheat(preheat_home, scripted_folder, options=("--no-preload",)) as preheat,
        ThreadPoolExecutor(8) as clients,
    ):
        list(clients.map(lambda name: toggle(preheat, name, on=True), names))
        assert favourites(preheat) == {*names, *missing}

        def by_command(name: str) -> None:
            command = [sys.executable, "-m", "preheat", "unfavourite", name]
            environment = {**os.environ, "PREHEAT_HOME": str(preheat_home)}
            subprocess.run(command, env=environment, check=True, capture_output=True)

        commands = [clients.submit(by_command, name) for name in names[:4]]
        drops = [clients.submit(toggle, preheat, name, on=False) for name in names[4:20]]
        others = [
            clients.submit(ask, preheat, "PATCH", "/preheat/v1/settings", {"max_queue": 50 + number})
            for number in range(8)
        ]
        for done in (*commands, *drops, *others):
            done.result()
        assert favourites(preheat) == {*names[20:], *missing}
        ask(preheat, "PUT", "/preheat/v1/favourites", {"favourites": [names[0]]})
        assert favourites(preheat) == {names[0], *missing}


def test_names_made_at_once_are_all_kept(preheat_home: Path, scripted_folder: Path) -> None:
    with running_preheat(preheat_home, scripted_folder, options=("--no-preload",)) as preheat:
        source = preheat.status()["models"][0]["id"]
        names = [f"name-{number}" for number in range(40)]

        def copy(name: str) -> None:
            ask(preheat, "POST", "/api/copy", {"source": source, "destination": name})

        with ThreadPoolExecutor(8) as clients:
            list(clients.map(copy, names))
            list(clients.map(lambda name: ask(preheat, "DELETE", "/api/delete", {"model": name}), names[:10]))
        stored = json.loads((preheat_home / "data" / "ollama-models.json").read_text())
        assert set(stored) == set(names[10:])
