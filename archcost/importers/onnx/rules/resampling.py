"""Images of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, fixed_sizes, place_of, rule
from archcost.importers.onnx.rules.normalization import short

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
_CHANNELS = 2  # dims before the spatial ones
_FROM_ROI = 11  # the version from which the scales stand behind a region
_SIZES = 3  # the place of sizes


@rule("Resize", "Upsample")
def resize(maker: OnnxMaker) -> int:
    """To sizes, or by factors, of the spatial dims."""
    rank = maker.rank(0)
    spatial = rank - _CHANNELS
    if maker.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unmapped("it keeps the aspect ratio")
    mode = maker.attribute("mode", "nearest")
    if mode in ("linear", "bilinear"):
        mode = _LINEAR.get(spatial)
    elif mode == "cubic":
        mode = "bicubic"
    attributes: dict[str, Attribute] = {"mode": mode}
    if maker.node.op == "Resize" and maker.has(_SIZES) and maker.shape(_SIZES) != (0,):
        sizes = list(maker.shape(0))
        for axis, size in zip(_axes(maker, rank), maker.wholes(_SIZES), strict=True):
            sizes[axis] = size
        if tuple(sizes[:_CHANNELS]) != maker.shape(0)[:_CHANNELS]:
            raise Unmapped("it makes another number of channels")
        attributes["size"] = fixed_sizes(sizes[_CHANNELS:])
    else:
        scales = [1.0] * rank
        for axis, scale in zip(_axes(maker, rank), _scales(maker), strict=True):
            scales[axis] = scale
        if set(scales[:_CHANNELS]) != {1.0}:
            raise Unmapped("it makes another number of channels")
        attributes["scale_factor"] = tuple([_plain(scale) for scale in scales[_CHANNELS:]])
    if mode not in ("nearest", "bicubic", *_LINEAR.values()):
        raise Unmapped(f"its mode is {mode}")
    return maker.step("upsample", [maker.value(0)], attributes)


def _axes(maker: OnnxMaker, rank: int) -> list[int]:
    return [place_of(axis, rank) for axis in maker.attribute("axes") or range(rank)]


def _scales(maker: OnnxMaker) -> list[float]:
    given = maker.attribute("scales")
    if given is None:
        at = 1 if maker.node.op == "Upsample" or maker.opset < _FROM_ROI else 2
        given = maker.numbers(at)
    found = [float(scale) for scale in given if isinstance(scale, (int, float))]
    if len(found) < len(given) or any(scale <= 0 or scale != scale for scale in found):  # noqa: PLR0124 - no number is unlike itself
        raise Unmapped("its scales follow the batch")
    return found


def _plain(scale: float) -> float:
    return int(scale) if scale == int(scale) else short(scale)


@rule("GridSample")
def grid_sample(maker: OnnxMaker) -> int:
    """The input at places that a grid names."""
    modes = {"linear": "bilinear", "cubic": "bicubic"}
    mode = maker.attribute("mode", "linear")
    attributes: dict[str, Attribute] = {
        "mode": modes.get(mode, mode),
        "padding_mode": maker.attribute("padding_mode", "zeros"),
        "align_corners": bool(maker.attribute("align_corners", 0)),
    }
    return maker.step("grid_sample", [maker.value(0), maker.value(1)], attributes)
