"""Receptive fields against gradients: what PyTorch says reaches an output is what the fields say."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from archcost.analysis.receptive_algebra import source_field
from archcost.analysis.receptive_field import Fields, spatial_dims, trace
from archcost.errors import SpecError
from archcost.graph.unroll import unroll
from tests.profiles import examples
from tests.pytorch.reach import Interval, predicted, reached
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers


def intervals(parts: dict[str, Any]) -> list[tuple[Interval, Interval, int]]:
    """Along each axis at each position of the output: what gradients reach, what the fields say, and the axis' size."""
    graph = unroll(document(parts))
    source = next(iter(graph.inputs.values()))
    places = range(len(graph.nodes))
    axes = spatial_dims(graph, places, -1, source)
    value = graph.outputs[0]
    if value < 0:
        return []  # an input itself
    fields = trace(graph, places, -1, Fields((source_field(source.shape, axes),), folded=False)).get(value)
    index, output = graph.producers()[value]
    shape = graph.nodes[index].signature.outputs[output].shape
    found = []
    for position, real in reached(graph, axes):
        told = [predicted(field, position, shape) for field in fields.fields] if fields else []
        for axis, interval in enumerate(real):
            low = min([each[axis][0] for each in told], default=0)
            found.append((interval, (low, max([each[axis][1] for each in told], default=-1)), source.shape[axes[axis]]))
    return found


EVERYWHERE, INSIDE, WITHIN = "everywhere", "inside", "within"
MARGIN = 5  # more than any stride leaves over at the end of an input of these tests


def assert_holds(parts: dict[str, Any], exact: str, margin: int = MARGIN) -> int:
    """Nothing beyond a field is reached; all of it is, ``everywhere`` or only ``inside``, away from the borders."""
    inside = 0
    for (first, last), (low, high), size in intervals(parts):
        clipped = (max(low, 0), min(high, size - 1))
        if first <= last:
            assert clipped[0] <= first
            assert last <= clipped[1]
        if exact == EVERYWHERE or (exact == INSIDE and low >= 0 and high < size - margin):
            assert (first, last) == clipped or first > last  # an output between the taps of a transposed convolution
            inside += 1
    return inside


def conv(kernel: int = 3, stride: int = 1, padding: int = 0, dilation: int = 1, **more: Any) -> dict[str, Any]:
    attributes = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    return {"conv1d": {"out_channels": 2, **attributes, **more}}


def up(**attributes: Any) -> dict[str, Any]:
    return {"upsample": attributes}


def transposed(kernel: int, stride: int, padding: int = 0, **more: Any) -> dict[str, Any]:
    attributes = {"kernel_size": kernel, "stride": stride, "padding": padding}
    return {"conv_transpose1d": {"out_channels": 2, **attributes, **more}}


def pool(kind: str, kernel: int, stride: int, padding: int = 0, **more: Any) -> dict[str, Any]:
    return {kind: {"kernel_size": kernel, "stride": stride, "padding": padding, **more}}


