"""What one run of a model of the user's shows: its layers with tensors in the order of their use, and totals."""

from __future__ import annotations

import re
from collections import Counter
from inspect import Parameter, signature
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from archcost.errors import UsageError
from archcost.importers.form import size_at
from archcost.importers.torch.recorded import Inputs
from archcost.importers.torch.recording_values import dtype_name, tensors_in
from archcost.importers.torch.running import FailedError, Subject, run_model, with_numbers_if_needed
from archcost.importers.torch.samples import example
from archcost.paths import above
from archcost.pytorch.alignment import Unit, essential
from archcost.pytorch.kinds import BARE, SETTINGS, Kind
from archcost.pytorch.parameter_uses import first_uses
from archcost.pytorch.unseen_products import unseen_products
from archcost.pytorch.written_layers import written_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.importers.torch.recorded import InputMaker, ModuleCall, TorchCall
    from archcost.importers.torch.running import ModelRun
    from archcost.importers.torch.targets import Target
    from archcost.pytorch.parameter_uses import ParameterUse

_A_PART = "compare with a part of the model: package.module:callable makes what it gives"
_PLUMBING = ".parametrizations."  # modules that torch puts below a layer whose weights are derived

_DIMS = re.compile(r"\dd$")
_ALIASES = {"NonDynamicallyQuantizableLinear": "Linear", "SyncBatchNorm": "BatchNorm"}


class Model(NamedTuple):
    """What one run of the model showed: its layers with tensors in the order of their first use, and totals."""

    units: list[Unit]
    runs: list[str]  # of each unit, the module that runs on its tensors
    macs_of: dict[str, int]  # of such a module, without those below it that ran themselves
    outputs_of: dict[str, Shape | None]  # of such a module; None of one that holds others that ran
    params: int
    macs: int
    outputs: tuple[Shape, ...]
    functions: Mapping[str, int]  # how often each of torch's functions was called, in modules and outside of them
    unused: dict[str, int]  # params that the run does not use, by layer
    dtypes: tuple[str, ...] = ()  # of the params that it uses
    unseen: Mapping[str, int] = {}  # of the MACs those that torch's counter does not see, by what they are
    ran: str = ""  # how it was run, where that is not the usual way


def observe(target: Target, report: Report) -> Model:
    """One run on the report's inputs; UsageError, with the model's own error, if it takes others."""
    with torch.device("meta"):
        inputs = _inputs(report, target.make())
    subject = Subject(target.make, inputs, report.graph.training, target.text)
    try:
        run, why = with_numbers_if_needed(subject, lambda device: run_model(subject, report.batch, device))
    except FailedError as error:
        shapes = ", ".join(map(str, report.inputs.values()))
        words = f"{target.text} does not run on the inputs of {report.name}, {shapes}: {error.cause}"
        raise UsageError(words) from None
    except UsageError as error:
        raise UsageError(error.message, _A_PART) from None
    return _model(run, why)


def _model(run: ModelRun, ran: str) -> Model:
    """What a run has shown."""
    layers = _layers_of(run)
    macs, unseen = _macs(run, layers.running)
    used = _tensors_of(layers)
    units, runs, outputs_of = _units(layers, used)
    parameters = dict(run.model.named_parameters())
    unused: Counter[str] = Counter()
    for name in parameters.keys() - layers.uses.keys():
        unused[_owner(name, layers.modules)] += parameters[name].numel()
    return Model(
        units=units,
        runs=runs,
        macs_of=macs,
        outputs_of=outputs_of,
        params=sum(prod(shape) for unit in units for shape in unit.shapes),
        macs=sum(macs.values()),
        outputs=tuple([tuple(each.shape) for each in tensors_in(run.result)]),
        functions=Counter(call.function for call in run.tape.calls),
        unused={owner: unused[owner] for owner in layers.modules if owner in unused},
        dtypes=tuple(sorted({dtype_name(parameters[name].dtype) for name in parameters if name in layers.uses})),
        unseen=unseen,
        ran=ran,
    )


class _Layers(NamedTuple):
    """The modules of a model that has run, and the uses of its params."""

    run: ModelRun
    modules: Mapping[str, nn.Module]
    running: Mapping[str, ModuleCall]  # of several calls of a module, the last
    holders: AbstractSet[str]  # the modules that ran and hold others that ran
    uses: Mapping[str, ParameterUse]


