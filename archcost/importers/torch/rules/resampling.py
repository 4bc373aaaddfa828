"""Interpolation, sampling at places, channels into space, and windows of an image."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.plain_steps import constant
from archcost.importers.torch.rules.arguments import place_of, rank_of, whole, whole_shape
from archcost.importers.torch.rules.base import rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker

_INTERPOLATE = (
    "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None,"
    " antialias=False"
)
_BENT = ("linear", "bilinear", "bicubic", "trilinear")  # modes that know of corners
_LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}


@rule("interpolate", signature=_INTERPOLATE)
@rule("upsample", signature="input, size=None, scale_factor=None, mode='nearest', align_corners=None")
def interpolate(call: BoundCall, maker: Maker) -> int:
    """By ``scale_factor`` where the call has it and it gives the run's size, else by ``size``; by area it is a pool.

    An antialiased one reads more neighbours where it makes the image smaller: it is counted as if it did not.
    """
    value, mode = call.tensor("input"), str(call.get("mode"))
    sizes = whole_shape(call.result.shape[2:], "a size of an image")
    if mode == "area":
        kind = f"adaptive_avg_pool{len(sizes)}d"
        return maker.step(kind, [value], {"output_size": sizes if len(set(sizes)) > 1 else sizes[0]})
    attributes: dict[str, Attribute] = {"mode": mode}
    factor = _factor(call, maker, value)
    if factor is not None:
        attributes["scale_factor"] = factor
    else:
        attributes["size"] = sizes if len(set(sizes)) > 1 else sizes[0]
    if mode in _BENT and call.get("align_corners") is not None:
        attributes["align_corners"] = bool(call.get("align_corners"))
    return maker.step("upsample", [value], attributes)


def _factor(call: BoundCall, maker: Maker, value: int) -> Attribute:
    """The factor of a call, where it makes of the sizes what the run gave."""
    given: Argument = call.get("scale_factor")
    if given is None:
        return None
    before, after = maker.tensor(value).shape[2:], call.result.shape[2:]
    factors = given if type(given) is tuple else (given,) * len(before)
    for size, factor, wanted in zip(before, factors, after, strict=True):
        if isinstance(size, Batched) or isinstance(factor, Batched) or floor(size * factor) != wanted:
            return None
    return factors[0] if len(set(factors)) == 1 else factors


@rule("upsample_nearest", "upsample_bilinear", signature="input, size=None, scale_factor=None")
def upsample(call: BoundCall, maker: Maker) -> int:
    """The older names of two modes; the linear one keeps the corners."""
    value = call.tensor("input")
    call.arguments["mode"] = "nearest"
    if call.function == "upsample_bilinear":
        call.arguments |= {"mode": _LINEAR[rank_of(maker, value)], "align_corners": True}
    return interpolate(call, maker)


@rule("grid_sample", signature="input, grid, mode='bilinear', padding_mode='zeros', align_corners=None")
def grid_sample(call: BoundCall, maker: Maker) -> int:
    """The input at the places that a grid names."""
    attributes: dict[str, Attribute] = {name: call.get(name) for name in ("mode", "padding_mode")}
    attributes["align_corners"] = bool(call.get("align_corners"))
    return maker.step("grid_sample", [call.tensor("input"), call.tensor("grid")], attributes)


@rule("affine_grid", signature="theta, size, align_corners=None")
def affine_grid(call: BoundCall, maker: Maker) -> int:
    """A matrix for each image times the places of a plain grid."""
    theta, shape = call.tensor("theta"), call.result.shape
    *_, axes = shape
    places = 1
    for size in whole_shape(shape[1:-1], "a size of an image"):
        places *= size
    grid = constant(maker, (places, whole(axes, "the number of axes") + 1), maker.tensor(theta).dtype)
    turned = maker.step("matmul", [grid, maker.step("transpose", [theta], {"dim0": 1, "dim1": 2})])
    return maker.step("unflatten", [turned], {"dim": 1, "unflattened_size": shape[1:-1]})


@rule("pixel_shuffle", signature="input, upscale_factor")
@rule("pixel_unshuffle", signature="input, downscale_factor")
def pixel_shuffle(call: BoundCall, maker: Maker) -> int:
    """Channels into space, or back."""
    name = "upscale_factor" if call.function == "pixel_shuffle" else "downscale_factor"
    return maker.step(call.function, [call.tensor("input")], {name: call.get(name)})


@rule(
    "unfold", signature="input, kernel_size=None, dilation=1, padding=0, stride=1, dimension=None, size=None, step=None"
)
def unfold(call: BoundCall, maker: Maker) -> int:
    """Windows of an image as columns (``F.unfold``), or windows along a dim as a new last one (``Tensor.unfold``)."""
    value = call.tensor("input")
    rank = rank_of(maker, value)
    if len(call.result.shape) < rank:
        attributes: dict[str, Attribute] = {
            name: call.get(name) for name in ("kernel_size", "dilation", "padding", "stride")
        }
        return maker.step("unfold", [value], attributes)
    alike = {"dimension": "kernel_size", "size": "dilation", "step": "padding"}  # by their place, which the two share
    dim, size, step = [
        whole(call.get(place) if call.get(name) is None else call.get(name), name) for name, place in alike.items()
    ]
    return _windows(maker, value, place_of(dim, rank), size, step)


def _windows(maker: Maker, value: int, dim: int, size: int, step: int) -> int:
    """Windows along a dim, each of them as the last dim: a view where they tile it, else chosen by an index."""
    length, rank = whole(maker.tensor(value).shape[dim], "the dim of windows"), rank_of(maker, value)
    if size == step and length % size == 0:
        value = maker.step("unflatten", [value], {"dim": dim, "unflattened_size": (-1, size)})
    else:
        index = constant(maker, ((length - size) // step + 1, size), "int64")
        value = maker.step("index_select", [value, index], {"dim": dim})
    if dim == rank - 1:
        return value
    order = tuple([place for place in range(rank + 1) if place != dim + 1])
    return maker.step("permute", [value], {"dims": (*order, dim + 1)})


@rule("fold", signature="input, output_size, kernel_size, dilation=1, padding=0, stride=1")
def fold(call: BoundCall, maker: Maker) -> int:
    """Columns added up to an image."""
    names = ("output_size", "kernel_size", "dilation", "padding", "stride")
    attributes: dict[str, Attribute] = {name: call.get(name) for name in names}
    return maker.step("fold", [call.tensor("input")], attributes)
