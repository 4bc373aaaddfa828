"""The part of a device's memory that is not for a model: stated, with the reason and where it was read."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.hardware.device import CPU, MICROCONTROLLER, Citation
from archcost.quantities import parse_reserve

if TYPE_CHECKING:
    from archcost.hardware.device import Device

SHARED = ("soc", "edge", CPU)  # kinds of devices whose memory the system has a part of


class Reserve(NamedTuple):
    """A share of the memory, or so many bytes, and why."""

    share: Fraction = Fraction(0)
    bytes: int = 0
    why: str = ""
    sources: tuple[Citation, ...] = ()

    def of(self, memory: int) -> int:
        """The bytes of a memory of this size, rounded up."""
        return min(memory, self.bytes + -(-memory * self.share.numerator // self.share.denominator))


TENTH = Reserve(
    Fraction(1, 10),
    why="a tenth, as vLLM leaves by default, for the driver's context (300 to 723 MiB of CUDA seen), workspaces "
    "and fragmentation",
    sources=(
        Citation(
            "vllm",
            "vLLM, EngineArgs.gpu_memory_utilization, default 0.9",
            "https://docs.vllm.ai/projects/vllm-omni/en/latest/configuration/gpu_memory_utilization/",
        ),
        Citation("context", "PyTorch issue 107667: about 300 MB", "https://github.com/pytorch/pytorch/issues/107667"),
        Citation(
            "floor",
            "PyTorch forum: 723 MiB for a tensor of one element",
            "https://discuss.pytorch.org/t/what-is-the-reason-for-pytorchs-gpu-memory-floor/73021",
        ),
    ),
)
QUARTER = Reserve(
    Fraction(1, 4),
    why="a quarter, for the system that shares the memory, as macOS keeps it from Metal by default (16 to 35 percent, "
    "by machine)",
    sources=(
        Citation(
            "gpustack", "gpustack issue 1375: 75% of total RAM", "https://github.com/gpustack/gpustack/issues/1375"
        ),
        Citation("sglang", "sglang pull request 29949: 65 to 75%", "https://github.com/sgl-project/sglang/pull/29949"),
    ),
)


NONE = Reserve(why="the buffers of the engine are counted, those of the rest of the program are not known")


def usual_reserve(device: Device) -> Reserve:
    """What is kept free on a device unless something else is asked for."""
    if device.kind == MICROCONTROLLER:
        return NONE
    return QUARTER if device.kind in SHARED else TENTH


def read_reserve(text: str) -> Reserve:
    """``"1 GiB"``, ``"5%"`` or ``"0"``; raises UnitError."""
    share, size = parse_reserve(text)
    return Reserve(share, size, f"{text.strip()}, as asked for")


_BOARD = '`memory = "512 KiB"`, `flash = "2 MiB"`, `kind = "microcontroller"`'


def capacity(device: Device, reserve: str = "") -> int:
    """The bytes of a device that are for a model; raises UnitError for a reserve that cannot be read."""
    kept = read_reserve(reserve) if reserve else usual_reserve(device)
    return device.available_bytes - kept.of(device.available_bytes)


def flash_of(device: Device) -> int:
    """The bytes of a microcontroller's flash; raises UsageError for one of which they are not known."""
    if device.flash_bytes is None:
        hint = f"describe your board in a file of your own, such as board.toml: {_BOARD}"
        raise UsageError(f"{device.label} has no flash of its own, and boards differ", hint)
    return device.flash_bytes
