"""A fixed day of use for pictures of the windows: eight models and their requests."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fake_bridge import FakeBridge, stats
from pictures.timeline import outcomes, timeline, with_outcomes
from preheat import paths
from preheat.control import (
    Day,
    Form,
    LimitCurve,
    LimitPoint,
    ModelFacts,
    Outcome,
    PrefixFigures,
    RequestRecord,
    StatsReport,
    UsageBucket,
    UsageHistory,
)
from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot, PromptSnapshot, RequestSnapshot
from preheat.log import log_file
from preheat.messages import Message, msg
from preheat.models import Headroom
from preheat.residency import Action, DecisionRecord, State
from preheat.settings import Settings, load_settings
from preheat.usage import Counts

NOW: Final = datetime(2026, 3, 12, 15, 42).timestamp()
"""The time in the pictures, in any time zone."""

GB: Final = 10**9
MINUTE_S: Final = 60.0
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

CHAT: Final = "qwen3-8b-q4_k_m"
CODER: Final = "qwen2.5-coder-7b-instruct-q5_k_m"
EMBEDDER: Final = "nomic-embed-text-v1.5-q8_0"
SMALL: Final = "gemma-3-4b-it-q4_k_m"
MISTRAL: Final = "mistral-7b-instruct-v0.3-q4_k_m"
PHI: Final = "phi-4-q4_k_m"
BROKEN: Final = "llama-3.2-3b-instruct-q8_0"
_CUT_OFF: Final = msg("gguf_cut", file=f"{BROKEN}.gguf", size=2_147_483_648, expected=3_421_899_296, path="")
HUGE: Final = "llama-3.3-70b-instruct-q4_k_m"

QUESTION: Final = "What is a KV cache, and why does it grow?"
ANSWER: Final = """A **KV cache** keeps the keys and values of all tokens so far, so that they are not computed again.

- Each new token adds one entry in every layer, so it grows with the conversation.
- For this model that is 144 kB a token: a context of 8,192 tokens takes 1.2 GB.

```python
cache_bytes = 2 * layers * kv_heads * head_size * 2 * tokens
```
"""


_SETTINGS: Final = f"""
memory_limit = "16GB"
favourites = ["{CHAT}", "{CODER}", "{EMBEDDER}"]
models_dirs = ["/home/ada/models"]
api_keys = ["pk-5Jm2vQx8Rt4w"]
"""


def show_day(bridge: FakeBridge) -> None:
    """Publish the day through the bridge."""
    bridge.publish_settings(_settings())
    bridge.publish(snapshot())
    bridge.answer_with(history=history(), stats=_stats(), decisions=_decisions(), why=_why, model_details=_facts)
    bridge.answer_with(requests=_requests(), get_day=_timeline())


def _settings() -> Settings:
    """Write the user's settings file, and return its settings."""
    file = paths.settings_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_SETTINGS, encoding="utf-8")
    return load_settings()


def snapshot(**preload: Any) -> EngineSnapshot:
    """Return the engine in the afternoon: three models hot, a fourth loading."""
    models = _models()
    used = sum(model.resident_bytes for model in models)
    room = Headroom.beside({model.model_id: model.resident_bytes for model in models if model.in_memory}, 16 * GB)
    known: dict[str, Any] = {
        "enabled": True,
        "hits": 47,
        "late_hits": 1,
        "misses": 2,
        "preloads": 6,
        "time_saved_s": 318.0,
        "queue": (SMALL,),
        "round_done": 1,
        "round_total": 2,
        "round_progress": 0.63,
    }
    return EngineSnapshot(
        version="0.1.0",
        started_at=NOW - 7 * HOUR_S,
        memory=MemorySnapshot(
            16 * GB, used, 13 * GB, used, total_bytes=32 * GB, keep_free_bytes=3_200_000_000, headroom=room
        ),
        preload=PreloadSnapshot(**(known | preload)),
        prompt_tokens=48_200,
        prefix_tokens_reused=36_900,
        favourites=(CHAT, CODER, EMBEDDER),
        prefixes=PrefixFigures("disk", 310 * 10**6, 2 * GB, 4_620 * 10**6, 18_400 * 10**6, 1_240 * 10**6, 40 * GB),
        models=tuple(sorted(models, key=lambda model: model.model_id)),
        requests=(
            RequestSnapshot(118, "Open WebUI", CHAT, NOW - 9.4, False, 241, 27.3),
            RequestSnapshot(119, "VS Code", CHAT, NOW - 2.1, False, 38, 24.8),
            RequestSnapshot(120, "python-openai", SMALL, NOW - 1.2, True),
        ),
    )


