"""Every op kind in several configurations: valid attributes and input shapes, small enough to run in PyTorch.

The closed-set test holds this table in step with the registry (every kind, every attribute, every input count that
matters); the property test and the PyTorch verifier run over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Shape = tuple[int, ...]


class Case(NamedTuple):
    """One op with its inputs; ``dtypes`` defaults to float32 for all, or int64 where the op reads indices."""

    kind: str
    attributes: dict[str, Any]
    input_shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...] = ()

    def __str__(self) -> str:
        attributes = ", ".join(f"{name}={value}" for name, value in self.attributes.items())
        return f"{self.kind}({attributes}) on {', '.join(map(str, self.input_shapes)) or 'nothing'}"


def for_each_kind(cases: Iterable[Case]) -> Callable[[Callable[[Case], None]], Callable[[str], None]]:
    """Run a test of a case once for each kind of op, with all cases of the kind; a failure says in a note which it was.

    A test of its own for each case would take longer to begin and to report than many of these tests take.
    """
    kinds: dict[str, list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.kind, []).append(case)

    def for_kinds(test: Callable[[Case], None]) -> Callable[[str], None]:
        @pytest.mark.parametrize("kind", kinds)
        def test_kind(kind: str) -> None:
            for case in kinds[kind]:
                try:
                    test(case)
                except BaseException as error:
                    error.add_note(f"in the case {case}")
                    raise

        test_kind.__name__, test_kind.__doc__ = test.__name__, test.__doc__
        return test_kind

    return for_kinds


def _convolutions() -> list[Case]:
    small = {1: (2, 6, 11), 2: (2, 6, 11, 9), 3: (2, 6, 7, 6, 8)}
    cases = []
    for ndim, shape in small.items():
        kind, transposed = f"conv{ndim}d", f"conv_transpose{ndim}d"
        each = list(range(1, ndim + 1))
        cases += [
            Case(kind, {"out_channels": 4, "kernel_size": 3}, (shape,)),
            Case(kind, {"out_channels": 9, "kernel_size": 3, "stride": 2, "padding": 1, "groups": 3}, (shape,)),
            Case(kind, {"out_channels": 12, "kernel_size": each, "stride": each, "padding": each}, (shape,)),
            Case(
                kind, {"out_channels": 4, "kernel_size": 2, "padding": "same", "dilation": 3, "bias": False}, (shape,)
            ),
            Case(kind, {"out_channels": 4, "kernel_size": 3, "padding": "valid"}, (shape,)),
            Case(kind, {"out_channels": 6, "kernel_size": 3, "padding": 1, "padding_mode": "reflect"}, (shape,)),
            Case(kind, {"out_channels": 6, "kernel_size": 3, "padding": 2, "padding_mode": "circular"}, (shape,)),
            Case(kind, {"out_channels": 6, "kernel_size": 3, "padding": 4, "padding_mode": "replicate"}, (shape,)),
            Case(transposed, {"out_channels": 4, "kernel_size": 2, "stride": 2}, (shape,)),
            Case(
                transposed,
                {"out_channels": 8, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
                (shape,),
            ),
            Case(transposed, {"out_channels": 3, "kernel_size": each, "dilation": 2, "bias": False}, (shape,)),
        ]
        cases += [
            Case(f"functional_{kind}", {}, (shape, (4, 6, *(3,) * ndim))),
            Case(
                f"functional_{kind}",
                {"stride": 2, "padding": 1, "groups": 3},
                (shape, (9, 2, *(3,) * ndim), (9,)),
            ),
            Case(f"functional_{kind}", {"padding": "same", "dilation": 3}, (shape, (4, 6, *(2,) * ndim))),
            Case(f"functional_{kind}", {"padding": "valid"}, (shape, (4, 6, *each), (4,))),
            Case(f"functional_{transposed}", {"stride": 2}, (shape, (6, 4, *(2,) * ndim))),
            Case(
                f"functional_{transposed}",
                {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
                (shape, (6, 4, *(3,) * ndim), (8,)),
            ),
            Case(f"functional_{transposed}", {"dilation": 2}, (shape, (6, 3, *each), (3,))),
        ]
    return [
        *cases,
        Case("conv2d", {"out_channels": 32, "kernel_size": 5, "padding": 2}, ((1, 192, 28, 28),)),
        Case("conv2d", {"out_channels": 32, "kernel_size": 7, "padding": 3, "groups": 32}, ((1, 32, 7, 7),)),
        Case("conv1d", {"out_channels": 5, "kernel_size": 1}, ((1, 1, 1),)),
    ]


DEFORMABLE = [
    Case("deform_conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}, ((2, 6, 5, 7), (2, 18, 5, 7))),
    Case("deform_conv2d", {"out_channels": 4, "kernel_size": 1}, ((2, 6, 5, 7), (2, 2, 5, 7), (2, 1, 5, 7))),
    Case(
        "deform_conv2d",
        {"out_channels": 9, "kernel_size": [2, 3], "stride": [2, 1], "dilation": [1, 2], "groups": 3, "bias": False},
        ((2, 6, 6, 7), (2, 2 * 2 * 6, 3, 3), (2, 2 * 6, 3, 3)),
    ),
]

LINEAR = [
    Case("linear", {"out_features": 10}, ((2, 16),)),
    Case("linear", {"out_features": 32, "bias": False}, ((2, 5, 16),)),
    Case("linear", {"out_features": 3}, ((16,),)),
    Case("functional_linear", {}, ((2, 16), (10, 16))),
    Case("functional_linear", {}, ((2, 5, 16), (32, 16), (32,))),
    Case("functional_linear", {}, ((16,), (3, 16))),
    Case("embedding", {"num_embeddings": 100, "embedding_dim": 16}, ((2, 7),), ("int64",)),
    Case("embedding", {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": 0}, ((3,),), ("int64",)),
    Case("embedding", {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": -1}, ((2, 3, 4),), ("int64",)),
    Case("parameter", {"shape": [1, 1, 16]}, ()),
    Case("parameter", {"shape": [5], "requires_grad": False}, ()),
    Case("parameter", {"shape": []}, ()),
]


LINEAR += [
    Case("buffer", {"shape": [3, 4]}, ()),
    Case("buffer", {"shape": [7], "dtype": "int64"}, ()),
    Case("constant", {"shape": [3, 4]}, ()),
    Case("constant", {"shape": [3, 4], "value": -1.5}, ()),
    Case("constant", {"shape": [2], "value": 3, "dtype": "int64"}, ()),
    Case("constant", {"shape": [], "value": 1, "dtype": "bool"}, ()),
    Case("layer_scale", {"init_value": 0.5}, ((2, 6, 5, 4),)),
    Case("layer_scale", {"dim": -1}, ((2, 5, 6),)),
    Case("layer_scale", {"dim": 0}, ((7,),)),
]


def _norms() -> list[Case]:
    cases = []
    for ndim, shape in {1: (2, 6, 5), 2: (2, 6, 5, 4), 3: (2, 6, 5, 4, 3)}.items():
        batch, instance = f"batch_norm{ndim}d", f"instance_norm{ndim}d"
        cases += [
            Case(batch, {}, (shape,)),
            Case(batch, {"eps": 1e-3, "momentum": None, "affine": False}, (shape,)),
            Case(batch, {"momentum": 0.01, "track_running_stats": False}, (shape,)),
            Case(instance, {}, (shape,)),
            Case(instance, {"eps": 1e-3, "momentum": 0.2, "affine": True}, (shape,)),
            Case(instance, {"affine": True, "track_running_stats": True}, (shape,)),
        ]
    return [
        *cases,
        Case("batch_norm1d", {}, ((3, 7),)),
        Case("layer_norm", {}, ((2, 5, 8),)),
        Case("layer_norm", {"normalized_shape": 8, "eps": 1e-6}, ((2, 5, 8),)),
        Case("layer_norm", {"normalized_shape": [5, 8], "elementwise_affine": False}, ((2, 5, 8),)),
        Case("layer_norm", {"normalized_shape": [5, 8], "bias": False}, ((2, 5, 8),)),
        Case("layer_norm", {}, ((4,),)),
        Case("rms_norm", {}, ((2, 5, 8),)),
        Case("rms_norm", {"normalized_shape": [5, 8], "eps": 1e-6, "elementwise_affine": False}, ((2, 5, 8),)),
        Case("group_norm", {"num_groups": 3}, ((2, 6, 5, 4),)),
        Case("group_norm", {"num_groups": 6, "eps": 1e-6, "affine": False}, ((2, 6, 5),)),
        Case("group_norm", {"num_groups": 2}, ((2, 6),)),
        Case("normalize", {}, ((2, 6, 5, 4),)),
        Case("normalize", {"p": 1, "dim": -1, "eps": 1e-6}, ((2, 5, 8),)),
        Case("normalize", {"p": 3, "dim": 0}, ((5,),)),
        Case("normalize", {"dim": [2, 3]}, ((2, 6, 5, 4),)),
        Case("normalize", {"dim": [-1, 0], "p": 1}, ((2, 5, 8),)),
        Case("local_response_norm", {"size": 5}, ((2, 8, 4, 4),)),
        Case("local_response_norm", {"size": 2, "alpha": 1e-3, "beta": 0.5, "k": 2.0}, ((2, 8, 4),)),
    ]


def _activations() -> list[Case]:
    shape = (2, 6, 5, 4)
    attributes: dict[str, dict[str, Any]] = {
        "celu": {"alpha": 0.5, "inplace": True},
        "elu": {"alpha": 0.5, "inplace": True},
        "gelu": {"approximate": "tanh"},
        "hardshrink": {"lambd": 0.1},
        "hardsigmoid": {"inplace": True},
        "hardswish": {"inplace": True},
        "hardtanh": {"min_val": 0, "max_val": 2.5, "inplace": True},
        "identity": {},
        "leaky_relu": {"negative_slope": 0.2, "inplace": True},
        "log_sigmoid": {},
        "mish": {"inplace": True},
        "prelu": {"num_parameters": 6, "init": 0.1},
        "relu": {"inplace": True},
        "relu6": {"inplace": True},
        "rrelu": {"lower": 0.1, "upper": 0.2, "inplace": True},
        "selu": {"inplace": True},
        "sigmoid": {},
        "silu": {"inplace": True},
        "softplus": {"beta": 2, "threshold": 10},
        "softshrink": {"lambd": 0.1},
        "softsign": {},
        "tanh": {},
        "tanhshrink": {},
        "threshold": {"threshold": 0.1, "value": 20, "inplace": True},
        "dropout": {"p": 0.1, "inplace": True},
        "alpha_dropout": {"p": 0.1, "inplace": True},
        "dropout1d": {"p": 0.1, "inplace": True},
        "dropout2d": {"p": 0.1, "inplace": True},
        "dropout3d": {"p": 0.1, "inplace": True},
    }
    shapes = {"dropout1d": (2, 6, 5), "dropout3d": (2, 6, 5, 4, 3)}
    cases = [Case(kind, chosen, (shapes.get(kind, shape),)) for kind, chosen in attributes.items()]
    cases += [Case(case.kind, {}, case.input_shapes) for case in cases if case.kind != "threshold"]
    return [
        *cases,
        Case("threshold", {"threshold": 0, "value": 0}, ((7,),)),
        Case("relu", {}, ((7,),)),
        Case("prelu", {}, ((7,),)),
        Case("stochastic_depth", {"p": 0.1, "mode": "row"}, (shape,)),
        Case("stochastic_depth", {"p": 1, "mode": "batch"}, (shape,)),
        Case("stochastic_depth", {"p": 0, "mode": "row"}, ((7,),)),
        Case("softmax", {"dim": -1}, ((2, 5, 8),)),
        Case("softmax", {"dim": 0}, ((5,),)),
        Case("softmin", {"dim": 1}, (shape,)),
        Case("log_softmax", {"dim": 1}, (shape,)),
        Case("softmax2d", {}, (shape,)),
        Case("glu", {}, ((2, 8),)),
        Case("glu", {"dim": 1}, (shape,)),
    ]


def _pools() -> list[Case]:
    cases = []
    for ndim, shape in {1: (2, 3, 10), 2: (2, 3, 10, 7), 3: (2, 3, 10, 7, 8)}.items():
        each = list(range(2, ndim + 2))
        for kind in (f"max_pool{ndim}d", f"avg_pool{ndim}d"):
            cases += [
                Case(kind, {"kernel_size": 2}, (shape,)),
                Case(kind, {"kernel_size": 3, "stride": 2, "padding": 1}, (shape,)),
                Case(kind, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (shape,)),
                Case(kind, {"kernel_size": each, "stride": each[::-1], "ceil_mode": True}, (shape,)),
            ]
        cases += [
            Case(f"max_pool{ndim}d", {"kernel_size": 3, "stride": 2, "return_indices": True}, (shape,)),
            Case(f"max_unpool{ndim}d", {"kernel_size": 2}, (shape,) * 2, ("float32", "int64")),
            Case(
                f"max_unpool{ndim}d",
                {"kernel_size": 3, "stride": 2, "padding": 1, "output_size": [2 * size for size in shape[2:]]},
                (shape,) * 2,
                ("float32", "int64"),
            ),
            Case(f"max_pool{ndim}d", {"kernel_size": 3, "stride": 1, "dilation": 2, "padding": 1}, (shape,)),
            Case(f"avg_pool{ndim}d", {"kernel_size": 3, "padding": 1, "count_include_pad": False}, (shape,)),
        ]
        for kind in (f"adaptive_avg_pool{ndim}d", f"adaptive_max_pool{ndim}d"):
            cases += [
                Case(kind, {"output_size": 1}, (shape,)),
                Case(kind, {"output_size": each}, (shape,)),
                Case(kind, {"output_size": 12}, (shape,)),
            ]
            if ndim > 1:
                cases.append(Case(kind, {"output_size": [None, *each[1:]]}, (shape,)))
    return [
        *cases,
        Case("avg_pool2d", {"kernel_size": 2, "divisor_override": 3}, ((2, 3, 10, 7),)),
        Case("avg_pool3d", {"kernel_size": 2, "divisor_override": 3}, ((2, 3, 10, 7, 8),)),
        Case("max_pool2d", {"kernel_size": 3, "stride": 2, "ceil_mode": True}, ((1, 64, 112, 112),)),
        Case("max_pool2d", {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}, ((1, 1, 5, 5),)),
    ]


SHAPES = [
    Case("flatten", {}, ((2, 3, 4, 5),)),
    Case("flatten", {"start_dim": 0}, ((2, 3, 4),)),
    Case("flatten", {"start_dim": 2, "end_dim": 3}, ((2, 3, 4, 5, 6),)),
    Case("flatten", {"start_dim": 0}, ((),)),
    Case("unflatten", {"dim": 1, "unflattened_size": [3, -1]}, ((2, 12, 5),)),
    Case("unflatten", {"dim": -1, "unflattened_size": [2, 3]}, ((4, 6),)),
    Case("reshape", {"shape": [2, -1]}, ((2, 3, 4),)),
    Case("reshape", {"shape": [2, 2, 2, 3]}, ((2, 3, 4),)),
    Case("reshape", {"shape": []}, ((1, 1),)),
    Case("permute", {"dims": [0, 2, 3, 1]}, ((2, 3, 4, 5),)),
    Case("permute", {"dims": [-1, 0, 1]}, ((2, 3, 4),)),
    Case("transpose", {"dim0": 1, "dim1": 2}, ((2, 3, 4),)),
    Case("transpose", {"dim0": -1, "dim1": 0}, ((2, 3, 4),)),
    Case("squeeze", {}, ((2, 1, 4, 1),)),
    Case("squeeze", {"dim": 1}, ((2, 1, 4, 1),)),
    Case("squeeze", {"dim": [-1, 0]}, ((2, 1, 4, 1),)),
    Case("unsqueeze", {"dim": 1}, ((2, 3),)),
    Case("unsqueeze", {"dim": -1}, ((2, 3),)),
    Case("expand", {"sizes": [4, -1, 3]}, ((1, 2, 3),)),
    Case("expand", {"sizes": [5, 4, 2]}, ((1, 2),)),
    Case("concat", {}, ((2, 3, 4, 4), (2, 5, 4, 4), (2, 1, 4, 4))),
    Case("concat", {"dim": -1}, ((2, 3), (2, 5))),
    Case("concat", {"dim": 0}, ((2, 3),)),
    Case("stack", {}, ((2, 3), (2, 3))),
    Case("stack", {"dim": 1}, ((2, 3),)),
    Case("stack", {"dim": -1}, ((2, 3), (2, 3), (2, 3))),
    Case("chunk", {"chunks": 2, "dim": 1}, ((2, 6, 4),)),
    Case("chunk", {"chunks": 4, "dim": -1}, ((2, 10),)),
    Case("chunk", {"chunks": 6}, ((10, 2),)),
    Case("split", {"split_size_or_sections": 4, "dim": 1}, ((2, 10),)),
    Case("split", {"split_size_or_sections": [2, 3, 5], "dim": -1}, ((2, 10),)),
    Case("split", {"split_size_or_sections": 2}, ((6,),)),
    Case("slice", {"dim": 1, "start": 1, "end": -1}, ((2, 10),)),
    Case("slice", {"dim": 0, "end": 1}, ((2, 10),)),
    Case("slice", {"dim": -1, "start": -7, "end": 100, "step": 3}, ((2, 10),)),
    Case("pad", {"pad": [1, 2]}, ((2, 3, 4),)),
    Case("pad", {"pad": [0, 1, 2, 3, 1, 0], "value": 1.5}, ((2, 3, 4, 5),)),
    Case("pad", {"pad": [-1, 2, 0, -2]}, ((2, 3, 4, 5),)),
    Case("pad", {"pad": [1, 2, 3, 0], "mode": "reflect"}, ((2, 3, 4, 5),)),
    Case("pad", {"pad": [6, 7], "mode": "replicate"}, ((2, 3, 4),)),
    Case("pad", {"pad": [5, 5, 4, 4], "mode": "circular"}, ((2, 3, 4, 5),)),
    Case("roll", {"shifts": 3}, ((2, 5),)),
    Case("roll", {"shifts": [-2, 1], "dims": [1, 2]}, ((2, 5, 4),)),
    Case("unbind", {}, ((3, 4),)),
    Case("unbind", {"dim": -2}, ((2, 3, 4),)),
    Case("unbind", {"dim": 1}, ((2, 1, 4),)),
    Case("tile", {"dims": [2, 3]}, ((4, 5),)),
    Case("tile", {"dims": [1, 3]}, ((2, 4, 5),)),
    Case("tile", {"dims": [2, 1, 1]}, ((4, 5),)),
    Case("tile", {"dims": [1]}, ((4, 5),)),
    Case("repeat_interleave", {"repeats": 3, "dim": 1}, ((2, 4, 5),)),
    Case("repeat_interleave", {"repeats": 2, "dim": -1}, ((4, 5),)),
    Case("repeat_interleave", {"repeats": 2}, ((4, 5),)),
    Case("repeat_interleave", {"repeats": 1, "dim": 0}, ((4,),)),
    Case("index_select", {"dim": 1}, ((4, 169), (9,)), ("float32", "int64")),
    Case("index_select", {"dim": 0}, ((9, 5), (2, 3)), ("float32", "int64")),
    Case("index_select", {"dim": -1}, ((2, 3, 7), (2, 3)), ("float32", "int64")),
    Case("gather", {"dim": 1}, ((2, 7, 3), (2, 4, 3)), ("float32", "int64")),
    Case("gather", {"dim": -1}, ((4, 7), (3, 9)), ("float32", "int64")),
    Case("gather", {"dim": 0}, ((5,), (2,)), ("float32", "int64")),
    Case("topk", {"k": 3}, ((2, 7),)),
    Case("topk", {"k": 2, "dim": 1, "largest": False, "sorted": False}, ((2, 7, 5),)),
    Case("masked_fill", {"value": -1.5}, ((2, 3, 4), (4,)), ("float32", "bool")),
    Case("masked_fill", {"value": 0}, ((3, 1), (2, 3, 4)), ("float32", "bool")),
    Case("tril", {}, ((2, 3, 4),)),
    Case("tril", {"diagonal": -1}, ((4, 4),)),
    Case("triu", {"diagonal": 1}, ((2, 4, 4),)),
    Case("flip", {"dims": [0, -1]}, ((2, 3, 4),)),
    Case("flip", {"dims": 1}, ((2, 3, 4),)),
    Case("where", {}, ((2, 3, 4),) * 3, ("bool", "float32", "float32")),
    Case("where", {}, ((4, 4), (2, 3, 4, 4), ()), ("bool", "float32", "float32")),
    Case("where", {}, ((2, 3, 4), (3, 1), (4,)), ("bool", "float32", "float32")),
    Case("window_partition", {"window_size": 2}, ((2, 4, 6, 3),)),
    Case("window_partition", {"window_size": [2, 3]}, ((1, 4, 6, 5),)),
    Case("window_partition", {"window_size": [2, 2, 3]}, ((2, 4, 4, 3, 5),)),
    Case("window_partition", {"window_size": 7}, ((2, 7, 5),)),
    Case("window_reverse", {"window_size": 2, "output_size": [4, 6]}, ((12, 4, 3),)),
    Case("window_reverse", {"window_size": [2, 4], "output_size": 4}, ((2, 8, 3),)),
    Case("window_reverse", {"window_size": [2, 2, 3], "output_size": [4, 2, 3]}, ((4, 12, 5),)),
    Case("channel_shuffle", {"groups": 3}, ((2, 6, 4, 4),)),
]

ARITHMETIC = [
    Case("add", {}, ((2, 3, 4, 4), (2, 3, 4, 4))),
    Case("add", {}, ((2, 3, 4, 4), (3, 1, 1), (1,))),
    Case("add", {"other": 1}, ((2, 3),)),
    Case("mul", {}, ((2, 3, 4, 4), (2, 3, 1, 1))),
    Case("mul", {"other": 0.5}, ((2, 3),)),
    Case("sub", {}, ((2, 1, 4), (3, 1))),
    Case("sub", {"other": 1}, ((2, 3),)),
    Case("div", {}, ((2, 3, 4), ())),
    Case("div", {"other": 2}, ((2, 3),)),
    *[
        case
        for kind in ("eq", "ne", "lt", "le", "gt", "ge")
        for case in (Case(kind, {}, ((2, 1, 4), (3, 1))), Case(kind, {"other": 0.5}, ((2, 3),)))
    ],
    Case("logical_not", {}, ((2, 3),), ("bool",)),
    Case("logical_not", {}, ((2, 3),)),
    Case("logical_and", {}, ((2, 3, 4), (3, 1)), ("bool", "bool")),
    Case("logical_or", {}, ((2, 3, 4), (3, 1)), ("bool", "float32")),
    *[
        case
        for kind in ("maximum", "minimum")
        for case in (Case(kind, {}, ((2, 1, 4), (3, 1))), Case(kind, {}, ((2, 3, 4), (2, 3, 4))))
    ],
    Case("matmul", {}, ((2, 3, 4, 5), (2, 3, 5, 6))),
    Case("matmul", {}, ((4, 1, 2, 5), (3, 5, 6))),
    Case("matmul", {}, ((5,), (5,))),
    Case("matmul", {}, ((5,), (2, 5, 6))),
    Case("matmul", {}, ((2, 4, 5), (5,))),
    Case("einsum", {"equation": "b h i d, b h j d -> b h i j"}, ((2, 3, 5, 4), (2, 3, 6, 4))),
    Case("einsum", {"equation": "bihd,bjhd->bhij"}, ((2, 5, 3, 4), (2, 6, 3, 4))),
    Case("einsum", {"equation": "ij,jk"}, ((3, 4), (4, 5))),
    Case("einsum", {"equation": "ij,jk->ik"}, ((3, 1), (1, 5))),
    Case("einsum", {"equation": "...ij, ...jk -> ...ik"}, ((2, 1, 3, 4), (5, 4, 6))),
    Case("einsum", {"equation": "bchw,hkc->bkhw"}, ((2, 3, 4, 5), (4, 6, 3))),
    Case("einsum", {"equation": "hab,hbc->cah"}, ((2, 3, 4), (2, 4, 5))),
    Case("einsum", {"equation": "abz,bcy->cayz"}, ((3, 4, 2), (4, 5, 6))),
    Case("einsum", {"equation": "bc,c->b"}, ((3, 4), (4,))),
    Case("einsum", {"equation": "ij,ij->"}, ((3, 4), (3, 4))),
    Case("einsum", {"equation": "i,j->ij"}, ((3,), (4,))),
    Case("einsum", {"equation": "b c h w, c -> b c h w"}, ((2, 3, 4, 5), (3,))),
    Case("einsum", {"equation": "bij,jk->k"}, ((2, 3, 4), (4, 5))),
    Case("einsum", {"equation": "ij,kl->il"}, ((3, 4), (5, 6))),
    Case("einsum", {"equation": "...ij->...ji"}, ((2, 3, 4),)),
    Case("einsum", {"equation": "bij->b"}, ((2, 3, 4),)),
    Case("clamp", {"min": -1, "max": 2.5}, ((2, 3, 4),)),
    Case("clamp", {"max": 4.6}, ((2, 3, 4),)),
    Case("clamp", {"min": 0}, ((5,),)),
    *[
        Case(kind, {}, ((2, 3, 4),))
        for kind in ("exp", "log", "abs", "sign", "floor", "ceil", "round", "reciprocal", "rsqrt")
    ],
    Case("sin", {}, ((2, 3, 4),)),
    Case("cos", {}, ((2, 3, 4),)),
    Case("sqrt", {}, ((2, 3, 4),)),
    Case("pow", {"exponent": 2}, ((2, 3, 4),)),
    Case("pow", {"exponent": -0.5}, ((2, 3, 4),)),
    Case("mean", {}, ((2, 3, 4),)),
    Case("mean", {"dim": [2, 3]}, ((2, 3, 4, 5),)),
    Case("mean", {"dim": -1, "keepdim": True}, ((2, 3, 4),)),
    Case("sum", {"dim": 1}, ((2, 3, 4),)),
    Case("sum", {"keepdim": True}, ((2, 3, 4),)),
    Case("sum", {"dim": []}, ((2, 3),)),
    Case("max", {"dim": [0, 2]}, ((2, 3, 4),)),
    Case("max", {"dim": 1, "keepdim": True}, ((2, 3, 4),)),
    Case("min", {"dim": [0, 2]}, ((2, 3, 4),)),
    Case("min", {"dim": 1, "keepdim": True}, ((2, 3, 4),)),
    Case("argmax", {}, ((2, 3, 4),)),
    Case("argmax", {"dim": 1}, ((2, 3, 4),)),
    Case("argmax", {"dim": -1, "keepdim": True}, ((2, 3, 4),)),
    Case("argmin", {"dim": 0, "keepdim": True}, ((2, 3, 4),)),
    Case("var", {}, ((2, 3, 4),)),
    Case("var", {"dim": [2, 3], "correction": 0, "keepdim": True}, ((2, 3, 4, 5),)),
    Case("std", {"dim": -1}, ((2, 3, 4),)),
    Case("std", {"dim": [], "correction": 2, "keepdim": True}, ((2, 3, 4),)),
    Case("norm", {}, ((2, 3, 4),)),
    Case("norm", {"dim": [2, 3], "keepdim": True}, ((2, 3, 4, 5),)),
    Case("norm", {"dim": -1, "ord": 1}, ((2, 3, 4),)),
    Case("norm", {"dim": 0, "ord": 3}, ((5, 3),)),
    Case("norm", {"dim": 1, "ord": 0}, ((5, 3),)),
    Case("cumsum", {"dim": 1}, ((2, 3, 4),)),
    Case("cumsum", {"dim": -1}, ((5,),)),
    Case("logsumexp", {"dim": 1}, ((2, 3, 4),)),
    Case("logsumexp", {"dim": [0, -1], "keepdim": True}, ((2, 3, 4, 5),)),
    Case("erf", {}, ((2, 6, 5, 4),)),
]

RESAMPLING = [
    Case("upsample", {"scale_factor": 2}, ((2, 3, 5, 4),)),
    Case("upsample", {"size": 9}, ((2, 3, 5),)),
    Case("upsample", {"size": [7, 8, 9], "mode": "trilinear"}, ((2, 3, 5, 4, 3),)),
    Case("upsample", {"scale_factor": [1.5, 0.7], "mode": "bilinear", "align_corners": True}, ((2, 3, 5, 10),)),
    Case("upsample", {"scale_factor": 0.3, "mode": "linear", "align_corners": False}, ((2, 3, 10),)),
    Case("upsample", {"size": [3, 3], "mode": "bicubic"}, ((2, 3, 5, 4),)),
    Case("upsample", {"scale_factor": 3, "mode": "nearest-exact"}, ((2, 3, 5, 4),)),
    Case("grid_sample", {}, ((2, 3, 5, 4), (2, 6, 7, 2))),
    Case(
        "grid_sample",
        {"mode": "bicubic", "padding_mode": "border", "align_corners": True},
        ((1, 3, 5, 4), (1, 6, 7, 2)),
    ),
    Case("grid_sample", {"mode": "nearest", "padding_mode": "reflection"}, ((2, 3, 5, 4), (2, 2, 3, 2))),
    Case("grid_sample", {}, ((2, 3, 5, 4, 3), (2, 4, 6, 7, 3))),
    Case("unfold", {"kernel_size": 3, "padding": 1}, ((2, 3, 5, 4),)),
    Case("unfold", {"kernel_size": 2, "stride": 2}, ((2, 3, 6, 4),)),
    Case("unfold", {"kernel_size": [2, 3], "dilation": [2, 1], "padding": [1, 0], "stride": 2}, ((2, 3, 7, 8),)),
    Case("fold", {"output_size": [5, 4], "kernel_size": 3, "padding": 1}, ((2, 18, 20),)),
    Case("fold", {"output_size": [6, 4], "kernel_size": 2, "stride": 2}, ((2, 8, 6),)),
    Case(
        "fold",
        {"output_size": [7, 8], "kernel_size": [2, 3], "dilation": [2, 1], "padding": [1, 0], "stride": [2, 1]},
        ((1, 12, 4 * 6),),
    ),
    Case("pixel_shuffle", {"upscale_factor": 2}, ((2, 12, 5, 4),)),
    Case("pixel_shuffle", {"upscale_factor": 3}, ((9, 5, 4),)),
    Case("pixel_unshuffle", {"downscale_factor": 2}, ((2, 3, 6, 4),)),
]

ATTENTION = [
    Case("scaled_dot_product_attention", {}, ((2, 4, 7, 8), (2, 4, 9, 8), (2, 4, 9, 6))),
    Case("scaled_dot_product_attention", {"is_causal": True}, ((2, 4, 7, 8),) * 3),
    Case("scaled_dot_product_attention", {"scale": 0.1, "dropout_p": 0.0}, ((2, 7, 8),) * 3),
    Case("scaled_dot_product_attention", {}, ((2, 4, 7, 8), (2, 4, 9, 8), (2, 4, 9, 8), (7, 9))),
    Case("scaled_dot_product_attention", {"enable_gqa": True}, ((2, 8, 7, 8), (2, 2, 9, 8), (2, 2, 9, 8))),
    Case("relative_position_bias", {"window_size": 3, "num_heads": 2}, ()),
    Case("relative_position_bias", {"window_size": [2, 3, 4], "num_heads": 2}, ()),
    Case("relative_position_bias", {"window_size": [4]}, ((7, 3),)),
    Case("relative_position_bias", {"window_size": [2, 3], "num_heads": 4}, ((1, 3, 5, 4),)),
    Case("rotary_embedding", {}, ((2, 3, 7, 8),)),
    Case("rotary_embedding", {"base": 500000, "interleaved": True}, ((2, 7, 8),)),
    Case("rotary_embedding", {"rotary_dim": 4}, ((2, 3, 7, 8),)),
    Case("rotary_embedding", {"rotary_dim": 2, "interleaved": True}, ((7, 6),)),
    Case("multihead_attention", {"num_heads": 4}, ((1, 32, 64),)),
    Case("multihead_attention", {"num_heads": 2, "bias": False, "batch_first": False}, ((7, 2, 8), (9, 2, 8))),
    Case("multihead_attention", {"num_heads": 4, "kdim": 6, "vdim": 5}, ((2, 7, 8), (2, 9, 6), (2, 9, 5))),
    Case(
        "multihead_attention",
        {"num_heads": 1, "dropout": 0.1, "add_bias_kv": True, "add_zero_attn": True},
        ((2, 7, 8), (2, 9, 8), (2, 9, 8)),
    ),
]

RECURRENT = [
    case
    for kind in ("rnn", "lstm", "gru")
    for case in (
        Case(kind, {"hidden_size": 6}, ((2, 7, 5),)),
        Case(kind, {"hidden_size": 6, "num_layers": 3, "dropout": 0.1, "bidirectional": True}, ((2, 7, 5),)),
        Case(kind, {"hidden_size": 6, "num_layers": 2, "bias": False, "batch_first": False}, ((7, 2, 5),)),
        Case(kind, {"hidden_size": 5, "num_layers": 2}, ((2, 7, 5),) + ((2, 2, 5),) * (2 if kind == "lstm" else 1)),
    )
] + [
    Case("rnn", {"hidden_size": 6, "nonlinearity": "relu"}, ((2, 7, 5),)),
    Case("lstm", {"hidden_size": 6, "proj_size": 4, "num_layers": 2, "bidirectional": True}, ((2, 7, 5),)),
    Case("lstm", {"hidden_size": 6, "proj_size": 4}, ((2, 7, 5), (1, 2, 4), (1, 2, 6))),
]

RECURRENT += [
    case
    for kind in ("rnn_cell", "lstm_cell", "gru_cell")
    for case in (
        Case(kind, {"hidden_size": 6}, ((2, 5),)),
        Case(kind, {"hidden_size": 6, "bias": False}, ((2, 5),) + ((2, 6),) * (2 if kind == "lstm_cell" else 1)),
    )
] + [Case("rnn_cell", {"hidden_size": 6, "nonlinearity": "relu"}, ((2, 5),))]

SCANNED = (2, 6, 7)  # samples, channels, positions; 4 numbers a state
RECURRENT += [
    Case("selective_scan", {}, (SCANNED, SCANNED, (6, 4), (2, 4, 7), (2, 4, 7))),
    Case(
        "selective_scan",
        {"delta_softplus": True},
        (SCANNED, SCANNED, (6, 4), (2, 4, 7), (2, 4, 7), (6,), SCANNED, (6,)),
    ),
    Case("selective_scan", {}, (SCANNED, SCANNED, (6, 4), (2, 2, 4, 7), (2, 3, 4, 7), (6,))),
    Case("selective_scan", {}, (SCANNED, SCANNED, (6, 4), (6, 4), (6, 4), (6,), SCANNED)),
]

DECODERS = [
    Case("mixture_of_experts", {"num_experts": 4, "top_k": 2, "hidden_features": 12}, ((2, 6, 8),)),
    Case("mixture_of_experts", {"num_experts": 3, "top_k": 3, "hidden_features": 5, "activation": "gelu"}, ((7, 8),)),
    Case(
        "mixture_of_experts",
        {"num_experts": 2, "top_k": 2, "hidden_features": 6, "activation": "relu", "gated": False, "bias": True},
        ((2, 3, 2, 8),),
    ),
    Case("mixture_of_experts", {"num_experts": 2, "top_k": 1, "hidden_features": 6, "bias": True}, ((2, 5, 8),)),
    Case("rotary_embedding", {}, ((1, 1, 200, 4),)),
    Case("kv_cache", {}, ((2, 4, 7, 8),)),
    Case("kv_cache", {"length": 9}, ((2, 4, 1, 8),)),
    Case("kv_cache", {"length": 3, "dim": 1}, ((2, 5, 8),)),
    Case("kv_cache", {"length": 9, "window": 4}, ((2, 4, 2, 8),)),
    Case("kv_cache", {"length": 2, "window": 4}, ((2, 4, 1, 8),)),
    Case("kv_cache", {"length": 9, "window": 1}, ((2, 4, 2, 8),)),
    Case("custom", {"name": "fft2", "output": [2, 4, 5]}, ((2, 4, 5),)),
    Case("custom", {"name": "noise", "output": [[3], [2, 6]], "params": 7, "buffers": 3, "macs": 90}, ()),
    Case("custom", {"name": "sampler", "output": [2, 4], "macs": 90, "flops": 200}, ((2, 4, 5), (2, 3))),
    Case("custom", {"name": "sorted", "output": [2, 4], "flops": 200, "params": 5}, ((2, 4),)),
]

CASES: list[Case] = [
    *_convolutions(),
    *DEFORMABLE,
    *LINEAR,
    *_norms(),
    *_activations(),
    *_pools(),
    *SHAPES,
    *ARITHMETIC,
    *RESAMPLING,
    *ATTENTION,
    *RECURRENT,
    *DECODERS,
]
