from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import HubFileNotFoundError
from preheat.messages import msg
from preheat.models.hub.hub import RepoFiles
from preheat.models.hub.recommend import advise, bits_of, choose, kv_bytes, memory_bytes
from preheat.models.hub.variants import RemoteFile, Variant, variants_of

GB = 10**9
LADDER = ("IQ2_M", "Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_S", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16")


def ladder(parameters: float, *names: str) -> list[Variant]:
    return [
        Variant(name, (RemoteFile(f"m-{name}.gguf", int(parameters * bits_of(name) / 8)),)) for name in names or LADDER
    ]


def recommend(variants: list[Variant], room_bytes: int, **known: int) -> Variant | None:
    advice = advise(variants, room_bytes, **known)
    return None if advice is None else advice.variant


def chosen(room_gb: float, parameters: float = 8e9, *names: str) -> str | None:
    found = recommend(ladder(parameters, *names), int(room_gb * GB), parameters=int(parameters))
    return None if found is None else found.quantization


@pytest.mark.parametrize(
    ("room_gb", "quantization"),
    [
        (40, "Q6_K"),
        (18.5, "Q6_K"),
        (16, "Q5_K_M"),
        (14, "Q4_K_M"),
        (8, "Q4_K_M"),
        (6.5, "Q4_K_S"),
        (6.2, "IQ4_XS"),
        (6, "Q3_K_M"),
        (5.2, "Q2_K"),
        (4.6, "IQ2_M"),
        (3, None),
    ],
)
def test_an_8b_model_gets_what_fits(room_gb: float, quantization: str | None) -> None:
    assert chosen(room_gb) == quantization


def test_a_small_model_gets_eight_bits_where_there_is_room() -> None:
    assert chosen(8, 0.6e9) == "Q8_0"
    assert chosen(2.2, 0.6e9) == "Q4_K_M"


def test_unusual_sets_of_variants() -> None:
    assert chosen(20, 8e9, "Q8_0") == "Q8_0"
    assert chosen(40, 8e9, "F16", "F32") == "F16"
    assert chosen(16, 20e9, "MXFP4") == "MXFP4"
    assert chosen(8, 8e9, "UD-Q4_K_XL", "UD-Q8_K_XL") == "UD-Q4_K_XL"


def test_the_reason_names_both_amounts() -> None:
    advice = advise(ladder(8e9), 8 * GB, parameters=8 * GB)
    assert advice is not None
    assert str(advice.why) == "Q4_K_M needs about 6.6 GB of 8.0 GB: good answers in little memory, and fast"
    coarse = advise(ladder(8e9), 6 * GB, parameters=8 * GB)
    assert coarse is not None
    assert coarse.why.params["reason"] == msg("fits_coarse")


def test_files_without_a_quantization_are_compared_by_size() -> None:
    files = [Variant("", (RemoteFile(f"{size}.gguf", size * GB),)) for size in (1, 3, 30)]
    advice = advise(files, 8 * GB)
    assert advice is not None
    assert advice.variant is files[1]
    assert advice.why.params["variant"] == "3.gguf"


def test_context_and_mmproj_count() -> None:
    (variant,) = ladder(8e9, "Q4_K_M")
    room = memory_bytes(variant.total_bytes, kv_bytes(8 * GB), 8192)
    assert recommend([variant], room, parameters=8 * GB) is variant
    assert recommend([variant], room, parameters=8 * GB, context_length=16384) is None
    assert recommend([variant], room, parameters=8 * GB, context_length=16384, trained_context=8192) is variant
    seeing = Variant("Q4_K_M", variant.files, RemoteFile("mmproj.gguf", GB))
    assert recommend([seeing], room, parameters=8 * GB) is None
    assert recommend([seeing], room, parameters=8 * GB, kv_bytes_per_token=0) is seeing


@pytest.mark.parametrize(
    ("parameters", "real"),
    # Llama 3.2 1B, Llama 3.1 8B, Qwen3 14B, Qwen3 32B, Llama 3.3 70B: layers x heads x width x 2 x 2 bytes.
    [(1.2e9, 32768), (8e9, 131072), (14.8e9, 163840), (32.8e9, 262144), (70.6e9, 327680)],
)
def test_the_guess_of_the_kv_cache_is_on_the_safe_side(parameters: float, real: int) -> None:
    assert real <= kv_bytes(int(parameters)) <= 3 * real


def test_bits() -> None:
    assert [bits_of(name) for name in ("Q4_K_M", "q4_k_m", "UD-Q4_K_M", "FP16", "MXFP4_MOE")] == [
        4.8,
        4.8,
        4.8,
        16,
        4.3,
    ]
    assert bits_of("Q4_K_M") < bits_of("UD-Q4_K_XL") < bits_of("Q5_K_M")
    assert bits_of("Q8_0") < bits_of("UD-Q8_K_XL") < bits_of("F16")
    assert bits_of("Q4_K") == bits_of("Q4_K_M")
    assert bits_of("nonsense") == bits_of("") == 0


def test_more_room_never_means_fewer_bits() -> None:
    bits = [bits_of(chosen(room / 4) or "") for room in range(12, 200)]
    assert [value for value in bits if value] == sorted(value for value in bits if value)


@given(st.integers(10**6, 10**12), st.lists(st.sampled_from(LADDER), unique=True), st.integers(0, 10**12))
def test_recommendations_fit(parameters: int, names: list[str], room: int) -> None:
    variants = ladder(parameters, *names) if names else []
    advice = advise(variants, room, parameters=parameters)
    fits = [v for v in variants if memory_bytes(v.total_bytes, kv_bytes(parameters), 8192) <= room]
    assert (advice is not None) == bool(fits)
    assert advice is None or advice.variant in fits


FILES = [RemoteFile(path, size) for path, size in (("m-Q4_K_M.gguf", 5 * GB), ("m-Q8_0.gguf", 9 * GB))]
FILES += [RemoteFile("UD/m-UD-Q2_K_XL-00001-of-00002.gguf", GB), RemoteFile("UD/m-UD-Q2_K_XL-00002-of-00002.gguf", GB)]
FILES += [RemoteFile("draft-Q4_0.gguf", 1), RemoteFile("sub/n-Q8_0.gguf", 9 * GB)]
REPO = RepoFiles("someone/m", "c", variants_of(FILES), parameters=8 * GB, files=tuple(FILES))


def test_a_pull_takes_the_named_file_or_quantization() -> None:
    assert choose(REPO, room_bytes=1, quantization="q4_k_m").files[0].path == "m-Q4_K_M.gguf"
    assert choose(REPO, room_bytes=1, quantization="Q2_K_XL").quantization == "UD-Q2_K_XL"
    assert choose(REPO, room_bytes=1, quantization="Q8_0").files[0].path == "m-Q8_0.gguf"  # the shorter path of two
    assert choose(REPO, room_bytes=1, file="sub/n-Q8_0.gguf").files[0].path == "sub/n-Q8_0.gguf"
    assert len(choose(REPO, room_bytes=1, file="m-UD-Q2_K_XL-00002-of-00002.gguf").files) == 2
    assert choose(REPO, room_bytes=1, file="draft-Q4_0.gguf") == Variant("", (RemoteFile("draft-Q4_0.gguf", 1),))


def test_a_pull_without_a_quantization_takes_the_recommended_or_the_usual() -> None:
    assert choose(REPO, room_bytes=9 * GB).quantization == "Q4_K_M"
    assert choose(REPO, room_bytes=5 * GB).quantization == "UD-Q2_K_XL"
    assert choose(REPO, room_bytes=1).quantization == "Q4_K_M"


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [({"quantization": "Q5_K_M"}, "Q4_K_M (5.0 GB)"), ({"file": "x.gguf"}, "m-Q4_K_M.gguf")],
)
def test_a_missing_quantization_lists_the_available_ones(wanted: dict[str, Any], hint: str) -> None:
    with pytest.raises(HubFileNotFoundError) as missing:
        choose(REPO, room_bytes=1, **wanted)
    assert hint in missing.value.hint


def test_a_repository_without_models() -> None:
    with pytest.raises(HubFileNotFoundError, match="no GGUF files"):
        choose(RepoFiles("a/b", "c", ()), room_bytes=GB)
    with pytest.raises(HubFileNotFoundError, match=r"draft-Q4_0\.gguf"):
        choose(RepoFiles("a/b", "c", (), files=(RemoteFile("draft-Q4_0.gguf", 1),)), room_bytes=GB)
    with pytest.raises(HubFileNotFoundError, match="name a file"):
        choose(RepoFiles("a/b", "c", variants_of([RemoteFile("m.gguf", 1)])), quantization="Q4_0", room_bytes=GB)
