"""Collect the texts of the windows, and compile their translations.

Run it after changes of texts: it updates ``resources/translations/preheat_de.ts`` and lists missing translations. Add
them (with Qt Linguist, or by hand), and run it again to compile the file that Preheat reads. Both files are in the
repository, so building Preheat needs no Qt tools.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from preheat.messages import TABLE
from preheat.models.gguf import QUANTIZATION_WORDS
from preheat.settings import FIELDS, GROUP_LABELS, ModelSettings, extra

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, say

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = ROOT / "gui" / "preheat_gui"
TRANSLATIONS: Final = ROOT / "resources" / "translations"
LANGUAGES: Final = ("de",)

_SETTINGS: Final = "Settings"
"""The context of the settings' declarations."""

_MESSAGES: Final = "Messages"
"""The context of the engine's messages."""


_CATALOGUE: Final = "CatalogueModels"
_QUANTIZATIONS: Final = "Quantizations"

_FIELD: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Message:
    """A text and its translation."""

    context: str
    source: str
    translation: str  # empty if it is missing
    finished: bool


def main() -> None:
    """Collect and compile the texts of every language.

    Raises:
        SetupError: A Qt tool failed, or translations are missing.
    """
    for language in LANGUAGES:
        file = TRANSLATIONS / f"preheat_{language}.ts"
        collect(file, language)
        compile_file(file)
        missing = [message for message in messages(file) if not message.finished]
        if missing:
            words = "\n  ".join(f"{message.context}: {message.source}" for message in missing)
            raise SetupError(
                f"{len(missing)} texts in {file.name} are not translated:\n  {words}", remedy=f"Edit {file}"
            )
        say(f"{file.name}: complete")


def collect(file: Path, language: str) -> None:
    """Update a translation file from the sources, and remove unused texts.

    Raises:
        SetupError: lupdate failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        more = Path(folder) / "collected.py"
        more.write_text(
            _as_source(sorted({*_declared(), *_engine_messages(), *_models(), *_by_helpers()})), encoding="utf-8"
        )
        sources = sorted(map(str, SOURCES.rglob("*.py")))
        options = ["-locations", "none", "-no-obsolete", "-source-language", "en", "-target-language", language]
        _run("lupdate", "-silent", *options, *sources, str(more), "-ts", str(file))


def compile_file(file: Path) -> None:
    """Write the ``.qm`` next to a ``.ts``.

    Raises:
        SetupError: lrelease failed.
    """
    _run("lrelease", "-silent", str(file), "-qm", str(file.with_suffix(".qm")))


def messages(file: Path) -> Iterator[Message]:
    """Yield the messages of a translation file."""
    for context in ET.parse(file).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            text = "" if translation is None else translation.text or ""
            finished = bool(text) and translation is not None and "type" not in translation.attrib
            yield Message(context.findtext("name", ""), message.findtext("source", ""), text, finished)


def _declared() -> Iterator[tuple[str, str]]:
    """Yield the texts of the settings' declarations."""
    for label in GROUP_LABELS.values():
        yield _SETTINGS, label
    fields: Mapping[str, FieldInfo]
    for fields in (FIELDS, ModelSettings.model_fields):
        for field in fields.values():
            for words in (extra(field, "label"), extra(field, "unit"), field.description):
                if isinstance(words, str) and words:
                    yield _SETTINGS, words


def _engine_messages() -> Iterator[tuple[str, str]]:
    """Yield the templates of the engine's messages, except those that contain only fields."""
    for template in TABLE.values():
        for words in template:
            if _FIELD.sub("", words).strip():
                yield _MESSAGES, words


def _models() -> Iterator[tuple[str, str]]:
    """Yield the sentences of the catalogue, and the descriptions of quantizations."""
    catalogue = tomllib.loads((ROOT / "resources" / "catalogue.toml").read_text(encoding="utf-8"))
    for model in catalogue["model"]:
        yield _CATALOGUE, model["sentence"]
    for words in QUANTIZATION_WORDS.values():
        yield _QUANTIZATIONS, words


def _by_helpers() -> Iterator[tuple[str, str]]:
    """Yield the texts in calls of a module's ``_tr``, which lupdate does not recognize."""
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        contexts = [_context_of(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_tr"]
        for node in ast.walk(tree) if contexts else ():
            match node:
                case ast.Call(func=ast.Name(id="_tr"), args=[ast.Constant(value=str(words))]):
                    yield contexts[0], words


def _context_of(helper: ast.FunctionDef) -> str:
    """Return the context of a ``_tr`` function: the first text in it."""
    return next(
        node.value for node in ast.walk(helper) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _as_source(found: list[tuple[str, str]]) -> str:
    return "".join(f"QCoreApplication.translate({_quoted(context)}, {_quoted(words)})\n" for context, words in found)


def _quoted(text: str) -> str:
    # lupdate does not understand single-quoted strings with double quotes inside, which repr may write.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _run(tool: str, *arguments: str) -> None:
    program = Path(sys.executable).with_name(f"pyside6-{tool}")
    done = subprocess.run(
        [str(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"{tool} failed:\n  {done.stdout.strip()}", remedy="Install PySide6: run `make test` once.")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
