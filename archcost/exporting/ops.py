"""What every op is in PyTorch source: a layer of torch.nn that a class holds, or a function that its forward calls.

Two tables by kind. A :class:`TorchLayer` knows the arguments of its constructor and how it is called; a
:class:`TorchFunction` writes an expression. Ops with both are layers only inside of ``nn.Sequential``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archcost.exporting import functions, helpers
from archcost.exporting.names import collapsed
from archcost.exporting.source_lines import Doc, call
from archcost.exporting.template import Argument
from archcost.ops.field_types import REQUIRED, IntField, IntsField, SpatialField

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archcost.dims import Shape
    from archcost.ops.base import Op

_ORDER = ("kernel_size", "stride", "padding", "output_padding", "dilation", "groups", "bias")


def _call(head: str, inputs: Sequence[Doc]) -> Doc:
    return call(head, *inputs)


@dataclass(frozen=True)
class TorchLayer:
    """A class of torch.nn: arguments that go by position, and those that are sizes of the first input (at a dim)."""

    name: str
    positional: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)  # torch's, where they are not the op's
    adapt: Callable[[Any, Sequence[Shape]], dict[str, Any]] | None = None  # values that are not the op's own
    apply: Callable[[str, Sequence[Doc]], Doc] = _call
    results: str = ""  # how several results are unpacked

    def arguments(self, op: Op, shapes: Sequence[Shape]) -> list[Argument]:
        """The arguments of the constructor, in the order in which they are written."""
        values = {name: Argument(name, shapes[0][dim], reads=0) for name, dim in self.sizes.items()}
        for name, value in attributes(op).items():
            default = self.defaults[name] if name in self.defaults else torch_default(op, name)
            values[name] = Argument(name, value, default, attribute=name)
        for name, value in (self.adapt(op, shapes) if self.adapt else {}).items():
            known = values.get(name, Argument(name, None))
            values[name] = known._replace(value=value, attribute="", reads=0)
        first = [values.pop(name)._replace(positional=True) for name in self.positional]
        return [*first, *sorted(values.values(), key=_order)]


@dataclass(frozen=True)
class TorchFunction:
    """An expression; ``write`` gets the op, its attributes as text where they are not torch's defaults, and inputs."""

    write: functions.Writer
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


def _last_dim(op: Any, shapes: Sequence[Shape]) -> dict[str, Any]:
    """normalized_shape of norms that leave it to the input."""
    return {"normalized_shape": shapes[0][-1]} if op.normalized_shape is None else {}


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


def _layer(name: str, positional: str = "", **settings: Any) -> TorchLayer:
    return TorchLayer(name, tuple(positional.split()), apply=settings.pop("apply", _call), **settings)


def _channels(name: str, positional: str, size: str) -> TorchLayer:
    """A layer with the channels, dim 1, as an argument."""
    return _layer(name, positional, sizes={size: 1})


def _per_dim(kind: str, make: Callable[[int], TorchLayer]) -> dict[str, TorchLayer]:
    """The layers for 1, 2 and 3 spatial dimensions."""
    return {f"{kind}{ndim}d": make(ndim) for ndim in (1, 2, 3)}


def _recurrent(name: str, results: str, apply: Callable[[str, Sequence[Doc]], Doc] = _call) -> TorchLayer:
    given: dict[str, Any] = {"sizes": {"input_size": 2}, "defaults": {"batch_first": False}}
    return _layer(name, "input_size hidden_size", results=results, apply=apply, **given)


