"""Assembles files into models: split sets, image encoders, several names of one file, unique ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from preheat.messages import Message, msg
from preheat.models.file_names import SPLIT_PART, base_id, printable
from preheat.models.gguf.classify import Kind
from preheat.models.gguf.facts import Facts
from preheat.models.gguf.shape import ModelShape
from preheat.models.model_file import ModelFile, Source, details_of
from preheat.models.projectors import Projectors
from preheat.models.sources.candidates import File, Report

_NAMELESS: Final = "model"  # for a file named by a space and the ending


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that cannot be served as a model; ``reason`` is a clause about it."""

    name: str
    path: Path
    source: Source
    kind: Kind
    file_bytes: int
    reason: Message

    def public_facts(self) -> dict[str, Any]:
        """Return its public facts as JSON."""
        return {
            "id": self.name,
            "kind": self.kind.value,
            "reason": str(self.reason),
            "path": printable(str(self.path)),
            "source": self.source.value,
            "file_bytes": self.file_bytes,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """The result of a look at the disk."""

    models: tuple[ModelFile, ...] = ()  # by id
    skipped: tuple[SkippedFile, ...] = ()  # complete and readable files that cannot be served
    unsettled: bool = False  # something is being written: look again in a moment
    unreachable: tuple[Message, ...] = ()  # folders that did not respond in time


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file with the facts of its header."""

    file: File
    facts: Facts


def assemble(scanned: Iterable[ScannedFile], report: Report) -> Listing:
    """Return the models that these files make. Pure, except for the report of incomplete sets."""
    distinct, twins = _distinct(scanned)
    projectors = Projectors((each.file, each.facts) for each in distinct)
    models: list[tuple[ModelFile, File]] = []
    skipped: list[SkippedFile] = []
    for parts in _split_sets(distinct):
        file = parts[0].file
        problem = _incomplete(parts)
        if problem is not None:
            report(file.path, problem)
        elif (reason := _unfit_reason(parts)) is not None:
            name = base_id(file.candidate.name) or _NAMELESS
            skipped.append(SkippedFile(name, file.path, file.source, parts[0].facts.kind, _file_bytes(parts), reason))
        else:
            models.append((_model(parts, twins[file.path], projectors), file))
    return Listing(_with_unique_ids(models), tuple(sorted(skipped, key=lambda each: (each.name, str(each.path)))))


def _distinct(scanned: Iterable[ScannedFile]) -> tuple[list[ScannedFile], Mapping[Path, list[File]]]:
    """Return each file once, and by its path all files with its content.

    A file's own name goes before a link's, then the first place and path decide.
    """
    by_identity: dict[object, ScannedFile] = {}
    twins: dict[Path, list[File]] = {}
    for each in sorted(scanned, key=lambda each: (each.file.is_link, each.file.order)):
        file = each.file
        keys = [file.stamp.identity, *([file.candidate.sha256] if file.candidate.sha256 else [])]
        first = next((by_identity[key] for key in keys if key in by_identity), each)
        by_identity.update((key, first) for key in keys)
        twins.setdefault(first.file.path, []).append(file)
    kept = {id(each): each for each in by_identity.values()}
    return sorted(kept.values(), key=lambda each: each.file.order), twins


def _split_sets(files: Sequence[ScannedFile]) -> Iterable[list[ScannedFile]]:
    """Group the parts of split sets; every other file is a group of its own."""
    sets: defaultdict[tuple[Path, str, str], list[ScannedFile]] = defaultdict(list)
    for each in files:
        path = each.file.path
        part = SPLIT_PART.fullmatch(path.stem)
        sets[(path.parent, part["prefix"], part["count"]) if part else (path, "", "")].append(each)
    return sets.values()


def _file_bytes(parts: Sequence[ScannedFile]) -> int:
    return sum(part.file.stamp.file_bytes for part in parts)


def _unfit_reason(parts: Sequence[ScannedFile]) -> Message | None:
    reason = parts[0].file.candidate.refused or parts[0].facts.unfit
    if reason is None and not any(part.facts.tensors for part in parts):
        return msg("skipped_vocabulary")
    return reason


def _model(parts: Sequence[ScannedFile], twins: Sequence[File], projectors: Projectors) -> ModelFile:
    file, facts = parts[0].file, parts[0].facts
    mmproj = file.candidate.mmproj or projectors.of(file, facts)
    names = [name for twin in twins for name in (twin.candidate.name, *twin.candidate.aliases)]
    return ModelFile(
        model_id=base_id(file.candidate.name) or _NAMELESS,
        path=file.path,
        file_bytes=_file_bytes(parts),
        architecture=facts.architecture,
        context_length=facts.context_length,
        embeddings=facts.embeddings,
        chat_template=facts.chat_template,
        files=tuple(part.file.path for part in parts),
        modified_ns=max(part.file.stamp.modified_ns for part in parts),
        shape=_whole_shape([part.facts.shape for part in parts]),
        source=file.source,
        aliases=tuple(dict.fromkeys(filter(None, map(base_id, names)))),
        details=details_of([part.facts for part in parts], vision=mmproj is not None),
        mmproj=mmproj,
    )


def _incomplete(parts: Sequence[ScannedFile]) -> Message | None:
    """Return what is wrong with a set; None if it is complete."""
    first = parts[0]
    path = printable(str(first.file.path))
    names = [part for each in parts if (part := SPLIT_PART.fullmatch(each.file.path.stem))]
    expected = int(names[0]["count"]) if names else 1
    if names and [int(part["number"]) for part in names] != list(range(1, expected + 1)):
        return msg("split_set_incomplete", path=path, count=expected)
    if first.facts.split_count != expected and first.facts.unfit is None:
        return msg("split_set_mismatch", path=path, by_header=first.facts.split_count, by_name=expected)
    return None


def _whole_shape(parts: Sequence[ModelShape]) -> ModelShape:
    """Return the shape of a split set: the first part describes the model, and each holds some of its tensors."""
    weight_bytes, repack_bytes = sum(part.weight_bytes for part in parts), sum(part.repack_bytes for part in parts)
    return replace(parts[0], weight_bytes=weight_bytes, repack_bytes=repack_bytes)


def _with_unique_ids(models: Sequence[tuple[ModelFile, File]]) -> tuple[ModelFile, ...]:
    """Return the models by id. The first of those that share an id keeps it, whatever the others are renamed to.

    An alias stays with the first model that has it, and is dropped where it is an id.
    """
    taken = {model.model_id for model, _ in models}
    seen: set[str] = set()
    named: list[ModelFile] = []
    for model, file in models:
        unique = model.model_id
        if unique in seen:
            unique = next(name for name in _longer_ids(unique, file.candidate.owners) if name not in taken)
        taken.add(unique)
        seen.add(model.model_id)
        named.append(replace(model, model_id=unique))
    for place, model in enumerate(named):
        aliases = tuple(alias for alias in model.aliases if alias not in taken)
        taken.update(aliases)
        named[place] = replace(model, aliases=aliases)
    return tuple(sorted(named, key=lambda model: model.model_id))


def _longer_ids(model_id: str, owners: Iterable[str]) -> Iterator[str]:
    """Yield ids to try: prefixed with the owner, then with the next owner, and finally with a number."""
    longer = model_id
    for owner in owners:
        # No spaces: ids are typed, and are parts of URLs.
        longer = "-".join((*printable(owner).lower().split(), longer))
        yield longer
    number = 2
    while True:
        yield f"{model_id}-{number}"
        number += 1
