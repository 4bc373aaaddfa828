"""Root mean square norms, written out as they are in models without a module for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.idioms.sight import Sight

_SQUARE = 2


def rms_norm(sight: Sight, place: int) -> IdiomRewrite | None:
    """A tensor over the root of its mean square, and if a weight follows the product with it: ``rms_norm``."""
    if sight.step(place).kind not in ("rsqrt", "sqrt"):
        return None
    found = _inner(sight, place)
    if found is None:
        return None
    x, eps, gone = found
    root = sight.step(place).outputs[0]
    divided = sight.read_by(root, "mul" if sight.step(place).kind == "rsqrt" else "div")
    if divided is None or sight.other_input(divided, root) != x or sight.step(divided).inputs[-1] != root:
        return None
    gone += [place, divided]
    attributes: dict[str, Attribute] = {"eps": eps}
    weighted = _weighted(sight, sight.step(divided).outputs[0])
    if weighted is None:
        attributes["elementwise_affine"] = False
        return _rewrite(sight, gone, divided, x, attributes, ())
    product, parts, tensors = weighted
    return _rewrite(sight, [*gone, *parts, product], product, x, attributes, tensors)


def _rewrite(
    sight: Sight, gone: list[int], last: int, x: int, attributes: dict[str, Attribute], tensors: tuple[str, ...]
) -> IdiomRewrite:
    made = NewStep(last, "rms_norm", (x,), sight.step(last).outputs, attributes, tensors)
    return IdiomRewrite(tuple(gone), (made,))


def _inner(sight: Sight, root: int) -> tuple[int, float, list[int]] | None:
    """Of mean(x²) + ε: x, ε and the steps."""
    added = sight.made_by(sight.step(root).inputs[0], "add")
    eps = sight.attribute(added, "other") if added is not None else None
    if added is None or not isinstance(eps, float) or len(sight.step(added).inputs) > 1:
        return None
    mean = sight.made_by(sight.step(added).inputs[0], "mean")
    if mean is None or not sight.is_last_dim(mean) or sight.attribute(mean, "keepdim") is not True:
        return None
    square = sight.made_by(sight.step(mean).inputs[0], "pow", "mul")
    if square is None:
        return None
    step = sight.step(square)
    is_square = step.inputs[0] == step.inputs[-1] and (
        sight.attribute(square, "exponent") == _SQUARE if step.kind == "pow" else len(step.inputs) == _SQUARE
    )
    return (step.inputs[0], eps, [square, mean, added]) if is_square else None


def _weighted(sight: Sight, normed: int) -> tuple[int, list[int], tuple[str, ...]] | None:
    """The product of what is normed and a weight: its place, the steps of the weight, and the tensor's name.

    A weight may be stored less 1: then 1 is added to it first.
    """
    product = sight.read_by(normed, "mul")
    if product is None:
        return None
    weight = sight.other_input(product, normed)
    if weight is None:
        return None
    parts: list[int] = []
    offset = sight.made_by(weight, "add")
    if offset is not None and len(sight.step(offset).inputs) == 1 and sight.attribute(offset, "other") == 1:
        parts.append(offset)
        weight = sight.step(offset).inputs[0]
    held = sight.made_by(weight, "parameter")
    if held is None or sight.shape(weight) != sight.shape(normed)[-1:]:
        return None
    return product, [held, *parts], sight.step(held).tensors
