"""What sort of layer a module is, and whether two are of one sort. Imports no torch.

Tensors of equal shapes make no equal layers: a scale and a shift hold what a norm holds. The kind is known of torch's
own classes, on either side (those of a spec are what its ops build), of a class of somebody's own it is only if its
tensors go to a function of torch's that is a layer (``conv2d``, ``layer_norm`` …). What costs
depend on besides tensors (stride, dilation, groups, heads …) is compared between layers of the same kind.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import starmap
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.torch.rules.experts import GROUPED
from archcost.ops import REGISTRY
from archcost.ops.facets import Work
from archcost.paths import ancestors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.dims import Shape
    from archcost.pytorch.alignment import Unit

# Attributes of torch's modules on which costs depend, and which tensors and outputs may not show.
SETTINGS = (
    "kernel_size",
    "stride",
    "padding",
    "output_padding",
    "dilation",
    "groups",
    "normalized_shape",
    "num_groups",
    "track_running_stats",
    "num_heads",
    "num_layers",
    "bidirectional",
)
WINDOW = SETTINGS[:5]
BARE = "parameter"  # the kind of a tensor that no layer has for itself, and of the op that makes one
SCALE = "layer_scale"  # the op, and a tensor that is multiplied with
EXPERTS = "mixture_of_experts"  # the op, and a tensor that a grouped product takes
_POINTWISE = ("Linear", "Conv")  # kinds that are one product of matrices if no window is wider than a point
_NEUTRAL = {"kernel_size": 1, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}


class Kind(NamedTuple):
    """A class without its number of dims (``Conv``, ``LayerNorm``) or an op of ours, with what its cost depends on."""

    name: str
    is_torchs: bool
    settings: Mapping[str, Any]
    input: Shape | None = None  # of the function, which may be other than the module's


class Kinship(StrEnum):
    """What is known of the kinds of layers that correspond."""

    SAME = "same"
    UNKNOWN = "not known"
    DIFFERS = "differs"


def is_bare(kind: Kind | None) -> bool:
    """Whether it is that of a tensor alone."""
    return kind is not None and kind.name == BARE


def kinship(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Kinship:
    """Whether layers that correspond are of one kind; unequal only where both kinds are known."""
    partner = counterpart(ours, theirs)
    if partner is not None:
        return Kinship.SAME
    mine = [unit.kind for unit in ours if unit.kind is not None and not is_bare(unit.kind) and not _is_composite(unit)]
    known = [unit.kind for unit in theirs if unit.kind is not None and unit.kind.is_torchs]
    if not mine or not known or any(_alike(a, b) for a in mine for b in known):
        return Kinship.UNKNOWN
    return Kinship.DIFFERS


def counterpart(ours: Sequence[Unit], theirs: Sequence[Unit]) -> Unit | None:
    """The one of their layers that is of the kind of our only one and holds the others.

    A mixture of experts holds nothing: it is the grouped products, with the router before them.
    """
    if len(ours) != 1:
        return None
    if _is_mixture(ours[0].kind):
        parts = [unit for unit in theirs if _is_mixture(unit.kind)]
        rest = [unit.kind for unit in theirs if unit not in parts]
        return parts[0] if parts and all(is_bare(kind) or (kind and kind.name == "Linear") for kind in rest) else None
    for unit in theirs:
        holds_all = all(other is unit or unit.path in ancestors(other.path) for other in theirs)
        if holds_all and _alike(ours[0].kind, unit.kind):
            return unit
    return None


def _is_mixture(kind: Kind | None) -> bool:
    return kind is not None and kind.name == EXPERTS


def differing(ours: Unit, theirs: Unit) -> dict[str, tuple[Any, Any]]:
    """The settings of two layers of one kind that are not the same, as (ours, theirs).

    Paddings are compared where both have inputs of as many elements: one that is padded beside the layer is larger.
    """
    if ours.kind is None or theirs.kind is None:
        return {}
    mine, other = _comparable(ours.kind.settings, theirs.kind.settings)
    inputs = [ours.kind.input or ours.input, theirs.kind.input or theirs.input]
    same_input = None in inputs or len({prod(shape) for shape in inputs if shape is not None}) == 1
    return {
        name: (mine[name], other[name])
        for name in mine
        if name in other and mine[name] != other[name] and (name != "padding" or same_input)
    }


def _comparable(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of two layers, paddings as numbers; windows of unequal rank without the dims in which they do nothing.

    A 1×7 window is not a 7×1 one, but both are what a layer over one dim with 7 is.
    """
    windows = [settings.get("kernel_size") for settings in (ours, theirs)]
    unequal = len({len(window) for window in windows if isinstance(window, tuple)}) > 1
    mine, other = (_canonical(settings, shrink=unequal) for settings in (ours, theirs))
    return mine, other


def _is_composite(unit: Unit) -> bool:
    """Whether a layer has several matrices: it may be written in several layers of other kinds."""
    return sum(sum(size != 1 for size in shape) > 1 for shape in unit.shapes) > 1


def _alike(ours: Kind | None, theirs: Kind | None) -> bool:
    if ours is None or theirs is None or ours.is_torchs != theirs.is_torchs:
        return False
    if is_bare(ours):
        return True  # a tensor, whatever is done with it
    return ours.name == theirs.name or (_is_pointwise(ours) and _is_pointwise(theirs))


