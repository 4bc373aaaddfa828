"""What every op is in PyTorch source: a layer that a class holds, or a function that its forward calls.

Two tables by kind, in which most ops are ordinary: a class of the op's name with its attributes, or a function of torch
or method of the first input. A :class:`TorchLayer` knows the arguments of its constructor and how it is called; a
:class:`TorchFunction` writes an expression. Ops with both are layers only inside of ``nn.Sequential``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from archcost.exporting import functions
from archcost.exporting.names import TorchDtype, collapsed
from archcost.exporting.source_lines import Doc, call
from archcost.exporting.template import Argument
from archcost.ops import REGISTRY
from archcost.ops.facets import WrittenAs
from archcost.ops.field_types import REQUIRED, DtypeField, IntField, IntsField, SpatialField

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archcost.dims import Shape
    from archcost.ops.base import Op

_ORDER = ("kernel_size", "stride", "padding", "output_padding", "dilation", "groups", "bias")
_BY_NAME = {*_ORDER, "dim", "threshold"}  # arguments that say nothing without their names


def _call(head: str, inputs: Sequence[Doc]) -> Doc:
    return call(head, *inputs)


@dataclass(frozen=True)
class TorchLayer:
    """How a class differs from an ordinary one, which takes the op's attributes and is called with its inputs."""

    positional: tuple[str, ...] = ()  # where torch has another order
    defaults: Mapping[str, Any] = field(default_factory=dict)  # torch's, where they are not the op's
    adapt: Callable[[Any, Sequence[Shape]], dict[str, Any]] | None = None  # values that are not the op's own
    apply: Callable[[str, Sequence[Doc]], Doc] = _call
    results: str = ""  # how several results are unpacked

    def by_position(self, op: Op | type[Op]) -> tuple[str, ...]:
        """The arguments that go by position: the channels of the input, and what has no default, up to a named one."""
        required = [name for name, declared in op.fields.items() if declared.default is REQUIRED]
        inferred = [op.inferred] if op.inferred else []
        return self.positional or (*inferred, *takewhile(lambda name: name not in _BY_NAME, required))

    def arguments(self, op: Op, shapes: Sequence[Shape]) -> list[Argument]:
        """The arguments of the constructor, in the order in which they are written."""
        values: dict[str, Argument] = {}
        if op.inferred and op.channels is not None:
            values[op.inferred] = Argument(op.inferred, shapes[0][op.channels], reads=0)
        for name, value in attributes(op).items():
            if name == op.inferred:
                values[name] = Argument(name, value, attribute=name) if value is not None else values[name]
                continue
            default = self.defaults[name] if name in self.defaults else torch_default(op, name)
            values[name] = Argument(name, value, default, attribute=name)
        for name, value in (self.adapt(op, shapes) if self.adapt else {}).items():
            known = values.get(name, Argument(name, None))
            values[name] = known._replace(value=value, attribute="", reads=0)
        first = [values.pop(name)._replace(positional=True) for name in self.by_position(op)]
        return [*first, *sorted(values.values(), key=_order)]


@dataclass(frozen=True)
class TorchFunction:
    """An expression; ``write`` gets the op, its attributes as text where they are not torch's defaults, and inputs."""

    write: functions.Writer = functions.plain
    lists: tuple[str, ...] = ()  # attributes of which every item is an argument of its own
    shown: tuple[str, ...] = ()  # attributes that are always written

    def arguments(self, op: Op) -> list[Argument]:
        """The attributes that may differ between uses; dims and the like belong to the structure."""
        found = []
        for name, value in attributes(op).items():
            default = REQUIRED if name in self.shown else torch_default(op, name)
            if name in self.lists:
                found += [
                    Argument(f"{name}_{place}", part, attribute=name, item=place) for place, part in enumerate(value)
                ]
            else:
                found.append(Argument(name, value, default, attribute=name))
        return found


def _order(argument: Argument) -> int:
    """Where an argument stands in torch's constructors, which all have one order."""
    return _ORDER.index(argument.name) if argument.name in _ORDER else len(_ORDER)


def attributes(op: Op) -> dict[str, Any]:
    """The attributes as torch takes them: one number instead of equal ones for every spatial dimension."""
    return {name: _written(op.attribute(name), declared) for name, declared in op.fields.items()}


def torch_default(op: Op, name: str) -> Any:
    """The default of an attribute, as :func:`attributes` gives values."""
    declared = op.fields[name]
    return REQUIRED if declared.default is REQUIRED else _written(declared.parse(declared.default, op.ndim), declared)


