"""What an op is to those that count, run and write it, without a word about its kind.

``work`` is what it does, ``written`` how PyTorch writes it, ``keeps`` what its backward pass needs. Tables elsewhere go
by these, and name a kind only where it is an exception; its family decides what a class does not say of itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.ops.base import Op

Row = TypeVar("Row")


class Work(StrEnum):
    """What an op does with its inputs."""

    CONVOLUTION = "convolution"
    TRANSPOSED = "transposed convolution"
    PRODUCT = "product of matrices"
    ATTENTION = "attention"
    RECURRENT = "recurrent"
    NORM = "norm"  # by mean and variance
    DIVISION = "division by a magnitude"  # that it measures on its input
    POOL = "pool"
    ELEMENTWISE = "elementwise"
    SOFTMAX = "softmax"
    REDUCTION = "reduction"
    RESAMPLE = "resample"  # a new tensor, with channels and positions in another order or number
    MOVE = "move"  # elements to other places, or only another view of them
    UNCHANGED = "unchanged"  # in inference the elements of the input, in their order
    TABLE = "table"  # a tensor of its own, as it is or row by row
    DECLARED = "declared"  # what the spec says, and nobody knows

    @property
    def multiplies(self) -> bool:
        """Whether it has MACs; all other ops have none, but for what a spec declares."""
        return self in MULTIPLYING


MULTIPLYING = (Work.CONVOLUTION, Work.TRANSPOSED, Work.PRODUCT, Work.ATTENTION, Work.RECURRENT)


class WrittenAs(StrEnum):
    """How the network that archcost builds writes an op."""

    MODULE = "a class of torch.nn"
    FUNCTION = "a function of torch"
    OWN = "a class of its own"  # made of functions, or derived from one of torch.nn


class Keeps(StrEnum):
    """What the backward pass of a function of one tensor needs."""

    INPUT = "input"
    RESULT = "result"
    EITHER = "either"  # the input; the result where it works in place
    NOTHING = "nothing"
    OTHER = "other"  # more than that, or more is allocated than its output: it has a rule of its own


class Facets(NamedTuple):
    """What the ops of a family are unless their classes say otherwise."""

    work: Work
    written: WrittenAs
    keeps: Keeps = Keeps.OTHER


FAMILIES = {  # in the order of the reference
    "Convolution": Facets(Work.CONVOLUTION, WrittenAs.MODULE),
    "Linear and embedding": Facets(Work.PRODUCT, WrittenAs.MODULE),
    "Normalisation": Facets(Work.NORM, WrittenAs.MODULE),
    "Activation": Facets(Work.ELEMENTWISE, WrittenAs.MODULE, Keeps.INPUT),
    "Pooling": Facets(Work.POOL, WrittenAs.MODULE),
    "Shape": Facets(Work.MOVE, WrittenAs.FUNCTION),
    "Arithmetic": Facets(Work.ELEMENTWISE, WrittenAs.FUNCTION),
    "Attention": Facets(Work.ATTENTION, WrittenAs.FUNCTION),
    "Recurrent": Facets(Work.RECURRENT, WrittenAs.OWN),
    "Resampling": Facets(Work.RESAMPLE, WrittenAs.MODULE, Keeps.NOTHING),
    "Custom": Facets(Work.DECLARED, WrittenAs.OWN),
}


def row_of(table: Mapping[str, Row], op: Op | type[Op]) -> Row | None:
    """The row of a table for a kind, or else for all that differ from it in the number of dims: ``conv`` for conv2d."""
    return table[op.kind] if op.kind in table else table.get(op.stem)
