"""Einstein summation: products of tensors whose dims are named by letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel, total
from archcost.ops.axes import broadcast, require
from archcost.ops.base import Check, Inputs, Op, Outputs, unchecked
from archcost.ops.dtypes import promoted, summed
from archcost.ops.facets import Work
from archcost.ops.fields import text
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_REST = "..."


class Terms(NamedTuple):
    """An equation taken apart: the letters of each operand and of the output, ``.`` for the dims of an ellipsis."""

    operands: tuple[str, ...]
    output: str


def terms(equation: str) -> Terms:
    """The terms of an equation; without an arrow the output has the letters that occur once, in alphabetical order."""
    left, arrow, right = equation.replace(" ", "").replace(_REST, ".").partition("->")
    operands = tuple(left.split(","))
    letters = "".join(operands)
    if not arrow:
        single = sorted(letter for letter in set(letters) if letters.count(letter) == 1 and letter != ".")
        right = "." * ("." in letters) + "".join(single)
    for term in (*operands, right):
        named = term.replace(".", "", 1)
        require(
            not named or (named.isascii() and named.isalpha()),
            "'{}' is not a term of an equation",
            term,
            help="a term has a letter for each dim, and may have '...': 'bhid, bhjd -> bhij'",
        )
        require(len(set(named)) == len(named), "a letter appears twice in the term '{}'", term)
    for letter in right:
        require(letter in letters, "the letter '{}' of the output is in no operand", letter)
    require("." in right or "." not in letters, "the '...' of an operand is missing from the output")
    return Terms(operands, right)


def pairwise(equation: str) -> tuple[str, ...]:
    """Equations of two operands that together are one of three and more, from the left: each takes what came before.

    That is the order of torch without opt_einsum. Letters stay for as long as a later operand or the output has them.
    """
    operands, output = terms(equation)
    found, before = [], operands[0]
    for place, operand in enumerate(operands[1:], 2):
        later = {*output, *"".join(operands[place:])}
        kept = "".join(dict.fromkeys([letter for letter in before + operand if letter in later]))
        kept = output if place == len(operands) else kept
        found.append(f"{before}, {operand} -> {kept}".replace(".", _REST))
        before = kept
    return tuple(found)


def dims_of(term: str, rank: int) -> tuple[str, ...]:
    """The letter of every dim. Dims of an ellipsis are named from the last: ``.0``, ``.1`` …."""
    named = len(term.replace(".", ""))
    fits = rank >= named if "." in term else rank == named
    require(fits, "the term '{}' does not fit an operand of {} dims", term.replace(".", _REST), rank)
    names: list[str] = []
    for letter in term:
        names += [f".{place}" for place in range(rank - named - 1, -1, -1)] if letter == "." else [letter]
    return tuple(names)


class Einsum(Op, kind="einsum", family="Arithmetic", max_inputs=2, work=Work.PRODUCT):
    """Einstein summation of one or two tensors; MACs = output elements × the sizes of the contracted letters.

    `equation` is written as in torch: `b h i d, b h j d -> b h i j`. Letters that are not in the output are summed
    over, and `...` stands for dims that broadcast. A term must not have a letter twice. A letter is contracted if both
    operands have it and it is summed over. Without contracted letters there are no MACs, and the products of two
    operands are FLOPs, 1 per output element. Letters that only one operand has and that are summed over are summed
    first, as in torch: FLOPs = elements before - elements after. An einsum of three or more operands is written as
    several of two, for its MACs are those of an order. Imports write them from the left, as torch contracts without
    opt_einsum; where that is installed, torch may take another order, with other MACs.
    """

    torch_name = "torch.einsum"
    input_names = ("input", "other")

    equation: str = text(doc="letters for the dims of each operand and of the output")

    def validate(self, check: Check) -> None:
        terms(self.equation)

    def help_with_more(self, count: int) -> str:
        if len(terms(self.equation).operands) != count:
            return ""
        steps = ", then ".join([f"`einsum: {pair}`" for pair in pairwise(self.equation)])
        return f"its MACs are those of an order: write {steps}, from the left as torch does without opt_einsum"

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        terms, output = self.names(inputs)
        sums = len(terms) == 1 and not set(terms[0]) <= set(output)
        return summed(dtypes[0]) if sums else promoted(inputs, dtypes)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        _, output = self.names(inputs)
        sizes = self._sizes(inputs, check)
        return (tuple([sizes[name] for name in output]),)

    def names(self, inputs: Inputs) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        """The letters of every dim of the operands and of the output."""
        operands, output = terms(self.equation)
        require(
            len(operands) == len(inputs),
            "the equation '{}' takes {} inputs, got {}",
            self.equation,
            len(operands),
            len(inputs),
            help="name them: `from: [a, b]`, one for each term before `->`",
        )
        names = [dims_of(term, len(shape)) for term, shape in zip(operands, inputs, strict=True)]
        rest = max([sum(name[0] == "." for name in each) for each in names])
        return names, dims_of(output, rest + len(output.replace(".", "")))

    def _sizes(self, inputs: Inputs, check: Check) -> dict[str, Dim]:
        """The size of every letter; those of the ellipsis broadcast."""
        sizes: dict[str, Dim] = {}
        for names, shape in zip(self.names(inputs)[0], inputs, strict=True):
            for name, size in zip(names, shape, strict=True):
                before = sizes.setdefault(name, size)
                if name[0] == ".":
                    (sizes[name],) = broadcast((before,), (size,), check, "dims {} and {} of '...' do not broadcast")
                else:
                    check(
                        before == size,
                        "the dim '{}' has size {} in one operand and {} in the other",
                        name,
                        before,
                        size,
                    )
        return sizes

    def contracted(self, inputs: Inputs) -> list[Dim]:
        """The sizes of the letters that both operands have and that are summed over."""
        names, output = self.names(inputs)
        both = [name for name in names[0] if name in names[-1] and name not in output] if len(names) > 1 else []
        sizes = self._sizes(inputs, unchecked)
        return [sizes[name] for name in both]

    def summed(self, inputs: Inputs) -> list[Shape]:
        """The shapes of the operands after the letters that one of them alone has are summed over."""
        names, output = self.names(inputs)
        shapes = []
        for place, (own, shape) in enumerate(zip(names, inputs, strict=True)):
            others = {*output, *[name for other in names[:place] + names[place + 1 :] for name in other]}
            shapes.append(tuple([size for name, size in zip(own, shape, strict=True) if name in others]))
        return shapes

    def letters(self) -> tuple[str, ...]:
        return tuple([f"({', '.join(term)})".replace(".", "*") for term in terms(self.equation).operands])

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        contracted = self.contracted(inputs)
        return numel(outputs[0]) * numel(contracted) if contracted else 0

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        sums = [numel(before) - numel(after) for before, after in zip(inputs, self.summed(inputs), strict=True)]
        elementwise = len(inputs) > 1 and not self.contracted(inputs)
        return total(sums) + numel(outputs[0]) * elementwise

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        names, output = self.names(inputs)
        sizes = dict(zip(output, outputs[0], strict=True))
        return tuple(
            [
                tuple(
                    [
                        window(output.index(name)) if sizes.get(name) == size else ALL
                        for name, size in zip(own, shape, strict=True)
                    ]
                )
                for own, shape in zip(names, inputs, strict=True)
            ]
        )
