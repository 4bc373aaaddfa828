"""Rewrites of single convolutions: what they put in place, what it costs, where they apply, and that sizes stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archcost
from archcost.spec.loader import loads
from tests.profiles import examples
from tests.suggesting.one_rewrite import analyzed, body_of, found, rewritten

if TYPE_CHECKING:
    from archcost.graph.model import TensorType
    from archcost.spec.model import Spec

SINGLE = ("asymmetric", "dilated", "factored_3d", "fire", "ghost", "grouped", "reduction", "separable", "stacked_3x3")


def spec(size: str, conv: str, behind: str = "", before: str = "") -> str:
    """A spec of one convolution on a tensor of a size, between other steps."""
    rows = [*before.split(), f"{{id: conv, {conv}}}", *behind.split()]
    return f"archcost: 1\nname: single\ninput: [{size}]\nlayers:\n" + "".join([f"  - {row}\n" for row in rows])


# rewrite, input, convolution, what stands behind it, MACs and params before, MACs and params after
CASES: dict[str, tuple[str, str, str, str, int, int, int, int]] = {
    "the course's example: 5×5 by way of half of the channels": (
        "reduction",
        "192, 28, 28",
        "conv2d: {out_channels: 32, kernel_size: 5, padding: 2}",
        "",
        28 * 28 * 32 * 25 * 192,
        25 * 192 * 32 + 32,
        28 * 28 * (16 * 192 + 32 * 25 * 16),
        192 * 16 + 16 + 25 * 16 * 32 + 32,
    ),
    "GoogLeNet's 3a: 3×3 by way of three quarters": (
        "reduction",
        "192, 28, 28",
        "conv2d: {out_channels: 128, kernel_size: 3, padding: 1}",
        "relu",
        28 * 28 * 128 * 9 * 192,
        9 * 192 * 128 + 128,
        28 * 28 * (96 * 192 + 128 * 9 * 96),
        192 * 96 + 96 + 9 * 96 * 128 + 128,
    ),
    "a stride leaves the new 1×1 the old positions; its norm comes along": (
        "reduction",
        "64, 16, 16",
        "conv2d: {out_channels: 32, kernel_size: 5, stride: 2, padding: 2, bias: false}",
        "batch_norm2d relu",
        8 * 8 * 32 * 25 * 64,
        25 * 64 * 32 + 2 * 32,
        16 * 16 * 16 * 64 + 8 * 8 * 32 * 25 * 16,
        64 * 16 + 2 * 16 + 25 * 16 * 32 + 2 * 32,
    ),
    "signals are reduced, too": (
        "reduction",
        "96, 100",
        "conv1d: {out_channels: 64, kernel_size: 9, padding: same, dilation: 2}",
        "",
        100 * 64 * 9 * 96,
        9 * 96 * 64 + 64,
        100 * (32 * 96 + 64 * 9 * 32),
        96 * 32 + 32 + 9 * 32 * 64 + 64,
    ),
    "Inception v3, section 3.1: 5×5 as two 3×3 is 18/25": (
        "stacked_3x3",
        "64, 35, 35",
        "conv2d: {out_channels: 64, kernel_size: 5, padding: 2, bias: false}",
        "relu",
        35 * 35 * 64 * 25 * 64,
        25 * 64 * 64,
        35 * 35 * 64 * 18 * 64,
        18 * 64 * 64,
    ),
    "channels grow by √α in both steps: 16, 32, 64": (
        "stacked_3x3",
        "16, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: 5, padding: same}",
        "relu",
        28 * 28 * 64 * 25 * 16,
        25 * 16 * 64 + 64,
        28 * 28 * (32 * 9 * 16 + 64 * 9 * 32),
        9 * 16 * 32 + 32 + 9 * 32 * 64 + 64,
    ),
    "channels that shrink do so at once": (
        "stacked_3x3",
        "192, 28, 28",
        "conv2d: {out_channels: 32, kernel_size: 5, padding: 2, padding_mode: zeros}",
        "relu",
        28 * 28 * 32 * 25 * 192,
        25 * 192 * 32 + 32,
        28 * 28 * (32 * 9 * 192 + 32 * 9 * 32),
        9 * 192 * 32 + 32 + 9 * 32 * 32 + 32,
    ),
    "7×7/2 as three 3×3, the first with the stride": (
        "stacked_3x3",
        "64, 57, 57",
        "conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3, bias: false}",
        "relu",
        29 * 29 * 64 * 49 * 64,
        49 * 64 * 64,
        29 * 29 * 64 * 27 * 64,
        27 * 64 * 64,
    ),
    "7×7 without padding: 56, 54, 52, 50": (
        "stacked_3x3",
        "8, 56, 56",
        "conv2d: {out_channels: 8, kernel_size: [7, 7], bias: false}",
        "relu",
        50 * 50 * 8 * 49 * 8,
        49 * 8 * 8,
        (54 * 54 + 52 * 52 + 50 * 50) * 8 * 9 * 8,
        27 * 8 * 8,
    ),
    "5×5/2 with a padding of 1: the first has none": (
        "stacked_3x3",
        "32, 33, 33",
        "conv2d: {out_channels: 32, kernel_size: 5, stride: 2, padding: 1, bias: false}",
        "relu",
        16 * 16 * 32 * 25 * 32,  # (33 + 2 - 5) // 2 + 1 = 16
        25 * 32 * 32,
        16 * 16 * 32 * 18 * 32,  # (33 - 3) // 2 + 1 = 16
        18 * 32 * 32,
    ),
    "5×5×5 as two 3×3×3 is 54/125": (
        "stacked_3x3",
        "16, 8, 8, 8",
        "conv3d: {out_channels: 16, kernel_size: 5, padding: 2, bias: false}",
        "relu",
        8 * 8 * 8 * 16 * 125 * 16,
        125 * 16 * 16,
        8 * 8 * 8 * 16 * 54 * 16,
        54 * 16 * 16,
    ),
    "Inception v3, section 3.2: 3×3 as 1×3 and 3×1 is 6/9": (
        "asymmetric",
        "64, 17, 17",
        "conv2d: {out_channels: 64, kernel_size: 3, padding: 1, bias: false}",
        "batch_norm2d relu",
        17 * 17 * 64 * 9 * 64,
        9 * 64 * 64 + 2 * 64,
        17 * 17 * 64 * 6 * 64,
        6 * 64 * 64 + 2 * 64 + 2 * 64,
    ),
    "Figure 6: 7×7 from 128 to 192 by way of 128": (
        "asymmetric",
        "128, 17, 17",
        "conv2d: {out_channels: 192, kernel_size: 7, padding: 3, bias: false}",
        "relu",
        17 * 17 * 192 * 49 * 128,
        49 * 128 * 192,
        17 * 17 * (128 * 7 * 128 + 192 * 7 * 128),
        7 * 128 * 128 + 7 * 128 * 192,
    ),
    "a stride goes along each dim in its own layer": (
        "asymmetric",
        "32, 20, 18",
        "conv2d: {out_channels: 32, kernel_size: 5, stride: [2, 3], padding: [2, 0], bias: false}",
        "relu",
        10 * 5 * 32 * 25 * 32,
        25 * 32 * 32,
        20 * 5 * 32 * 5 * 32 + 10 * 5 * 32 * 5 * 32,
        10 * 32 * 32,
    ),
    "MobileNet, Table 3: 14×14×512": (  # 462 M and 2.36 M; 52.3 M and 0.27 M
        "separable",
        "512, 14, 14",
        "conv2d: {out_channels: 512, kernel_size: 3, padding: 1, bias: false}",
        "",
        14 * 14 * 512 * 9 * 512,
        9 * 512 * 512,
        14 * 14 * (512 * 9 + 512 * 512),
        9 * 512 + 512 * 512,
    ),
    "a separable convolution has the stride in its depthwise part": (
        "separable",
        "32, 15",
        "conv1d: {out_channels: 64, kernel_size: 4, stride: 2, padding: 1, padding_mode: circular}",
        "batch_norm1d relu6",
        7 * 64 * 4 * 32,  # (15 + 2 - 4) // 2 + 1 = 7
        4 * 32 * 64 + 64 + 2 * 64,
        7 * (32 * 4 + 64 * 32),
        4 * 32 + 32 + 2 * 32 + 32 * 64 + 64 + 2 * 64,
    ),
    "4 groups are a quarter of the MACs": (
        "grouped",
        "64, 28, 28",
        "conv2d: {out_channels: 128, kernel_size: 3, padding: 1, bias: false}",
        "relu",
        28 * 28 * 128 * 9 * 64,
        9 * 64 * 128,
        28 * 28 * 128 * 9 * 16,
        9 * 16 * 128,
    ),
    "3 groups, as in ShuffleNet, where 4 do not go": (
        "grouped",
        "27, 28, 28",
        "conv2d: {out_channels: 240, kernel_size: 1}",
        "",
        28 * 28 * 240 * 27,
        27 * 240 + 240,
        28 * 28 * 240 * 9,
        9 * 240 + 240,
    ),
    "half of the maps are ghosts of the others": (
        "ghost",
        "64, 28, 28",
        "conv2d: {out_channels: 128, kernel_size: 3, stride: 2, padding: 1, bias: false}",
        "batch_norm2d relu",
        14 * 14 * 128 * 9 * 64,
        9 * 64 * 128 + 2 * 128,
        14 * 14 * (64 * 9 * 64 + 64 * 9),
        9 * 64 * 64 + 9 * 64 + 2 * 128,
    ),
    "5×5 as 3×3 with holes": (
        "dilated",
        "64, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: 5, padding: 2, bias: false}",
        "relu",
        28 * 28 * 64 * 25 * 64,
        25 * 64 * 64,
        28 * 28 * 64 * 9 * 64,
        9 * 64 * 64,
    ),
    "a depthwise one is dilated, too": (
        "dilated",
        "64, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: [5, 5], stride: 2, padding: 1, dilation: [1, 2], groups: 64}",
        "relu",
        13 * 11 * 64 * 25,  # (28 + 2 - 4 - 1) // 2 + 1, (28 + 2 - 8 - 1) // 2 + 1
        25 * 64 + 64,
        13 * 11 * 64 * 9,
        9 * 64 + 64,
    ),
    "S3D: space, then time, with the strides of both": (
        "factored_3d",
        "32, 8, 14, 14",
        "conv3d: {out_channels: 32, kernel_size: 3, stride: 2, padding: 1, bias: false}",
        "batch_norm3d relu",
        4 * 7 * 7 * 32 * 27 * 32,
        27 * 32 * 32 + 2 * 32,
        8 * 7 * 7 * 32 * 9 * 32 + 4 * 7 * 7 * 32 * 3 * 32,
        9 * 32 * 32 + 2 * 32 + 3 * 32 * 32 + 2 * 32,
    ),
    "a fire module in place of a 3×3 with a stride": (
        "fire",
        "64, 28, 28",
        "conv2d: {out_channels: 129, kernel_size: 3, stride: 2, padding: 1}",
        "relu",
        14 * 14 * 129 * 9 * 64,
        9 * 64 * 129 + 129,
        28 * 28 * 16 * 64 + 14 * 14 * (64 * 16 + 65 * 9 * 16),
        64 * 16 + 16 + 16 * 64 + 64 + 9 * 16 * 65 + 65,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_figures_before_and_after_are_those_of_the_formula_and_of_pytorch(name: str) -> None:
    rewrite, size, conv, behind, macs_before, params_before, macs_after, params_after = CASES[name]
    text = spec(size, conv, behind)
    before = analyzed(text)
    assert (before.totals.macs, before.totals.params) == (macs_before, params_before)
    changed = loads(rewritten(text, rewrite))
    after = archcost.analyze(changed)
    assert (after.totals.macs, after.totals.params) == (macs_after, params_after)
    assert after.graph.nodes[-1].outputs == before.graph.nodes[-1].outputs
    verification = archcost.verify(changed)
    assert verification.proved, verification.mismatches


def test_there_is_a_case_for_each_rewrite() -> None:
    assert {case[0] for case in CASES.values()} == set(SINGLE)


# rewrite, kernel, stride, dims, and what an output sees then; a stack and ghosts alone see another field
FIELDS = [
    ("reduction", 5, 2, 2, 5),
    ("stacked_3x3", 5, 1, 2, 5),  # 3 + 2
    ("stacked_3x3", 7, 1, 2, 7),  # 3 + 2 + 2
    ("stacked_3x3", 7, 2, 2, 11),  # 3 + 2·2 + 2·2
    ("asymmetric", 5, 2, 2, 5),
    ("factored_3d", 3, 2, 3, 3),
    ("dilated", 5, 2, 2, 5),
    ("separable", 5, 2, 2, 5),
    ("grouped", 5, 2, 2, 5),
    ("fire", 3, 2, 2, 3),
    ("ghost", 5, 1, 2, 7),  # 5 + 2
    ("ghost", 5, 2, 2, 9),  # 5 + 2·2
]


@pytest.mark.parametrize(("name", "kernel", "stride", "ndim", "field"), FIELDS)
def test_an_output_sees_what_the_docstring_says(name: str, kernel: int, stride: int, ndim: int, field: int) -> None:
    conv = f"conv{ndim}d: {{out_channels: 64, kernel_size: {kernel}, stride: {stride}, padding: {kernel // 2}}}"
    text = spec(", ".join(["64", *["20"] * ndim]), conv)
    before, after = (analyzed(one).receptive_fields()[-1] for one in (text, rewritten(text, name)))
    assert before is not None
    assert after is not None
    assert (before.size, after.size) == ((kernel,) * ndim, (field,) * ndim)
    assert before.jump == after.jump == (stride,) * ndim


# what no rewrite is for, or none of these: the rewrites, input, convolution, what stands behind it
REFUSED: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "a 1×1 has no kernel to make smaller": (
        ("asymmetric", "dilated", "fire", "reduction", "separable", "stacked_3x3"),
        "64, 14, 14",
        "conv2d: {out_channels: 64, kernel_size: 1}",
        "relu",
    ),
    "the filters of a depthwise convolution see one channel already": (
        tuple(name for name in SINGLE if name != "dilated"),
        "64, 14, 14",
        "conv2d: {out_channels: 64, kernel_size: 5, padding: 2, groups: 64}",
        "relu",
    ),
    "of an image nothing is left to split": (
        ("separable", "grouped", "fire", "ghost", "reduction"),
        "4, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: 3, padding: 1}",
        "relu",
    ),
    "ResNet's stem: three 3×3 would cost more": (
        ("stacked_3x3", "reduction"),
        "3, 224, 224",
        "conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3, bias: false}",
        "batch_norm2d relu",
    ),
    "a reduced convolution is not reduced again": (
        ("reduction",),
        "16, 28, 28",
        "conv2d: {out_channels: 32, kernel_size: 5, padding: 2}",
        "relu",
    ),
    "no stack of 3×3 spans an even kernel": (
        ("stacked_3x3", "dilated", "fire"),
        "64, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: 4, padding: 2}",
        "relu",
    ),
    "nor is there one for a strip": (
        ("stacked_3x3", "asymmetric", "dilated"),
        "64, 17, 17",
        "conv2d: {out_channels: 64, kernel_size: [1, 5], padding: same}",
        "relu",
    ),
    "no padding of a first 3×3 makes up for what the later ones take off a strided map": (
        ("stacked_3x3",),
        "64, 56, 56",
        "conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 1}",
        "relu",
    ),
    "reflection may find no more to reflect in the map of the first": (
        ("stacked_3x3",),
        "64, 56, 56",
        "conv2d: {out_channels: 64, kernel_size: 5, stride: 4, padding: 2, padding_mode: reflect}",
        "relu",
    ),
    "maps above 20 are early ones": (
        ("asymmetric",),
        "64, 17, 21",
        "conv2d: {out_channels: 64, kernel_size: 3, padding: 1}",
        "relu",
    ),
    "the 1×1 of a fire module would be larger than its 3×3": (
        ("fire",),
        "64, 28, 28",
        "conv2d: {out_channels: 64, kernel_size: 3}",
        "relu",
    ),
    "7 channels are not squeezed to an eighth": (
        ("fire", "grouped", "ghost"),
        "64, 28, 28",
        "conv2d: {out_channels: 7, kernel_size: 3, padding: 1}",
        "relu",
    ),
    "maps of 1×1 have no neighbours": (
        ("ghost", "grouped"),
        "64, 1, 1",
        "conv2d: {out_channels: 16, kernel_size: 1}",
        "sigmoid",
    ),
    "frozen weights are kept": (
        SINGLE,
        "64, 14, 14",
        "conv2d: {out_channels: 64, kernel_size: 5, padding: 2}, requires_grad: false",
        "relu",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_apply_is_not_found(name: str) -> None:
    rewrites, size, conv, behind = REFUSED[name]
    report = analyzed(spec(size, conv, behind))
    assert [rewrite for rewrite in rewrites if found(report, rewrite, "conv")] == []


def test_shared_weights_stay() -> None:
    text = """\
