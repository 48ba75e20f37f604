"""Recipes for apps, from the data of the window's page *Connect*."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from preheat_gui.dashboard.connect.guides import Guide, Place, make_guides

_CHAT: Final = Place("http://127.0.0.1:11435", "smollm2-135m-instruct.q4_1")
_EMBEDDING: Final = replace(_CHAT, model_id="all-minilm-l6-v2.q8_0", embeddings=True)

_CODE: Final = {"curl": "sh", "python": "python", "javascript": "javascript", "fetch": "javascript"}
_RUN: Final = {"curl", "python", "continue", "librechat"}  # by a test
_LANGUAGES: Final = {**_CODE, "continue": "yaml", "zed": "json", "codex": "toml", "librechat": "yaml"}


def code_recipes() -> str:
    """Return the recipes for programmers: a chat, and an embedding."""
    embeddings = {guide.key: guide for guide in make_guides(_EMBEDDING)}
    return "\n\n".join(
        part
        for guide in make_guides(_CHAT)
        if guide.key in _CODE
        for part in _recipe(guide, [guide.code, embeddings[guide.key].code])
    )


def app_recipes() -> str:
    """Return the recipes for apps."""
    return "\n\n".join(
        part
        for guide in make_guides(_CHAT)
        if guide.key not in _CODE
        for part in _recipe(guide, [guide.code] if guide.code else [])
    )


def _recipe(guide: Guide, code: Sequence[str]) -> Iterator[str]:
    yield f"### {guide.title}"
    if len(guide.steps) == 1:
        yield guide.steps[0]
    elif guide.steps:
        yield "\n".join(f"{number}. {step}" for number, step in enumerate(guide.steps, 1))
    for text in code:
        mark = "" if guide.key in _RUN else f"<!-- not run: for {guide.title} -->\n"
        yield f"{mark}```{_LANGUAGES.get(guide.key, 'sh')}\n{text}\n```"
    if guide.fields:
        rows = (f"| {field.name} | `{field.value}` |" for field in guide.fields)
        yield "\n".join(["| field | value |", "| --- | --- |", *rows])
