"""What many rules do with arguments and values: numbers, dims, operands, and values of another dtype."""

from __future__ import annotations

from math import isinf, isnan
from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.plain_steps import constant, is_floating
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Shape, Size
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import Maker
    from archcost.importers.torch.rules.calls import BoundCall

Number = int | float | Batched
GREATEST = 3.4028234663852886e38  # of float32: what stands for ∞, which specs cannot have


def is_number(argument: Argument) -> bool:
    """Whether an argument is a number, a truth value or a whole number that follows the batch."""
    return isinstance(argument, (bool, int, float, Batched))


def number_of(argument: Argument, what: str) -> Number:
    """A number as ops take it: truth values are 0 and 1, ∞ is the greatest number; raises Unmapped for all else."""
    if isinstance(argument, Batched):
        return argument
    if isinstance(argument, bool):
        return int(argument)
    if not isinstance(argument, (int, float)) or isnan(argument):
        raise Unmapped(f"{what} is no number")
    return GREATEST * (1 if argument > 0 else -1) if isinf(argument) else argument


def items_of(argument: Argument) -> tuple[Argument, ...]:
    """The items of a list, or one argument as a list: tensors and numbers that follow the batch are no lists."""
    return argument if type(argument) is tuple else (argument,)


def whole(argument: Argument, what: str) -> int:
    """A whole number that is the same for every batch; raises Unmapped for anything else."""
    if isinstance(argument, bool) or not isinstance(argument, int):
        raise Unmapped(f"{what} is no whole number")
    return argument


def wholes(argument: Argument, what: str) -> tuple[int, ...]:
    """Whole numbers from one or several; raises Unmapped for anything else."""
    return tuple([whole(item, what) for item in items_of(argument)])


def sizes_of(argument: Argument, what: str) -> Shape:
    """Sizes from one or several, of which some may follow the batch; raises Unmapped for anything else."""
    return tuple([item if isinstance(item, Batched) else whole(item, what) for item in items_of(argument)])


def place_of(dim: Argument, rank: int) -> int:
    """The position of a dim that may count from the end; raises Unmapped if there is none."""
    found = whole(dim, "the dim")
    if not -max(rank, 1) <= found < max(rank, 1):
        raise Unmapped(f"there is no dim {found} of {rank}")
    return found % max(rank, 1)


def rank_of(maker: Maker, value: int) -> int:
    """The number of dims of a value."""
    return len(maker.tensor(value).shape)


def whole_shape(shape: Sequence[Size], what: str) -> tuple[int, ...]:
    """A shape whose sizes are all known; raises Unmapped if one follows the batch."""
    return tuple([whole(size, what) for size in shape])


def operation(call: BoundCall, maker: Maker, kind: str, value: int, other: Argument) -> int:
    """An op of the tensor ``value`` and ``other``, a tensor or a number.

    A number is the op's ``other``. Where whole numbers stay whole, it is a constant of their dtype, since arithmetic
    with ``other`` is in floating point.
    """
    if not is_number(other):
        return maker.step(kind, [value, operand(call, other)])
    number = number_of(other, f"an operand of {call.function}")
    result = call.results[0].dtype if call.results else maker.dtype
    if result == "bool" or is_floating(result):
        return maker.step(kind, [value], {"other": number})
    return maker.step(kind, [value, constant(maker, (), result, number)])


def operand(call: BoundCall, argument: Argument) -> int:
    """The value of a tensor among arguments; raises Unmapped for anything else."""
    from archcost.importers.torch.recorded import Ref

    if not isinstance(argument, Ref):
        raise Unmapped(f"an operand of {call.function} is neither a tensor nor a number")
    return call.values(argument.value)