def _layers_of(run: ModelRun) -> _Layers:
    modules = {path: module for path, module in run.model.named_modules() if _PLUMBING not in f".{path}."}
    running = {call.path: call for call in run.modules.calls if call.path in modules}
    holders = {_runs_above(path, running) for path in running if path}
    return _Layers(run, modules, running, holders, first_uses(run.tape.calls, run.values.found))


def _tensors_of(layers: _Layers) -> dict[str, list[tuple[ParameterUse, Shape]]]:
    """The params in use of each layer, by its path; of a param that is a layer for itself, by its name."""
    names = [name for name, _ in layers.run.model.named_parameters() if name in layers.uses]
    parts: dict[str, list[int]] = {}
    for name in names:
        parts.setdefault(_owner(name, layers.modules), []).append(layers.uses[name].call)
    keys: dict[str, str] = {}
    for name in names:
        owner = _owner(name, layers.modules)
        whole = owner in layers.running and owner not in layers.holders and not _is_taken_before(name, owner, layers)
        keys[name] = owner if whole or _is_one(owner, parts[owner]) else name
    used: dict[str, list[tuple[ParameterUse, Shape]]] = {}
    for name, key in _with_lent(keys, layers.uses).items():
        shape = layers.uses[name].shape or tuple(layers.run.model.get_parameter(name).shape)
        used.setdefault(key, []).append((layers.uses[name], shape))
    for tensors in used.values():
        if sum(len(essential(shape)) > 1 for _, shape in tensors) == 1:  # the weight of one layer
            tensors.sort(key=_in_order)
    return used


def _units(
    layers: _Layers, used: Mapping[str, list[tuple[ParameterUse, Shape]]]
) -> tuple[list[Unit], list[str], dict[str, Shape | None]]:
    """The layers in the order of their first use, the modules that run on their tensors, and what those give."""
    run, modules, running, holders, _ = layers
    paths = sorted(used, key=lambda path: min(use.call for use, _ in used[path]))
    owners = [path if path in modules else _owner(path, modules) for path in paths]
    runs = [owner if owner in running else _runs_above(owner, running) for owner in owners]
    outputs_of = {path: None if path in holders else next(iter(running[path].gives), None) for path in runs}
    calls_in: dict[str, list[TorchCall]] = {}
    for call in run.tape.calls:
        calls_in.setdefault(run.modules.calls[call.module].path, []).append(call)
    units = []
    for path, owner, by in zip(paths, owners, runs, strict=True):
        alone = runs.count(by) == 1
        shapes = tuple([shape for _, shape in used[path]])
        written = written_kind(calls_in.get(path, ()), shapes) if path in running and path not in holders else None
        units.append(
            Unit(
                path,
                type(modules[owner]).__name__,
                shapes,
                outputs_of[by] if alone else None,
                None,
                kind=written or _their_kind(modules.get(path), [use.kind for use, _ in used[path]]),
                input=running[by].takes if alone and owner == by else None,
            )
        )
    return units, runs, outputs_of


def _is_taken_before(name: str, owner: str, layers: _Layers) -> bool:
    """Whether code outside of a layer takes one of its tensors as it is, before the layer runs on the others."""
    use = layers.uses[name]
    path = layers.run.modules.calls[layers.run.tape.calls[use.call].module].path
    inside = f"{path}.".startswith(f"{owner}.") or not owner
    others = [other.call for each, other in layers.uses.items() if each != name and above(each) == owner]
    return not inside and not use.derived and bool(others) and use.call < min(others)


def _with_lent(keys: Mapping[str, str], uses: Mapping[str, ParameterUse]) -> dict[str, str]:
    """The layer of each tensor; one that no layer has is of the layer that takes it beside a tensor of its own."""
    takers = {uses[name].call: key for name, key in keys.items() if key != name}
    found = {}
    for name, key in keys.items():
        call, kind, *_ = uses[name]
        lent = key == name and kind is not None and kind.is_torchs
        found[name] = takers.get(call, key) if lent else key
    return found


def _is_one(owner: str, calls: Sequence[int]) -> bool:
    """Whether tensors of what holds other layers, or is not called itself, are one layer: one call takes them all."""
    return bool(owner) and len(calls) > 1 and len(set(calls)) == 1


