"""New tensors in the shape of another one: they take no data of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.plain_steps import constant
from archcost.importers.torch.rules.arguments import number_of
from archcost.importers.torch.rules.base import rule

if TYPE_CHECKING:
    from archcost.importers.torch.rules.base import BoundCall, Maker

_ZEROS = ("zeros_like", "empty_like", "new_zeros", "new_empty", "zero")


@rule(*_ZEROS, signature="input, *sizes, dtype=None")
def zeros(call: BoundCall, maker: Maker) -> int:
    """Zeros, or what nobody has written yet."""
    return constant(maker, call.result.shape, call.result.dtype)


@rule("ones_like", "new_ones", signature="input, *sizes, dtype=None")
def ones(call: BoundCall, maker: Maker) -> int:
    """Ones."""
    return constant(maker, call.result.shape, call.result.dtype, 1)


@rule("new_full", signature="input, sizes, fill_value, dtype=None")
@rule("full_like", signature="input, fill_value, dtype=None")
@rule("fill", signature="input, fill_value")
def full(call: BoundCall, maker: Maker) -> int:
    """One number everywhere."""
    filling = call.get("fill_value")
    return constant(maker, call.result.shape, call.result.dtype, number_of(filling, "what fills it"))