def _is_pointwise(kind: Kind) -> bool:
    window, groups = kind.settings.get("kernel_size", ()), kind.settings.get("groups", 1)
    return kind.name in _POINTWISE and groups == 1 and all(size == 1 for size in window)


def _canonical(settings: Mapping[str, Any], *, shrink: bool) -> dict[str, Any]:
    """Settings with named paddings as numbers; ``shrink`` leaves out the dims of a window in which it does nothing."""
    window = settings.get("kernel_size")
    if not isinstance(window, tuple):
        return dict(settings)
    given: dict[str, Any] = {name: settings[name] for name in WINDOW if name in settings}
    given["padding"] = _padding(given)
    columns = {name: value for name, value in given.items() if isinstance(value, tuple)}
    if "dilation" in columns:  # a window of one element has none
        columns["dilation"] = tuple(
            [1 if size == 1 else step for size, step in zip(window, columns["dilation"], strict=True)]
        )
    neutral = tuple([_NEUTRAL[name] for name in columns])
    dims = [dim for dim in zip(*columns.values(), strict=True) if dim != neutral or not shrink]
    kept = list(zip(*dims, strict=True)) or [() for _ in columns]
    return {**settings, **given, **dict(zip(columns, kept, strict=True))}


def _padding(given: Mapping[str, Any]) -> Any:
    padding, window = given.get("padding"), given["kernel_size"]
    if padding == "valid":
        return (0,) * len(window)
    if padding == "same":
        added = list(starmap(_added, zip(window, given["dilation"], strict=True)))
        return tuple([both // 2 for both in added]) if all(both % 2 == 0 for both in added) else padding
    return padding


def _added(size: int, step: int) -> int:
    """What ``same`` adds on both sides together."""
    return step * (size - 1)


# --- kinds by the functions that run ----------------------------------------------------------------------------------

_CONVOLVING = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSING = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_DEFAULTS = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
_CALLS: dict[str, tuple[str, tuple[str, ...]]] = {  # a function's kind, and the names of its arguments in order
    **{f"conv{dims}d": ("Conv", _CONVOLVING) for dims in (1, 2, 3)},
    **{f"conv_transpose{dims}d": ("ConvTranspose", _TRANSPOSING) for dims in (1, 2, 3)},
    "linear": ("Linear", ("input", "weight", "bias")),
    "layer_norm": ("LayerNorm", ("input", "normalized_shape")),
    "rms_norm": ("RMSNorm", ("input", "normalized_shape")),
    "group_norm": ("GroupNorm", ("input", "num_groups")),
    "batch_norm": ("BatchNorm", ("input", "running_mean")),
    "instance_norm": ("InstanceNorm", ("input",)),
    "embedding": ("Embedding", ("input",)),
    "prelu": ("PReLU", ("input",)),
}


def kind_of_call(function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Kind | None:
    """The kind of layer that a call of a torch function is; None of any function that is not a layer's own."""
    if function == "mul":
        return Kind(SCALE, is_torchs=False, settings={})
    if function in GROUPED:
        return Kind(EXPERTS, is_torchs=True, settings={})
    if function not in _CALLS:
        return None
    name, names = _CALLS[function]
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    taken = tuple(given["input"].shape)
    if "stride" not in names:
        settings = {each: given[each] for each in SETTINGS if each in given}
        if "running_mean" in names:
            settings["track_running_stats"] = given.get("running_mean") is not None
        return Kind(name, is_torchs=True, settings=settings, input=taken)
    window = tuple(given["weight"].shape[2:])
    settings = {each: given.get(each, _DEFAULTS[each]) for each in names if each in _DEFAULTS}
    for each in WINDOW:
        if isinstance(settings.get(each), int):
            settings[each] = (settings[each],) * len(window)
        elif isinstance(settings.get(each), (list, tuple)):
            settings[each] = tuple(settings[each]) * (len(window) if len(settings[each]) == 1 else 1)
    return Kind(name, is_torchs=True, settings={"kernel_size": window, **settings}, input=taken)


# --- activations ------------------------------------------------------------------------------------------------------

PARTS = frozenset(("relu6", "sigmoid", "tanh"))  # that others may be written with, as x·σ(x)
HINTS = frozenset(("hardtanh", "clamp", "clamp_min", "erf", "softplus"))  # likewise, and in use for much else
WHOLE = (
    {kind for kind, op in REGISTRY.items() if op.family == "Activation" and op.work is Work.ELEMENTWISE} - PARTS - HINTS
)


def activations(functions: Mapping[str, int]) -> dict[str, int]:
    """Of the functions that ran, the activations."""
    return {name: count for name, count in sorted(functions.items()) if name in WHOLE or name in PARTS}


def same_activations(ours: Mapping[str, int], theirs: Mapping[str, int]) -> bool | None:
    """Whether two models run the same activations; None if one may have been written out of others."""
    mine, other = activations(ours), activations(theirs)
    if mine == other:
        return True
    unequal = {name for name in {**ours, **theirs} if ours.get(name, 0) != theirs.get(name, 0)}
    return None if unequal & (PARTS | HINTS) else False