archcost: 1
name: shared
input: [64, 14, 14]
layers:
  - {id: conv, conv2d: {out_channels: 64, kernel_size: 5, padding: 2}}
  - relu
  - {id: again, conv2d: {out_channels: 64, kernel_size: 5, padding: 2}, share: conv}
  - {id: own, conv2d: {out_channels: 64, kernel_size: 5, padding: 2}}
"""
    report = analyzed(text)
    for path in ("conv", "again"):
        assert [name for name in SINGLE if found(report, name, path)] == []
    assert found(report, "reduction", "own")


def test_what_is_reduced_is_not_reduced_again() -> None:
    """The 3×3 of a bottleneck reads a 1×1 from 256 to 64 channels; one from 64 to 256 would be no reduction."""
    text = """\
archcost: 1
name: bottleneck
input: [256, 14, 14]
layers:
  - conv2d: {out_channels: 64, kernel_size: 1, bias: false}
  - batch_norm2d
  - relu
  - {id: conv, conv2d: {out_channels: 64, kernel_size: 3, padding: 1, bias: false}}
"""
    for name in ("reduction", "fire"):
        assert found(analyzed(text), name, "conv") is None
        assert found(analyzed(text.replace("[256,", "[32,")), name, "conv")


BETWEEN = {
    "norm and activation behind it": (
        "{id: conv, CONV}\n  - batch_norm2d: {eps: 0.001}\n  - dropout: 0.1\n  - leaky_relu: 0.1",
        ("batch_norm2d: {eps: 0.001}", "leaky_relu: {negative_slope: 0.1}"),
    ),
    "the last of a residual branch: its norm, and the activation of the branch": (
        "residual: [conv2d: {out_channels: 64, kernel_size: 1}, relu6, {id: conv, CONV}, batch_norm2d]",
        ("batch_norm2d", "relu6"),
    ),
    "norm and activation in front of it": (
        "residual: [batch_norm2d, silu, dropout: 0.5, {id: conv, CONV}]",
        ("batch_norm2d", "silu"),
    ),
    "no norm of groups, which not all channels split into": (
        "{id: conv, CONV}\n  - group_norm: 32\n  - silu",
        ("silu",),
    ),
    "but one of all channels": (
        "{id: conv, CONV}\n  - group_norm: 1\n  - silu",
        ("group_norm: {num_groups: 1}", "silu"),
    ),
    "a gate that halves the channels is none": ("{id: conv, CONV}\n  - glu: 1", ()),
    "what several read is nobody's": (
        "{id: conv, CONV}\n  - {relu, id: one}\n  - {add, from: [one, conv]}",
        (),
    ),
}


@pytest.mark.parametrize("name", BETWEEN)
def test_new_layers_have_the_norm_and_activation_of_the_old_one(name: str) -> None:
    steps, between = BETWEEN[name]
    conv = "conv2d: {out_channels: 64, kernel_size: 3, padding: 1}"
    report = analyzed(f"archcost: 1\nname: one\ninput: [64, 14, 14]\nlayers:\n  - {steps.replace('CONV', conv)}\n")
    (path,) = [layer.path for layer in report.layers if layer.path.rpartition(".")[2] == "conv"]
    _, *found_between, _ = body_of(found(report, "reduction", path)).steps
    assert tuple(found_between) == between


def test_values_stay_as_they_are_written() -> None:
    """A step in a block hands its expressions on, so that one body serves all uses of the block."""
    text = """\
