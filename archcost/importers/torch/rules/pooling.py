"""Pooling over windows, and to a fixed size; an input without a batch gets one of 1."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcost.importers.torch.rules.arguments import number_of, rank_of, wholes
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.rules.base import BoundCall, Maker

_DIMS = (1, 2, 3)
_WITH_PLACES = "_with_indices"


def _kinds(stem: str, ending: str = "") -> list[str]:
    return [f"{stem}{ndim}d{ending}" for ndim in _DIMS]


def _pooled(
    maker: Maker, kind: str, values: list[int], attributes: dict[str, Attribute], outputs: int = 1
) -> list[int]:
    """The outputs of a pool; with a batch of 1 around it where there is none."""
    ndim = int(kind[-2])
    lacks = rank_of(maker, values[0]) == ndim + 1
    if lacks:
        values = [maker.step("unsqueeze", [value], {"dim": 0}) for value in values]
    found = maker.steps(kind, values, attributes) if outputs > 1 else [maker.step(kind, values, attributes)]
    return [maker.step("squeeze", [value], {"dim": (0,)}) for value in found] if lacks else found


def _windows(call: BoundCall, *names: str) -> dict[str, Attribute]:
    """Sizes of windows by name. No stride, or that of the windows' size, is the default."""
    attributes: dict[str, Attribute] = {name: call.get(name) for name in ("kernel_size", "padding", *names)}
    stride = call.get("stride")
    if stride not in (None, (), call.get("kernel_size")):
        attributes["stride"] = stride
    return attributes


_MAX = "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False"


@rule(*_kinds("max_pool"), *_kinds("max_pool", _WITH_PLACES), signature=_MAX)
def max_pool(call: BoundCall, maker: Maker) -> int | list[int]:
    """The greatest of each window, and its place on demand."""
    with_places = len(call.results) > 1
    attributes = _windows(call, "dilation", "ceil_mode") | {"return_indices": with_places}
    kind = call.function.removesuffix(_WITH_PLACES)
    found = _pooled(maker, kind, [call.tensor("input")], attributes, 1 + with_places)
    return found if with_places else found[0]


_AVG = "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None"


@rule(*_kinds("avg_pool"), signature=_AVG)
def avg_pool(call: BoundCall, maker: Maker) -> int:
    """The mean of each window."""
    attributes = _windows(call, "ceil_mode", "count_include_pad")
    if call.get("divisor_override") is not None:
        attributes["divisor_override"] = call.get("divisor_override")
    return _pooled(maker, call.function, [call.tensor("input")], attributes)[0]


_ADAPTIVE = [*_kinds("adaptive_avg_pool"), *_kinds("adaptive_max_pool"), *_kinds("adaptive_max_pool", _WITH_PLACES)]


@rule(*_ADAPTIVE, signature="input, output_size, return_indices=False")
def adaptive_pool(call: BoundCall, maker: Maker) -> int:
    """To a fixed size; None keeps that of the input. Where the greatest were is no output of the op."""
    if len(call.results) > 1:
        raise Unmapped("the places of an adaptive pool are no output of the op")
    kind, wanted = call.function.removesuffix(_WITH_PLACES), call.get("output_size")
    if wanted is None or wanted == (None,):
        wanted = (None,) * int(kind[-2])
    elif type(wanted) is tuple and len(wanted) == 1:
        (wanted,) = wanted
    return _pooled(maker, kind, [call.tensor("input")], {"output_size": wanted})[0]


@rule(*_kinds("max_unpool"), signature="input, indices, kernel_size, stride=None, padding=0, output_size=None")
def max_unpool(call: BoundCall, maker: Maker) -> int:
    """The greatest back where they were, in an image of the size that the run gave."""
    attributes = _windows(call)
    if call.get("output_size") is not None:
        ndim = int(call.function[-2])
        attributes["output_size"] = wholes(call.result.shape[-ndim:], "a size")
    return _pooled(maker, call.function, [call.tensor("input"), call.tensor("indices")], attributes)[0]


@rule(*_kinds("lp_pool"), signature="input, norm_type, kernel_size, stride=None, ceil_mode=False, padding=0")
def lp_pool(call: BoundCall, maker: Maker) -> int:
    """(Σ xᵖ)^(1/p) of each window, as torch has it: a power, a mean times the number of elements, a root."""
    kind, order = f"avg_pool{call.function[-2:]}", number_of(call.get("norm_type"), "the order of a norm")
    if not isinstance(order, (int, float)):
        raise Unmapped("the order of a norm depends on the batch")
    value = maker.step("pow", [call.tensor("input")], {"exponent": order})
    attributes = _windows(call, "ceil_mode")
    value = maker.step("relu", _pooled(maker, kind, [value], attributes))
    size = call.get("kernel_size")
    taps = prod(size) if type(size) is tuple else size ** int(kind[-2])
    return maker.step("pow", [maker.step("mul", [value], {"other": taps})], {"exponent": 1 / order})
