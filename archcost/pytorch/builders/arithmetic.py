"""Arithmetic between tensors and reductions, and products that every counter can see."""

from __future__ import annotations

import math
import operator
from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archcost.pytorch.builders.base import Builder, Function, Inputs, acting_by, made_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


class Elementwise(Function):
    """``a + b + c`` from the left over all inputs, or over one input and the number ``other``."""

    def forward(self, *inputs: Tensor) -> Tensor:
        result: Tensor = reduce(_OPERATORS[self.name], (*inputs, *self.settings.values()))
        return result


class Einsum(Function):
    """torch.einsum: the equation stands before the inputs."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return torch.einsum(self.settings["equation"], *inputs)


class RowLinear(nn.Linear):
    """nn.Linear that takes a vector as a matrix of one row: the counters see no product of a matrix and a vector."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name, here and below
        return super().forward(input.unsqueeze(0)).squeeze(0) if input.dim() == 1 else super().forward(input)


class PlainMatmul(nn.Module):
    """torch.matmul of matrices only, batch dims made equal: fvcore counts the batch of the left operand."""

    def forward(self, input: Tensor, other: Tensor) -> Tensor:  # noqa: A002
        left = input.unsqueeze(0) if input.dim() == 1 else input
        right = other.unsqueeze(1) if other.dim() == 1 else other
        result = product(left, right)
        if other.dim() == 1:
            result = result.squeeze(-1)
        return result.squeeze(-1 if other.dim() == 1 else -2) if input.dim() == 1 else result


def product(left: Tensor, right: Tensor) -> Tensor:
    """The product of two batches of matrices, the batch dims broadcast before it."""
    batch: torch.Size = torch.broadcast_shapes(left.shape[:-2], right.shape[:-2])  # type: ignore[no-untyped-call]
    return torch.matmul(left.expand(*batch, *left.shape[-2:]), right.expand(*batch, *right.shape[-2:]))


class PlainEinsum(Einsum):
    """The same by a product of matrices, or of elements where nothing is summed over that both operands have."""

    def forward(self, *inputs: Tensor) -> Tensor:
        terms, output = self._letters([tensor.dim() for tensor in inputs])
        operands = []
        for place, (tensor, term) in enumerate(zip(inputs, terms, strict=True)):
            others = "".join((output, *terms[:place], *terms[place + 1 :]))
            alone = [dim for dim, letter in enumerate(term) if letter not in others]
            operands.append(tensor.sum(alone) if alone else tensor)
        kept = ["".join(letter for letter in term if "".join((*terms, output)).count(letter) > 1) for term in terms]
        if len(operands) > 1 and set(kept[0]) & set(kept[1]) - set(output):
            return self._contracted(operands, kept, output)
        aligned = [self._arranged(tensor, term, output) for tensor, term in zip(operands, kept, strict=True)]
        return reduce(torch.mul, aligned)

    def _letters(self, ranks: list[int]) -> tuple[list[str], str]:
        """The terms with a letter for every dim; those of the ellipsis are numbers."""
        left, arrow, output = self.settings["equation"].replace(" ", "").partition("->")
        terms = left.split(",")
        if not arrow:
            single = [letter for letter in set(left) if letter.isalpha() and left.count(letter) == 1]
            output = "..." * ("..." in left) + "".join(sorted(single))
        extra = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
        rest = "".join(map(str, range(max(extra))))
        terms = [term.replace("...", rest[len(rest) - count :]) for term, count in zip(terms, extra, strict=True)]
        return terms, output.replace("...", rest)

    def _contracted(self, operands: list[Tensor], terms: list[str], output: str) -> Tensor:
        """Batches of matrices: dims of both and of the ellipsis, those of the left, those of the right."""
        batch = [x for x in output if x.isdigit() or all(x in term for term in terms)]
        rows, columns = ([x for x in term if x in output and x not in batch] for term in terms)
        sums = [x for x in terms[0] if x not in output]
        left = self._arranged(operands[0], terms[0], [*batch, *rows, *sums])
        right = self._arranged(operands[1], terms[1], [*batch, *sums, *columns])
        split = len(batch)
        sizes = left.shape[split : split + len(rows)], right.shape[split + len(sums) :]
        left = left.reshape(*left.shape[:split], math.prod(sizes[0]), -1)
        right = right.reshape(*right.shape[:split], -1, math.prod(sizes[1]))
        mixed = product(left, right)
        mixed = mixed.reshape((*mixed.shape[:split], *sizes[0], *sizes[1]))
        return self._arranged(mixed, [*batch, *rows, *columns], output)

    @staticmethod
    def _arranged(tensor: Tensor, letters: Sequence[str], order: Sequence[str]) -> Tensor:
        """Dims in another order, with one of size 1 for each letter that the tensor has not."""
        missing = [letter for letter in order if letter not in letters]
        for _ in missing:
            tensor = tensor.unsqueeze(-1)
        own = [*letters, *missing]
        return tensor.permute([own.index(letter) for letter in order])


def _reduction(op: Any, _: Inputs) -> Function:
    return Function(op.torch_name, dim=() if op.dim is None else op.dim, keepdim=op.keepdim)


BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(_OPERATORS, acting_by(Elementwise)),
    **dict.fromkeys(("sum", "mean", "max", "min"), _reduction),
    "einsum": acting_by(Einsum),
}
VERIFYING: dict[str, Builder] = {
    "linear": made_by(RowLinear),
    "matmul": made_by(PlainMatmul),
    "einsum": acting_by(PlainEinsum),
}
