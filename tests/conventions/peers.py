"""The counters of others, run on a module: what each prints in total, and for each submodule where it tells.

Every tool is called as its own documentation does, in evaluation mode; torch's counter under ``torch.no_grad``. What
the tools print, warn and leave behind stays in here.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import logging
import sys
import types
import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Inputs = tuple[Tensor, ...]


class Seen(NamedTuple):
    """What a tool says: the total, figures by the paths of submodules, or why there is none."""

    total: int | None
    layers: Mapping[str, int] = MappingProxyType({})
    error: str = ""


class Named(nn.Module):
    """A model that takes its inputs by keyword as well, as ptflops hands them over when there are several."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor, **named: Tensor) -> Any:
        return self.model(*inputs, *named.values())


class OwnFunctions(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators run with torch's own functions, whatever ptflops and calflops have put in their place.

    PyTorch's rules for shapes on the meta device call such functions, where they are written in Python; a model does
    not, and on a CPU nobody does.
    """

    OWN = MappingProxyType(
        {
            (owner, name): getattr(owner, name)
            for owner, names in (
                (torch, "matmul mm bmm addmm baddbmm mul add einsum"),
                (torch.Tensor, "matmul mm bmm addmm mul add"),
            )
            for name in names.split()
        }
    )

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        patched = {key: getattr(*key) for key in self.OWN}
        for key, function in self.OWN.items():
            setattr(*key, function)
        try:
            return func(*args, **kwargs or {})
        finally:
            for key, function in patched.items():
                setattr(*key, function)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No output, no warnings, no log records."""
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def run(tool: str, model: nn.Module, inputs: Inputs) -> Seen:
    """What a tool says of a model; an exception becomes an error."""
    model.eval()
    with silence():
        try:
            return TOOLS[tool](model, inputs)
        except Exception as error:  # noqa: BLE001 - whatever a tool raises
            while error.__cause__ is not None:
                error = error.__cause__
            return Seen(None, error=f"{type(error).__name__}: {error}".split("\n")[0])


def version(tool: str) -> str:
    """The version of a tool that is installed."""
    found = importlib.metadata.version({"ptflops-aten": "ptflops"}.get(tool, tool))
    return found.split("+")[0].replace("-", ".post")


def _torch(model: nn.Module, inputs: Inputs) -> Seen:
    mode = FlopCounterMode(display=False)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.requires_grad_(requires_grad=False)  # with gradients off, it fails on views of params that want them
    try:
        with torch.no_grad(), mode:
            model(*inputs)
    finally:
        for parameter in trained:
            parameter.requires_grad_()
    prefix = type(model).__name__ + "."
    counts = mode.get_flop_counts()
    layers = {path.removeprefix(prefix): sum(figures.values()) for path, figures in counts.items() if prefix in path}
    return Seen(mode.get_total_flops(), layers)


def _fvcore(model: nn.Module, inputs: Inputs) -> Seen:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, inputs)
    return Seen(int(analysis.total()), {path: int(count) for path, count in analysis.by_module().items()})


def _torchinfo(model: nn.Module, inputs: Inputs) -> Seen:
    import torchinfo

    statistics = torchinfo.summary(model, input_data=list(inputs), verbose=0)
    paths = {id(module): path for path, module in model.named_modules()}
    layers = {paths[layer.layer_id]: layer.macs for layer in statistics.summary_list if layer.is_leaf_layer}
    return Seen(statistics.total_mult_adds, layers)


def _ptflops(model: nn.Module, inputs: Inputs) -> Seen:
    from ptflops import get_model_complexity_info, pytorch_engine

    layers: dict[str, int] = {}

    def read(counted: nn.Module, *_: Any, **__: Any) -> None:
        for path, module in counted.named_modules():
            layers[path.removeprefix("model.")] = getattr(module, "__flops__", 0)

    model, batch = _ptflops_input(model, inputs)
    printing, pytorch_engine.print_model_with_flops = pytorch_engine.print_model_with_flops, read
    try:
        with OwnFunctions():  # type: ignore[no-untyped-call]
            total, _ = get_model_complexity_info(
                model, (1,), as_strings=False, backend="pytorch", input_constructor=lambda _: batch, ost=io.StringIO()
            )
    finally:
        pytorch_engine.print_model_with_flops = printing
    return _seen_by_ptflops(total, layers)


