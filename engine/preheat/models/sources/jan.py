"""Jan's models: ``llamacpp/models/ID/model.yml`` in its data folder, next to ``model.gguf`` and ``mmproj.gguf``.

From Jan's source (src-tauri/src/core/app/commands.rs, extensions/llamacpp-extension): the data folder is
``JAN_DATA_FOLDER``, or what ``settings.json`` in its application folder has as ``data_folder``, or ``data`` in there;
before 0.5 it was ``~/jan``.
``model_path`` and ``mmproj_path`` are relative to the data folder, or absolute for an imported file.
Until 0.6 models were in ``models/ID``, with ``model.yml`` or ``model.json`` and the files' own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.models.sources.candidates import Candidate, Report, leads_into, stays_inside, walk
from preheat.models.sources.outside import (
    absolute,
    config_folder,
    data_folder,
    from_variable,
    home,
    read_object,
    read_text,
)

_FIELD: Final = re.compile(r"^(?P<name>model_path|mmproj_path):[ \t]*(?P<value>.+?)[ \t]*$", re.MULTILINE)


def roots() -> tuple[Path, ...]:
    """Return Jan's data folders."""
    settings = [read_object(folder / "settings.json") for folder in (data_folder("Jan"), config_folder("Jan"))]
    named = [from_variable("JAN_DATA_FOLDER"), *(absolute(each.get("data_folder")) for each in settings)]
    return tuple(dict.fromkeys((next(filter(None, named), data_folder("Jan") / "data"), home() / "jan")))


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the models of a data folder, named by their folders as Jan does."""
    for models in (root / "llamacpp" / "models", root / "models"):
        for path in walk(models, report):
            if not stays_inside(path, root, "Jan", report):
                continue
            folder = path.parent
            name = "/".join(folder.relative_to(models).parts)
            described = _fields(folder / "model.yml")
            own = path.name.lower() == "model.gguf" or _inside(root, described.get("model_path")) == path
            yield Candidate(
                path,
                name if own and name else path.name,
                owners=folder.relative_to(models).parts[::-1],
                aliases=(folder.name,) if own and "/" in name else (),
                group=str(folder),
                one_repo=True,
                mmproj=_inside(root, described.get("mmproj_path")) if own else None,
            )


def _fields(path: Path) -> dict[str, str]:
    """Return the two fields of a ``model.yml`` that name files: single lines, optionally quoted."""
    return {match["name"]: match["value"].strip("'\"") for match in _FIELD.finditer(read_text(path))}


def _inside(root: Path, named: str | None) -> Path | None:
    """Return the file that Jan names; None if it is missing, or outside the data folder."""
    if not named or "\0" in named:
        return None
    path = root / named
    return path if leads_into(path, root) and path.is_file() else None