CONTEXT: Final[Mapping[str, Any]] = {
    "context_length": 8192,
    "context_bytes": int(0.9 * GB),
    "context_reason": msg("context_first"),
}


def _models() -> list[ModelSnapshot]:
    def hot(name: str, file_gb: float, memory_gb: float, load_s: float, used_min: float, **more: Any) -> ModelSnapshot:
        known: dict[str, Any] = {
            **CONTEXT,
            "form": Form.MAPPED,
            "reason": msg("favourite", rank=1),
        }
        return ModelSnapshot(
            name,
            State.HOT,
            favourite=True,
            file_bytes=int(file_gb * GB),
            expected_bytes=int(memory_gb * GB),
            resident_bytes=int(memory_gb * GB),
            load_s=load_s,
            last_used_at=NOW - used_min * MINUTE_S,
            path=f"/home/ada/models/{name}.gguf",
            **(known | more),
        )

    def cold(name: str, file_gb: float, memory_gb: float, **more: Any) -> ModelSnapshot:
        sizes = {"file_bytes": int(file_gb * GB), "expected_bytes": int(memory_gb * GB)}
        known: dict[str, Any] = {**CONTEXT, "favourite": False, "path": f"/home/ada/models/{name}.gguf", **sizes}
        return ModelSnapshot(name, **(known | {"state": State.COLD} | more))

    def prompt(client: str, tokens: int, tier: str) -> PromptSnapshot:
        return PromptSnapshot(client, tokens, tier, tier == "slot", NOW - HOUR_S)

    return [
        hot(
            CHAT, 5.0, 6.2, 1.4, 0.15, active_requests=2,
            prompts=(prompt("Open WebUI", 1792, "slot"), prompt("Home Assistant", 6144, "disk")),
        ),
        hot(
            CODER, 5.4, 5.9, 1.6, 0.03, form=Form.REPACKED, extra_bytes=int(1.6 * GB),
            prompts=(prompt("VS Code", 12_400, "slot"),),
        ),
        hot(EMBEDDER, 0.15, 0.2, 0.2, 4, embeddings=True, context_length=2048, context_bytes=0),
        cold(
            SMALL, 2.5, 3.3, state=State.LOADING, progress=0.63, load_left_s=2.4, resident_bytes=2_000_000_000,
            load_s=3.8, last_used_at=NOW - 71 * MINUTE_S, active_requests=1,
        ),
        cold(
            MISTRAL, 4.4, 5.4, standby=True, load_s=1.3, last_used_at=NOW - 3.2 * HOUR_S,
            prompts=(prompt("notes", 3328, "disk"),),
        ),
        cold(PHI, 9.1, 10.3, load_s=4.6, last_used_at=NOW - 2 * DAY_S),
        cold(BROKEN, 3.4, 4.2, state=State.FAILED, error=_CUT_OFF),
        cold(HUGE, 42.5, 44.1),
    ]  # fmt: skip


def history() -> UsageHistory:
    """Return hours and days with office hours, fewer requests at weekends, and a rising hit rate."""
    dice = random.Random(7)
    hours = [_bucket(dice, NOW - back * HOUR_S, HOUR_S, 0.94) for back in range(47, -1, -1)]
    days = [_bucket(dice, NOW - back * DAY_S, DAY_S, 0.94 - 0.4 * (back / 90) ** 3) for back in range(89, -1, -1)]
    return UsageHistory(tuple(hours), tuple(days))


