from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.models.gguf.quantization import normalized, quantization_of
from preheat.models.hub.variants import RemoteFile, is_safe_path, variants_of


def listed(*paths: str, size: int = 100) -> list[RemoteFile]:
    return [RemoteFile(path, size + number) for number, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("path", "quantization"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-coder-7b-instruct-q4_k_m.gguf", "Q4_K_M"),
        ("mistral-7b.Q5_K_S.gguf", "Q5_K_S"),
        ("Llama-3.2-3B-Instruct-IQ4_XS.gguf", "IQ4_XS"),
        ("model-IQ2_XXS.gguf", "IQ2_XXS"),
        ("model-IQ4_NL.gguf", "IQ4_NL"),
        ("Qwen3-4B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("UD-Q4_K_XL/Qwen3-235B-UD-Q4_K_XL-00001-of-00003.gguf", "UD-Q4_K_XL"),
        ("Q6_K/model-00001-of-00002.gguf", "Q6_K"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("model-MXFP4_MOE.gguf", "MXFP4"),
        ("model.f16.gguf", "F16"),
        ("bge-m3-FP16.gguf", "F16"),
        ("mxbai-embed-large-v1_fp16.gguf", "F16"),
        ("model-BF16.gguf", "BF16"),
        ("model-Q3_K_XL.gguf", "Q3_K_XL"),
        ("model-Q2_K_L.gguf", "Q2_K_L"),
        ("model-Q4_0_4_4.gguf", "Q4_0_4_4"),
        ("model-Q4_0.gguf", "Q4_0"),
        ("model-TQ1_0.gguf", "TQ1_0"),
        ("Phi-3-mini-4k-instruct-q4.gguf", ""),
        ("SmolLM3.gguf", ""),
        ("Q8_0/model-Q4_K_M.gguf", "Q4_K_M"),  # the file knows better than its folder
        ("model-Q4_K_M-Q8_0.gguf", "Q8_0"),
        ("FAQ4_0x.gguf", ""),
    ],
)
def test_quantizations_in_file_names(path: str, quantization: str) -> None:
    assert quantization_of(path) == quantization


def test_quantizations_as_people_write_them() -> None:
    assert [normalized(name) for name in ("q4_k_m", "fp16", "FP32", "ud-q4_k_xl")] == [
        "Q4_K_M",
        "F16",
        "F32",
        "UD-Q4_K_XL",
    ]


def test_each_quantization_is_a_variant_smallest_first() -> None:
    files = [RemoteFile("m-Q8_0.gguf", 800), RemoteFile("m-Q4_K_M.gguf", 400), RemoteFile("README.md", 1)]
    assert [(v.quantization, v.total_bytes) for v in variants_of(files)] == [("Q4_K_M", 400), ("Q8_0", 800)]


def test_split_parts_are_joined_in_their_order() -> None:
    paths = ["Q4/m-Q4_K_M-00002-of-00003.gguf", "Q4/m-Q4_K_M-00003-of-00003.gguf", "Q4/m-Q4_K_M-00001-of-00003.gguf"]
    (variant,) = variants_of(listed(*paths))
    assert [file.path for file in variant.files] == sorted(paths)
    assert variant.model_bytes == 303


def test_a_split_set_with_a_missing_part_is_skipped() -> None:
    assert variants_of(listed("m-Q4_0-00001-of-00003.gguf", "m-Q4_0-00003-of-00003.gguf")) == ()


def test_split_sets_of_two_folders_stay_apart() -> None:
    found = variants_of(listed(*(f"{q}/m-0000{n}-of-00002.gguf" for q in ("Q4_0", "Q8_0") for n in (1, 2))))
    assert [(v.quantization, len(v.files)) for v in found] == [("Q4_0", 2), ("Q8_0", 2)]


@pytest.mark.parametrize(
    ("projectors", "best"),
    [
        (["mmproj-F32.gguf", "mmproj-BF16.gguf", "mmproj-F16.gguf"], "mmproj-F16.gguf"),
        (["mmproj-model-f16.gguf"], "mmproj-model-f16.gguf"),
        (["m-mmproj-BF16.gguf", "m-mmproj-Q8_0.gguf"], "m-mmproj-Q8_0.gguf"),
        (["sub/mmproj.gguf"], "sub/mmproj.gguf"),
        (["mmproj.gguf", "mmproj-F32.gguf"], "mmproj-F32.gguf"),
    ],
)
def test_the_best_mmproj_belongs_to_every_variant(projectors: list[str], best: str) -> None:
    found = variants_of(listed("m-Q4_K_M.gguf", "m-Q8_0.gguf", *projectors))
    assert [variant.mmproj.path for variant in found if variant.mmproj] == [best, best]
    assert found[0].total_bytes > found[0].model_bytes


@pytest.mark.parametrize(
    "path",
    [
        "imatrix.gguf",
        "m.imatrix.gguf",
        "m-draft-Q4_0.gguf",
        "DRAFT/m-Q4_0.gguf",
        "lora-adapter-F16.gguf",
        "m-lora-F16.gguf",
        "ggml-vocab-llama.gguf",
        "m-eagle3-Q8_0.gguf",
        "control-vector-happy.gguf",
        "mtp-m-Q8_0.gguf",
        "mmproj-F16.gguf",
        "m-Q4_0.safetensors",
    ],
)
def test_helper_files_are_skipped(path: str) -> None:
    assert variants_of(listed(path)) == ()
    assert [variant.quantization for variant in variants_of(listed(path, "flora-7b-Q4_0.gguf"))] == ["Q4_0"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a.gguf",
        "../a.gguf",
        "a/../b.gguf",
        "a//b.gguf",
        "a\\b.gguf",
        "C:a.gguf",
        "a\nb.gguf",
        "a/.gguf",
        ".a/b.gguf",
        "a./b.gguf",
        "a /b.gguf",
        "a\u202eb.gguf",
        "x" * 2000 + ".gguf",
        "a/b.gguf.",
        "con?.gguf",
        "a\x00.gguf",
    ],
)
def test_paths_that_could_lead_elsewhere(path: str) -> None:
    assert not is_safe_path(path)
    assert variants_of([RemoteFile(path, 1)]) == ()


@given(st.lists(st.text(max_size=30).map(lambda text: f"{text}.gguf"), max_size=8))
def test_any_names_are_accepted(paths: list[str]) -> None:
    for variant in variants_of(RemoteFile(path, 1) for path in paths):
        assert all(is_safe_path(file.path) for file in variant.files)