EXACT: dict[str, list[Any]] = {
    "one": [conv(3, padding=1)],
    "even": [conv(4), conv(2, padding=1)],
    "dilated": [conv(3, padding=d, dilation=d) for d in (1, 2, 4)],
    "strided": [conv(7, 2, 3), pool("max_pool1d", 3, 2, 1), conv(3, 2, 1), conv(3, padding=1)],
    "ceil": [pool("max_pool1d", 3, 2, ceil_mode=True), pool("avg_pool1d", 2, 3, 1, ceil_mode=True)],
    "transposed": [transposed(4, 2, 1)],
    "transposed with holes": [transposed(1, 2)],
    "holes that are filled": [transposed(1, 3), conv(2)],
    "transposed, wide": [transposed(7, 3, 2, output_padding=1), conv(3)],
    "down and up": [conv(4, 2, 1), conv(4, 2, 1), transposed(4, 2, 1), transposed(4, 2, 1), conv(3, padding=1)],
    "nearest": [up(scale_factor=2), conv(4)],
    "nearest after a stride": [conv(3, 2), up(scale_factor=2), conv(2)],
    "nearest by three, then a stride": [up(scale_factor=3), conv(2, 2)],
    "nearest-exact": [up(size=17, mode="nearest-exact"), conv(3)],
    "uneven": [up(size=17), conv(2), up(scale_factor=1.5)],
    "smaller": [up(size=7), conv(2)],
    "adaptive": [{"adaptive_avg_pool1d": {"output_size": 5}}],
    "adaptive, even": [{"adaptive_avg_pool1d": {"output_size": 8}}, conv(2)],
    "adaptive to more": [{"adaptive_max_pool1d": {"output_size": 31}}, conv(3)],
    "global": [conv(3, padding=1), {"adaptive_avg_pool1d": {"output_size": 1}}],
    "global window": [conv(3, 2), pool("avg_pool1d", 11, 11)],
    "mean": [conv(5, 5), {"mean": {"dim": -1}}],
    "flatten and linear": [conv(3, 3), "flatten", {"linear": {"out_features": 2}}],
    "cropped": [conv(3), {"slice": {"dim": 2, "start": 3, "end": -2, "step": 2}}],
    "padded": [{"pad": {"pad": [2, 1]}}, conv(3)],
    "glu": [{"glu": {"dim": 2}}, conv(3)],
    "softmax": [conv(3), {"softmax": {"dim": 2}}],
    "pieces": [{"chunk": {"chunks": 2, "dim": 2}, "id": "c"}, {**conv(3), "from": "c.1"}],
    "space to channels": [{"reshape": {"shape": [1, 2, 8, 3]}}, {"permute": {"dims": [0, 1, 3, 2]}},
                          {"reshape": {"shape": [1, 6, 8]}}, conv(2)],
    "residual": [conv(3, padding=1), {**conv(3, padding=1), "id": "c"}, {"add": None, "from": ["c", "conv1d"]},
                 conv(2)],
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_fields_are_exact(name: str) -> None:
    assert_holds({"input": [2, 24], "layers": EXACT[name]}, EVERYWHERE)


EXACT_INSIDE: dict[
    str, list[Any]
] = {  # at the border a tap falls into the padding, and the next one on the other side of a gap
    "dilated pool": [pool("max_pool1d", 3, 2, 1, dilation=2)],
    "same": [conv(4) | {}, {"conv1d": {"out_channels": 1, "kernel_size": 4, "padding": "same", "dilation": 2}}],
}


@pytest.mark.parametrize("name", EXACT_INSIDE)
def test_fields_are_exact_away_from_the_border(name: str) -> None:
    assert assert_holds({"input": [2, 24], "layers": EXACT_INSIDE[name]}, INSIDE)


BOUNDED: dict[str, list[Any]] = {
    "linear": [up(scale_factor=2, mode="linear"), conv(2)],
    "linear, aligned": [up(size=15, mode="linear", align_corners=True), conv(2)],
    "transposed, dilated: later outputs read earlier inputs": [transposed(3, 3, 1, dilation=2)],
    "reversed parts": [{"reshape": {"shape": [1, 4, 12]}}, conv(3)],
    "torn parts": [{"reshape": {"shape": [1, 16, 3]}}, {"permute": {"dims": [0, 2, 1]}}, conv(3)],
}


@pytest.mark.parametrize("name", BOUNDED)
def test_nothing_beyond_the_field_is_reached(name: str) -> None:
    assert_holds({"input": [2, 24], "layers": BOUNDED[name]}, WITHIN)


IMAGES: dict[str, Any] = {
    "inception": {
        "concat": None,
        "branches": {
            "1": [{"conv2d": {"out_channels": 1, "kernel_size": 1}}],
            "5": [{"conv2d": {"out_channels": 1, "kernel_size": 5, "padding": 2}}],
            "pool": [{"max_pool2d": {"kernel_size": [3, 1], "stride": 1, "padding": [1, 0]}}],
        },
    },
    "bilinear": {"upsample": {"scale_factor": [2, 3], "mode": "bilinear"}},
    "bicubic": {"upsample": {"size": [13, 18], "mode": "bicubic"}},
    "oblong": {"conv2d": {"out_channels": 1, "kernel_size": [3, 2], "stride": [1, 2], "dilation": [2, 1]}},
    "rows": {"mean": {"dim": 2, "keepdim": True}},
    "unshuffled": {"pixel_unshuffle": {"downscale_factor": 3}},
    "shuffled": {"pixel_shuffle": {"upscale_factor": 2}},
}


@pytest.mark.parametrize("name", IMAGES)
def test_each_axis_has_its_field(name: str) -> None:
    after = {"conv2d": {"out_channels": 1, "kernel_size": [2, 1]}} if name != "rows" else "relu"
    exact = WITHIN if name in ("bilinear", "bicubic") else EVERYWHERE
    assert_holds({"input": [4, 9, 6], "layers": [IMAGES[name], after]}, exact)


NOT_FOLLOWED = ("roll", "circular", "reflect", "replicate")  # wrapping, and paddings that are copied from inside


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """A layer over a signal: windows, their transposes, and changes of resolution."""
    kind = draw(st.sampled_from(("conv", "conv", "pool", "transposed", "nearest", "adaptive")))
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, kernel // 2))
    if kind == "conv":
        return conv(kernel, stride, padding)
    if kind == "pool":
        return pool("max_pool1d", kernel, stride, padding, ceil_mode=draw(st.booleans()))
    if kind == "transposed":
        kernel = max(kernel, stride)  # a shorter one leaves gaps, which a field spans and no gradient reaches
        return transposed(kernel, stride, min(padding, 1), output_padding=draw(st.integers(0, stride - 1)))
    if kind == "nearest":
        return up(scale_factor=draw(st.sampled_from((2, 3, 1.5, 0.5))))
    return {"adaptive_avg_pool1d": {"output_size": draw(st.integers(1, 12))}}


@settings(max_examples=examples(60, usual=25), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps(), min_size=1, max_size=5))
def test_random_chains_of_windows(chain: list[dict[str, Any]]) -> None:
    parts = {"input": [1, 60], "layers": chain}
    try:
        unroll(document(parts))
    except SpecError:
        return
    assert_holds(parts, INSIDE, margin=30)


@settings(
    max_examples=examples(60, usual=25),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(layers())
def test_random_graphs_reach_nothing_beyond_their_fields(parts: dict[str, Any]) -> None:
    text = str(parts)
    if parts["layers"] and not any(word in text for word in NOT_FOLLOWED):
        assert_holds(parts, WITHIN)
