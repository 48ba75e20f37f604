"""From what was asked for to what is to be fetched, as the hub has it now."""

from __future__ import annotations

import time

from preheat.models.downloads.journal import FileRecord, Journal
from preheat.models.hub.hub import Hub
from preheat.models.hub.recommend import choose
from preheat.models.hub.target import PullTarget


def asked_of(target: PullTarget) -> tuple[str, str, str]:
    """Return what a journal keeps of a target, to know it again."""
    return target.quantization or "", target.file or "", target.revision


def plan(hub: Hub, target: PullTarget, room_bytes: int, context_length: int) -> Journal:
    """Return what is to be fetched: all parts of the model, and its mmproj. Asks the hub.

    Args:
        room_bytes: How much memory models may use: what a target without a quantization must fit in.
        context_length: As configured, for the same.

    Raises:
        HubError: The hub has no such model, keeps it from this user, or does not answer.
    """
    found = hub.files(target.repo, target.revision)
    variant = choose(
        found,
        quantization=target.quantization,
        file=target.file,
        room_bytes=room_bytes,
        context_length=context_length,
    )
    if found.gated:
        hub.locate(found.repo, found.commit, variant.files[0].path)  # it may say at once that it is not for us
    files = (*variant.files, variant.mmproj) if variant.mmproj else variant.files
    name = target.name if target.quantization or target.file else f"{found.repo}:{variant.quantization}"
    return Journal(
        name=name.removesuffix(":"),
        repo=found.repo,
        commit=found.commit,
        asked=asked_of(target),
        files=[FileRecord(file.path, file.size_bytes, file.sha256) for file in files],
        added_at=time.time(),
    )
