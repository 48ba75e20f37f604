"""What a process that measures a device may do instead of measuring."""

from __future__ import annotations

import sys

import pytest

from preheat.errors import ModelLoadError
from preheat.inference.processor import ProbedModel, device_speed, measure_in_process

MODEL = ProbedModel("model.gguf", embeddings=False, kv_cache_type="f16", flash_attention="auto", threads=1)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("", "device_probe_crashes"),  # as if all was well
        ("raise SystemExit(3)", "device_probe_crashes"),
        ("import os; os.abort()", "device_probe_crashes"),
        ("import threading; threading.Event().wait()", "device_probe_hangs"),
    ],
)
async def test_a_driver_that_ends_or_holds_the_process(
    program: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_speed, "module_command", lambda *_: [sys.executable, "-c", program])
    limit_s = 2.0 if code == "device_probe_hangs" else 60.0
    with pytest.raises(ModelLoadError) as failed:
        await measure_in_process(MODEL, "Vulkan0", limit_s)
    assert failed.value.message.code == code
