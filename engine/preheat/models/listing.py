"""Assembles files into models: split sets, image encoders, several names of one file, unique ids."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Final

from preheat.messages import Message, msg
from preheat.models.file_names import SPLIT_PART, base_id, printable
from preheat.models.gguf.cache import Stamp
from preheat.models.gguf.classify import Kind
from preheat.models.gguf.facts import Facts
from preheat.models.gguf.quantization import QUANTIZATION, projector_rank
from preheat.models.gguf.shape import ModelShape
from preheat.models.model_file import Ability, ModelFile, Source
from preheat.models.sources.candidates import Candidate, Report
from preheat.units import natural_key

_NAMELESS: Final = "model"  # for a file named by a space and the ending
_MMPROJ: Final = re.compile(r"(?:^|[-_.])mmproj(?:[-_.]?model)?(?=[-_.]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that cannot be served as a model; ``reason`` is a clause about it."""

    name: str = field(metadata={"json": "id"})
    path: Path
    source: Source
    kind: Kind
    file_bytes: int
    reason: Message


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file that is damaged, incomplete or unreadable. The reason's hint says what to do."""

    name: str = field(metadata={"json": "id"})
    path: Path
    source: Source
    file_bytes: int
    reason: Message
    pull_name: str = ""  # what to pull to get it again; empty if unknown


