"""A spec against a model that exists in PyTorch: parameters by shape in order, totals, and layers that correspond."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from archcost.errors import UsageError, suggestion
from archcost.pytorch import require
from archcost.pytorch.counters import RunError, Seen, count_by_torch
from archcost.pytorch.module import example_inputs
from archcost.pytorch.verification import Against, Mismatch, Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.dims import Shape


_SHOWN = 3  # layers named in the cause of a difference


class Unit(NamedTuple):
    """A layer with tensors: on either side, what can correspond; without an output where it only holds others."""

    path: str
    op: str
    shapes: tuple[Shape, ...]
    output: Shape | None
    macs: int
    place: tuple[str, int] | None = None


class _Used(TorchFunctionMode):
    """Notes the parameters that a run passes to any torch function."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        self.ids.update(id(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, nn.Parameter))
        return func(*args, **(kwargs or {}))


def compare(report: Report, target: str, tolerance: Fraction | float) -> tuple[Against, list[Mismatch]]:
    """The report against the model that ``target`` names; UsageError if there is none or it takes other inputs."""
    model = load_target(target)
    theirs, unused = _units(model, report, target)
    ours = _own_units(report)
    pairs, only_ours, only_theirs = _match(ours, theirs)
    result = Against(
        target=target,
        params=report.totals.params,
        other_params=sum(parameter.numel() for parameter in model.parameters()) - sum(unused.values()),
        macs=report.totals.macs,
        other_macs=sum(unit.macs for unit in theirs),
        pairs=tuple([Pair(a.path, b.path, a.shapes, b.shapes, a.macs, b.macs, a.output, b.output) for a, b in pairs]),
        only_spec=tuple([unit.path for unit in only_ours]),
        only_other=tuple([unit.path for unit in only_theirs]),
        unused=tuple(unused),
        unused_params=sum(unused.values()),
    )
    return result, list(_mismatches(result, pairs, (only_ours, only_theirs), tolerance))


