"""Convolutions, transposed and deformable ones."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.recorded import Argument

_GEOMETRY = ("stride", "padding", "dilation", "groups")


@rule(
    "conv1d",
    "conv2d",
    "conv3d",
    signature="input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
)
def convolution(call: BoundCall, maker: Maker) -> int:
    """A convolution; on the values of its weight where that is no parameter of its own."""
    attributes = {name: _sizes(call.get(name)) for name in _GEOMETRY}
    value, alone = _batched(call, maker)
    holds = _held(call, maker)
    result = None
    if holds is not None:
        with suppress(Unmapped):  # what another layer holds in another form is an input here
            (result,) = maker.layer(call.function, [value], attributes | _kernel(call, maker, 0), holds)
    if result is not None:
        return _unbatched(maker, _with_bias(call, maker, result, holds), alone=alone)
    given = [call.tensor(name) for name in ("weight", "bias") if call.has_tensor(name)]
    return _unbatched(maker, maker.step(f"functional_{call.function}", [value, *given], attributes), alone=alone)


@rule(
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    signature="input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
)
def transposed(call: BoundCall, maker: Maker) -> int:
    """A transposed convolution; its weight is (in, out / groups, *kernel)."""
    attributes = {name: _sizes(call.get(name)) for name in (*_GEOMETRY, "output_padding")}
    value, alone = _batched(call, maker)
    holds = _held(call, maker)
    if holds is None:
        raise Unmapped("its weight is no parameter of its own")
    (result,) = maker.layer(call.function, [value], attributes | _kernel(call, maker, 1), holds)
    return _unbatched(maker, _with_bias(call, maker, result, holds), alone=alone)


@rule(
    "deform_conv2d",
    signature=(
        "input, weight, offset, mask, bias, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, "
        "n_weight_grps, n_offset_grps, use_mask"
    ),
)
def deformable(call: BoundCall, maker: Maker) -> int:
    """Torchvision's operator, which takes every number for itself, and a mask also where it uses none."""
    sides = {"stride": "stride_{}", "padding": "pad_{}", "dilation": "dil_{}"}
    attributes: dict[str, Attribute] = {
        name: (call.get(text.format("h")), call.get(text.format("w"))) for name, text in sides.items()
    }
    attributes["groups"] = call.get("n_weight_grps")
    holds = _held(call, maker)
    if holds is None:
        raise Unmapped("its weight is no parameter of its own")
    inputs = [call.tensor("input"), call.tensor("offset"), *([call.tensor("mask")] if call.get("use_mask") else [])]
    (result,) = maker.layer("deform_conv2d", inputs, attributes | _kernel(call, maker, 0), holds)
    return _with_bias(call, maker, result, holds)


def _kernel(call: BoundCall, maker: Maker, out: int) -> dict[str, Attribute]:
    """The attributes that the shape of the weight says; ``out`` is its dim of output channels."""
    shape = maker.recorded(call.recorded("weight")).shape
    channels = shape[out]
    if out:
        channels = channels * call.get("groups")
    bias = call.has_tensor("bias") and maker.parameter(call.recorded("bias")) is not None
    return {"out_channels": channels, "kernel_size": shape[2:], "bias": bias}


def _held(call: BoundCall, maker: Maker) -> dict[str, int] | None:
    """The parameters of the layer; None if its weight is none."""
    weight = maker.parameter(call.recorded("weight"))
    if weight is None:
        return None
    bias = maker.parameter(call.recorded("bias")) if call.has_tensor("bias") else None
    return {"weight": weight} | ({} if bias is None else {"bias": bias})


def _with_bias(call: BoundCall, maker: Maker, value: int, holds: dict[str, int] | None) -> int:
    """The value, and a bias that is no parameter added to it, one number for each channel."""
    if not call.has_tensor("bias") or "bias" in (holds or {}):
        return value
    bias, rank = call.tensor("bias"), len(maker.tensor(value).shape)
    shape = (maker.tensor(bias).shape[0], *(1,) * (rank - 2))
    return maker.step("add", [value, maker.step("reshape", [bias], {"shape": shape})])


def _sizes(value: Argument) -> Attribute:
    """A number or a tuple; a tuple of one number is that number, for all dims."""
    if isinstance(value, tuple) and len(value) == 1:
        return value[0]  # type: ignore[no-any-return]  # an argument may be anything
    return value  # type: ignore[no-any-return]  # as above


def _batched(call: BoundCall, maker: Maker) -> tuple[int, bool]:
    """The input with a batch, and whether it had none."""
    value = call.tensor("input")
    alone = len(maker.tensor(value).shape) == len(maker.recorded(call.recorded("weight")).shape) - 1
    return (maker.step("unsqueeze", [value], {"dim": 0}) if alone else value), alone


def _unbatched(maker: Maker, value: int, *, alone: bool) -> int:
    return maker.step("squeeze", [value], {"dim": 0}) if alone else value
