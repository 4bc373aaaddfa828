"""What one run of a model of the user's shows: its layers with tensors in the order of their use, and totals."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from archcost.errors import UsageError
from archcost.pytorch.alignment import Unit
from archcost.pytorch.counters import RunError, Seen, count_by_torch
from archcost.pytorch.module import example_inputs
from archcost.pytorch.targets import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.report import Report
    from archcost.dims import Shape


class Model(NamedTuple):
    """What one run of the model showed: its layers with tensors in the order of their first use, and totals."""

    units: list[Unit]
    runs: list[str]  # of each unit, the module that runs on its tensors
    macs_of: dict[str, int]  # of such a module, without those below it that ran themselves
    outputs_of: dict[str, Shape | None]  # of such a module; None of one that holds others that ran
    params: int
    macs: int
    outputs: tuple[Shape, ...]
    unused: dict[str, int]  # params that the run does not use, by layer


class _Used(TorchFunctionMode):
    """Notes in which call to a torch function a run first uses each parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.first: dict[int, int] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") != "__get__" or isinstance(result, Tensor):  # to ask for a dtype is no use
            self.calls += 1
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, nn.Parameter):
                    self.first.setdefault(id(leaf), self.calls)
        return result


def observe(model: nn.Module, report: Report, target: str) -> Model:
    """One run on the report's inputs; UsageError, with the model's own error, if it takes others."""
    modules = dict(model.named_modules())
    seen, first, outputs = _run(model, modules, report, target)
    running = {path: figures for path, figures in seen.items() if figures.ran}
    macs = {path: figures.macs or 0 for path, figures in running.items()}
    for path, figures in running.items():
        if path:
            macs[_runs_above(path, running)] -= figures.macs or 0
    holders = {_runs_above(path, running) for path in running if path}
    used: dict[str, list[tuple[int, Shape]]] = {}
    unused: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        if id(parameter) in first:
            key = name if owner in holders else owner  # what holds other layers uses its own tensors one by one
            used.setdefault(key, []).append((first[id(parameter)], tuple(parameter.shape)))
        else:
            unused[owner] = unused.get(owner, 0) + parameter.numel()
    paths = sorted(used, key=lambda path: min(used[path])[0])
    owners = [path if path in modules else path.rpartition(".")[0] for path in paths]
    runs = [owner if owner in running else _runs_above(owner, running) for owner in owners]
    outputs_of = {path: None if path in holders else next(iter(running[path].shapes), None) for path in runs}
    units = []
    for path, owner, by in zip(paths, owners, runs, strict=True):
        output = outputs_of[by] if runs.count(by) == 1 else None
        units.append(Unit(path, type(modules[owner]).__name__, tuple([shape for _, shape in used[path]]), output, None))
    params = sum(prod(shape) for unit in units for shape in unit.shapes)
    return Model(units, runs, macs, outputs_of, params, sum(macs.values()), outputs, unused)


def _runs_above(path: str, running: Mapping[str, object]) -> str:
    """The nearest module above that ran: others only hold modules, or lend their weights without being called."""
    while True:
        path = path.rpartition(".")[0]
        if path in running:
            return path


def _run(
    model: nn.Module, modules: dict[str, nn.Module], report: Report, target: str
) -> tuple[dict[str, Seen], dict[int, int], tuple[Shape, ...]]:
    """What every module did in one run on the report's inputs, when each parameter was used, and the outputs."""
    model.train(report.graph.training)
    for module in modules.values():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - one value has no variance
            module.eval()
    with torch.device("meta"):
        inputs = example_inputs(report.graph)
    used = _Used()
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # the counter does not see into the fused forms
    try:
        with sdpa_kernel(SDPBackend.MATH), used:
            seen = count_by_torch(model, inputs, list(modules))
    except RunError as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
        cause = told(error.__cause__ or error)
        raise UsageError(f"{target} does not run on the inputs of {report.name}, {shapes}: {cause}") from None
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return dict(zip(modules, seen, strict=True)), used.first, seen[0].shapes
