from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError, ModelNotFoundError
from preheat.models.catalogue.catalogue import load_catalogue
from preheat.models.catalogue.pull_names import parse_pull
from preheat.models.hub.hub import is_repo
from preheat.models.hub.variants import PullTarget, is_safe_path

CATALOGUE = load_catalogue()
COMMIT = "3093af03b1a635e67b084b1d8c03c5f5e020fd05"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("user/repo", PullTarget("user/repo")),
        ("  User/Repo-1.5_x  ", PullTarget("User/Repo-1.5_x")),
        ("user/repo:Q4_K_M", PullTarget("user/repo", "Q4_K_M")),
        ("user/repo:q4_k_m", PullTarget("user/repo", "Q4_K_M")),
        ("user/repo:UD-Q4_K_XL", PullTarget("user/repo", "UD-Q4_K_XL")),
        ("user/repo:fp16", PullTarget("user/repo", "F16")),
        ("user/repo:latest", PullTarget("user/repo")),
        ("user/repo:model-Q4_0.gguf", PullTarget("user/repo", None, "model-Q4_0.gguf")),
        ("user/repo/file.gguf", PullTarget("user/repo", None, "file.gguf")),
        ("user/repo/sub/file.GGUF", PullTarget("user/repo", None, "sub/file.GGUF")),
        ("hf.co/user/repo", PullTarget("user/repo")),
        ("hf.co/user/repo:Q4_K_M", PullTarget("user/repo", "Q4_K_M")),
        ("HF.co/user/repo:latest", PullTarget("user/repo")),
        ("huggingface.co/user/repo/file.gguf", PullTarget("user/repo", None, "file.gguf")),
        ("https://huggingface.co/user/repo", PullTarget("user/repo")),
        ("https://www.huggingface.co/user/repo/", PullTarget("user/repo")),
        ("https://huggingface.co/user/repo?show_file_info=x#files", PullTarget("user/repo")),
        ("https://huggingface.co/user/repo/tree/main", PullTarget("user/repo")),
        ("https://huggingface.co/user/repo/tree/main/Q8_0", PullTarget("user/repo", "Q8_0")),
        (f"https://hf.co/user/repo/tree/{COMMIT}", PullTarget("user/repo", revision=COMMIT)),
        ("https://huggingface.co/u/r/resolve/main/m.gguf?download=true", PullTarget("u/r", None, "m.gguf")),
        ("https://huggingface.co/u/r/blob/v1.0/a/m.gguf", PullTarget("u/r", None, "a/m.gguf", "v1.0")),
        ("https://hf.co/u/r/resolve/refs%2Fpr%2F3/m%20x.gguf", PullTarget("u/r", None, "m x.gguf", "refs/pr/3")),
    ],
)
def test_accepted_names(text: str, target: PullTarget) -> None:
    assert parse_pull(text, CATALOGUE) == target


