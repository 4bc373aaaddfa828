"""Reductions, norms, sums along a dim, and where the greatest is."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.plain_steps import cast
from archcost.importers.torch.rules.arguments import is_number, number_of, operand, place_of, rank_of, whole
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker

_SOME = "input, dim=None, keepdim=False"


def _dims(argument: Argument) -> Attribute:
    """The dims of a reduction: one, several, or None for all, which torch also takes an empty list for."""
    return argument if argument != () else None


def _reduced(call: BoundCall, maker: Maker, kind: str, value: int, **more: Attribute) -> int:
    """A reduction of a value over the dims of a call."""
    attributes = {"dim": _dims(call.get("dim")), "keepdim": bool(call.get("keepdim")), **more}
    return maker.step(kind, [value], attributes)


@rule("sum", "mean", "nansum", "nanmean", signature="input, dim=None, keepdim=False, dtype=None")
def summed(call: BoundCall, maker: Maker) -> int:
    """Σ x, or the mean; in another dtype on demand."""
    value = call.tensor("input")
    if call.get("dtype") is not None:
        value = cast(maker, value, call.result.dtype)
    return _reduced(call, maker, call.function.removeprefix("nan"), value)


@rule("logsumexp", signature=_SOME)
def logsumexp(call: BoundCall, maker: Maker) -> int:
    """Log Σ eˣ, over dims that are named."""
    return _reduced(call, maker, "logsumexp", call.tensor("input"))


@rule("amax", "amin", signature=_SOME)
def extreme(call: BoundCall, maker: Maker) -> int:
    """The greatest or the least, without its place."""
    return _reduced(call, maker, call.function[1:], call.tensor("input"))


@rule("max", "min", signature="input, dim=None, keepdim=False, other=None")
def extreme_and_place(call: BoundCall, maker: Maker) -> int | list[int]:
    """The greatest or least of all; along a dim, with its place; or of two tensors, element by element."""
    kind, value, dim = call.function, call.tensor("input"), call.get("dim")
    other = call.get("other", dim) if call.get("other") is not None else dim
    if dim is None and other is None:
        return maker.step(kind, [value])
    if not is_number(other):
        return maker.step(f"{kind}imum", [value, operand(call, other)])
    place = {"dim": dim, "keepdim": bool(call.get("keepdim"))}
    return [
        maker.step(kind, [value], {**place, "dim": (whole(dim, "the dim"),)}),
        maker.step(f"arg{kind}", [value], place),
    ]


@rule("aminmax", signature=_SOME)
def both_extremes(call: BoundCall, maker: Maker) -> list[int]:
    """The least and the greatest."""
    value = call.tensor("input")
    return [_reduced(call, maker, "min", value), _reduced(call, maker, "max", value)]


@rule("argmax", "argmin", signature=_SOME)
def place_of_extreme(call: BoundCall, maker: Maker) -> int:
    """Where the greatest or the least is."""
    attributes = {"dim": call.get("dim"), "keepdim": bool(call.get("keepdim"))}
    return maker.step(call.function, [call.tensor("input")], attributes)


@rule("var", "std", signature="input, dim=None, unbiased=True, keepdim=False, correction=None")
@rule("var_mean", "std_mean", signature="input, dim=None, unbiased=True, keepdim=False, correction=None")
def variance(call: BoundCall, maker: Maker) -> int | list[int]:
    """The variance or its root, with the correction of Bessel unless it is not wanted; the mean as well."""
    value, dim, correction = call.tensor("input"), call.get("dim"), call.get("correction")
    if isinstance(dim, bool):  # x.var(False): over all, without the correction
        call.arguments["dim"], call.arguments["unbiased"] = None, dim
    if correction is None:
        correction = int(bool(call.get("unbiased")))
    kind, _, mean = call.function.partition("_")
    found = _reduced(call, maker, kind, value, correction=number_of(correction, "the correction"))
    return [found, _reduced(call, maker, "mean", value)] if mean else found


@rule("norm", signature="input, p='fro', dim=None, keepdim=False, dtype=None")
@rule("linalg_norm", signature="input, ord=None, dim=None, keepdim=False, dtype=None")
@rule("linalg_vector_norm", signature="input, ord=2, dim=None, keepdim=False, dtype=None")
def norm(call: BoundCall, maker: Maker) -> int:
    """(Σ |x|ᵖ)^(1/p) of vectors, and the root of squares of matrices; others than these are no op."""
    order = call.get("ord", call.get("p"))
    if order is None or order == "fro":
        order = 2
    elif _of_matrix(call, maker):
        raise Unmapped("a norm of matrices but that of Frobenius is no op")
    return magnitude(call, maker, call.tensor("input"), order)


def _of_matrix(call: BoundCall, maker: Maker) -> bool:
    """Whether a number means another norm for the matrix that its input is."""
    dim = call.get("dim")
    count = rank_of(maker, call.tensor("input")) if dim is None else len(dim) if type(dim) is tuple else 1
    return call.function == "linalg_norm" and call.get("ord") is not None and count == 2  # noqa: PLR2004 - a matrix


def magnitude(call: BoundCall, maker: Maker, value: int, order: Argument) -> int:
    """A p-norm over the dims of a call; for p = ±∞ the greatest or least |x|."""
    if isinstance(order, Batched) or not is_number(order):
        raise Unmapped(f"the norm {order} is no op")
    if isinf(order):
        return _reduced(call, maker, "max" if order > 0 else "min", maker.step("abs", [value]))
    return _reduced(call, maker, "norm", value, ord=order)


@rule("normalize", signature="input, p=2.0, dim=1, eps=1e-12")
def normalize(call: BoundCall, maker: Maker) -> int:
    """X / max(‖x‖, ε)."""
    attributes: dict[str, Attribute] = {
        "p": number_of(call.get("p"), "p"),
        "dim": _dims(call.get("dim")),
        "eps": number_of(call.get("eps"), "eps"),
    }
    return maker.step("normalize", [call.tensor("input")], attributes)


@rule("cosine_similarity", signature="input, other, dim=1, eps=1e-8")
def cosine_similarity(call: BoundCall, maker: Maker) -> int:
    """Σ of the products of two normalized tensors."""
    dim = call.get("dim")
    scaled: dict[str, Attribute] = {"dim": dim, "eps": number_of(call.get("eps"), "eps")}
    both = [maker.step("normalize", [call.tensor(name)], scaled) for name in ("input", "other")]
    return maker.step("sum", [maker.step("mul", both)], {"dim": dim})


@rule("pairwise_distance", "dist", signature="input, other, p=2.0, eps=1e-6, keepdim=False")
def distance(call: BoundCall, maker: Maker) -> int:
    """The norm of a difference; over the last dim, or of all for ``dist``."""
    difference = maker.step("sub", [call.tensor("input"), call.tensor("other")])
    call.arguments["dim"] = None if call.function == "dist" else -1
    return magnitude(call, maker, difference, call.get("p"))


@rule("cumsum", signature="input, dim, dtype=None")
def cumsum(call: BoundCall, maker: Maker) -> int:
    """Sums along a dim."""
    value = call.tensor("input")
    if call.get("dtype") is not None:
        value = cast(maker, value, call.result.dtype)
    return maker.step("cumsum", [value], {"dim": call.get("dim")})


@rule("count_nonzero", signature="input, dim=None")
def count_nonzero(call: BoundCall, maker: Maker) -> int:
    """The sum of truth values."""
    return _reduced(call, maker, "sum", cast(maker, call.tensor("input"), "bool"))


@rule("diff", signature="input, n=1, dim=-1, prepend=None, append=None")
def difference(call: BoundCall, maker: Maker) -> int:
    """x[1:] - x[:-1] along a dim, n times; of truth values, whether they differ."""
    value = call.tensor("input")
    dim = place_of(call.get("dim"), rank_of(maker, value))
    parts = [call.tensor(name) for name in ("prepend",) if call.has_tensor(name)]
    parts += [value, *[call.tensor(name) for name in ("append",) if call.has_tensor(name)]]
    if len(parts) > 1:
        value = maker.step("concat", parts, {"dim": dim})
    for _ in range(whole(call.get("n"), "n")):
        later = maker.step("slice", [value], {"dim": dim, "start": 1})
        earlier = maker.step("slice", [value], {"dim": dim, "end": -1})
        value = maker.step("ne" if call.result.dtype == "bool" else "sub", [later, earlier])
    return value
