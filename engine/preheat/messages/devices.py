"""Messages about devices next to the processor, such as graphics cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    # Why a device is used, or not.
    "device_discrete_used": Template("it has memory of its own"),
    "device_integrated_used": Template("it is the only kind of GPU here"),
    "device_after_discrete": Template("it shares the processor's memory, and {other} has its own"),
    "device_software": Template("it only imitates a GPU on the processor, which is slower than the processor itself"),
    "device_accelerator": Template("it helps the processor by itself, and holds no models"),
    "device_is_also": Template("it is the same device as {name}, through another library"),
    "device_unmeasured": Template("it shares the processor's memory, and was not measured against the processor yet"),
    "device_measured": Template(
        "it decodes at {decode:percent} of the processor's speed, and prefills at {prefill:percent}"
    ),
    "device_measured_prefill": Template("it prefills at {share:percent} of the processor's speed"),
    "device_measured_decode": Template("it decodes at {share:percent} of the processor's speed"),
    "preload_off_device": Template("it was on a GPU, which may sleep on battery"),
    "device_battery": Template("the machine runs on battery, and gpu_on_battery is off"),
    "device_named": Template("the setting devices names it ({name})"),
    "device_not_named": Template("the setting devices names others"),
    "device_setting_cpu": Template("the setting devices is cpu"),
    # What does not work.
    "device_library_damaged": Template(
        "llama.cpp's file {file} is damaged", "Install Preheat again, and check the disk"
    ),
    "device_library_crashes": Template(
        "{file} crashes here: {reason}", "Update the driver of the graphics card, or remove the file"
    ),
    "device_library_hangs": Template(
        "{file} does not answer within {limit:duration}", "Update the driver of the graphics card, or remove the file"
    ),
    "device_library_refused": Template("{file} does not load: {reason}", "Install what it needs, or remove the file"),
    "device_library_foreign": Template(
        "{file} is no library of this llama.cpp, or finds nothing to work with", "Install Preheat again"
    ),
    "device_library_without_device": Template("{file} finds no device", "Install the driver of the graphics card"),
    "device_load_failed": Template("the model does not run on it: {reason}"),
    "device_fails": Template(
        "{model} does not run on {device}, and uses the processor: {reason}",
        "Update the driver of the graphics card, or set devices to cpu",
    ),
    "device_missing": Template(
        "{devices:names} is not there any more, and the model runs without it",
        "Check the graphics card and its driver",
    ),
    "device_gone": Template("the device {device} is not there any more"),
    "device_probe_hangs": Template("no answer within {limit:duration}", "Update the driver of the graphics card"),
    "device_probe_crashes": Template("it crashes: {reason}", "Update the driver of the graphics card"),
    "device_fit_failed": Template("llama.cpp does not say what the model takes"),
    "vulkan_no_loader": Template(
        "the Vulkan loader is not installed", "Install libvulkan1 and the Vulkan driver of the graphics card"
    ),
    "vulkan_hidden": Template(
        "the variable GGML_VK_VISIBLE_DEVICES is '{reason}' and shows no device",
        "Unset it, or set it to numbers of Vulkan's devices, from 0 on",
    ),
    "vulkan_no_device": Template("no Vulkan driver finds a device", "Install the Vulkan driver of the graphics card"),
    # Where a model's layers are.
    "placement_processor": Template("all layers are in RAM: no device is in use"),
    "placement_all": Template("all {layers:count} layers are on {devices:names}"),
    "placement_some": Template("{count:count} of {layers:count} layers are on {devices:names}, the others in RAM"),
    "placement_experts": Template(
        "all {layers:count} layers are on {devices:names}, but the experts of {experts:count} in RAM"
    ),
    "placement_no_experts": Template(
        "the dense parts of all {layers:count} layers are on {devices:names}, experts in RAM"
    ),
    "placement_set": Template(
        "{count:count} of {layers:count} layers are on {devices:names}, as the setting gpu_layers says"
    ),
    "placement_some_dense": Template(
        "the dense parts of {count:count} of {layers:count} layers are on {devices:names}, experts and the others in "
        "RAM"
    ),
    "placement_set_experts": Template(
        "{count:count} of {layers:count} layers are on {devices:names}, as the setting gpu_layers says, but the "
        "experts of {experts:count} in RAM"
    ),
    "placement_set_none": Template("all layers are in RAM, as the setting gpu_layers says"),
    "placement_none_left": Template(
        "no layers are on {device}: the fewest take {needed:bytes} with their buffers, and favourites leave "
        "{limit:bytes}",
        "Raise device_memory_limit, or drop a favourite",
    ),
    "placement_none": Template(
        "no layers are on {device}: the fewest take {needed:bytes} with their buffers, and there are {limit:bytes}",
        "Raise device_memory_limit, or lower context_length",
    ),
    "decode_fell": Template(
        "It decodes {speed:count} tokens per second on {device}, and did {best:count} before",
        "The driver may have moved it to the system's memory: unload another model, or close programs that use the GPU",
    ),
    # All together.
    "device_unknown": Template(
        "the setting devices names {name}, which is not here; there are: {names:names}",
        "Choose one of these with 'preheat config set devices NAME', or set it to auto",
    ),
    "devices_used": Template("Models use {names:names}"),
    "devices_unused": Template("Models run on the processor: {reason}"),
    "device_left_off": Template("{device} is left off, as {reason}"),
    "devices_no_backend": Template("Models run on the processor: this build has no GPU backend"),
    "devices_none_found": Template("no GPU was found"),
}
