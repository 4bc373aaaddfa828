"""The kernels of layers: bytes, products and dtypes, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.analysis.report import analyze
from archcost.settings import Settings
from archcost.spec.loader import loads
from archcost.timing.eager import eager_kernels
from archcost.timing.fusion import Fusion
from archcost.timing.kernels import DeviceKernel, Pipe, RunMode
from archcost.timing.layers import Layers

if TYPE_CHECKING:
    from archcost.analysis.report import Report

HEAD = "archcost: 1\nname: net\n"
PLAIN = RunMode()
AUTOCAST = RunMode(mixed="float16")
COMPILED = RunMode(mixed="float16", compiled=True)


def report_of(text: str, batch: int = 1, *, training: bool = False, dtype: str | None = None) -> Report:
    return analyze(loads(HEAD + text), Settings(batch=batch, training=training, dtype=dtype))


def eager(text: str, run: RunMode = PLAIN, batch: int = 1, dtype: str | None = None) -> list[DeviceKernel]:
    return eager_kernels(Layers(report_of(text, batch, dtype=dtype), run))


def moved(kernels: list[DeviceKernel]) -> list[tuple[int, int, int]]:
    """Bytes read, written, and of weights, of each kernel."""
    return [(kernel.read, kernel.written, kernel.weights) for kernel in kernels]


CONV = "input: [64, 28, 28]\nlayers:\n  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1, bias: false}\n"
IN, OUT, WEIGHTS = 64 * 28 * 28, 32 * 28 * 28, 32 * 64 * 3 * 3


def test_a_convolution_in_float32_is_one_kernel() -> None:
    (kernel,) = eager(CONV)
    assert kernel == DeviceKernel(
        0, Pipe.CONVOLUTION, "float32", 28 * 28 * 32 * 64 * 3 * 3, 0, 4 * IN, 4 * OUT, 4 * WEIGHTS
    )


def test_under_autocast_inputs_and_weights_are_cast_and_the_layout_is_changed() -> None:
    kernels = eager(CONV, AUTOCAST)
    assert moved(kernels) == [
        (4 * IN, 2 * IN, 0),  # float32 to float16
        (0, 2 * WEIGHTS, 4 * WEIGHTS),
        (2 * (IN + OUT), 2 * (IN + OUT), 0),  # NCHW to NHWC, and back
        (2 * IN, 2 * OUT, 2 * WEIGHTS),
    ]
    assert [kernel.launches for kernel in kernels] == [1, 1, 0, 1]  # the library does the third within the fourth


@pytest.mark.parametrize(
    ("run", "conversions"),
    [
        (AUTOCAST, 1),
        (AUTOCAST._replace(channels_last=True), 0),
        (AUTOCAST._replace(tensor_cores=False), 0),
        (RunMode(), 0),  # float32 has no such kernels
    ],
)
def test_only_tensor_cores_in_channels_first_convert(run: RunMode, conversions: int) -> None:
    assert sum(kernel.launches == 0 for kernel in eager(CONV, run)) == conversions


@pytest.mark.parametrize(
    ("attributes", "pipe", "macs"),
    [
        # 64 channels in, positions 28 × 28
        ("out_channels: 32, kernel_size: 1", Pipe.POINTWISE, 28 * 28 * 32 * 64),
        ("out_channels: 64, kernel_size: 3, padding: 1, groups: 64", Pipe.DEPTHWISE, 28 * 28 * 64 * 3 * 3),
        # 16 groups of 4 channels: padded to 8, in and out
        ("out_channels: 64, kernel_size: 3, padding: 1, groups: 16", Pipe.GROUPED, 28 * 28 * 64 * 8 * 3 * 3 * 2),
    ],
)
def test_what_a_convolution_is_and_what_it_issues(attributes: str, pipe: Pipe, macs: int) -> None:
    kernel = eager(f"input: [64, 28, 28]\nlayers:\n  - conv2d: {{{attributes}, bias: false}}\n", dtype="float16")[-1]
    assert (kernel.pipe, kernel.macs) == (pipe, macs)


def test_channels_are_padded_to_eights_in_half_precision_alone() -> None:
    text = "input: [3, 32, 32]\nlayers:\n  - conv2d: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}\n"
    plain = 32 * 32 * 16 * 3 * 3 * 3
    assert eager(text)[-1].macs == plain
    assert eager(text, dtype="float16")[-1].macs == plain // 3 * 8


def test_the_bias_of_a_convolution_is_a_pass_and_that_of_a_linear_layer_none() -> None:
    conv = eager(CONV.replace("bias: false", "bias: true"))
    assert moved(conv)[1:] == [(4 * OUT, 4 * OUT, 0)]
    linear = eager("input: [64]\nlayers:\n  - linear: 10\n", batch=8)
    assert moved(linear) == [(4 * 8 * 64, 4 * 8 * 10, 4 * (64 * 10 + 10))]


def test_quantised_weights_are_read_as_they_are_stored() -> None:
    text = "input: [64]\nlayers:\n  - {linear: {out_features: 32, bias: false}}\n"
    report = analyze(loads(HEAD + text), Settings(dtype="float16", weight_dtype="int4"))
    (kernel,) = eager_kernels(Layers(report, PLAIN))
    assert kernel.weights == 64 * 32 // 2


ATTENTION = "input: [4, 16, 8]\nlayers:\n  - {scaled_dot_product_attention, from: [input, input, input]}\n"
TOKENS, SCORES = 4 * 16 * 8, 4 * 16 * 16


def test_fused_attention_keeps_its_scores_and_plain_attention_writes_them() -> None:
    (fused,) = eager(ATTENTION, dtype="float16")
    assert (fused.read, fused.written, fused.launches) == (2 * TOKENS, 2 * TOKENS, 1)
    *passes, products = eager(ATTENTION, PLAIN._replace(plain_attention=True), dtype="float16")
    assert moved(passes) == [(2 * SCORES, 2 * SCORES, 0)] * 2  # the scale, and the softmax
    assert (products.read, products.written, products.launches) == (2 * (TOKENS + SCORES), 2 * (TOKENS + SCORES), 2)
    assert products.macs == fused.macs == 2 * SCORES * 8


def test_under_autocast_the_softmax_of_plain_attention_is_in_float32() -> None:
    kernels = eager(ATTENTION, AUTOCAST._replace(plain_attention=True))
    assert moved(kernels)[-5:-1] == [
        (2 * SCORES, 2 * SCORES, 0),  # the scale
        (2 * SCORES, 4 * SCORES, 0),  # to float32
        (4 * SCORES, 4 * SCORES, 0),
        (4 * SCORES, 2 * SCORES, 0),  # and back
    ]


@pytest.mark.parametrize(
    "step",
    [
        "reshape: [64, 16]",
        "permute: [0, 2, 1]",
        "unsqueeze: 1",
        "dropout",
        "identity",
        "chunk: {chunks: 2, dim: 1}",
        "expand: [-1, 16, 64]",
    ],
)
def test_views_are_free(step: str) -> None:
    assert eager(f"input: [16, 64]\nlayers:\n  - {step}\n") == []


def test_what_is_read_transposed_is_read_twice() -> None:
    steps = "input: [16, 64]\nlayers:\n{}  - relu\n"
    size = 4 * 16 * 64
    assert moved(eager(steps.format(""))) == [(size, size, 0)]
    assert moved(eager(steps.format("  - transpose: {dim0: 1, dim1: 2}\n"))) == [(2 * size, size, 0)]


def test_what_a_broadcast_repeats_is_read_once() -> None:
    text = "input: [1, 64]\nlayers:\n  - expand: [-1, 16, 64]\n  - relu\n"
    assert moved(eager(text)) == [(4 * 64, 4 * 16 * 64, 0)]


def test_a_tensor_that_comes_in_twice_is_read_once() -> None:
    text = "input: [64]\nlayers:\n  - {add, from: [input, input]}\n"
    assert moved(eager(text)) == [(4 * 64, 4 * 64, 0)]


def test_norms_over_groups_read_their_input_twice() -> None:
    text = "input: [32, 8, 8]\nlayers:\n  - group_norm: {num_groups: 4}\n"
    size = 4 * 32 * 8 * 8
    assert moved(eager(text)) == [(2 * size, size, 0)]


def test_autocast_runs_norms_in_float32_and_what_follows_in_the_widest() -> None:
    text = "input: [64]\nlayers:\n  - linear: 64\n  - layer_norm: 64\n  - relu\n  - linear: 8\n"
    kernels = eager(text, AUTOCAST, batch=10)
    n = 10 * 64
    passes = [moved([kernel])[0] for kernel in kernels if not kernel.macs and kernel.read]
    assert passes == [
        (4 * n, 2 * n, 0),  # the input, for the first linear layer
        (2 * n, 4 * n, 0),  # its output, for the norm
        (4 * n, 4 * n, 0),  # the norm
        (4 * n, 4 * n, 0),  # relu
        (4 * n, 2 * n, 0),  # its output, for the second
    ]


def test_attention_is_fused_and_written_out_it_is_not() -> None:
    fused = "input: [4, 128, 32]\nlayers:\n  - {scaled_dot_product_attention, from: [input, input, input]}\n"
    (kernel,) = eager(fused)
    size = 4 * 4 * 128 * 32
    assert (kernel.read, kernel.written) == (size, size)  # one tensor for all three; no scores
    assert kernel.macs == 2 * 4 * 128 * 128 * 32
    out = (
        "input: [4, 128, 32]\nlayers:\n  - {transpose: {dim0: 2, dim1: 3}, id: keys}\n"
        "  - {matmul, from: [input, keys]}\n  - softmax: -1\n  - {matmul, from: [softmax, input]}\n"
    )
    scores = 4 * 4 * 128 * 128
    assert moved(eager(out))[1] == (scores, scores, 0)


@pytest.mark.parametrize(
    ("shape", "layer", "batch", "launches"),
    [
        ("[50, 16]", "lstm: {hidden_size: 32}", 1, 50),  # positions
        ("[50, 16]", "lstm: {hidden_size: 32}", 512, 50),  # samples go side by side
        ("[50, 16]", "gru: {hidden_size: 32, num_layers: 3}", 2, 50 * 3),
        ("[50, 16]", "rnn: {hidden_size: 32, num_layers: 3, bidirectional: true}", 2, 50 * 3 * 2),
        ("[50, 16]", "lstm: {hidden_size: 32, batch_first: false}", 7, 7),  # dim 0 is then of positions
        ("[16]", "lstm_cell: {hidden_size: 32}", 512, 1),
    ],
)
def test_a_recurrent_layer_launches_for_every_step_of_every_layer(
    shape: str, layer: str, batch: int, launches: int
) -> None:
    (kernel,) = eager(f"input: {shape}\nlayers:\n  - {layer}\n", batch=batch)
    assert kernel.launches == launches


# --- torch.compile ----------------------------------------------------------------------------------------------------

BLOCK = (
    "input: [16, 28, 28]\nlayers:\n"
    "  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1, bias: false}\n"
    "  - batch_norm2d\n  - relu\n"
    "  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1, bias: false}\n"
)
MAP = 32 * 28 * 28


def fused(text: str, run: RunMode = COMPILED) -> list[DeviceKernel]:
    return Fusion(report_of(text), run).kernels()


def test_what_lies_between_products_is_one_kernel() -> None:
    kernels = [kernel for kernel in fused(BLOCK) if not kernel.weights and kernel.node > 0]
    assert moved(kernels) == [(2 * MAP, 2 * MAP, 0)]  # norm and relu: one read, one write
    assert [kernel.macs > 0 for kernel in fused(BLOCK)].count(True) == 2


def test_the_gate_of_a_wide_tensor_reads_it_again() -> None:
    text = BLOCK.rsplit("  - conv2d", 1)[0] + (
        "  - {adaptive_avg_pool2d: 1, id: mean}\n"
        "  - {conv2d: {out_channels: 32, kernel_size: 1, bias: false}, id: gate}\n"
        "  - sigmoid\n  - {mul, from: [relu, sigmoid]}\n"
    )
    wide = [moved([kernel])[0] for kernel in fused(text) if kernel.read >= MAP and not kernel.macs][1:]
    assert wide == [
        (2 * MAP, 2 * MAP, 0),  # norm and relu
        (2 * MAP, 2 * 32, 0),  # the mean
        (2 * MAP + 2 * 32, 2 * MAP, 0),  # the gate, and what it is applied to
    ]


def test_what_is_concatenated_is_written_in_its_place() -> None:
    text = (
        "input: [16, 28, 28]\nlayers:\n  - concat:\n    branches:\n"
        "      a: [{conv2d: {out_channels: 32, kernel_size: 1, bias: false}}, relu]\n"
        "      b: [{conv2d: {out_channels: 32, kernel_size: 1, bias: false}}, relu]\n"
    )
    last = fused(text)[-1]
    assert (last.read, last.written) == (2 * 2 * MAP, 2 * 2 * MAP)


def test_a_bias_is_fused_where_a_pass_follows() -> None:
    with_bias = BLOCK.replace("bias: false", "bias: true")
    assert len(fused(with_bias)) == len(fused(BLOCK)) + 1  # that of the last convolution, which nothing follows
