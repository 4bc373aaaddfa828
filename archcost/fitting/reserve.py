"""The part of a device's memory that is not for a model: stated, with the reason and where it was read."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.hardware.device import Citation
from archcost.quantities import UnitError, parse_bytes, parse_percent

if TYPE_CHECKING:
    from archcost.hardware.device import Device

SHARED = ("soc",)  # kinds of devices whose memory the system has a part of


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
    why="a tenth, as vLLM leaves by default, for the CUDA context (300 to 723 MiB seen), workspaces and fragmentation",
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
    why="a quarter, which macOS keeps from Metal by default (65 to 84 percent are left, by machine)",
    sources=(
        Citation(
            "gpustack", "gpustack issue 1375: 75% of total RAM", "https://github.com/gpustack/gpustack/issues/1375"
        ),
        Citation("sglang", "sglang pull request 29949: 65 to 75%", "https://github.com/sgl-project/sglang/pull/29949"),
    ),
)


def usual_reserve(device: Device) -> Reserve:
    """What is kept free on a device unless something else is asked for."""
    return QUARTER if device.kind in SHARED else TENTH


def read_reserve(text: str) -> Reserve:
    """``"1 GiB"``, ``"5%"`` or ``"0"``; raises UnitError."""
    why = f"{text.strip()}, as asked for"
    if text.strip() == "0":
        return Reserve(why=why)
    if text.rstrip().endswith("%"):
        share = parse_percent(text)
        if not 0 <= share < 1:
            raise UnitError(f"'{text}' is not a share of the memory: write it like 5%")
        return Reserve(share, why=why)
    size = parse_bytes(text)
    if size < 0:
        raise UnitError(f"'{text}' is less than nothing")
    return Reserve(bytes=-(-size.numerator // size.denominator), why=why)