def load_target(target: str) -> nn.Module:
    """The module that ``torchvision:name`` or ``package.module:callable`` makes, on the meta device where it can be."""
    module_name, colon, name = target.partition(":")
    if not colon or not module_name or not name:
        raise UsageError(f"--against takes torchvision:model or package.module:callable, got '{target}'")
    make = _torchvision(name) if module_name == "torchvision" else _callable(module_name, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                model = make()
        except (NotImplementedError, RuntimeError):  # what needs numbers to be made
            model = make()
    if not isinstance(model, nn.Module):
        raise UsageError(f"{target} is not a torch.nn.Module, and makes none: it gives {type(model).__name__}")
    return model.to("meta").requires_grad_(requires_grad=False)


def _torchvision(name: str) -> Callable[[], nn.Module]:
    try:
        require("torchvision")
    except UsageError as error:
        raise UsageError(error.message, "pip install torchvision") from None
    from torchvision import models

    known: list[str] = models.list_models()
    if name not in known:
        raise UsageError(f"torchvision has no model '{name}'", suggestion(name, known, "models"))
    options: dict[str, Any] = {
        "weights": None,
        "weights_backbone": None,  # the default would be fetched
        "aux_loss": True,  # as the published weights have it
    }
    builder = models.get_model_builder(name)
    return lambda: builder(**{key: value for key, value in options.items() if key in signature(builder).parameters})


def _callable(module_name: str, name: str) -> Callable[[], Any]:
    """The attribute of an importable module, the working directory included."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module_name)
    except ImportError as error:
        raise UsageError(f"cannot import '{module_name}': {error}") from None
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"'{module_name}' has no '{name}'", suggestion(part, dir(found), "names"))
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        return lambda: found
    if not callable(found):
        raise UsageError(f"{module_name}:{name} is neither a module nor a callable that makes one")
    make: Callable[[], Any] = found
    return make


def _units(model: nn.Module, report: Report, target: str) -> tuple[list[Unit], dict[str, int]]:
    """The layers with tensors that a forward pass runs, and the numbers of parameters that it does not use, by path."""
    modules = dict(model.named_modules())
    seen, used = _run(model, modules, report, target)
    tensors: dict[str, list[Shape]] = {path: [] for path in modules if seen[path].ran}
    unused: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        if id(parameter) in used:
            tensors[_runs_above(name, tensors)].append(tuple(parameter.shape))
        else:
            owner = name.rpartition(".")[0]
            unused[owner] = unused.get(owner, 0) + parameter.numel()
    macs = {path: seen[path].macs or 0 for path in tensors}
    holders = set()
    for path in tensors:
        if path:
            above = _runs_above(path, tensors)
            macs[above] -= seen[path].macs or 0
            holders.add(above)
    units = []
    for path, shapes in tensors.items():
        if shapes or macs[path]:
            output = None if path in holders else next(iter(seen[path].shapes), None)
            units.append(Unit(path, type(modules[path]).__name__, tuple(shapes), output, macs[path]))
    return units, unused


def _runs_above(path: str, running: Mapping[str, object]) -> str:
    """The nearest module above that ran: others only hold modules, or lend their weights without being called."""
    while True:
        path = path.rpartition(".")[0]
        if path in running:
            return path


def _run(
    model: nn.Module, modules: dict[str, nn.Module], report: Report, target: str
) -> tuple[dict[str, Seen], set[int]]:
    """What every module did in one run on the report's inputs, and the ids of the parameters that took part."""
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
        raise UsageError(f"{target} does not run on the inputs of {report.name}, {shapes}: {error}") from None
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return dict(zip(modules, seen, strict=True)), used.ids


def _own_units(report: Report) -> list[Unit]:
    units = []
    for layer in report.layers:
        shapes = tuple(layer.node.signature.weights().values()) if layer.node.weights_of < 0 else ()
        if shapes or layer.macs:
            place = (layer.node.mark.source.name, layer.line)
            units.append(Unit(layer.path, layer.op, shapes, layer.output[0], layer.macs, place))
    return units


def _match(ours: list[Unit], theirs: list[Unit]) -> tuple[list[tuple[Unit, Unit]], list[Unit], list[Unit]]:
    """Pairs in the order of the spec: of the same path, figures, tensors, or weight, in this order of trust."""
    keys: tuple[Callable[[Unit], object], ...] = (
        lambda unit: (unit.path, unit.shapes),
        lambda unit: (unit.shapes, unit.output, unit.macs),
        lambda unit: (unit.shapes, unit.macs > 0),
        lambda unit: (unit.shapes[0], unit.macs > 0),  # with and without a bias
    )
    partner: dict[int, int] = {}
    for key in keys:
        waiting: dict[object, list[int]] = {}
        for index, unit in enumerate(theirs):
            if unit.shapes and index not in partner.values():
                waiting.setdefault(key(unit), []).append(index)
        for index, unit in enumerate(ours):
            if not unit.shapes or index in partner:
                continue
            if found := waiting.get(key(unit)):
                partner[index] = found.pop(0)
    taken = set(partner.values())
    pairs = [(unit, theirs[partner[index]]) for index, unit in enumerate(ours) if index in partner]
    rest = [unit for index, unit in enumerate(ours) if index not in partner and unit.shapes]
    return pairs, rest, [unit for index, unit in enumerate(theirs) if index not in taken and unit.shapes]


def _mismatches(
    result: Against,
    pairs: list[tuple[Unit, Unit]],
    rest: tuple[list[Unit], list[Unit]],
    tolerance: Fraction | float,
) -> Iterable[Mismatch]:
    from archcost.pytorch.verify import within

    by = result.target
    totals = (("params", result.params, result.other_params), ("macs", result.macs, result.other_macs))
    for metric, ours, theirs in totals:
        if not within(ours, theirs, tolerance):
            yield Mismatch("", "", metric, ours, theirs, by, _total_cause(metric, rest))
    for ours_unit, theirs_unit in pairs:
        named = f"{by} {theirs_unit.path}"
        where = (ours_unit.path, ours_unit.op)
        if ours_unit.shapes != theirs_unit.shapes:
            shapes = (ours_unit.shapes, theirs_unit.shapes)
            yield Mismatch(*where, "params", *shapes, named, "bias: on one side only", ours_unit.place)
        outputs = (ours_unit.output, theirs_unit.output)
        if outputs[0] is not None and outputs[1] is not None and prod(outputs[0]) != prod(outputs[1]):
            yield Mismatch(*where, "output", *outputs, named, "stride or padding before or in it", ours_unit.place)
        elif not within(ours_unit.macs, theirs_unit.macs, tolerance):
            yield Mismatch(*where, "macs", ours_unit.macs, theirs_unit.macs, named, "", ours_unit.place)


def _total_cause(metric: str, rest: tuple[list[Unit], list[Unit]]) -> str:
    """What is left over on either side, where that tells why totals differ."""
    if metric != "params":
        return ""
    words = []
    for who, units in zip(("the spec", "the model"), rest, strict=True):
        some = [f"{unit.path} {'×'.join(map(str, unit.shapes[0])) or 'scalar'}" for unit in units[:_SHOWN]]
        more = f" and {len(units) - _SHOWN} more" if len(units) > _SHOWN else ""
        words += [f"only {who} has {', '.join(some)}{more}"] if some else []
    return "; ".join(words)
