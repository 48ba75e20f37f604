from __future__ import annotations

from pathlib import Path

import pytest

from preheat.models import ModelFile
from preheat.models.catalogue import find_pulled, load_catalogue


def model(path: str, quantization: str, modified_ns: int = 0) -> ModelFile:
    file = Path(path)
    return ModelFile(
        model_id=file.stem.lower(),
        path=file,
        file_bytes=1,
        architecture="llama",
        context_length=1,
        embeddings=False,
        chat_template=True,
        files=(file,),
        modified_ns=modified_ns,
        quantization=quantization,
    )


OLDER = model("/models/Someone/Tiny-GGUF/tiny-q8.gguf", "Q8_0", 1)
NEWER = model("/models/Someone/Tiny-GGUF/tiny-q4.gguf", "Q4_K_M", 2)
CACHED = model("/cache/models--other--Big-GGUF/snapshots/abc/big.gguf", "F16")
MODELS = (OLDER, NEWER, CACHED)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("hf.co/someone/tiny-gguf:Q8_0", OLDER),
        ("hf.co/Someone/Tiny-GGUF:q4_k_m", NEWER),
        ("https://huggingface.co/Someone/Tiny-GGUF", NEWER),
        ("someone/tiny-gguf:latest", NEWER),
        ("Someone/Tiny-GGUF/tiny-q8.gguf", OLDER),
        ("other/big-gguf:fp16", CACHED),
        ("hf.co/someone/tiny-gguf:Q2_K", None),
        ("nobody/tiny-gguf", None),
        ("tiny", None),
        ("", None),
    ],
)
def test_a_pulled_name_stands_for_what_it_fetched(name: str, found: ModelFile | None) -> None:
    assert find_pulled(name, MODELS) is found


def test_a_name_of_the_catalogue() -> None:
    entry = load_catalogue()[0]
    here = model(f"/models/{entry.repo}/file.gguf", "Q4_K_M")
    assert find_pulled(entry.name, (*MODELS, here)) is here
