"""An example for each op: attributes and inputs that a reader meets, as a spec of one layer.

An op whose attributes have defaults, and that takes one input, has none to write down: its input follows from what it
says of its dims. Values are chosen so that formulas show their terms: a stride of 1 and no padding would hide some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.ops.fields import REQUIRED, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.dims import Shape
    from archcost.ops.base import Op

_IMAGE: Shape = (64, 28, 28)
_TOKENS: Shape = (196, 64)
_SHAPES: dict[str, Shape] = {  # by what an op says of its dims, without the batch
    "(N, C, L)": (64, 100),
    "(N, C) or (N, C, L)": (64, 100),
    "(N, C, H, W)": _IMAGE,
    "(N, C, D, H, W)": (64, 8, 28, 28),
    "(N, C, L) or (C, L)": (64, 100),
    "(N, C, H, W) or (C, H, W)": _IMAGE,
    "(N, C, D, H, W) or (C, D, H, W)": (64, 8, 28, 28),
    "(*, in_features)": (64,),
    "(*, features)": _TOKENS,
    "(N, features)": (64,),
    "(*, rows, columns)": (8, 196, 196),
    "(N, L, features)": _TOKENS,
    "(N, L, E)": _TOKENS,
    "(*, L, D)": (8, 196, 64),
    "(N, *spatial, C)": (56, 56, 96),
}
_CONVOLUTION = {"out_channels": 128, "kernel_size": 3, "stride": 2, "padding": 1}
_ATTRIBUTES: dict[str, Mapping[str, Any]] = {  # by kind, or for all that differ in the number of dims alone
    "conv": _CONVOLUTION,
    "conv_transpose": {**_CONVOLUTION, "output_padding": 1},
    "deform_conv": {"out_channels": 128, "kernel_size": 3, "padding": 1},
    "max_unpool": {"kernel_size": 2},
    "functional_conv": {"stride": 2, "padding": 1},
    "functional_conv_transpose": {"stride": 2, "padding": 1, "output_padding": 1},
    "max_pool": {"kernel_size": 3, "stride": 2, "padding": 1},
    "avg_pool": {"kernel_size": 2, "stride": 2},
    "adaptive_avg_pool": {"output_size": 7},
    "adaptive_max_pool": {"output_size": 7},
    "threshold": {"threshold": 0.1, "value": 0},
    "stochastic_depth": {"p": 0.1, "mode": "row"},
    "dropout": {"p": 0.1},
    "multihead_attention": {"num_heads": 8},
    "mixture_of_experts": {"num_experts": 8, "top_k": 2, "hidden_features": 256},
    "kv_cache": {"length": 1024},
    "relative_position_bias": {"window_size": [7, 7], "num_heads": 8},
    "einsum": {"equation": "bij,bjk->bik"},
    "pow": {"exponent": 2},
    "clamp": {"min": 0, "max": 6},
    "sum": {"dim": -1},
    "mean": {"dim": [2, 3]},
    "max": {"dim": -1},
    "logsumexp": {"dim": -1},
    "concat": {"dim": 1},
    "stack": {"dim": 1},
    "chunk": {"chunks": 2, "dim": 1},
    "split": {"split_size_or_sections": [16, 48], "dim": 1},
    "slice": {"dim": 2, "start": 0, "end": 14},
    "pad": {"pad": [0, 1, 0, 1]},
    "roll": {"shifts": [3, 3], "dims": [2, 3]},
    "reshape": {"shape": ["$batch", 64, 784]},
    "permute": {"dims": [0, 2, 3, 1]},
    "transpose": {"dim0": 1, "dim1": 2},
    "unflatten": {"dim": 1, "unflattened_size": [8, 8]},
    "unsqueeze": {"dim": 1},
    "squeeze": {"dim": 1},
    "expand": {"sizes": [-1, -1, 28, 28]},
    "channel_shuffle": {"groups": 4},
    "pixel_shuffle": {"upscale_factor": 2},
    "pixel_unshuffle": {"downscale_factor": 2},
    "upsample": {"scale_factor": 2, "mode": "bilinear"},
    "window_partition": {"window_size": 7},
    "window_reverse": {"window_size": 7, "output_size": [56, 56]},
    "linear": {"out_features": 10},
    "embedding": {"num_embeddings": 50257, "embedding_dim": 768},
    "parameter": {"shape": [1, 196, 64]},
    "constant": {"shape": [196, 64]},
    "flip": {"dims": [3]},
    "tile": {"dims": [1, 2, 1, 1]},
    "repeat_interleave": {"repeats": 2, "dim": 1},
    "index_select": {"dim": 0},
    "gather": {"dim": 1},
    "topk": {"k": 5},
    "unbind": {"dim": 1},
    "eq": {"other": 0},
    "ne": {"other": 0},
    "lt": {"other": 0},
    "le": {"other": 0},
    "gt": {"other": 0},
    "ge": {"other": 0},
    "min": {"dim": -1},
    "argmax": {"dim": -1},
    "argmin": {"dim": -1},
    "var": {"dim": -1},
    "std": {"dim": -1},
    "norm": {"dim": -1},
    "cumsum": {"dim": 1},
    "masked_fill": {"value": 0},
    "unfold": {"kernel_size": 3, "stride": 2, "padding": 1},
    "fold": {"output_size": [28, 28], "kernel_size": 2, "stride": 2},
    "buffer": {"shape": [196, 196]},
    "group_norm": {"num_groups": 8},
    "local_response_norm": {"size": 5},
    "rnn": {"hidden_size": 128},
    "lstm": {"hidden_size": 128},
    "gru": {"hidden_size": 128},
    "softmax": {"dim": -1},
    "softmin": {"dim": -1},
    "log_softmax": {"dim": -1},
    "custom": {"name": "fourier", "output": ["$batch", 64, 28, 28], "params": 0, "macs": 1_000_000, "flops": 2_000_000},
}
_INPUTS: dict[str, tuple[Shape, ...]] = {  # where there are several, or the dims say nothing
    "add": (_IMAGE, _IMAGE),
    "mul": (_IMAGE, (64, 1, 1)),
    "sub": (_IMAGE, _IMAGE),
    "div": (_IMAGE, (64, 1, 1)),
    "concat": (_IMAGE, (32, 28, 28)),
    "stack": (_IMAGE, _IMAGE),
    "matmul": ((8, 196, 64), (8, 64, 196)),
    "einsum": ((196, 64), (64, 10)),
    "scaled_dot_product_attention": ((8, 196, 64), (8, 196, 64), (8, 196, 64)),
    "kv_cache": ((8, 1, 64),),
    "deform_conv2d": (_IMAGE, (18, 28, 28)),
    "grid_sample": (_IMAGE, (14, 14, 2)),
    "embedding": ((128,),),
    "parameter": (),
    "buffer": (),
    "constant": (),
    "unbind": ((3, 64),),
    "index_select": ((8, 64), (5,)),
    "gather": (_TOKENS, (49, 64)),
    "where": (_TOKENS, _TOKENS, _TOKENS),
    "masked_fill": (_TOKENS, _TOKENS),
    "fold": ((256, 196),),
    "topk": (_TOKENS,),
    "cumsum": (_TOKENS,),
    "relative_position_bias": (),
    "squeeze": ((1, 28, 28),),
    "expand": ((64, 1, 1),),
    "flatten": ((512, 7, 7),),
    "window_reverse": ((64, 49, 96),),
    "functional_conv1d": ((64, 100), (128, 64, 3)),
    "functional_conv2d": (_IMAGE, (128, 64, 3, 3)),
    "functional_conv3d": ((64, 8, 28, 28), (128, 64, 3, 3, 3)),
    "functional_conv_transpose1d": ((64, 100), (64, 128, 3)),
    "functional_conv_transpose2d": (_IMAGE, (64, 128, 3, 3)),
    "functional_conv_transpose3d": ((64, 8, 28, 28), (64, 128, 3, 3, 3)),
    "functional_linear": ((64,), (10, 64)),
    "selective_scan": ((64, 196), (64, 196), (64, 16), (16, 196), (16, 196)),
    "layer_norm": (_TOKENS,),
    "rms_norm": (_TOKENS,),
    "max": (_TOKENS,),
    "sum": (_TOKENS,),
    "logsumexp": (_TOKENS,),
    "glu": (_TOKENS,),
}
_WHOLE: dict[str, tuple[int, ...]] = {  # inputs whose shapes are all there is of them: in front there is no batch
    "window_reverse": (0,),
    "index_select": (0, 1),
    "functional_conv1d": (1,),
    "functional_conv2d": (1,),
    "functional_conv3d": (1,),
    "functional_conv_transpose1d": (1,),
    "functional_conv_transpose2d": (1,),
    "functional_conv_transpose3d": (1,),
    "functional_linear": (1,),
    "selective_scan": (2,),
}
_GUESSES = {"dim": 1, "num_heads": 8, "out_channels": 128, "kernel_size": 3, "hidden_size": 128}  # by name


class OpExample(NamedTuple):
    """The attributes that an example sets, and its inputs, without the batch; ``whole`` ones have none."""

    kind: str
    attributes: Mapping[str, Any]
    inputs: Mapping[str, Shape]
    dtypes: Mapping[str, str] = {}  # of the inputs that have another one than the model
    whole: tuple[str, ...] = ()

    def text(self) -> str:
        """A spec of this one layer, which can be analysed as it is."""
        names = list(self.inputs)
        reads = "" if len(names) == 1 else f"from: [{', '.join(names)}]"
        if self.attributes:
            step = f"{self.kind}: {_flow(self.attributes)}" + f"\n    {reads}" * bool(reads)
        else:
            step = f"{{{self.kind}, {reads}}}" if reads else self.kind
        return f"archcost: 1\nname: {self.kind}_example\n{self._declared()}layers:\n  - {step}\n"

    def _declared(self) -> str:
        if not self.inputs:
            return "input: [1]                        # which this op does not read\n"
        if len(self.inputs) == 1 and not self.dtypes and not self.whole:
            return f"input: {_flow(list(*self.inputs.values()))}\n"
        return "inputs:\n" + "".join([f"  {name}: {self._input(name)}\n" for name in self.inputs])

    def _input(self, name: str) -> str:
        shape = _flow(self.inputs[name])
        details = f", dtype: {self.dtypes[name]}" if name in self.dtypes else ""
        details += ", batch: false" * (name in self.whole)
        return f"{{shape: {shape}{details}}}" if details else shape


def example_of(op: type[Op]) -> OpExample:
    """The example of an op."""
    attributes = _ATTRIBUTES.get(op.kind, _ATTRIBUTES.get(op.stem))
    if attributes is None:
        needed = [name for name, field in op.fields.items() if field.default is REQUIRED]
        attributes = {name: _GUESSES.get(name, 2) for name in needed}
    shapes = _INPUTS.get(op.kind)
    if shapes is None:
        shapes = (_SHAPES.get(op.layout, _IMAGE),) * op.min_inputs
    names = ("input",) if len(shapes) == 1 else _names(op, len(shapes))
    inputs = dict(zip(names, shapes, strict=True))
    dtypes = {name: "int64" for place, name in enumerate(names) if place in op.index_inputs}
    dtypes |= {name: "bool" for place, name in enumerate(names) if place in op.mask_inputs}
    whole = tuple([name for place, name in enumerate(names) if place in _WHOLE.get(op.kind, ())])
    return OpExample(op.kind, attributes, inputs, dtypes, whole)


def _names(op: type[Op], count: int) -> tuple[str, ...]:
    """The names of several inputs: the op's own where it has one for each."""
    return op.input_names[:count] if len(op.input_names) >= count else tuple("abcdefgh"[:count])


def _flow(value: Any) -> str:
    """A value as YAML has it in a line; an expression in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return value if value.replace("_", "").isalnum() or value.startswith("$") else f'"{value}"'
    return shown(value)
