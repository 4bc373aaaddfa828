"""The devices that torch sees, by name."""

from __future__ import annotations

import platform

import torch

from archcost.errors import UsageError
from archcost.files import read_system


def choose_device(name: str) -> torch.device:
    """The device by name; ``auto`` is the fastest that torch sees. Raises UsageError, and says what is missing."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if name == "cuda" and not cuda:
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "is a build without CUDA"
        raise UsageError(f"torch sees no CUDA device: torch {torch.__version__} {built}", "measure with `--device cpu`")
    if name == "mps" and not mps:
        raise UsageError("torch sees no Apple GPU (mps)", "measure with `--device cpu`")
    return torch.device(name)


def device_name(device: torch.device) -> str:
    """The GPU's name, or the processor's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    for line in read_system("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
