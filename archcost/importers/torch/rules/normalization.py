"""Norms. One whose γ and β are no parameters of its own is a norm without them, a product and a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_SPATIAL = 2  # the first spatial dim of (N, C, *spatial)


@rule(
    "batch_norm",
    signature="input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5",
)
def batch_norm(call: BoundCall, maker: Maker) -> int:
    """Batch norm, by running statistics where they are given."""
    tracked = call.has_tensor("running_mean")
    return _by_channel(call, maker, "batch_norm", {"track_running_stats": tracked, **_numbers(call, "momentum", "eps")})


@rule(
    "instance_norm",
    signature=(
        "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
        "momentum=0.1, eps=1e-5"
    ),
)
def instance_norm(call: BoundCall, maker: Maker) -> int:
    """Instance norm."""
    tracked = call.has_tensor("running_mean")
    return _by_channel(
        call, maker, "instance_norm", {"track_running_stats": tracked, **_numbers(call, "momentum", "eps")}
    )


@rule("group_norm", signature="input, num_groups, weight=None, bias=None, eps=1e-5")
def group_norm(call: BoundCall, maker: Maker) -> int:
    """Group norm; groups may be one, or all channels."""
    attributes = {"num_groups": call.get("num_groups"), **_numbers(call, "eps")}
    return _affine(call, maker, "group_norm", attributes, "affine", both=True, channels=True)


@rule("layer_norm", signature="input, normalized_shape, weight=None, bias=None, eps=1e-5")
def layer_norm(call: BoundCall, maker: Maker) -> int:
    """Layer norm over the last dims."""
    attributes = {**_last_dims(call), **_numbers(call, "eps")}
    return _affine(call, maker, "layer_norm", attributes, "elementwise_affine", both=False, channels=False)


@rule("rms_norm", signature="input, normalized_shape, weight=None, eps=None")
def rms_norm(call: BoundCall, maker: Maker) -> int:
    """Root mean square norm over the last dims."""
    attributes = {**_last_dims(call), **_numbers(call, "eps")}
    return _affine(call, maker, "rms_norm", attributes, "elementwise_affine", both=False, channels=False)


@rule("local_response_norm", signature="input, size, alpha=1e-4, beta=0.75, k=1.0")
def local_response_norm(call: BoundCall, maker: Maker) -> int:
    """Local response norm over neighbouring channels."""
    names = ("size", "alpha", "beta", "k")
    return maker.step("local_response_norm", [call.tensor("input")], {name: call.get(name) for name in names})


def _numbers(call: BoundCall, *names: str) -> dict[str, Attribute]:
    return {name: call.get(name) for name in names}


def _last_dims(call: BoundCall) -> dict[str, Attribute]:
    """The dims that are normalised, where it is not the last alone."""
    shape = call.get("normalized_shape")
    return {"normalized_shape": shape} if isinstance(shape, tuple) and len(shape) > 1 else {}


def _by_channel(call: BoundCall, maker: Maker, stem: str, attributes: dict[str, Attribute]) -> int:
    rank = len(maker.tensor(call.tensor("input")).shape)
    kind = f"{stem}{max(rank - _SPATIAL, 1)}d"
    return _affine(call, maker, kind, attributes, "affine", both=True, channels=True)


def _affine(
    call: BoundCall,
    maker: Maker,
    kind: str,
    attributes: dict[str, Attribute],
    flag: str,
    *,
    both: bool,
    channels: bool,
) -> int:
    """A norm with γ and β, as far as they are given.

    ``flag`` is the attribute that says so; ``both``: one is not without the other; ``channels``: there is one number
    for each channel.
    """
    value = call.tensor("input")
    given = [name for name in ("weight", "bias") if call.has_tensor(name)]
    holds: dict[str, int] = {}
    for name in given:
        parameter = maker.parameter(call.recorded(name))
        if parameter is not None:
            holds[name] = parameter
    whole = bool(holds) and len(holds) == len(given) and ("weight" in holds) and (len(holds) > 1 or not both)
    if whole:
        beta = {} if both or kind == "rms_norm" else {"bias": "bias" in holds}
        try:
            return maker.layer(kind, [value], {**attributes, flag: True, **beta}, holds)[0]
        except Unmapped:
            pass
    result = maker.step(kind, [value], {**attributes, flag: False})
    rank = len(maker.tensor(value).shape)
    for name, by in (("weight", "mul"), ("bias", "add")):
        if name in given:
            factor = call.tensor(name)
            if channels and rank > _SPATIAL:
                shape = (maker.tensor(factor).shape[0], *(1,) * (rank - _SPATIAL))
                factor = maker.step("reshape", [factor], {"shape": shape})
            result = maker.step(by, [result, factor])
    return result
