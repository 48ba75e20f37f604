"""Which devices are used: by themselves, and as the setting says."""

from __future__ import annotations

import pytest

from preheat.devices import Device, DeviceKind, DeviceReport, choose_devices, outcome
from preheat.messages import msg, render

GIB = 1 << 30


def device(name: str, description: str, kind: DeviceKind, device_id: str = "", backend: str = "vulkan") -> Device:
    return Device(name, description, kind, backend, 8 * GIB, 7 * GIB, device_id=device_id)


INTEL = device("Vulkan0", "Intel(R) Iris(R) Xe Graphics (TGL GT2)", DeviceKind.INTEGRATED, "0000:00:02.0")
NVIDIA = device("Vulkan1", "NVIDIA GeForce RTX 3050 Laptop GPU", DeviceKind.DISCRETE, "0000:01:00.0")
SAME_NVIDIA = device("CUDA0", "NVIDIA GeForce RTX 3050 Laptop GPU", DeviceKind.DISCRETE, "0000:01:00.0", "cuda")
LLVMPIPE = device("Vulkan0", "llvmpipe (LLVM 15.0.6, 256 bits)", DeviceKind.SOFTWARE)
BLAS = device("BLAS", "Accelerate", DeviceKind.ACCELERATOR, backend="blas")

LAPTOP = DeviceReport((INTEL, NVIDIA), backends=("vulkan",))


def reasons(wanted: tuple[str, ...] | None, report: DeviceReport) -> dict[str, tuple[bool, str]]:
    return {use.device.name: (use.in_use, use.reason.code) for use in choose_devices(wanted, report).uses}


def test_a_laptop_uses_the_gpu_with_memory_of_its_own() -> None:
    choice = choose_devices(None, LAPTOP)
    assert choice.names == ("Vulkan1",)
    assert [use.device for use in choice.uses] == [NVIDIA, INTEL]
    assert choice.uses[1].reason == msg("device_after_discrete", other=NVIDIA.description)


def test_an_integrated_gpu_is_used_where_there_is_no_other() -> None:
    assert choose_devices(None, DeviceReport((INTEL, BLAS))).names == ("Vulkan0",)


@pytest.mark.parametrize(("found", "reason"), [(LLVMPIPE, "device_software"), (BLAS, "device_accelerator")])
def test_no_gpu_is_not_used_by_itself(found: Device, reason: str) -> None:
    assert reasons(None, DeviceReport((found,))) == {found.name: (False, reason)}


def test_a_software_device_is_used_if_it_is_named() -> None:
    assert choose_devices(("LLVMpipe",), DeviceReport((LLVMPIPE,))).names == ("Vulkan0",)


def test_an_accelerator_never_holds_models() -> None:
    assert reasons(("blas",), DeviceReport((BLAS,))) == {"BLAS": (False, "device_accelerator")}


@pytest.mark.parametrize(
    "name", ["Vulkan0", "vulkan0", "0000:00:02.0", "iris", "Intel(R) Iris(R) Xe Graphics (TGL GT2)"]
)
def test_names_of_one_device(name: str) -> None:
    assert reasons((name,), LAPTOP) == {"Vulkan0": (True, "device_named"), "Vulkan1": (False, "device_not_named")}


def test_the_order_of_the_names_counts() -> None:
    assert choose_devices(("nvidia", "intel"), LAPTOP).names == ("Vulkan1", "Vulkan0")
    assert choose_devices(("intel", "nvidia"), LAPTOP).names == ("Vulkan0", "Vulkan1")


def test_a_device_id_survives_another_order() -> None:
    reordered = DeviceReport(
        (
            device("Vulkan0", NVIDIA.description, NVIDIA.kind, NVIDIA.device_id),
            device("Vulkan1", INTEL.description, INTEL.kind, INTEL.device_id),
        )
    )
    assert choose_devices((NVIDIA.device_id,), reordered).names == ("Vulkan0",)


def test_two_cards_of_one_kind() -> None:
    cards = tuple(device(f"Vulkan{at}", "AMD Radeon RX 7900", DeviceKind.DISCRETE, f"0000:0{at}:00.0") for at in (1, 2))
    assert choose_devices(None, DeviceReport(cards)).names == ("Vulkan1", "Vulkan2")
    assert choose_devices(("radeon",), DeviceReport(cards)).names == ("Vulkan1", "Vulkan2")
    assert choose_devices(("0000:02:00.0",), DeviceReport(cards)).names == ("Vulkan2",)


@pytest.mark.parametrize("wanted", [None, ("rtx",), ("0000:01:00.0",)])
def test_one_card_through_two_libraries_is_used_once(wanted: tuple[str, ...] | None) -> None:
    report = DeviceReport((NVIDIA, SAME_NVIDIA))
    choice = choose_devices(wanted, report)
    assert len(choice.names) == 1
    assert choice.uses[1].reason.code == "device_is_also"


def test_the_faster_library_of_a_card_is_taken() -> None:
    report = DeviceReport((NVIDIA, SAME_NVIDIA))
    assert choose_devices(None, report).names == choose_devices(("rtx",), report).names == ("CUDA0",)
    assert choose_devices(("vulkan1",), report).names == ("Vulkan1",)


def test_the_processor_alone() -> None:
    assert reasons(("CPU",), LAPTOP) == {name: (False, "device_setting_cpu") for name in ("Vulkan0", "Vulkan1")}


def test_an_unknown_name_is_reported_with_those_that_exist() -> None:
    choice = choose_devices(("radeon", "intel"), LAPTOP)
    assert choice.names == ("Vulkan0",)
    assert choice.problems == (msg("device_unknown", name="radeon", names=["cpu", "Vulkan0", "Vulkan1"]),)
    assert "cpu, Vulkan0, Vulkan1" in render(choice.problems[0]).text


@pytest.mark.parametrize(
    ("wanted", "report", "expected"),
    [
        (None, LAPTOP, f"Models use {NVIDIA.description}"),
        (None, DeviceReport(), "Models run on the processor: this build has no GPU backend"),
        (None, DeviceReport(backends=("vulkan",)), "Models run on the processor: no GPU was found"),
        (("cpu",), LAPTOP, "Models run on the processor: the setting devices is cpu"),
        (
            None,
            DeviceReport((LLVMPIPE,), backends=("vulkan",)),
            "processor: llvmpipe (LLVM 15.0.6, 256 bits) is left off, as it only imitates a GPU on the processor, "
            "which is slower than the processor itself",
        ),
        (("cpu",), DeviceReport(), "Models run on the processor: this build has no GPU backend"),
        (None, DeviceReport(problems=(msg("devices_none_found"),), backends=("vulkan",)), "no GPU was found"),
    ],
)
def test_the_outcome_in_one_sentence(wanted: tuple[str, ...] | None, report: DeviceReport, expected: str) -> None:
    assert str(outcome(choose_devices(wanted, report), report)).endswith(expected)


def test_measurements_are_kept_by_driver_and_library() -> None:
    base = NVIDIA.key
    changed = {
        Device("Vulkan1", NVIDIA.description, NVIDIA.kind, "vulkan", 1, 1, "2.0", NVIDIA.device_id).key,
        Device("Vulkan1", NVIDIA.description, NVIDIA.kind, "vulkan", 1, 1, "", NVIDIA.device_id, "other").key,
    }
    moved = Device("Vulkan0", NVIDIA.description, NVIDIA.kind, "vulkan", 1, 1, "", NVIDIA.device_id)
    assert base not in changed
    assert moved.key == base