def _in_order(tensor: tuple[ParameterUse, Shape]) -> tuple[bool, bool]:
    """What a weight is derived with, derived weights, and what the layer takes as it is: as steps write it."""
    use, shape = tensor
    return not use.derived, use.derived and len(essential(shape)) > 1


def _owner(name: str, modules: Mapping[str, nn.Module]) -> str:
    """The layer that holds a tensor."""
    while True:
        name = above(name)
        if name in modules:
            return name


def _macs(run: ModelRun, running: Mapping[str, ModuleCall]) -> tuple[dict[str, int], Mapping[str, int]]:
    """The MACs of each module that ran, without those below it; what torch's counter does not see, by what it is."""
    macs = dict.fromkeys(running, 0)
    blind: Counter[str] = Counter()
    for call in run.tape.calls:
        unseen = unseen_products(call, run.values.found)
        path = run.modules.calls[call.module].path
        macs[path if path in running else _runs_above(path, running)] += size_at(call.macs, 1) + unseen.macs
        if unseen.macs:
            blind[unseen.what] += unseen.macs
    macs[""] += run.tape.unaccounted()
    return macs, blind


def kind_of(module: nn.Module) -> Kind | None:
    """The class of torch's that a module is of or derived from; None of one that is somebody's own."""
    made_by = next((known for known in type(module).__mro__ if _is_known(known)), None)
    if made_by is None:
        return None
    settings = {name: getattr(module, name) for name in SETTINGS if hasattr(module, name)}
    name = _ALIASES.get(made_by.__name__, made_by.__name__)
    return Kind(_DIMS.sub("", name), is_torchs=True, settings=settings)


def _their_kind(module: nn.Module | None, called: list[Kind | None]) -> Kind | None:
    """The kind of a layer that is not ours, by its class; by what it calls if its forward pass is its own.

    ``module`` is None of a tensor that no layer has for itself.
    """
    own: Any = type(module)
    made_by: Any = next((known for known in own.__mro__ if _is_known(known)), None)
    is_own = made_by is None or own.forward is not made_by.forward
    bare = module is None or isinstance(module, (nn.ParameterList, nn.ParameterDict)) or (is_own and not any(called))
    kinds = [kind for kind in called if kind is not None and (kind.is_torchs or bare)]
    if len(kinds) == len(called) and all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    if bare or module is None:
        return Kind(BARE, is_torchs=False, settings={})
    return None if is_own or module is None else kind_of(module)


def _is_known(known: type) -> bool:
    """Whether a class is a layer of torch's own; not a base of such layers, or a holder of others."""
    other = known.__name__.startswith("_") or known in (nn.Module, nn.modules.lazy.LazyModuleMixin)
    return (
        known.__module__.startswith("torch.nn.modules.") and not other and known.__module__ != nn.Sequential.__module__
    )


def _runs_above(path: str, running: Mapping[str, object]) -> str:
    """The nearest module above that ran: others only hold modules, or lend their weights without being called."""
    while True:
        path = above(path)
        if path in running:
            return path


_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def _has_names(model: nn.Module, report: Report) -> bool:
    """Whether the model's forward pass calls all of the report's inputs as the report does, or takes any name."""
    try:
        taken = list(signature(model.forward).parameters.values())
    except (TypeError, ValueError):  # it is not Python's
        return False
    own = {each.name for each in taken if each.kind in _BY_NAME}
    only_names = not own and [each.kind for each in taken] == [Parameter.VAR_KEYWORD]
    return only_names or own.issuperset(report.inputs)


def _inputs(report: Report, model: nn.Module) -> InputMaker:
    """What makes the report's inputs, floating ones in the dtype of the model's params where all have the same."""
    dtypes = {dtype_name(parameter.dtype) for parameter in model.parameters() if parameter.is_floating_point()}
    is_named = _has_names(model, report)

    def make(batch: int, device: torch.device) -> Inputs:
        del batch  # it is in the shapes
        made = {}
        for name, (shape, dtype) in report.graph.inputs.items():
            floating = getattr(torch, dtype).is_floating_point and len(dtypes) == 1
            made[name] = example(shape, next(iter(dtypes)) if floating else dtype, device)
        return Inputs(() if is_named else tuple(made.values()), made if is_named else {}, tuple(made))

    return make
