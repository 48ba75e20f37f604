"""Models to suggest, find and offer, as returned by an engine."""

from __future__ import annotations

from typing import Any

from preheat.control import FoundModel, OfferedFile, OfferedVariant, RepoCard, RepoOffer, SuggestedModel
from preheat.messages import msg
from preheat.models import Fit, FitAnswer

GB = 10**9


def too_big(missing_gb: float) -> Fit:
    return Fit(FitAnswer.TOO_BIG, missing_bytes=round(missing_gb * GB))


def suggested(name: str = "qwen3:4b", task: str = "chat", size: float = 2.5, **values: Any) -> SuggestedModel:
    """Return a suggestion of ``size`` GB that fits; one that does not has ``fits=False``."""
    known: dict[str, Any] = {
        "repo": f"Qwen/{name.replace(':', '-')}-GGUF",
        "title": name.replace(":", " ").title(),
        "sentence": "Good at everything that a small computer can do.",
        "quantization": "Q4_K_M",
        "quantization_words": "4-bit, good quality",
        "download_bytes": round(size * GB),
        "memory_bytes": round((size + 0.8) * GB),
        "fits": True,
        "licence": "Apache-2.0",
        "parameters": 4_022_468_096,
    }
    if values.get("fits") is False:
        known |= {"fitting": too_big(2.1)}
    return SuggestedModel(name=name, task=task, **(known | values))


CATALOGUE = (
    suggested(
        "qwen3:30b",
        size=18.6,
        title="Qwen3 30B-A3B Instruct 2507",
        sentence="Large in memory but quick, because it uses a tenth of itself for each word.",
        fits=False,
        fitting=too_big(12.3),
    ),
    suggested(
        "qwen3:8b",
        size=5.0,
        title="Qwen3 8B",
        sentence="A good all-round model that can think step by step before it answers.",
        best=True,
    ),
    suggested(
        "qwen3:4b",
        title="Qwen3 4B",
        sentence="Thinks before it answers and still fits a laptop with little memory.",
        here=("qwen3-4b",),
    ),
    suggested(
        "qwen2.5-coder:7b",
        "code",
        4.7,
        title="Qwen2.5 Coder 7B",
        sentence="Writes and explains code well on an ordinary laptop.",
        best=True,
    ),
    suggested(
        "smollm2:135m",
        "small",
        0.145,
        title="SmolLM2 135M",
        sentence="The smallest model that still writes sentences, good for tests.",
        best=True,
    ),
    suggested(
        "nomic-embed-text",
        "embedding",
        0.146,
        title="Nomic Embed Text 1.5",
        sentence="The usual choice for searching your own notes and documents in English.",
        best=True,
    ),
    suggested(
        "qwen2.5vl:7b",
        "vision",
        6.0,
        title="Qwen2.5-VL 7B",
        sentence="Sees pictures and reads many languages in little memory.",
        fits=False,
        fitting=too_big(0.3),
    ),
    suggested(
        "bge-reranker:568m",
        "rerank",
        0.64,
        title="BGE Reranker v2 M3",
        sentence="Puts search results in the right order, in many languages.",
        best=True,
    ),
)

FOUND = [
    FoundModel(
        "Qwen/Qwen3-4B-GGUF",
        "Qwen3-4B",
        "chat",
        "apache-2.0",
        downloads=412_000,
        updated_at=1_746_000_000,
        parameters=4_022_468_096,
        abilities=("chat", "tools"),
        trained_context=40_960,
        quantization="Q4_K_M",
        download_bytes=2_413_000_000,
        memory_bytes=3_400_000_000,
        fits=True,
    ),
    FoundModel(
        "unsloth/Qwen3-14B-Instruct-2507-GGUF",
        "Qwen3-14B-Instruct-2507",
        "chat",
        "apache-2.0",
        downloads=98_400,
        updated_at=1_757_000_000,
        parameters=14_768_307_200,
        abilities=("chat", "tools"),
        quantization="Q4_K_M",
        download_bytes=8_900_000_000,
        memory_bytes=10_500_000_000,
        fits=False,
        fitting=too_big(2.5),
    ),
    FoundModel(
        "google/gemma-3-12b-it-qat-q4_0-gguf",
        "gemma-3-12b-it-qat-q4_0",
        "vision",
        "gemma",
        gated=True,
        downloads=54_321,
        parameters=12_187_325_040,
        abilities=("chat", "vision"),
        download_bytes=6_850_000_000,
        memory_bytes=8_100_000_000,
        fits=False,
        fitting=too_big(0.1),
    ),
    FoundModel("Qwen/Qwen3-8B-GGUF", "Qwen3-8B", "chat", "apache-2.0", downloads=831, here=("qwen3-8b",)),
]

OFFER = RepoOffer(
    repo="Qwen/Qwen3-8B-GGUF",
    licence="apache-2.0",
    parameters=8_190_735_360,
    trained_context=40_960,
    abilities=("chat", "tools"),
    downloads=54_300,
    updated_at=1_746_000_000,
    limit_bytes=8 * GB,
    why=msg("fits", variant="Q4_K_M", memory=5_900_000_000, limit=8_000_000_000, reason=msg("fits_good")),
    variants=(
        OfferedVariant(
            "Qwen/Qwen3-8B-GGUF:Q3_K_M", "Q3_K_M", "3-bit, fair quality", 4_100_000_000, 5_000_000_000, True
        ),
        OfferedVariant(
            "Qwen/Qwen3-8B-GGUF:Q4_K_M",
            "Q4_K_M",
            "4-bit, good quality",
            5_030_000_000,
            5_900_000_000,
            True,
            recommended=True,
        ),
        OfferedVariant(
            "Qwen/Qwen3-8B-GGUF:Q6_K", "Q6_K", "6-bit, excellent quality", 6_730_000_000, 7_600_000_000, True
        ),
        OfferedVariant(
            "Qwen/Qwen3-8B-GGUF:Q8_0",
            "Q8_0",
            "8-bit, nearly as the original",
            8_710_000_000,
            9_700_000_000,
            False,
            too_big(1.7),
            files=(
                OfferedFile("a-00001-of-00002.gguf", 4_355_000_000),
                OfferedFile("a-00002-of-00002.gguf", 4_355_000_000),
            ),
        ),
    ),
)


CARD = RepoCard(
    "Qwen/Qwen3-8B-GGUF",
    "# Qwen3-8B-GGUF",
    "<h1>Qwen3-8B-GGUF</h1><p>Qwen3 is the latest generation of large language models in the Qwen series, with "
    '<a href="https://example.org/thinking">thinking and non-thinking</a> modes in one model.</p>'
    "<h2>Highlights</h2><ul><li>Reasoning, mathematics and <strong>code</strong></li><li>Tools and agents</li>"
    "<li>More than 100 languages</li></ul><h2>Quickstart</h2>"
    "<pre><code>preheat pull Qwen/Qwen3-8B-GGUF:Q4_K_M\n</code></pre>"
    "<table><thead><tr><th>Setting</th><th>Thinking</th><th>Otherwise</th></tr></thead><tbody>"
    "<tr><td>temperature</td><td>0.6</td><td>0.7</td></tr><tr><td>top_p</td><td>0.95</td><td>0.8</td></tr></tbody>"
    "</table><blockquote><p>Do not use greedy decoding in thinking mode.</p></blockquote>",
)
