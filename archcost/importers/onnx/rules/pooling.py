"""Pooling over windows, and over all places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, rule, window
from archcost.importers.onnx.rules.shape import padded

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_DIMS = (1, 2, 3)
_CHANNELS = 2  # dims before the spatial ones


@rule("MaxPool")
def max_pool(maker: OnnxMaker) -> int | list[int]:
    """The greatest of each window, and its place on demand."""
    moved, kind = window(maker, maker.attribute("kernel_shape")), _kind(maker, "max_pool")
    places = maker.is_read(1)
    value = maker.value(0)
    attributes: dict[str, Attribute] = {
        "kernel_size": moved.kernel,
        "dilation": moved.dilation,
        "ceil_mode": bool(maker.attribute("ceil_mode", 0)),
        "return_indices": places,
        "stride": moved.stride,
    }
    if moved.is_even:
        attributes["padding"] = moved.before
    else:
        value = padded(maker, value, moved.before, moved.after)
    found = maker.steps(kind, [value], _by_default(attributes))
    return found if places else found[0]


@rule("AveragePool")
def avg_pool(maker: OnnxMaker) -> int:
    """The mean of each window."""
    moved, kind = window(maker, maker.attribute("kernel_shape")), _kind(maker, "avg_pool")
    if set(moved.dilation) != {1}:
        raise Unmapped("its window is dilated")
    value, whole = maker.value(0), bool(maker.attribute("count_include_pad", 0))
    attributes: dict[str, Attribute] = {
        "kernel_size": moved.kernel,
        "ceil_mode": bool(maker.attribute("ceil_mode", 0)),
        "stride": moved.stride,
    }
    if not moved.is_even:
        value = padded(maker, value, moved.before, moved.after)
    elif any(moved.before):
        attributes |= {"padding": moved.before, "count_include_pad": whole}
    return maker.step(kind, [value], _by_default(attributes))


def _by_default(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """Without a stride that is the size of the window, which is the default."""
    if attributes["stride"] == attributes["kernel_size"]:
        del attributes["stride"]
    return attributes


@rule("GlobalAveragePool")
def global_avg_pool(maker: OnnxMaker) -> int:
    """The mean of all places."""
    return maker.step(_kind(maker, "adaptive_avg_pool"), [maker.value(0)], {"output_size": 1})


@rule("GlobalMaxPool")
def global_max_pool(maker: OnnxMaker) -> int:
    """The greatest of all places."""
    return maker.step(_kind(maker, "adaptive_max_pool"), [maker.value(0)], {"output_size": 1})


def _kind(maker: OnnxMaker, stem: str) -> str:
    count = maker.rank(0) - _CHANNELS
    if count not in _DIMS:
        raise Unmapped(f"archcost has no pool over {count} dims")
    return f"{stem}{count}d"