archcost: 1
name: uses
params: {width: 2}
input: [64, 28, 28]
blocks:
  conv_relu:
    params: {out: , kernel: 3}
    layers:
      - {id: conv, conv2d: {out_channels: $(out * width), kernel_size: $kernel, padding: $(kernel // 2)}}
      - relu
layers:
  - {id: one, conv_relu: {out: 32}}
  - {id: two, conv_relu: {out: 16}}
"""
    report = analyzed(text)
    for name in ("reduction", "separable", "grouped", "ghost", "fire"):
        one, two = (body_of(found(report, name, f"{path}.conv")) for path in ("one", "two"))
        assert one == two
        changed = analyzed(rewritten(text, name, "one.conv"))
        assert changed.graph.nodes[-1].outputs == report.graph.nodes[-1].outputs
        assert changed.totals.macs < report.totals.macs


def _per_dim(values: st.SearchStrategy[int], ndim: int) -> st.SearchStrategy[Any]:
    """One number for all dims, mostly, or one for each."""
    return values | values | st.lists(values, min_size=ndim, max_size=ndim)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[int, int, str]:
    """Dims, channels and a step, which need not fit any input."""
    ndim = draw(st.sampled_from([1, 2, 2, 2, 3]))
    kernel = draw(_per_dim(st.sampled_from([1, 2, 3, 3, 4, 5, 5, 7, 7]), ndim))
    attributes: dict[str, Any] = {"out_channels": draw(st.integers(1, 48)), "kernel_size": kernel}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "stride": _per_dim(st.integers(1, 3), ndim),
        "dilation": _per_dim(st.integers(1, 2), ndim),
        "padding": _per_dim(st.integers(0, 4), ndim) | st.sampled_from(["same", "valid"]),
        "bias": st.sampled_from(["true", "false"]),
        "padding_mode": st.sampled_from(["zeros", "zeros", "reflect", "circular", "replicate"]),
    }
    attributes |= {name: draw(values) for name, values in optional.items() if draw(st.booleans())}
    if draw(st.booleans()) and isinstance(kernel, int):
        attributes["padding"] = kernel // 2  # what most networks have
    written = ", ".join([f"{name}: {value}" for name, value in attributes.items()])
    return ndim, draw(st.integers(1, 48)), f"conv{ndim}d: {{{written}}}"


def _outputs(one: Spec, channels: int, sizes: list[int]) -> tuple[TensorType, ...] | None:
    """The outputs on an input of other sizes; None if the spec does not take it."""
    try:
        return archcost.analyze(one, inputs={"input": [channels, *sizes]}).graph.nodes[-1].outputs
    except archcost.SpecError:
        return None


@given(convolutions(), st.data())
@settings(max_examples=examples(120), deadline=None)
def test_any_rewrite_keeps_the_outputs_of_all_sizes_and_saves(drawn: tuple[int, int, str], data: st.DataObject) -> None:
    ndim, channels, conv = drawn
    size = st.lists(st.integers(1, 24 if ndim < 3 else 10), min_size=ndim, max_size=ndim)
    sizes = data.draw(size)
    behind = data.draw(st.sampled_from(["", "relu", f"batch_norm{ndim}d silu"]))
    text = spec(", ".join(map(str, [channels, *sizes])), conv, behind)
    try:
        before = analyzed(text)
    except archcost.SpecError:
        assume(False)
    others = [(other, _outputs(before.spec, channels, other)) for other in data.draw(st.lists(size, max_size=4))]
    for name in SINGLE:
        if found(before, name, "conv"):
            after = analyzed(rewritten(text, name))
            assert after.graph.nodes[-1].outputs == before.graph.nodes[-1].outputs
            macs, params = after.totals.macs - before.totals.macs, after.totals.params - before.totals.params
            assert max(macs, params) <= 0 > min(macs, params), (name, macs, params)
            for other, outputs in others:
                assert outputs is None or _outputs(after.spec, channels, other) == outputs, (name, other)
