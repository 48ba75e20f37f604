"""Resolves a pull into the files to fetch."""

from __future__ import annotations

import time

from preheat.models.downloads.journal import FileRecord, Journal
from preheat.models.hub import Hub, PullTarget, choose


def asked_of(target: PullTarget) -> tuple[str, str, str]:
    """Return what a journal keeps of a target, to recognise the same request."""
    return target.quantization or "", target.file or "", target.revision


def plan(hub: Hub, target: PullTarget, room_bytes: int, context_length: int) -> Journal:
    """Return the files to fetch: all parts of the model, and its mmproj. Asks the hub.

    Args:
        room_bytes: Memory limit that a recommended quantization must fit.
        context_length: Configured context length, for the same.

    Raises:
        HubError: The hub has no such model, denies access, or does not answer.
    """
    found = hub.files(target.repo, target.revision)
    variant = choose(
        found, quantization=target.quantization, file=target.file, room_bytes=room_bytes, context_length=context_length
    )
    if found.gated:
        hub.locate(found.repo, found.commit, variant.files[0].path)  # reports missing access at once
    name = target.name if target.quantization or target.file else f"{found.repo}:{variant.quantization}"
    return Journal(
        name=name.removesuffix(":"),
        repo=found.repo,
        commit=found.commit,
        asked=asked_of(target),
        files=[FileRecord(file.path, file.size_bytes, file.sha256) for file in variant.all_files],
        added_at=time.time(),
    )
