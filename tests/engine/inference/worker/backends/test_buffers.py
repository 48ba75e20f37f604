"""llama.cpp's log tells what devices hold."""

from __future__ import annotations

from preheat.inference.worker.backends import BufferSizes

LOG = """\
load_tensors:   CPU_Mapped model buffer size =    28.69 MiB
load_tensors:      Vulkan0 model buffer size =    92.00 MiB
load_tensors:      Vulkan0 model buffer size =     8.00 MiB
llama_context: Vulkan_Host  output buffer size =     1.69 MiB
llama_kv_cache:    Vulkan0 KV buffer size =    45.00 MiB
llama_kv_cache: size =   45.00 MiB (  2048 cells,  30 layers,  9/1 seqs), K (f16):   22.50 MiB, V (f16):   22.50 MiB
llama_memory_recurrent:    Vulkan1 RS buffer size =     0.50 MiB
sched_reserve:    Vulkan0 compute buffer size =    20.00 MiB
sched_reserve:    Vulkan0 compute buffer size =    15.00 MiB
sched_reserve: Vulkan_Host compute buffer size =     4.27 MiB
"""
MIB = 1 << 20


def test_buffers_are_added_up_and_measured_ones_replaced() -> None:
    buffers = BufferSizes()
    for line in LOG.splitlines(keepends=True):
        buffers.read(line)
    assert buffers.of(("Vulkan0", "Vulkan1")) == (("Vulkan0", 160 * MIB), ("Vulkan1", MIB // 2))
    buffers.begin_context()
    buffers.read("sched_reserve:    Vulkan0 compute buffer size =    2.00 MiB")
    assert dict(buffers.of(("Vulkan0", "Metal"))) == {"Vulkan0": 162 * MIB, "Metal": 0}
    assert buffers.of(()) == ()
