"""From files and what their headers say to models: split sets, image encoders, two names of one file, unique ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from preheat.models.details import details_of
from preheat.models.file_names import SPLIT_PART, base_id, printable
from preheat.models.gguf.classify import Kind
from preheat.models.gguf.facts import Facts
from preheat.models.gguf.shape import ModelShape
from preheat.models.model_file import ModelFile, Source
from preheat.models.projectors import Projectors
from preheat.models.sources.candidates import File, Report

_DOWNLOAD: Final = "Download it again."
_NAMELESS: Final = "model"  # a file that is called by a space and the ending


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that is no model to be asked for, and why.

    Attributes:
        name: As a model's id would be.
        reason: In words, to follow the name.
    """

    name: str
    path: Path
    source: Source
    kind: Kind
    file_bytes: int
    reason: str

    def public_facts(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "id": self.name,
            "kind": self.kind.value,
            "reason": self.reason,
            "path": printable(str(self.path)),
            "source": self.source.value,
            "file_bytes": self.file_bytes,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """What a look at the disk found.

    Attributes:
        models: What can be asked for, by id.
        left_out: Whole and readable files that cannot.
        unsettled: Something is being written just now: look again in a moment.
        unreachable: Folders that did not answer in time, in words.
    """

    models: tuple[ModelFile, ...] = ()
    left_out: tuple[SkippedFile, ...] = ()
    unsettled: bool = False
    unreachable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file with what its header says."""

    file: File
    facts: Facts


def assemble(found: Iterable[ScannedFile], report: Report) -> Listing:
    """Return the models that these files make. Pure, but for what it reports."""
    distinct, twins = _distinct(found)
    projectors = Projectors((known.file, known.facts) for known in distinct)
    models: list[tuple[ModelFile, File]] = []
    left_out: list[SkippedFile] = []
    for parts in _sets(distinct):
        outcome = _model(parts, twins, projectors, report)
        if isinstance(outcome, ModelFile):
            models.append((outcome, parts[0].file))
        elif outcome is not None:
            left_out.append(outcome)
    return Listing(_with_unique_ids(models), tuple(sorted(left_out, key=lambda one: (one.name, str(one.path)))))


def _distinct(found: Iterable[ScannedFile]) -> tuple[list[ScannedFile], Mapping[Path, list[File]]]:
    """Return each file once, and by its path all that have its content.

    A file's own name goes before a link's, then the first place and path decide.
    """
    by_identity: dict[object, ScannedFile] = {}
    twins: dict[Path, list[File]] = {}
    for known in sorted(found, key=lambda known: (known.file.is_link, known.file.order)):
        file = known.file
        keys = [file.stamp.identity, *([file.candidate.sha256] if file.candidate.sha256 else [])]
        first = next((by_identity[key] for key in keys if key in by_identity), known)
        by_identity.update((key, first) for key in keys)
        twins.setdefault(first.file.path, []).append(file)
    kept = {id(known): known for known in by_identity.values()}
    return sorted(kept.values(), key=lambda known: known.file.order), twins


def _sets(files: Sequence[ScannedFile]) -> Iterator[list[ScannedFile]]:
    """Join the parts of split sets; every other file is a set of its own."""
    sets: defaultdict[tuple[Path, str, str], list[ScannedFile]] = defaultdict(list)
    for known in files:
        path = known.file.path
        part = SPLIT_PART.fullmatch(path.stem)
        # The ending too: llama.cpp makes the other parts' names from the first one's, letter by letter.
        sets[(path.parent, part["prefix"], part["count"]) if part else (path, "", "")].append(known)
    yield from sets.values()


def _model(
    parts: Sequence[ScannedFile], twins: Mapping[Path, list[File]], projectors: Projectors, report: Report
) -> ModelFile | SkippedFile | None:
    """Return the model that a file or the parts of a split set make; None if they make nothing whole."""
    file, facts = parts[0].file, parts[0].facts
    problem = _incomplete(parts)
    if problem:
        report(file.path, problem)
        return None
    name = base_id(file.candidate.name) or _NAMELESS
    file_bytes = sum(part.file.stamp.file_bytes for part in parts)
    unfit = file.candidate.refused or facts.unfit
    if not unfit and not any(part.facts.tensors for part in parts):
        unfit = "it is a vocabulary without a model"
    if unfit:
        return SkippedFile(name, file.path, file.source, facts.kind, file_bytes, unfit)
    mmproj = file.candidate.mmproj or projectors.of(file, facts)
    return ModelFile(
        model_id=name,
        path=file.path,
        file_bytes=file_bytes,
        architecture=facts.architecture,
        context_length=facts.context_length,
        embeddings=facts.embeddings,
        chat_template=facts.chat_template,
        files=tuple(part.file.path for part in parts),
        modified_ns=max(part.file.stamp.modified_ns for part in parts),
        shape=_whole_shape([part.facts.shape for part in parts]),
        source=file.source,
        aliases=_aliases(twins[file.path]),
        details=details_of([part.facts for part in parts], vision=mmproj is not None),
        mmproj=mmproj,
    )


def _incomplete(parts: Sequence[ScannedFile]) -> str:
    """Return what is wrong with a set; empty if it is whole."""
    first = parts[0]
    where = printable(str(first.file.path))
    names = [part for known in parts if (part := SPLIT_PART.fullmatch(known.file.path.stem))]
    expected = int(names[0]["count"]) if names else 1
    if names and [int(part["number"]) for part in names] != list(range(1, expected + 1)):
        return f"{where} is one of {expected} parts, and some are missing. {_DOWNLOAD}"
    if first.facts.split_count != expected and not first.facts.unfit:
        problem = f"{where} belongs to a set of {first.facts.split_count} by its header, of {expected} by its name"
        return f"{problem}. Give the parts the names that they were made with."
    return ""


def _aliases(files: Sequence[File]) -> tuple[str, ...]:
    names = [name for file in files for name in (file.candidate.name, *file.candidate.aliases)]
    return tuple(dict.fromkeys(alias for name in names if (alias := base_id(name))))


def _whole_shape(parts: Sequence[ModelShape]) -> ModelShape:
    """Return the shape of a split set: the first part describes the model, and each holds some of its tensors."""
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        weight_bytes=sum(part.weight_bytes for part in parts),
        repack_bytes=sum(part.repack_bytes for part in parts),
    )


def _with_unique_ids(models: Sequence[tuple[ModelFile, File]]) -> tuple[ModelFile, ...]:
    """Return the models by id. The first of those that share an id keeps it, whatever the others are renamed to.

    An alias stays with the first model that has it, and is none where it is an id.
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
        named.append(replace(model, model_id=unique) if unique != model.model_id else model)
    for place, model in enumerate(named):
        aliases = tuple(alias for alias in model.aliases if alias not in taken)
        taken.update(aliases)
        if aliases != model.aliases:
            named[place] = replace(model, aliases=aliases)
    return tuple(sorted(named, key=lambda model: model.model_id))


def _longer_ids(model_id: str, owners: Iterable[str]) -> Iterator[str]:
    """Yield ids to try: with the owner's name before, then with the next owner's, and at last with a number."""
    longer = model_id
    for owner in owners:
        # No spaces: ids are typed, and are parts of URLs.
        longer = "-".join((*printable(owner).lower().split(), longer))
        yield longer
    number = 2
    while True:
        yield f"{model_id}-{number}"
        number += 1
