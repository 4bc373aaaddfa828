"""Convolutions, and transposed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, rule, window
from archcost.importers.onnx.rules.shape import padded
from archcost.importers.onnx.values import Known, Stored

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_MOST_DIMS = 3


@rule("Conv")
def convolution(maker: OnnxMaker) -> int:
    """A convolution; on a given weight where that is computed."""
    return convolved(maker, 0, 1, 2)


def convolved(maker: OnnxMaker, value: int, weight: int, bias: int) -> int:
    """A convolution of the inputs at these places."""
    shape = maker.shape(weight)
    kernel = tuple([size for size in shape[2:] if isinstance(size, int)])
    moved = window(maker, kernel)
    if not 1 <= len(kernel) <= _MOST_DIMS:
        raise Unmapped(f"archcost has no convolution over {len(kernel)} dims")
    data = maker.value(value)
    attributes: dict[str, Attribute] = {
        "stride": moved.stride,
        "dilation": moved.dilation,
        "groups": maker.attribute("group", 1),
    }
    if moved.is_even:
        attributes["padding"] = moved.before
    else:
        data = padded(maker, data, moved.before, moved.after)
    kind, held = f"conv{len(kernel)}d", maker.stored(weight)
    if held is None:
        return with_bias(maker, maker.step(f"functional_{kind}", [data, maker.value(weight)], attributes), bias)
    return _layer(maker, kind, data, attributes | {"out_channels": shape[0], "kernel_size": kernel}, held, bias)


@rule("ConvTranspose")
def transposed(maker: OnnxMaker) -> int:
    """A transposed convolution; its weight is (in, out / groups, *kernel)."""
    weight, shape = maker.stored(1), maker.shape(1)
    if weight is None:
        raise Unmapped("its weight is computed")
    kernel = tuple([size for size in shape[2:] if isinstance(size, int)])
    groups = maker.attribute("group", 1)
    moved = window(maker, kernel)
    if not 1 <= len(kernel) <= _MOST_DIMS or maker.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Unmapped("how it is padded has no op")
    if maker.attribute("output_shape"):
        raise Unmapped("its padding follows from the shape of its output")
    more = maker.attribute("output_padding") or (0,) * len(kernel)
    extra = tuple([each + before - after for each, before, after in zip(more, moved.before, moved.after, strict=True)])
    attributes: dict[str, Attribute] = {
        "out_channels": weight.shape[1] * groups,
        "kernel_size": kernel,
        "stride": moved.stride,
        "padding": moved.before,
        "output_padding": extra,
        "dilation": moved.dilation,
        "groups": groups,
    }
    return _layer(maker, f"conv_transpose{len(kernel)}d", maker.value(0), attributes, weight, 2)


def _layer(maker: OnnxMaker, kind: str, data: int, attributes: dict[str, Attribute], weight: Stored, bias: int) -> int:
    """A layer with its weight, and with its bias if the file stores one."""
    tensors = {"weight": weight}
    held = maker.stored(bias)
    if held is not None:
        tensors["bias"] = held
    (found,) = maker.layer(kind, [data], attributes | {"bias": held is not None}, tensors)
    return found if held is not None else with_bias(maker, found, bias)


def with_bias(maker: OnnxMaker, value: int, place: int, dim: int = 1) -> int:
    """A value, and a bias for each position along ``dim``; nothing is added where all of it is 0."""
    if not maker.has(place):
        return value
    bias = maker.given(place)
    if isinstance(bias, Known) and not any(map(any, bias.data)):
        return value
    added, rank = maker.value(place), len(maker.tensor(value).shape)
    if len(maker.tensor(added).shape) == 1 and rank - dim > 1:
        added = maker.step("reshape", [added], {"shape": (*maker.tensor(added).shape, *(1,) * (rank - dim - 1))})
    return maker.step("add", [value, added])
