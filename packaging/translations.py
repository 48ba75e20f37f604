"""Collect the words of the windows, and compile what they are in other languages.

Run it after words have changed; it updates ``resources/translations/preheat_de.ts`` and says what is not translated
yet. Fill that in (with Qt Linguist, or by hand), and run it again: it compiles the file that Preheat reads. Both are
kept in the repository, so that Preheat needs no tool of Qt's to be built.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from preheat.settings import FIELDS, GROUP_LABELS, ModelSettings
from preheat.settings.check import extra
from setup_step import SetupError, exit_code_of, say

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = ROOT / "gui" / "preheat_gui"
TRANSLATIONS: Final = ROOT / "resources" / "translations"
LANGUAGES: Final = ("de",)

_DECLARED: Final = "Settings"
"""The context of what the settings' declarations say."""


@dataclass(frozen=True, slots=True)
class Message:
    """Some words and what they are in the other language.

    Attributes:
        translation: Empty where there is none yet.
    """

    context: str
    source: str
    translation: str
    finished: bool


def main() -> None:
    """Collect and compile, for every language.

    Raises:
        SetupError: A tool of Qt's failed, or words are not translated yet.
    """
    for language in LANGUAGES:
        file = TRANSLATIONS / f"preheat_{language}.ts"
        collect(file, language)
        compile_file(file)
        missing = [message for message in messages(file) if not message.finished]
        if missing:
            words = "\n  ".join(f"{message.context}: {message.source}" for message in missing)
            raise SetupError(f"{len(missing)} in {file.name} are not translated yet:\n  {words}", remedy=f"Edit {file}")
        say(f"{file.name}: all is translated")


def collect(file: Path, language: str) -> None:
    """Bring a translation file up to date with the sources; what has gone from them goes from it.

    Raises:
        SetupError: lupdate failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        more = Path(folder) / "collected.py"
        more.write_text(_as_source(sorted({*_declared(), *_by_helpers()})), encoding="utf-8")
        sources = sorted(map(str, SOURCES.rglob("*.py")))
        options = ["-locations", "none", "-no-obsolete", "-source-language", "en", "-target-language", language]
        _run("lupdate", "-silent", *options, *sources, str(more), "-ts", str(file))


def compile_file(file: Path) -> None:
    """Write the ``.qm`` beside a ``.ts``.

    Raises:
        SetupError: lrelease failed.
    """
    _run("lrelease", "-silent", str(file), "-qm", str(file.with_suffix(".qm")))


def messages(file: Path) -> Iterator[Message]:
    """Yield what a translation file holds."""
    for context in ET.parse(file).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            text = "" if translation is None else translation.text or ""
            finished = bool(text) and translation is not None and "type" not in translation.attrib
            yield Message(context.findtext("name", ""), message.findtext("source", ""), text, finished)


def _declared() -> Iterator[tuple[str, str]]:
    """Yield what the settings' declarations say in the windows."""
    for label in GROUP_LABELS.values():
        yield _DECLARED, label
    for fields in (FIELDS, _fields_of(ModelSettings)):
        for field in fields.values():
            for words in (extra(field, "label"), extra(field, "unit"), field.description):
                if isinstance(words, str) and words:
                    yield _DECLARED, words


def _fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return dict(model.model_fields)


def _by_helpers() -> Iterator[tuple[str, str]]:
    """Yield what is translated by a module's own ``_tr``, which lupdate does not follow."""
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        contexts = [_context_of(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_tr"]
        for node in ast.walk(tree) if contexts else ():
            match node:
                case ast.Call(func=ast.Name(id="_tr"), args=[ast.Constant(value=str(words))]):
                    yield contexts[0], words


def _context_of(helper: ast.FunctionDef) -> str:
    """Return the context in which a ``_tr`` translates: the first text in it."""
    return next(
        node.value for node in ast.walk(helper) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _as_source(found: list[tuple[str, str]]) -> str:
    return "".join(f"QCoreApplication.translate({_quoted(context)}, {_quoted(words)})\n" for context, words in found)


def _quoted(text: str) -> str:
    # lupdate knows no strings in single quotes with double ones inside, which repr may write.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _run(tool: str, *arguments: str) -> None:
    program = Path(sys.executable).with_name(f"pyside6-{tool}")
    done = subprocess.run(
        [str(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise SetupError(f"{tool} failed:\n  {done.stdout.strip()}", remedy="It comes with PySide6: run make test once")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
