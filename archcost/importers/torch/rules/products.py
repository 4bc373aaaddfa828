"""Products of matrices and sums of products, of values alike: layers with a weight have rules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.einsum_pairs import einsum_of_many
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.arguments import number_of, place_of, rank_of, wholes
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@rule("matmul", "bmm", "mm", "mv", "dot", "vdot", "linalg_matmul", signature="input, other")
def matmul(call: BoundCall, maker: Maker) -> int:
    """A @ B."""
    first, second = call.get("input"), call.get("other")
    return maker.step("matmul", [_value(call, first), _value(call, second)])


@rule("linalg_vecdot", signature="input, other, dim=-1")
def vecdot(call: BoundCall, maker: Maker) -> int:
    """Sums of products over a dim that both have."""
    first, second = call.tensor("input"), call.tensor("other")
    rank = rank_of(maker, first)
    if rank_of(maker, second) != rank:
        raise Unmapped("its tensors have different ranks")
    names = _LETTERS[:rank]
    given = names.replace(names[place_of(call.get("dim"), rank)], "")
    return maker.step("einsum", [first, second], {"equation": f"{names}, {names} -> {given}"})


@rule("rmatmul", signature="input, other")
def matmul_from_right(call: BoundCall, maker: Maker) -> int:
    """B @ A: what ``A.__rmatmul__(B)`` calls."""
    return maker.step("matmul", [call.tensor("other"), call.tensor("input")])


def _value(call: BoundCall, argument: Argument) -> int:
    if not isinstance(argument, Ref):
        raise Unmapped(f"an operand of {call.function} is no tensor")
    return call.values(argument.value)


@rule("baddbmm", "addmv", signature="input, first, second, beta=1, alpha=1")
def plus_matmul(call: BoundCall, maker: Maker) -> int:
    """Beta · C + alpha · A @ B."""
    product = _scaled(call, maker, maker.step("matmul", [call.tensor("first"), call.tensor("second")]), "alpha")
    if call.get("beta") == 0:
        return product
    return maker.step("add", [_scaled(call, maker, call.tensor("input"), "beta"), product])


def _scaled(call: BoundCall, maker: Maker, value: int, name: str) -> int:
    """A value times a number of the call, unless it is 1."""
    factor = number_of(call.get(name), name)
    return value if factor == 1 else maker.step("mul", [value], {"other": factor})


@rule("inner", signature="input, other")
def inner(call: BoundCall, maker: Maker) -> int:
    """Sums of products over the last dims: A @ Bᵀ."""
    first, second = call.tensor("input"), call.tensor("other")
    ranks = rank_of(maker, first), rank_of(maker, second)
    if 0 in ranks:
        return maker.step("mul", [first, second])
    if max(ranks) == 1:
        return maker.step("matmul", [first, second])
    names, others = _LETTERS[: ranks[0] - 1], _LETTERS[ranks[0] : sum(ranks) - 1]
    return maker.step("einsum", [first, second], {"equation": f"{names}z, {others}z -> {names}{others}"})


@rule("outer", "ger", signature="input, other")
def outer(call: BoundCall, maker: Maker) -> int:
    """The products of all pairs of two vectors."""
    column = maker.step("unsqueeze", [call.tensor("input")], {"dim": 1})
    return maker.step("mul", [column, call.tensor("other")])


@rule("tensordot", signature="input, other, dims=2")
def tensordot(call: BoundCall, maker: Maker) -> int:
    """Sums of products over pairs of dims."""
    first, second, dims = call.tensor("input"), call.tensor("other"), call.get("dims")
    ranks = rank_of(maker, first), rank_of(maker, second)
    if isinstance(dims, int):
        pairs = [(ranks[0] - dims + place, place) for place in range(dims)]
    else:
        left, right = (wholes(each, "a dim") for each in dims)
        pairs = [(place_of(a, ranks[0]), place_of(b, ranks[1])) for a, b in zip(left, right, strict=True)]
    names = list(_LETTERS[: ranks[0]])
    partners = {b: names[a] for a, b in pairs}
    others = [partners.get(place, _LETTERS[ranks[0] + place]) for place in range(ranks[1])]
    shared = set(partners.values())
    result = [name for name in names + others if name not in shared]
    equation = f"{''.join(names)}, {''.join(others)} -> {''.join(result)}"
    return maker.step("einsum", [first, second], {"equation": equation})


@rule("einsum", signature="equation, *operands")
def einsum(call: BoundCall, maker: Maker) -> int:
    """Einstein summation; of three operands or more, two at a time from the left, as torch does."""
    equation = call.get("equation")
    if not isinstance(equation, str):
        raise Unmapped("the letters of an einsum are given as numbers")
    values = call.tensors("operands")
    if len(values) <= 2:  # noqa: PLR2004 - what the op takes
        left, arrow, right = equation.replace(" ", "").partition("->")
        return maker.step("einsum", values, {"equation": _spaced(left.split(","), right if arrow else None)})
    return einsum_of_many(maker, equation, values)


def _spaced(terms: list[str], result: str | None) -> str:
    """An equation as it is read best: ``bhid, bhjd -> bhij``."""
    return ", ".join(terms) + ("" if result is None else f" -> {result}")


@rule("chain_matmul", "linalg_multi_dot", "multi_dot", signature="*matrices")
def chain(call: BoundCall, maker: Maker) -> int:
    """A @ B @ …, from the left; two alone, since torch seeks the cheapest order of more."""
    values = call.tensors("matrices")
    if len(values) != 2:  # noqa: PLR2004 - as the docstring says
        raise Unmapped("in which order a chain is multiplied is not known")
    return maker.step("matmul", values)