_PLAIN = {
    "celu": "CELU",
    "elu": "ELU",
    "gelu": "GELU",
    "glu": "GLU",
    "hardshrink": "Hardshrink",
    "hardsigmoid": "Hardsigmoid",
    "hardswish": "Hardswish",
    "hardtanh": "Hardtanh",
    "identity": "Identity",
    "leaky_relu": "LeakyReLU",
    "log_sigmoid": "LogSigmoid",
    "log_softmax": "LogSoftmax",
    "mish": "Mish",
    "prelu": "PReLU",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "rrelu": "RReLU",
    "selu": "SELU",
    "sigmoid": "Sigmoid",
    "silu": "SiLU",
    "softmax": "Softmax",
    "softmax2d": "Softmax2d",
    "softmin": "Softmin",
    "softplus": "Softplus",
    "softshrink": "Softshrink",
    "softsign": "Softsign",
    "tanh": "Tanh",
    "tanhshrink": "Tanhshrink",
    "threshold": "Threshold",
    "dropout": "Dropout",
    "alpha_dropout": "AlphaDropout",
    "upsample": "Upsample",
    "flatten": "Flatten",
}
LAYERS: dict[str, TorchLayer] = {
    **{kind: _layer(name) for kind, name in _PLAIN.items()},
    **_per_dim("conv", lambda n: _channels(f"Conv{n}d", "in_channels out_channels", "in_channels")),
    **_per_dim("conv_transpose", lambda n: _channels(f"ConvTranspose{n}d", "in_channels out_channels", "in_channels")),
    **_per_dim("batch_norm", lambda n: _channels(f"BatchNorm{n}d", "num_features", "num_features")),
    **_per_dim("instance_norm", lambda n: _channels(f"InstanceNorm{n}d", "num_features", "num_features")),
    **_per_dim("dropout", lambda n: _layer(f"Dropout{n}d")),
    **_per_dim("max_pool", lambda n: _layer(f"MaxPool{n}d")),
    **_per_dim("avg_pool", lambda n: _layer(f"AvgPool{n}d")),
    **_per_dim("adaptive_avg_pool", lambda n: _layer(f"AdaptiveAvgPool{n}d", "output_size")),
    **_per_dim("adaptive_max_pool", lambda n: _layer(f"AdaptiveMaxPool{n}d", "output_size")),
    "group_norm": _channels("GroupNorm", "num_groups num_channels", "num_channels"),
    "linear": _layer("Linear", "in_features out_features", sizes={"in_features": -1}),
    "embedding": _layer("Embedding", "num_embeddings embedding_dim"),
    "parameter": _layer(helpers.LEARNT_TENSOR, "shape"),
    "buffer": _layer(helpers.SAVED_TENSOR, "shape"),
    "layer_scale": _layer(helpers.LAYER_SCALE, "num_channels dim", defaults={"dim": REQUIRED}, adapt=_scaled),
    "stochastic_depth": _layer(helpers.STOCHASTIC_DEPTH, "p mode"),
    "window_partition": _layer(helpers.WINDOW_PARTITION, "window_size"),
    "window_reverse": _layer(helpers.WINDOW_REVERSE, "window_size output_size"),
    "relative_position_bias": _layer(helpers.RELATIVE_POSITION_BIAS, "window_size", adapt=_table),
    "rotary_embedding": _layer(helpers.ROTARY_EMBEDDING),
    "deform_conv2d": _channels(helpers.DEFORM_CONV2D, "in_channels out_channels", "in_channels"),
    "mixture_of_experts": _layer(
        helpers.MIXTURE_OF_EXPERTS, "features num_experts top_k hidden_features", sizes={"features": -1}
    ),
    "kv_cache": _layer(helpers.KV_CACHE, "length"),
    "custom": _layer(helpers.NOT_WRITTEN, "name output"),
    "layer_norm": _layer("LayerNorm", "normalized_shape", defaults={"normalized_shape": REQUIRED}, adapt=_last_dim),
    "rms_norm": _layer("RMSNorm", "normalized_shape", defaults={"normalized_shape": REQUIRED}, adapt=_last_dim),
    "local_response_norm": _layer("LocalResponseNorm", "size"),
    "unflatten": _layer("Unflatten", "dim unflattened_size"),
    "pixel_shuffle": _layer("PixelShuffle", "upscale_factor"),
    "pixel_unshuffle": _layer("PixelUnshuffle", "downscale_factor"),
    "channel_shuffle": _layer("ChannelShuffle", "groups"),
    "multihead_attention": _layer(
        "MultiheadAttention",
        "embed_dim num_heads",
        sizes={"embed_dim": 2},
        defaults={"batch_first": False},
        adapt=_attended,
        apply=functions.attend,
        results="{0}, _",
    ),
    "rnn": _recurrent("RNN", "{0}, {1}"),
    "gru": _recurrent("GRU", "{0}, {1}"),
    "lstm": _recurrent("LSTM", "{0}, ({1}, {2})", functions.with_states),
}
FUNCTIONS: dict[str, TorchFunction] = {
    "add": TorchFunction(functions.operator("+")),
    "sub": TorchFunction(functions.operator("-")),
    "mul": TorchFunction(functions.operator("*")),
    "div": TorchFunction(functions.operator("/")),
    "matmul": TorchFunction(functions.operator("@")),
    "sum": TorchFunction(functions.reduction("sum")),
    "mean": TorchFunction(functions.reduction("mean")),
    "logsumexp": TorchFunction(functions.reduction("logsumexp")),
    "max": TorchFunction(functions.reduction("amax")),
    "einsum": TorchFunction(functions.einsum),
    "clamp": TorchFunction(functions.named("clamp")),
    "exp": TorchFunction(functions.method("exp")),
    "sin": TorchFunction(functions.method("sin")),
    "cos": TorchFunction(functions.method("cos")),
    "sqrt": TorchFunction(functions.method("sqrt")),
    "pow": TorchFunction(functions.method("pow", "exponent")),
    "normalize": TorchFunction(functions.normalized),
    "concat": TorchFunction(functions.joined("torch.cat"), shown=("dim",)),
    "stack": TorchFunction(functions.joined("torch.stack")),
    "chunk": TorchFunction(functions.parted("torch.chunk", "chunks")),
    "split": TorchFunction(functions.parted("torch.split", "split_size_or_sections")),
    "slice": TorchFunction(functions.sliced),
    "flatten": TorchFunction(functions.flattened),
    "unflatten": TorchFunction(functions.unflattened, lists=("unflattened_size",)),
    "reshape": TorchFunction(functions.method("reshape", "shape"), lists=("shape",)),
    "expand": TorchFunction(functions.method("expand", "sizes"), lists=("sizes",)),
    "permute": TorchFunction(functions.method("permute", "dims"), lists=("dims",)),
    "transpose": TorchFunction(functions.method("transpose", "dim0", "dim1")),
    "squeeze": TorchFunction(functions.method("squeeze", "dim")),
    "unsqueeze": TorchFunction(functions.method("unsqueeze", "dim")),
    "pad": TorchFunction(functions.padded),
    "roll": TorchFunction(functions.rolled),
    "scaled_dot_product_attention": TorchFunction(functions.attention),
}
