"""How many inputs a step takes, and what it takes of the results that it reads.

An id alone means all outputs of its step. Of a step with a main output (the sequence of an LSTM) it means that one,
unless the step that reads it takes no fewer than all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import Diagnostic
from archcost.graph.references import ALL, rounds_of
from archcost.graph.scope import FAILED
from archcost.graph.work import REFERENCE
from archcost.ops import REGISTRY
from archcost.ops.base import arity_text
from archcost.paths import DOT, join

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.graph.context import Context
    from archcost.graph.references import Read
    from archcost.graph.scope import Frame, Result, Values
    from archcost.spec.model import Block

_FEW = 3  # outputs that a message names


class Arity(NamedTuple):
    """The fewest and the most inputs that a step takes (None: any number), and who takes them, for messages."""

    least: int
    most: int | None
    text: str  # "relu takes 1 input"

    def allows(self, count: int) -> bool:
        """Whether a step takes so many inputs."""
        return self.least <= count and (self.most is None or count <= self.most)


ANY = Arity(0, None, "it takes any number of inputs")  # outputs, branches, groups
ONE = Arity(1, 1, "'residual' takes 1 input")


def arity_of(kind: str, blocks: Mapping[str, Block]) -> Arity:
    """How many inputs an op or block takes; any number, where the kind is not known."""
    block = blocks.get(kind)
    if block is not None:
        most = None if block.takes_more else len(block.inputs)
        return Arity(len(block.inputs), most, f"the block '{kind}' takes {block.takes}")
    op = REGISTRY.get(kind)
    return Arity(op.min_inputs, op.max_inputs, f"{kind} takes {arity_text(op)}") if op is not None else ANY


def taken(context: Context, reads: Sequence[Read], takes: Arity, frame: Frame) -> Values:
    """The values that a step takes of what it reads.

    Reports an id of several outputs where these are too many; what the step before hands on, its reader judges.
    """
    if len(reads) == 1 and reads[0].result.main:
        return _of_one(reads[0].result, takes)
    values: list[int | None] = []
    are_single = True
    for result, _, _ in reads:
        if len(result.values) == 1:
            values.append(result.values[0])
        else:
            values += result.bare
            are_single = are_single and result.main and bool(result.values)
    if are_single:
        return tuple(values)
    context.meter.spend(REFERENCE * len(values), reads[0].mark)
    for read in reads:
        if not read.name or len(read.result.bare) == 1:
            continue
        problem = _problem(read, len(values), takes, frame)
        if problem is not None:
            context.fail(problem, frame.body)
            return FAILED
    return tuple(values)


def _of_one(result: Result, takes: Arity) -> Values:
    """The main output, or all if a step takes no fewer."""
    values = result.values
    if len(values) < 2:  # noqa: PLR2004 - several
        return values
    return values if takes.least > 1 and takes.allows(len(values)) else result.bare


def _problem(read: Read, count: int, takes: Arity, frame: Frame) -> Diagnostic | None:
    """Why a step that takes ``count`` values cannot take all outputs of one that it reads."""
    if not read.result.values:
        return Diagnostic(f"'{read.name}' has no output", read.mark)
    if takes.most is None or count <= takes.most:
        return None
    outputs = len(read.result.bare)
    named = read.name.removesuffix(DOT + ALL)
    rounds = len(rounds_of(named, frame))
    base = join(named, str(rounds - 1)) if rounds and named == read.name else named  # the last has the outputs
    several = rounds if rounds and named != read.name else outputs
    choices = [join(base, str(number)) for number in range(min(several, _FEW))]
    hint = f"pick one: {' or '.join(choices)}" if takes.most <= 1 else f"pick some: `from: [{', '.join(choices)}]`"
    return Diagnostic(f"'{read.name}' has {outputs} outputs, and {takes.text}", read.mark, hint)
