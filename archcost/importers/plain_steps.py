"""Steps that every reader of models makes alike: constants, casts, and single positions of a dim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from archcost.dtypes import FLOAT_DTYPES
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.form import Attribute, Batched, FormTensor, Shape


class PlainMaker(Protocol):
    """Makes steps; values are those of the form, by number."""

    def step(self, kind: str, inputs: Sequence[int], attributes: Mapping[str, Attribute] | None = None) -> int:
        """Add a step of one output and return its value; raises Unmapped if the op refuses it."""

    def tensor(self, value: int) -> FormTensor:
        """Shape (with the batch) and dtype of a value."""

    @property
    def dtype(self) -> str:
        """The dtype of the model."""


def is_floating(dtype: str) -> bool:
    """Whether numbers of a dtype have fractions."""
    return dtype in FLOAT_DTYPES


def constant(maker: PlainMaker, shape: Shape, dtype: str, value: float | Batched = 0) -> int:
    """A tensor that holds one number everywhere."""
    if dtype == maker.dtype:
        return maker.step("constant", [], {"shape": shape, "value": value})
    return maker.step("constant", [], {"shape": shape, "value": value, "dtype": dtype})


def cast(maker: PlainMaker, value: int, dtype: str) -> int:
    """A value in another dtype; no step between dtypes of a kind. Raises Unmapped if numbers lose their fraction.

    Truth values become 1 and 0 by a choice, numbers become truth values by a comparison with 0. Whole numbers become
    floating-point ones by a product with 1.
    """
    own = maker.tensor(value).dtype
    if own == dtype or (own != "bool" != dtype and is_floating(own) == is_floating(dtype)):
        return value
    if own == "bool":
        return maker.step("where", [value, constant(maker, (), dtype, 1), constant(maker, (), dtype, 0)])
    if dtype == "bool":
        return maker.step("ne", [value], {"other": 0})
    if is_floating(dtype):
        return maker.step("mul", [value], {"other": 1})
    raise Unmapped(f"no op makes {dtype} of {own}")


def select(maker: PlainMaker, value: int, dim: int, position: int) -> int:
    """The elements at one position of a dim, without that dim."""
    size = maker.tensor(value).shape[dim]
    if size != 1:
        end = position + 1 or None
        value = maker.step("slice", [value], {"dim": dim, "start": position or None, "end": end})
    return maker.step("squeeze", [value], {"dim": (dim,)})