def _bucket(dice: random.Random, at: float, length_s: int, rate: float) -> UsageBucket:
    begins_at = int(at // length_s * length_s)
    begin = datetime.fromtimestamp(begins_at)
    if length_s == HOUR_S:
        requests = dice.randint(3, 11) if 8 <= begin.hour <= 18 else dice.choice((0, 0, 0, 1))
    else:
        requests = dice.randint(4, 14) if begin.weekday() >= 5 else dice.randint(38, 66)
    hits = sum(dice.random() < rate for _ in range(requests))
    saved_s = sum(dice.uniform(1.0, 5.0) for _ in range(round(hits * 0.3)))
    misses, prompts = requests - hits, requests * dice.randint(2600, 5200)
    slots, disk = round(prompts * rate * dice.uniform(0.6, 0.75)), round(prompts * rate * 0.15)
    tokens: dict[str, Any] = {
        "text_prompt_tokens": prompts,
        "slot_tokens": slots,
        "disk_tokens": disk,
        "prefill_saved_s": disk / 120,
    }
    counts = Counts(hits=hits, misses=misses, wait_s=1.9 * misses, saved_s=saved_s)
    return UsageBucket(begins_at, length_s, replace(counts, **tokens))


def _stats() -> StatsReport:
    used = {CHAT: (131, 128, 1.4), CODER: (96, 92, 1.6), EMBEDDER: (58, 58, 0.2), SMALL: (21, 14, 3.8)}
    used |= {MISTRAL: (12, 7, 1.3), PHI: (4, 1, 4.6)}
    return stats(0.94, **used)


def _decisions() -> list[DecisionRecord]:
    def ago(
        minutes: float, name: str, action: Action, why: Message, size_gb: float = 0.0, **more: Any
    ) -> DecisionRecord:
        return DecisionRecord(NOW - minutes * MINUTE_S, name, action, why, int(size_gb * GB), **more)

    asked = msg("load_requested")
    often = msg("used_mostly", uses=21, part=msg("weekday_afternoons"))
    short = msg("below_keep_free", available=int(2.9 * GB), keep_free=int(3.2 * GB))
    return [
        ago(24, EMBEDDER, Action.PRELOAD, msg("favourite", rank=3), 0.2, seconds=0.2),
        ago(25, CODER, Action.PRELOAD, msg("favourite", rank=2), 5.9, seconds=1.6),
        ago(71, SMALL, Action.EVICT, msg("room_for_request", model=CHAT), 3.3, cause="room", idle_s=3900.0),
        ago(72, CHAT, Action.LOAD, asked, 6.2, seconds=1.4),
        ago(96, BROKEN, Action.FAIL, _CUT_OFF),
        ago(192, MISTRAL, Action.UNLOAD, msg("unload_requested"), 5.4, cause="user", idle_s=840.0),
        ago(215, MISTRAL, Action.LOAD, asked, 5.4, seconds=1.3),
        ago(260, SMALL, Action.PRELOAD, often, 3.3, seconds=3.8),
        ago(411, EMBEDDER, Action.PRELOAD, msg("favourite", rank=3), 0.2, seconds=0.2),
        ago(411, CODER, Action.PRELOAD, msg("favourite", rank=2), 5.9, seconds=4.1),
        ago(412, CHAT, Action.PRELOAD, msg("favourite", rank=1), 6.2, seconds=3.7),
        ago(1260, CHAT, Action.EVICT, short, 6.2, cause="pressure", idle_s=1500.0),
        ago(1302, PHI, Action.LOAD, asked, 10.3, seconds=4.6),
        ago(1303, CODER, Action.EVICT, msg("room_for_request", model=PHI), 5.9, cause="room", idle_s=2700.0),
    ]


def _requests() -> list[RequestRecord]:
    def ago(minutes: float, client: str, model: str, prompt: int, answer: int, ttft_s: float, **more: Any) -> None:
        known: dict[str, Any] = {
            "outcome": Outcome.HIT,
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "ttft_s": ttft_s,
            "decode_s": answer / speeds.get(model, 1.0),
        }
        found.append(RequestRecord(model, NOW - minutes * MINUTE_S, client=client, **(known | more)))

    found: list[RequestRecord] = []
    speeds = {CHAT: 27.3, CODER: 24.8, SMALL: 48.0}
    other = msg("prefix_differs", token=12, tokens=3104)
    ago(0.6, "VS Code", CODER, 12_846, 212, 0.3, slot_tokens=12_544)
    ago(3.1, "VS Code", CODER, 12_400, 388, 0.4, memory_tokens=12_288)
    ago(4.0, "notes", EMBEDDER, 212, 0, 0.02)
    ago(9.4, "Open WebUI", CHAT, 3104, 241, 5.8, slot_tokens=11, recomputed=other)
    ago(11.0, "Open WebUI", CHAT, 2871, 164, 0.2, slot_tokens=2816)
    ago(25.2, "Home Assistant", CHAT, 6210, 31, 0.3, disk_tokens=6144)
    ago(72.0, "Open WebUI", CHAT, 1904, 420, 3.1, disk_tokens=1792, outcome=Outcome.MISS, wait_s=1.4)
    ago(75.0, "python-openai", SMALL, 94, 57, 0.2)
    ago(412.0, "VS Code", CODER, 11_930, 96, 0.5, disk_tokens=11_776)
    return found


def _timeline() -> Day:
    room = msg("room_for_request", model=SMALL)
    evicted = DecisionRecord(NOW - 258 * MINUTE_S, CHAT, Action.EVICT, room, int(6.2 * GB), idle_s=1500.0)
    return timeline(NOW, _decisions(), [evicted], _requests(), (CHAT, CODER, EMBEDDER), MISTRAL)


def _why(model_id: str) -> Message:
    known = {
        CHAT: msg("in_memory", reason=msg("favourite", rank=1)),
        MISTRAL: msg(
            "plan_estimated",
            plan=msg("plan_no_room", missing=int(0.7 * GB), reason=msg("voice_after", model=CODER)),
            chance=msg("chance_one", whole=6),
            saved_s=2.7,
            load=int(4.1 * GB),
        ),
    }
    return known.get(model_id, msg("plan_unlikely", reason=msg("never_used")))


def write_log() -> None:
    """Write a log of that afternoon to the log file."""
    lines = []
    for decision in reversed(_decisions()[:11]):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(decision.at))
        match decision.action:
            case Action.LOAD | Action.PRELOAD:
                lines += [
                    f"{stamp} INFO    preheat.residency.executor: model {decision.model_id}: {change}"
                    for change in ("cold -> queued", "queued -> loading", "loading -> warming", "warming -> hot")
                ]
            case Action.FAIL:
                lines.append(f"{stamp} WARNING preheat.residency.executor: {decision.model_id}: {decision.why}")
            case _:
                lines.append(f"{stamp} INFO    preheat.residency.executor: {decision.model_id}: {decision.why}")
    log_file().parent.mkdir(parents=True, exist_ok=True)
    log_file().write_text("\n".join(lines) + "\n", encoding="utf-8")


def limit_curve(total_bytes: int) -> LimitCurve:
    """Return the hit rates of the last weeks by memory limit."""
    rates = (0, 31, 48, 60, 70, 78, 84, 88, 91, 93, 94.5, 95.5, 96.2, 96.7, 97, 97.2, 97.3, 97.4, 97.4, 97.4)
    points = (LimitPoint(total_bytes * step // 20, rate / 100, 20 * (100 - rate)) for step, rate in enumerate(rates, 1))
    recent, marks = outcomes(_timeline(), len(rates))
    return LimitCurve(days=28.0, requests=1290, points=with_outcomes(tuple(points), marks), recent=recent)


def _facts(model_id: str) -> ModelFacts:
    return ModelFacts(
        model_id,
        name="Qwen3 8B",
        parameters=8_190_000_000,
        quantization="Q4_K_M",
        quantization_words="4-bit, good quality",
        trained_context=40_960,
        licence="apache-2.0",
    )