def _written(value: Any, declared: object) -> Any:
    if isinstance(declared, DtypeField) and value is not None:
        return TorchDtype(value)
    if not isinstance(value, tuple):
        return value
    if isinstance(declared, SpatialField):
        return collapsed(value)
    one_is_enough = isinstance(declared, IntsField) and declared.scalar == "list" and len(value) == 1
    return value[0] if one_is_enough else value


def structural(op: Op) -> tuple[Any, ...]:
    """What makes two functions of one kind different code: dims, counts of outputs, lengths of lists."""
    if op.kind not in FUNCTIONS:
        return ()
    lists = FUNCTIONS[op.kind].lists
    fixed = []
    for name, declared in op.fields.items():
        value = getattr(op, name)
        if isinstance(declared, IntField) and declared.fixed:
            fixed.append(value)
        elif value is None:
            fixed.append(None)
        elif name in lists:
            fixed.append(len(value))
    return tuple(fixed)


# --- layers -----------------------------------------------------------------------------------------------------------


def _scaled(op: Any, shapes: Sequence[Shape]) -> dict[str, Any]:
    """The channels, and where they are counted from the last dim."""
    rank = len(shapes[0])
    dim = op.dim % rank - rank
    return {"num_channels": shapes[0][dim], "dim": dim}


def _table(_: Any, shapes: Sequence[Shape]) -> dict[str, Any]:
    """A table that is given has its own heads."""
    return {"num_heads": None} if shapes else {}


def _attended(_: Any, shapes: Sequence[Shape]) -> dict[str, Any]:
    """Kdim and vdim, where they are not embed_dim."""
    width, key, value = shapes[0][2], shapes[min(1, len(shapes) - 1)][2], shapes[-1][2]
    return {"kdim": None if key == width else key, "vdim": None if value == width else value}


_TORCHS = {"batch_first": False}
_LAYERS: dict[str, TorchLayer] = {
    "group_norm": TorchLayer(positional=("num_groups", "num_channels")),
    "layer_scale": TorchLayer(positional=("num_channels", "dim"), defaults={"dim": REQUIRED}, adapt=_scaled),
    "relative_position_bias": TorchLayer(adapt=_table),
    "multihead_attention": TorchLayer(defaults=_TORCHS, adapt=_attended, apply=functions.attend, results="{0}, _"),
    "rnn": TorchLayer(defaults=_TORCHS, results="{0}, {1}"),
    "gru": TorchLayer(defaults=_TORCHS, results="{0}, {1}"),
    "lstm": TorchLayer(defaults=_TORCHS, results="{0}, ({1}, {2})", apply=functions.with_states),
    "lstm_cell": TorchLayer(results="{0}, {1}", apply=functions.with_states),
}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FUNCTIONS: dict[str, TorchFunction] = {
    "add": TorchFunction(functions.operator("+")),
    "sub": TorchFunction(functions.operator("-")),
    "mul": TorchFunction(functions.operator("*")),
    "div": TorchFunction(functions.operator("/")),
    "matmul": TorchFunction(functions.operator("@")),
    "sum": TorchFunction(functions.reduction),
    **dict.fromkeys(("mean", "max", "min", "var", "std"), TorchFunction(functions.reduction)),
    **{kind: TorchFunction(functions.operator(symbol)) for kind, symbol in _COMPARISONS.items()},
    "einsum": TorchFunction(functions.einsum),
    "concat": TorchFunction(functions.joined, shown=("dim",)),
    "stack": TorchFunction(functions.joined),
    "slice": TorchFunction(functions.sliced),
    "flatten": TorchFunction(functions.flattened),
    "unflatten": TorchFunction(functions.unflattened, lists=("unflattened_size",)),
    "reshape": TorchFunction(lists=("shape",)),
    "expand": TorchFunction(lists=("sizes",)),
    "tile": TorchFunction(lists=("dims",)),
    "index_select": TorchFunction(functions.indexed),
    "gather": TorchFunction(functions.gathered),
    "permute": TorchFunction(lists=("dims",)),
    "squeeze": TorchFunction(functions.squeezed),
    "grid_sample": TorchFunction(shown=("align_corners",)),  # torch warns where it is left out
    "scaled_dot_product_attention": TorchFunction(functions.attention),
}
LAYERS = {
    kind: _LAYERS.get(kind, TorchLayer()) for kind, op in REGISTRY.items() if op.written is not WrittenAs.FUNCTION
}
FUNCTIONS = {
    kind: _FUNCTIONS.get(kind, TorchFunction())
    for kind, op in REGISTRY.items()
    if op.written is WrittenAs.FUNCTION or kind in _FUNCTIONS
}
