"""What one run of a model of the user's shows: its layers with tensors in the order of their use, and totals."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from inspect import Parameter, signature
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from archcost.errors import UsageError
from archcost.importers.torch.foreign import told
from archcost.importers.torch.plain_attention import plain_attention
from archcost.paths import above
from archcost.pytorch.alignment import Unit
from archcost.pytorch.counters import Observed, RunError, count_by_torch
from archcost.pytorch.kinds import BARE, SETTINGS, Kind, kind_of_call
from archcost.pytorch.module import example_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.report import Report
    from archcost.dims import Shape


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


class _Used(TorchFunctionMode):
    """Notes which call to a torch function first uses each parameter, and how often each function is called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.functions: Counter[str] = Counter()
        self.first: dict[int, int] = {}
        self.kinds: dict[int, Kind | None] = {}  # by the function that first uses a parameter

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        self.functions[name.rstrip("_")] += 1  # in place or not
        if name != "__get__" or isinstance(result, Tensor):  # to ask for a dtype is no use
            self.calls += 1
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, nn.Parameter) and id(leaf) not in self.first:
                    self.first[id(leaf)] = self.calls
                    is_input = bool(args) and leaf is args[0] and name != "mul"
                    self.kinds[id(leaf)] = None if is_input else kind_of_call(name, args, kwargs or {})
        return result


def observe(model: nn.Module, report: Report, target: str) -> Model:
    """One run on the report's inputs; UsageError, with the model's own error, if it takes others."""
    modules = dict(model.named_modules())
    seen, used_in, outputs = _run(model, modules, report, target)
    first = used_in.first
    running = {path: figures for path, figures in seen.items() if figures.ran}
    macs = {path: figures.macs or 0 for path, figures in running.items()}
    for path, figures in running.items():
        if path:
            macs[_runs_above(path, running)] -= figures.macs or 0
    holders = {_runs_above(path, running) for path in running if path}
    used: dict[str, list[tuple[int, Shape]]] = {}
    called: dict[str, list[Kind | None]] = {}
    unused: dict[str, int] = {}
    for name, parameter in model.named_parameters():
        owner = above(name)
        if id(parameter) in first:
            key = name if owner in holders else owner  # what holds other layers uses its own tensors one by one
            used.setdefault(key, []).append((first[id(parameter)], tuple(parameter.shape)))
            called.setdefault(key, []).append(used_in.kinds[id(parameter)])
        else:
            unused[owner] = unused.get(owner, 0) + parameter.numel()
    paths = sorted(used, key=lambda path: min(used[path])[0])
    owners = [path if path in modules else above(path) for path in paths]
    runs = [owner if owner in running else _runs_above(owner, running) for owner in owners]
    outputs_of = {path: None if path in holders else next(iter(running[path].shapes), None) for path in runs}
    units = []
    for path, owner, by in zip(paths, owners, runs, strict=True):
        alone = runs.count(by) == 1
        units.append(
            Unit(
                path,
                type(modules[owner]).__name__,
                tuple([shape for _, shape in used[path]]),
                outputs_of[by] if alone else None,
                None,
                kind=_their_kind(modules.get(path), called[path]),
                input=running[by].input if alone and owner == by else None,
            )
        )
    params = sum(prod(shape) for unit in units for shape in unit.shapes)
    dtypes = {str(each.dtype).removeprefix("torch.") for each in model.parameters() if id(each) in first}
    return Model(
        units=units,
        runs=runs,
        macs_of=macs,
        outputs_of=outputs_of,
        params=params,
        macs=sum(macs.values()),
        outputs=outputs,
        functions=used_in.functions,
        unused=unused,
        dtypes=tuple(sorted(dtypes)),
    )


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
    bare = module is None or isinstance(module, (nn.ParameterList, nn.ParameterDict))
    kinds = [kind for kind in called if kind is not None and (kind.is_torchs or bare)]
    if len(kinds) == len(called) and all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    if module is None or bare:
        return Kind(BARE, is_torchs=False, settings={})
    own: Any = type(module)
    made_by: Any = next((known for known in own.__mro__ if _is_known(known)), None)
    return kind_of(module) if made_by is not None and own.forward is made_by.forward else None


def _is_known(known: type) -> bool:
    """Whether a class is a layer of torch's own; not a base of such layers, or a holder of others."""
    other = known.__name__.startswith("_") or known in (nn.Module, nn.modules.lazy.LazyModuleMixin)
    return (
        known.__module__.startswith("torch.nn.modules.") and not other and known.__module__ != nn.Sequential.__module__
    )


def functions_of(network: nn.Module, inputs: tuple[Tensor, ...]) -> Mapping[str, int]:
    """How often a run calls each of torch's functions; raises what the network raises."""
    used = _Used()
    with torch.no_grad(), warnings.catch_warnings(), used:
        warnings.simplefilter("ignore")
        network(*inputs)
    return used.functions


def _runs_above(path: str, running: Mapping[str, object]) -> str:
    """The nearest module above that ran: others only hold modules, or lend their weights without being called."""
    while True:
        path = above(path)
        if path in running:
            return path


def _run(
    model: nn.Module, modules: dict[str, nn.Module], report: Report, target: str
) -> tuple[dict[str, Observed], _Used, tuple[Shape, ...]]:
    """What every module did in one run on the report's inputs, what that used, and the outputs."""
    set_mode(model, training=report.graph.training)
    with torch.device("meta"):
        inputs = _as_the_model(example_inputs(report.graph), model)
    used = _Used()
    try:
        with plain_attention(), used:
            seen = count_by_torch(model, inputs, list(modules), _names(model, report))
    except RunError as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in inputs)
        cause = told(error.__cause__ or error)
        raise UsageError(f"{target} does not run on the inputs of {report.name}, {shapes}: {cause}") from None
    return dict(zip(modules, seen, strict=True)), used, seen[0].shapes


_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def _names(model: nn.Module, report: Report) -> list[str]:
    """The names of the report's inputs, where the model's forward pass calls its own so; none where it does not."""
    try:
        own = {each.name for each in signature(model.forward).parameters.values() if each.kind in _BY_NAME}
    except (TypeError, ValueError):  # it is not Python's
        return []
    names = list(report.inputs)
    return names if all(name in own for name in names) else []


def set_mode(model: nn.Module, *, training: bool) -> None:
    """Put a model in training or evaluation; its norms over batches always evaluate, for one value has no variance."""
    model.train(training)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - what all of them derive from
            module.eval()


def _as_the_model(inputs: tuple[Tensor, ...], model: nn.Module) -> tuple[Tensor, ...]:
    """The inputs, floating ones in the dtype of the model's params where all have the same."""
    kinds = {parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()}
    if len(kinds) != 1:
        return inputs
    (kind,) = kinds
    return tuple([each.to(kind) if each.is_floating_point() else each for each in inputs])
