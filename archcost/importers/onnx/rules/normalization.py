"""Norms. A gain that the file does not store is one that computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, fixed_sizes, place_of, rule
from archcost.importers.onnx.values import Stored

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_CHANNELS = 2  # dims before the spatial ones


@rule("BatchNormalization")
def batch_norm(maker: OnnxMaker) -> int:
    """Batch norm; its statistics are buffers."""
    attributes: dict[str, Attribute] = {"eps": _number(maker, "epsilon", 1e-5)}
    return _by_channel(maker, f"batch_norm{max(maker.rank(0) - _CHANNELS, 1)}d", attributes, default=True)


@rule("InstanceNormalization")
def instance_norm(maker: OnnxMaker) -> int:
    """Instance norm, by the statistics of the input."""
    attributes: dict[str, Attribute] = {"eps": _number(maker, "epsilon", 1e-5)}
    return _by_channel(maker, f"instance_norm{max(maker.rank(0) - _CHANNELS, 1)}d", attributes, default=False)


@rule("GroupNormalization")
def group_norm(maker: OnnxMaker) -> int:
    """Group norm; in its first version γ and β are for groups, which no op has."""
    attributes: dict[str, Attribute] = {
        "num_groups": maker.attribute("num_groups"),
        "eps": _number(maker, "epsilon", 1e-5),
    }
    return _by_channel(maker, "group_norm", attributes, default=True)


def _by_channel(maker: OnnxMaker, kind: str, attributes: dict[str, Attribute], *, default: bool) -> int:
    tensors = {name: _gain(maker, place) for name, place in (("weight", 1), ("bias", 2))}
    held = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if len(held) == 1:
        raise Unmapped("it has a gain or a bias alone")
    if default or held:
        attributes["affine"] = bool(held)
    if held and not default:
        attributes["affine"] = True
    (found,) = maker.layer(kind, [maker.value(0)], attributes, held)
    return found


def _gain(maker: OnnxMaker, place: int) -> Stored | None:
    """The tensor of a gain or bias; None where it is 1 or 0 everywhere."""
    if not maker.has(place):
        return None
    found = maker.given(place)
    if isinstance(found, int):
        raise Unmapped("its gain is computed")
    return found if isinstance(found, Stored) else None


@rule("LayerNormalization")
def layer_norm(maker: OnnxMaker) -> int:
    """Layer norm over the dims from an axis on."""
    return _last_dims(maker, "layer_norm", "bias")


@rule("RMSNormalization", "SimplifiedLayerNormalization")
def rms_norm(maker: OnnxMaker) -> int:
    """Root mean square norm over the dims from an axis on."""
    return _last_dims(maker, "rms_norm")


def _last_dims(maker: OnnxMaker, kind: str, *others: str) -> int:
    rank = maker.rank(0)
    shape = fixed_sizes(maker.shape(0)[place_of(maker.attribute("axis", -1), rank) :])
    attributes: dict[str, Attribute] = {"eps": _number(maker, "epsilon", 1e-5)}
    if len(shape) > 1:
        attributes["normalized_shape"] = shape
    tensors = {name: _gain(maker, place) for place, name in enumerate(("weight", *others), 1)}
    held = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if held and "weight" not in held:
        raise Unmapped("it has a bias alone")
    attributes["elementwise_affine"] = bool(held)
    if held and others:
        attributes["bias"] = "bias" in held
    (found,) = maker.layer(kind, [maker.value(0)], attributes, held)
    return found


@rule("LRN")
def local_response_norm(maker: OnnxMaker) -> int:
    """Local response norm over neighbouring channels."""
    attributes: dict[str, Attribute] = {
        "size": maker.attribute("size"),
        "alpha": _number(maker, "alpha", 1e-4),
        "beta": _number(maker, "beta", 0.75),
        "k": _number(maker, "bias", 1.0),
    }
    return maker.step("local_response_norm", [maker.value(0)], attributes)


@rule("LpNormalization")
def normalize(maker: OnnxMaker) -> int:
    """X / ‖x‖ along an axis."""
    attributes: dict[str, Attribute] = {"p": maker.attribute("p", 2), "dim": maker.attribute("axis", -1)}
    return maker.step("normalize", [maker.value(0)], attributes)


def _number(maker: OnnxMaker, name: str, default: float) -> float:
    return short(maker.attribute(name, default))


_DIGITS = 7  # that a number of 32 bits has


def short(number: float) -> float:
    """A number of 32 bits as it was meant: 9.999999747378752e-06 is 1e-05."""
    return float(f"{number:.{_DIGITS}g}")