@pytest.mark.parametrize(
    ("text", "repo", "quantization"),
    [
        ("qwen3:4b", "Qwen/Qwen3-4B-GGUF", None),
        ("qwen3", "Qwen/Qwen3-8B-GGUF", None),
        ("Qwen3:Latest", "Qwen/Qwen3-8B-GGUF", None),
        ("qwen3:4b-q8_0", "Qwen/Qwen3-4B-GGUF", "Q8_0"),
        ("qwen3:4b-q4_K_M", "Qwen/Qwen3-4B-GGUF", "Q4_K_M"),
        ("qwen3:q8_0", "Qwen/Qwen3-8B-GGUF", "Q8_0"),
        ("qwen3:4b-instruct-2507-fp16", "unsloth/Qwen3-4B-Instruct-2507-GGUF", "F16"),
        ("nomic-embed-text", "nomic-ai/nomic-embed-text-v1.5-GGUF", None),
        ("library/nomic-embed-text:latest", "nomic-ai/nomic-embed-text-v1.5-GGUF", None),
        ("https://ollama.com/library/gemma3:4b", "ggml-org/gemma-3-4b-it-GGUF", None),
        ("registry.ollama.ai/library/llama3.2:1b", "bartowski/Llama-3.2-1B-Instruct-GGUF", None),
    ],
)
def test_ollamas_names(text: str, repo: str, quantization: str | None) -> None:
    assert parse_pull(text, CATALOGUE) == PullTarget(repo, quantization)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("qwen3:5b", "qwen3:4b"),
        ("qwen", "qwen3"),
        ("nomic-embed", "nomic-embed-text"),
        ("lama3.2", "llama3.2"),
        ("qwen3:9b-q8_0", "qwen3:8b"),
        ("no such thing", "preheat search"),
        ("qwen3:", "qwen3"),
    ],
)
def test_similar_names_are_suggested(text: str, near: str) -> None:
    with pytest.raises(ModelNotFoundError) as missing:
        parse_pull(text, CATALOGUE)
    assert near in missing.value.hint
    assert missing.value.param == "name"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "/",
        "a/",
        "/b",
        "a/b:",
        "a/b:nonsense",
        "a//b",
        "../b",
        "a/..",
        "../../etc/passwd",
        "a/b/../c.gguf",
        "a/b/c.txt",
        "a/b/.hidden.gguf",
        "a/b/c\\d.gguf",
        "a/b\nc",
        "a/b:Q4_K_M/x.gguf",
        "x" * 5000,
        "a/b/ .gguf",
        "https://example.org/a/b",
        "ftp://huggingface.co/a/b",
        "https://huggingface.co/",
        "https://huggingface.co/a",
        "https://huggingface.co/a/b/resolve/main/..%2F..%2Fx.gguf",
        "https://huggingface.co/a/b/resolve/../x.gguf",
        "https://huggingface.co/a/b/resolve/main/",
        "https://huggingface.co/a/b/resolve/main/x.bin",
        "hf.co/a/b%0Ac",
        "https://huggingface.co/a/b/blob/main/%2Fetc%2Fx.gguf",
        "https://huggingface.co/datasets/a/b",
        "/etc/x.gguf",
        "https://evil.org/https://huggingface.co/a/b",
        "https://huggingface.co@evil.org/a/b",
        "\u202ea/b",
    ],
)
def test_malformed_names_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        parse_pull(text, CATALOGUE)
    assert refused.value.hint
    assert refused.value.param == "name"
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_name_of_the_catalogue_means_its_repository(entry: object) -> None:
    for name in (entry.name, *entry.aliases):  # type: ignore[attr-defined]
        assert parse_pull(name, CATALOGUE).repo == entry.repo  # type: ignore[attr-defined]


_PIECES = st.sampled_from(
    [
        "a",
        "b-GGUF",
        "..",
        ".",
        "",
        "/",
        "\\",
        ":",
        "%2e%2e",
        "%2F",
        "main",
        "resolve",
        "tree",
        "x.gguf",
        "hf.co",
        "https://",
        "huggingface.co",
        "Q4_K_M",
        "qwen3",
        "4b",
        "-",
        "\x00",
        "\n",
        "C:",
        "?",
        "#",
        " ",
        "é",
        "refs",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=9).map("/".join), st.lists(_PIECES).map("".join)))
def test_any_text_gives_a_safe_target_or_an_error(text: str) -> None:
    target = PullTarget("none/found")
    with suppress(InvalidRequestError, ModelNotFoundError):
        target = parse_pull(text, CATALOGUE)
    assert is_repo(target.repo)
    assert target.file is None or is_safe_path(target.file)
    assert ".." not in target.revision
    assert target.revision.isprintable()


_NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_]{0,20}/[A-Za-z0-9][A-Za-z0-9_]{0,20}", fullmatch=True)


@given(
    _NAMES, st.sampled_from([None, "Q4_K_M", "UD-Q4_K_XL", "F16"]), st.sampled_from([None, "m.gguf", "s/m-Q4_0.gguf"])
)
def test_a_targets_name_parses_to_the_target(repo: str, quantization: str | None, file: str | None) -> None:
    target = PullTarget(repo, None if file else quantization, file)
    assert parse_pull(target.name, CATALOGUE) == target
    assert parse_pull(f"hf.co/{target.name}", CATALOGUE) == target