@dataclass(frozen=True, slots=True)
class Listing:
    """The result of a look at the disk."""

    models: tuple[ModelFile, ...] = ()  # by id
    skipped: tuple[SkippedFile, ...] = ()  # complete and readable files that cannot be served
    broken: tuple[BrokenFile, ...] = ()  # damaged, incomplete or unreadable files, by path
    unsettled: bool = False  # something is being written: look again in a moment
    unreachable: tuple[Message, ...] = ()  # folders that did not respond in time


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A candidate on the disk, with the facts of its header."""

    candidate: Candidate
    source: Source
    place: int  # rank of its place among the places
    is_link: bool
    stamp: Stamp
    facts: Facts

    @property
    def path(self) -> Path:
        return self.candidate.path

    @property
    def order(self) -> tuple[int, str]:
        return self.place, str(self.path)

    @property
    def stem(self) -> str:
        """Its name without its quantization, part number and "mmproj"."""
        name = self.candidate.name.lower().removesuffix(".gguf")
        part = SPLIT_PART.fullmatch(name)
        name = _MMPROJ.sub("", part["prefix"] if part else name)
        return QUANTIZATION.sub("", name).strip("-_. ")


def assemble(scanned: Iterable[ScannedFile], report: Report, known: Collection[str] = ()) -> Listing:
    """Return the models that these files make. Pure, except for the report of incomplete sets.

    Args:
        known: Ids of an earlier listing. A file that gets another name keeps the one that is known.
    """
    distinct, twins = _distinct(scanned, known)
    encoders = _encoders(distinct)
    models: list[tuple[ModelFile, Candidate]] = []
    skipped: list[SkippedFile] = []
    for parts in _split_sets(distinct):
        first = parts[0]
        problem = _incomplete(parts)
        if problem is not None:
            report(first.path, problem)
        elif (reason := _unfit_reason(parts)) is not None:
            skipped.append(
                SkippedFile(_id_of(first), first.path, first.source, first.facts.kind, _file_bytes(parts), reason)
            )
        else:
            mmproj = first.candidate.mmproj or _mmproj(first, encoders)
            models.append((_model(parts, twins[first.path], mmproj), first.candidate))
    return Listing(_with_unique_ids(models), tuple(sorted(skipped, key=lambda each: (each.name, str(each.path)))))


def _distinct(
    scanned: Iterable[ScannedFile], known: Collection[str]
) -> tuple[list[ScannedFile], Mapping[Path, list[Candidate]]]:
    """Return each file once, and by its path all candidates with its content.

    A known name precedes a new one, and a file's own name a link's; then the first place and path decide.
    """
    by_identity: dict[object, ScannedFile] = {}
    twins: defaultdict[Path, list[Candidate]] = defaultdict(list)
    for file in sorted(scanned, key=lambda each: (_id_of(each) not in known, each.is_link, each.order)):
        keys = [file.stamp.identity, *filter(None, [file.candidate.sha256])]
        first = next((by_identity[key] for key in keys if key in by_identity), file)
        by_identity.update((key, first) for key in keys)
        twins[first.path].append(file.candidate)
    kept = {id(file): file for file in by_identity.values()}
    return sorted(kept.values(), key=lambda each: each.order), twins


def _id_of(file: ScannedFile) -> str:
    return base_id(file.candidate.name) or _NAMELESS


def _split_sets(files: Sequence[ScannedFile]) -> Iterable[list[ScannedFile]]:
    """Group the parts of split sets; every other file is a group of its own."""
    sets: defaultdict[tuple[Path, str, str], list[ScannedFile]] = defaultdict(list)
    for file in files:
        part = SPLIT_PART.fullmatch(file.path.stem)
        sets[(file.path.parent, part["prefix"], part["count"]) if part else (file.path, "", "")].append(file)
    return sets.values()


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _file_bytes(parts: Sequence[ScannedFile]) -> int:
    return sum(part.stamp.file_bytes for part in parts)


def _incomplete(parts: Sequence[ScannedFile]) -> Message | None:
    """Return the problem of a set; None if it is complete."""
    first = parts[0]
    path = printable(str(first.path))
    names = [part for each in parts if (part := SPLIT_PART.fullmatch(each.path.stem))]
    expected = int(names[0]["count"]) if names else 1
    if names and [int(part["number"]) for part in names] != list(range(1, expected + 1)):
        return msg("split_set_incomplete", path=path, count=expected)
    if first.facts.split_count != expected and first.facts.unfit is None:
        return msg("split_set_mismatch", path=path, by_header=first.facts.split_count, by_name=expected)
    return None


def _unfit_reason(parts: Sequence[ScannedFile]) -> Message | None:
    reason = parts[0].candidate.refused or parts[0].facts.unfit
    if reason is None and not any(part.facts.tensors for part in parts):
        return msg("skipped_vocabulary")
    return reason


def _encoders(files: Iterable[ScannedFile]) -> dict[str, tuple[list[ScannedFile], bool]]:
    """Return the image encoders of each group that has some, and whether it has several models."""
    groups: defaultdict[str, list[ScannedFile]] = defaultdict(list)
    for file in files:
        groups[file.candidate.group].append(file)
    return {
        group: (encoders, len({file.stem for file in members if file not in encoders}) > 1)
        for group, members in groups.items()
        if group and (encoders := [file for file in members if file.facts.kind is Kind.PROJECTOR])
    }


def _mmproj(model: ScannedFile, encoders: Mapping[str, tuple[list[ScannedFile], bool]]) -> Path | None:
    """Return the image encoder of a model, if any.

    A repository has one encoder, in several precisions, for all its models. In a mixed folder names decide: publishers
    put the model's name into that of its encoder.
    """
    found, mixed = encoders.get(model.candidate.group, ([], False))
    if mixed and not model.candidate.one_repo:
        found = [encoder for encoder in found if encoder.stem == model.stem]
    if not found or model.facts.embeddings:
        return None
    return min(found, key=lambda each: projector_rank(each.candidate.name, each.stamp.file_bytes, str(each.path))).path


def _model(parts: Sequence[ScannedFile], twins: Sequence[Candidate], mmproj: Path | None) -> ModelFile:
    """Return the model that its first part describes, each part holding some of its tensors."""
    first, facts = parts[0], parts[0].facts
    names = [name for twin in twins for name in (twin.name, *twin.aliases)]
    parameters = sum(part.facts.elements for part in parts)
    shape = facts.shape if len(parts) == 1 else ModelShape.joined([part.facts.shape for part in parts])
    return ModelFile(
        model_id=_id_of(first),
        path=first.path,
        file_bytes=_file_bytes(parts),
        architecture=facts.architecture,
        context_length=facts.context_length,
        embeddings=facts.embeddings,
        chat_template=facts.chat_template,
        files=tuple(part.path for part in parts),
        modified_ns=max(part.stamp.modified_ns for part in parts),
        shape=shape,
        source=first.source,
        aliases=tuple(dict.fromkeys(filter(None, map(base_id, names)))),
        mmproj=mmproj,
        mmproj_bytes=_size_of(mmproj) if mmproj is not None else 0,
        name=facts.name,
        parameters=parameters,
        quantization=next((part.facts.quantization for part in parts if part.facts.quantization), ""),
        bits_per_weight=round(8 * shape.weight_bytes / parameters, 2) if parameters else 0.0,
        licence=facts.licence,
        abilities=_abilities(facts, vision=mmproj is not None),
    )


def _abilities(facts: Facts, *, vision: bool) -> tuple[Ability, ...]:
    if facts.kind is Kind.RERANKER:
        return (Ability.RERANK,)
    if facts.embeddings:
        return (Ability.EMBEDDING,)
    chat = (Ability.CHAT,) if facts.chat_template else ()
    return (*chat, Ability.COMPLETION, *((Ability.VISION,) if vision else ()))


def _with_unique_ids(models: Sequence[tuple[ModelFile, Candidate]]) -> tuple[ModelFile, ...]:
    """Return the models by id. The first of those that share an id keeps it, whatever the others are renamed to.

    An alias stays with the first model that has it, and is dropped where it is an id.
    """
    taken = {model.model_id for model, _ in models}
    seen: set[str] = set()
    named: list[ModelFile] = []
    for model, candidate in models:
        unique = model.model_id
        if unique in seen:
            unique = next(name for name in _longer_ids(unique, candidate.owners) if name not in taken)
        taken.add(unique)
        seen.add(model.model_id)
        named.append(replace(model, model_id=unique))
    for place, model in enumerate(named):
        aliases = tuple(alias for alias in model.aliases if alias not in taken)
        taken.update(aliases)
        named[place] = replace(model, aliases=aliases)
    return tuple(sorted(named, key=lambda model: natural_key(model.model_id)))


def _longer_ids(model_id: str, owners: Iterable[str]) -> Iterator[str]:
    """Yield ids to try: prefixed with the owner, then with the next owner, and finally with a number."""
    longer = model_id
    for owner in owners:
        # No spaces: ids are typed, and are parts of URLs.
        longer = "-".join((*printable(owner).lower().split(), longer))
        yield longer
    yield from (f"{model_id}-{number}" for number in count(2))
