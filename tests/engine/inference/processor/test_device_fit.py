"""A process simulates loads. Without a device here, llama.cpp accounts for none; see ``tests/vulkan`` for one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.inference import LoadOptions
from preheat.inference.processor import DeviceFit, fit_in_process


def options(path: Path) -> LoadOptions:
    return LoadOptions(
        path=str(path),
        files=(str(path),),
        embeddings=False,
        context_length=256,
        parallel=1,
        kv_cache_type="f16",
        flash_attention="auto",
        repack=False,
        threads=1,
        devices=("Vulkan9",),
        gpu_layers=3,
        layer_split=(3,),
        embedding_cache=0,
        probe=False,
        warm_prefix=False,
    )


async def test_a_device_that_is_gone_takes_nothing(chat_model: Path) -> None:
    assert await fit_in_process(options(chat_model), {"Vulkan9": 10**9}) == DeviceFit({})


async def test_a_file_that_llama_cpp_refuses_gives_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(ModelLoadError) as caught:
        await fit_in_process(options(path))
    assert caught.value.message.code == "device_fit_failed"


async def test_a_process_that_hangs_is_ended(chat_model: Path) -> None:
    with pytest.raises(ModelLoadError):
        await fit_in_process(options(chat_model), limit_s=0.001)


async def test_cancelling_ends_the_process(chat_model: Path) -> None:
    asking = asyncio.create_task(fit_in_process(options(chat_model)))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
