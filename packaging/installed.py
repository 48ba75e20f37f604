"""Try an installed Preheat as its user would: its version, its port, an answer, an embedding.

Only the standard library: it runs against packages that were just installed somewhere else.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from setup_step import SetupError

START_TIMEOUT_S: Final = 120.0
ANSWER_TIMEOUT_S: Final = 300.0
STOP_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.02


def clean_environment(home: Path, **variables: str) -> dict[str, str]:
    """Return an environment without this checkout and this user's models; proxies and certificates stay."""
    gone = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in gone and not name.startswith("PREHEAT_")}
    return {**kept, "HOME": str(home), "PREHEAT_HOME": str(home / "preheat"), "COLUMNS": "200", **variables}


def run(command: Sequence[str | Path], environ: Mapping[str, str], *, ok: bool = True) -> str:
    """Run a command outside this checkout; return what it printed.

    Args:
        ok: Whether it has to succeed; otherwise it has to fail.

    Raises:
        SetupError: It did not.
    """
    words = list(map(str, command))
    done = subprocess.run(
        words,
        cwd=environ["HOME"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if (done.returncode == 0) is not ok:
        said = "\n  ".join(done.stdout.strip().splitlines()[-12:])
        raise SetupError(f"{' '.join(words)} ended with exit code {done.returncode}:\n  {said}", remedy="Try it alone.")
    return done.stdout


@contextlib.contextmanager
def served(command: Sequence[str | Path], environ: Mapping[str, str], stop: Sequence[str | Path] = ()) -> Iterator[str]:
    """Run a command that opens Preheat's port; yield its address, then stop it.

    Args:
        stop: The command that stops it; by default it gets SIGTERM, which Windows does not have.

    Raises:
        SetupError: It did not start in time, or it ended with an error.
    """
    record = Path(environ["PREHEAT_HOME"]) / "runtime" / "engine.json"
    output = Path(environ["PREHEAT_HOME"]).with_suffix(".out")
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=environ["HOME"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address(process, record, output)
        finally:
            if stop and process.poll() is None:
                run(stop, environ)
            else:
                process.send_signal(signal.SIGTERM)
            code = process.wait(STOP_TIMEOUT_S)
    if code:
        raise SetupError(f"it ended with exit code {code}: {output.read_text()[-2000:]}", remedy="See its log.")


def _address(process: subprocess.Popen[bytes], record: Path, output: Path) -> str:
    ends_at = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends_at and process.poll() is None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = f"http://127.0.0.1:{json.loads(record.read_bytes())['port']}"
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return url
        time.sleep(POLL_S)
    raise SetupError(f"no port was opened: {output.read_text()[-2000:]}", remedy="See its log.")


def try_models(url: str) -> str:
    """Chat with one of the models, embed with another; return what they did, in words.

    Raises:
        SetupError: An answer is empty.
    """
    names = [model["id"] for model in _json(f"{url}/v1/models")["data"]]
    (chat,) = [name for name in names if "smollm" in name.lower()]
    (embedder,) = [name for name in names if "minilm" in name.lower()]
    question = {"role": "user", "content": "Name a colour."}
    started = time.monotonic()
    answer = _json(f"{url}/v1/chat/completions", {"model": chat, "messages": [question], "max_tokens": 8})
    text = answer["choices"][0]["message"]["content"].strip()
    took_s = time.monotonic() - started
    vector = _json(f"{url}/v1/embeddings", {"model": embedder, "input": "Hello"})["data"][0]["embedding"]
    if not text or len(vector) != 384 or not any(vector):
        raise SetupError(f"empty answers: {answer}, {vector[:3]}", remedy="See the log.")
    return f"{chat} wrote {text!r} after {took_s:.1f} s, {embedder} embedded"


def _json(url: str, body: Mapping[str, object] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as response:
        return json.load(response)
