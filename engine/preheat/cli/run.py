"""``preheat run`` and ``embed``: answers, chats and embeddings."""

from __future__ import annotations

import contextlib
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Final

import typer

from preheat.cli.output import AsJson, JsonObject, ModelName, print_json, show_error, waiting
from preheat.errors import EngineError, EngineStoppedError, InvalidRequestError, NotRunningError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.control import ControlClient, GenerationChunk
    from preheat.shortcuts import Options


_PROMPT: Final = ">>> "


def run(
    model: ModelName,
    prompt: Annotated[
        str | None, typer.Argument(help="Default: standard input, or a chat.", show_default=False)
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="System prompt.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Maximum number of tokens.")] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", help="0 picks the likeliest token.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed for reproducible answers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a model's answer, or chat with it.

    Ctrl-D ends the chat, Ctrl-C stops an answer.
    """
    from preheat.control import open_client

    options: Options = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
    messages: list[JsonObject] = [] if system is None else [{"role": "system", "content": system}]
    if prompt is None and not sys.stdin.isatty():
        prompt = sys.stdin.read().strip()
        if not prompt:
            raise InvalidRequestError(msg("cli_no_prompt"))
    with open_client() as answering:
        if prompt is None:
            _chat(answering, model, messages, options)
            return
        messages.append({"role": "user", "content": prompt})
        text, last = _answer(answering, model, messages, options, echo=not as_json)
    if as_json:
        print_json(_as_json(model, text, last))


def _chat(answering: ControlClient, model: str, messages: list[JsonObject], options: Options) -> None:
    """Chat until the input ends."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 (gives input() line editing and a history)
    while True:
        try:
            asked = input(_PROMPT).strip()
        except EOFError:
            typer.echo()
            return
        except KeyboardInterrupt:
            typer.echo("\nCtrl-D ends the chat.")
            continue
        if not asked:
            continue
        messages.append({"role": "user", "content": asked})
        try:
            text, _ = _answer(answering, model, messages, options, echo=True)
            messages.append({"role": "assistant", "content": text})
        except KeyboardInterrupt:
            typer.echo("\nStopped.")
            messages.pop()  # the question is not part of the chat
        except (EngineStoppedError, NotRunningError):
            raise
        except EngineError as error:
            if len(messages) <= 2:
                raise  # the model does not exist or does not load
            show_error(error)
            messages.pop()


def _answer(
    answering: ControlClient, model: str, messages: list[JsonObject], options: Options, *, echo: bool
) -> tuple[str, GenerationChunk | None]:
    """Return an answer and its last chunk; print it as it arrives."""
    from preheat.shortcuts import chat_request

    parts: list[str] = []
    last: GenerationChunk | None = None
    with (
        waiting("Waiting for the answer") as on_wait,
        closing(answering.generate(model, chat_request(messages, options), on_wait)) as chunks,
    ):
        for chunk in chunks:
            on_wait("")
            last = chunk
            parts.append(chunk.text)
            if echo:
                sys.stdout.write(chunk.text)
                sys.stdout.flush()
    if echo:
        typer.echo()
    return "".join(parts), last


def _as_json(model: str, text: str, last: GenerationChunk | None) -> JsonObject:
    usage = last.usage if last is not None else None
    return {
        "model": model,
        "text": text,
        "finish_reason": last.finish_reason if last is not None else None,
        "prompt_tokens": usage.prompt_tokens if usage is not None else None,
        "completion_tokens": usage.completion_tokens if usage is not None else None,
    }


_SHOWN: Final = 4
_STDIN: Final = "-"


def embed(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT", help="Texts; - reads standard input by line.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="Default: the first embedding model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the embeddings of texts."""
    from preheat.control import open_client
    from preheat.shortcuts import default_model

    inputs = [line for text in texts for line in (_stdin_lines() if text == _STDIN else [text])]
    with open_client() as answering:
        chosen = model or default_model(answering.models(), embeddings=True)
        vectors = answering.embed(chosen, inputs)
    if as_json:
        print_json_vectors(chosen, vectors)
        return
    for text, vector in zip(inputs, vectors, strict=True):
        first = ", ".join(f"{number:.4f}" for number in vector[:_SHOWN])
        typer.echo(f"{text}: {len(vector)} numbers, {first}, …")


def print_json_vectors(model: str, vectors: list[list[float]]) -> None:
    """Print the vectors as JSON in full precision."""
    print_json({"model": model, "dimensions": len(vectors[0]) if vectors else 0, "embeddings": vectors})


def _stdin_lines() -> list[str]:
    """Return the non-empty lines of standard input."""
    return [line for line in sys.stdin.read().splitlines() if line.strip()]
