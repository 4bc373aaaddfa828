"""The counters that `make peers` puts into folders of their own, run on a module: what each prints in total.

They are not in the environment of the tests: ultralytics-thop is a second package named thop, and DeepSpeed brings a
training system along. Each is called as its own documentation does. Where a folder is missing, there is no tool.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from archcost.conventions import convention
from archcost.pytorch.tracing import traceable
from tests.conventions.peers import OwnFunctions, Seen, silence

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from torch import nn

    from tests.conventions.peers import Inputs

FOLDER = Path(__file__).parents[2] / "build" / "peers"
PACKAGES = {"torchprofile": "torchprofile", "ultralytics-thop": "thop", "deepspeed": "deepspeed"}
LEFT_PATCHED = (  # what DeepSpeed 0.16.9 does not put back, so that it counts twice in the next model
    (torch.nn.functional, "scaled_dot_product_attention"),
    (torch, "bmm"),
    (torch.Tensor, "__matmul__"),
)


def folder(name: str) -> Path:
    """Where ``make peers`` puts a tool: ``TOOL@VERSION``."""
    found = convention(name)
    return FOLDER / f"{found.tool}@{found.version}"


def version(name: str) -> str:
    """The version that is in its folder; empty without one."""
    found = importlib.metadata.distributions(name=convention(name).tool, path=[str(folder(name))])
    return next((each.version for each in found), "")


def run(name: str, model: nn.Module, inputs: Inputs) -> Seen:
    """What a tool says of a model; an exception becomes an error."""
    model.eval()
    with silence():
        try:
            return TOOLS[convention(name).tool](name, model, inputs)
        except Exception as error:  # noqa: BLE001 - whatever a tool raises
            return Seen(None, error=f"{type(error).__name__}: {error}".split("\n")[0])


@cache
def _package(name: str, module: str = "") -> ModuleType:
    """A module of a tool from its folder; other packages of that name that are imported stay what they are."""
    package = PACKAGES[convention(name).tool]
    before = {key: sys.modules.pop(key) for key in list(sys.modules) if key.split(".")[0] == package}
    sys.path.insert(0, str(folder(name)))
    try:
        return importlib.import_module(module or package)
    finally:
        sys.path.remove(str(folder(name)))
        for key in [key for key in sys.modules if key.split(".")[0] == package]:
            del sys.modules[key]
        sys.modules.update(before)


def _torchprofile(name: str, model: nn.Module, inputs: Inputs) -> Seen:
    on_meta = any(tensor.is_meta for tensor in (*inputs, *model.parameters()))
    with traceable() if on_meta else nullcontext():
        return Seen(int(_package(name).profile_macs(model, inputs)))


def _ultralytics_thop(name: str, model: nn.Module, inputs: Inputs) -> Seen:
    try:
        total, _ = _package(name).profile(model, inputs, verbose=False)
    finally:  # version 2.0.18 leaves buffers behind, and after an exception its hooks
        for module in model.modules():
            module._forward_hooks.clear()
            for buffer in ("total_ops", "total_params"):
                module._buffers.pop(buffer, None)
    return Seen(int(total))


def _deepspeed(name: str, model: nn.Module, inputs: Inputs) -> Seen:
    profiler: Any = _package(name, "deepspeed.profiling.flops_profiler.profiler")
    own = {key: getattr(*key) for key in LEFT_PATCHED}
    started: list[Any] = []
    start = profiler.FlopsProfiler.start_profile

    def remember(self: Any, **options: Any) -> None:
        started.append(self)
        start(self, **options)

    profiler.FlopsProfiler.start_profile = remember
    try:
        with OwnFunctions():  # type: ignore[no-untyped-call]
            flops, _, _ = profiler.get_model_profile(
                model, args=list(inputs), print_profile=False, warm_up=0, as_string=False
            )
    finally:
        profiler.FlopsProfiler.start_profile = start
        for each in started:  # after an exception its patches of torch would stay, and count for the next model
            each.end_profile()
        for key, function in own.items():
            setattr(*key, function)
        profiler.module_flop_count.clear()
        profiler.module_mac_count.clear()
    return Seen(int(flops))


TOOLS: dict[str, Callable[[str, nn.Module, Inputs], Seen]] = {
    "torchprofile": _torchprofile,
    "ultralytics-thop": _ultralytics_thop,
    "deepspeed": _deepspeed,
}