def _ptflops_aten(model: nn.Module, inputs: Inputs) -> Seen:
    from ptflops import get_model_complexity_info

    model, batch = _ptflops_input(model, inputs)
    total, _ = get_model_complexity_info(
        model, (1,), False, as_strings=False, backend="aten", input_constructor=lambda _: batch
    )
    return _seen_by_ptflops(total, {})


def _ptflops_input(model: nn.Module, inputs: Inputs) -> tuple[nn.Module, Any]:
    """The model and what the input constructor returns: a tensor, or several of them by name."""
    if len(inputs) == 1:
        return model, inputs[0]
    return Named(model), {f"x{index}": tensor for index, tensor in enumerate(inputs)}


def _seen_by_ptflops(total: int | None, layers: dict[str, int]) -> Seen:
    """ptflops prints an exception and returns None; the output holds it."""
    if total is not None:
        return Seen(int(total), layers)
    lines = [line for line in sys.stdout.getvalue().splitlines() if line.startswith("<class")]  # type: ignore[attr-defined]
    return Seen(None, error=lines[-1].removeprefix("<class '").replace("'>:", ":") if lines else "no figure")


def _thop(model: nn.Module, inputs: Inputs) -> Seen:
    from thop import profile

    layers: dict[str, int] = {}

    def collect(entries: dict[str, Any], prefix: str) -> None:
        for name, (operations, _, below) in entries.items():
            layers[prefix + name] = int(operations)
            collect(below, f"{prefix}{name}.")

    try:
        total, _, entries = profile(model, inputs, verbose=False, ret_layer_info=True)
    finally:  # it leaves buffers behind, and after an exception its hooks
        for module in model.modules():
            module._forward_hooks.clear()
            for name in ("total_ops", "total_params"):
                module._buffers.pop(name, None)
    collect(entries, "")
    return Seen(int(total), layers)


def _calflops(model: nn.Module, inputs: Inputs) -> Seen:
    counter = _calflops_counter()
    layers: dict[str, int] = {}
    pipeline: Any = counter.CalFlopsPipline
    end = pipeline.end_flops_calculate

    def read(self: Any) -> None:
        for path, module in self.model.named_modules():
            layers[path] = module.__flops__
        end(self)

    started: list[Any] = []
    start = pipeline.start_flops_calculate

    def remember(self: Any, **options: Any) -> None:
        started.append(self)
        start(self, **options)

    pipeline.end_flops_calculate, pipeline.start_flops_calculate = read, remember
    try:
        with OwnFunctions():  # type: ignore[no-untyped-call]
            flops, _, _ = counter.calculate_flops(model, args=list(inputs), print_results=False, output_as_string=False)
    finally:
        pipeline.end_flops_calculate, pipeline.start_flops_calculate = end, start
        for each in started:  # after an exception its patches of torch would stay, and count for the next model
            end(each)
        stacks = sys.modules[pipeline.__module__]
        stacks.module_flop_count.clear()  # type: ignore[attr-defined]
        stacks.module_mac_count.clear()  # type: ignore[attr-defined]
    return Seen(flops, layers)


def _calflops_counter() -> Any:
    """calflops' counter without its package, which imports transformers for a part that is not needed here."""
    if "calflops" not in sys.modules:
        spec = importlib.util.find_spec("calflops")
        assert spec is not None
        package = types.ModuleType("calflops")
        package.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["calflops"] = package
    return importlib.import_module("calflops.flops_counter")


TOOLS: dict[str, Callable[[nn.Module, Inputs], Seen]] = {
    "torch": _torch,
    "fvcore": _fvcore,
    "torchinfo": _torchinfo,
    "ptflops": _ptflops,
    "ptflops-aten": _ptflops_aten,
    "thop": _thop,
    "calflops": _calflops,
}
