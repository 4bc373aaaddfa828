"""Functions that give a tensor another shape, or nothing but another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.plain_steps import cast
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.arguments import place_of, rank_of, sizes_of, whole, wholes
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Shape
    from archcost.importers.torch.rules.base import BoundCall, Maker

_COPIES = ("contiguous", "clone", "detach", "alias", "data", "requires_grad", "cpu", "cuda", "lift_fresh")
_MADE = ("as_tensor", "tensor", "new_tensor", "asarray")


@rule(*_COPIES, *_MADE, signature="input, *more, dtype=None")
def unchanged(call: BoundCall, maker: Maker) -> int:
    """The elements in their order, maybe as a copy or in another dtype."""
    return cast(maker, call.tensor("input"), call.result.dtype)


@rule("copy", signature="input, other, *more")
def copied(call: BoundCall, maker: Maker) -> int:
    """The other tensor, in the shape and dtype of the first."""
    value = cast(maker, call.tensor("other"), call.result.dtype)
    return expanded(maker, value, call.result.shape)


def expanded(maker: Maker, value: int, shape: Shape) -> int:
    """A value repeated to a shape, where it has another one."""
    if maker.tensor(value).shape == shape:
        return maker.same(value)
    return maker.step("expand", [value], {"sizes": shape})


@rule("flatten", "ravel", signature="input, start_dim=0, end_dim=-1")
def flatten(call: BoundCall, maker: Maker) -> int:
    """Several dims become one."""
    value = call.tensor("input")
    rank = rank_of(maker, value)
    if rank == 0:
        return maker.step("reshape", [value], {"shape": (1,)})
    start, end = call.get("start_dim"), call.get("end_dim")
    if place_of(start, rank) == place_of(end, rank):
        return maker.same(value)
    return maker.step("flatten", [value], {"start_dim": start, "end_dim": end})


@rule("unflatten", signature="input, dim, *sizes")
def unflatten(call: BoundCall, maker: Maker) -> int:
    """One dim becomes several."""
    attributes = {"dim": call.get("dim"), "unflattened_size": sizes_of(call.get("sizes"), "a size")}
    return maker.step("unflatten", [call.tensor("input")], attributes)


@rule("reshape", "view", signature="input, *sizes")
def reshape(call: BoundCall, maker: Maker) -> int:
    """The same elements in another shape, as the call has it; nothing where it is the shape of the input.

    Where tensors say the sizes, the shape is that of the run.
    """
    shape = call.get("sizes")
    if type(shape) is tuple and any(isinstance(size, Ref) for size in shape):
        return _reshaped(call, maker, call.result.shape)
    if type(shape) is tuple and len(shape) == 1 and isinstance(shape[0], str):
        raise Unmapped("the bits of numbers as another dtype are no op")
    return _reshaped(call, maker, sizes_of(shape, "a size"))


@rule("view_as", "reshape_as", signature="input, other")
def reshape_as(call: BoundCall, maker: Maker) -> int:
    """The same elements in the shape of another tensor."""
    return _reshaped(call, maker, call.result.shape)


def _reshaped(call: BoundCall, maker: Maker, shape: Shape) -> int:
    value = call.tensor("input")
    if maker.tensor(value).shape == call.result.shape:
        return maker.same(value)
    return maker.step("reshape", [value], {"shape": shape})


@rule("permute", signature="input, *dims")
def permute(call: BoundCall, maker: Maker) -> int:
    """All dims in another order."""
    return maker.step("permute", [call.tensor("input")], {"dims": wholes(call.get("dims"), "a dim")})


@rule("transpose", "swapaxes", "swapdims", signature="input, dim0, dim1")
@rule("t", "T", "mT", "H", "mH", "adjoint")
def transpose(call: BoundCall, maker: Maker) -> int:
    """Two dims change places; ``T`` turns all of them round."""
    value = call.tensor("input")
    rank = rank_of(maker, value)
    first, second = call.get("dim0"), call.get("dim1")
    if first is None:
        if rank < 2:  # noqa: PLR2004 - a vector
            return maker.same(value)
        if call.function == "T" and rank > 2:  # noqa: PLR2004 - no matrix
            return maker.step("permute", [value], {"dims": tuple(range(rank - 1, -1, -1))})
        first, second = (-2, -1) if call.function in ("mT", "mH", "adjoint") else (0, 1)
    if place_of(first, rank) == place_of(second, rank):
        return maker.same(value)
    return maker.step("transpose", [value], {"dim0": first, "dim1": second})


@rule("movedim", "moveaxis", signature="input, source, destination")
def movedim(call: BoundCall, maker: Maker) -> int:
    """Some dims at other places, the rest in their order."""
    value = call.tensor("input")
    rank = rank_of(maker, value)
    sources = [place_of(dim, rank) for dim in wholes(call.get("source"), "a dim")]
    wanted = [place_of(dim, rank) for dim in wholes(call.get("destination"), "a dim")]
    rest = iter([dim for dim in range(rank) if dim not in sources])
    moved = dict(zip(wanted, sources, strict=True))
    order = tuple([moved[dim] if dim in moved else next(rest) for dim in range(rank)])
    return maker.same(value) if order == tuple(range(rank)) else maker.step("permute", [value], {"dims": order})


@rule("squeeze", signature="input, *dim")
def squeeze(call: BoundCall, maker: Maker) -> int:
    """Dims of size 1 go; nothing where none has it."""
    value = call.tensor("input")
    if maker.tensor(value).shape == call.result.shape:
        return maker.same(value)
    dim = call.get("dim")
    if dim is not None:
        return maker.step("squeeze", [value], {"dim": wholes(dim, "a dim")})
    if any(isinstance(size, Batched) for size in maker.tensor(value).shape):  # at a batch of 1, one more would go
        shape = maker.tensor(value).shape
        return maker.step("squeeze", [value], {"dim": tuple([at for at, size in enumerate(shape) if size == 1])})
    return maker.step("squeeze", [value])


@rule("unsqueeze", signature="input, dim")
def unsqueeze(call: BoundCall, maker: Maker) -> int:
    """One dim of size 1 more."""
    return maker.step("unsqueeze", [call.tensor("input")], {"dim": whole(call.get("dim"), "the dim")})


@rule("expand", "broadcast_to", signature="input, *sizes")
def expand(call: BoundCall, maker: Maker) -> int:
    """Dims of size 1 repeated without a copy, as the call has it."""
    value = call.tensor("input")
    if maker.tensor(value).shape == call.result.shape:
        return maker.same(value)
    return maker.step("expand", [value], {"sizes": sizes_of(call.get("sizes"), "a size")})


@rule("expand_as", signature="input, other")
def expand_as(call: BoundCall, maker: Maker) -> int:
    """Repeated to the shape of another tensor."""
    return expanded(maker, call.tensor("input"), call.result.shape)


@rule("broadcast_tensors", signature="*tensors")
def broadcast_tensors(call: BoundCall, maker: Maker) -> list[int]:
    """Each repeated to the shape that all have together."""
    results = zip(call.tensors("tensors"), call.results, strict=True)
    return [expanded(maker, value, result.shape) for value, result in results]


@rule("atleast_1d", "atleast_2d", "atleast_3d")
def at_least(call: BoundCall, maker: Maker) -> int:
    """Dims of size 1 are added, before or behind."""
    return _reshaped(call, maker, call.result.shape)
