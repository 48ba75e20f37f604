"""``preheat embed``."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from preheat.cli.output import AsJson, print_json

_SHOWN: Final = 4
_STDIN: Final = "-"


def embed(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT...", help="Texts; - reads standard input by line.")],
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
