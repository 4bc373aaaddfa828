"""Ids to values: ``from`` and ``outputs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import decided
from archcost.errors import Diagnostic, suggestion
from archcost.graph.model import new
from archcost.graph.scope import UNKNOWN_RESULT, Result
from archcost.graph.work import REFERENCE
from archcost.ops import REGISTRY
from archcost.paths import above, first, join, last
from archcost.spec.expressions import Expression
from archcost.spec.model import Reference

if TYPE_CHECKING:
    from archcost.errors import Mark
    from archcost.graph.context import Context
    from archcost.graph.scope import Frame, Values
    from archcost.spec.model import References

ALL = "*"  # behind the dot: all outputs of a step, or of all rounds of a repeated one
_SHOWN = 60  # characters of an id in a message


class Read(NamedTuple):
    """A result that a step reads, the id it is read by (empty: it is the step before), and where that is written."""

    result: Result
    name: str
    mark: Mark | None


def resolve(context: Context, references: References, frame: Frame, inputs: Values) -> tuple[Read, ...]:
    """What ids refer to; unknown ids are reported, and failed. Raises ExpressionError."""
    mark = references.mark if isinstance(references, Expression) else references[0].mark if references else None
    if isinstance(references, Expression):
        names = context.names_at(frame, inputs) if references.uses_input else frame.names
        named = decided(references.evaluate(names))
        items = list(map(decided, named)) if isinstance(named, (list, tuple)) else [named]
        place = references.mark
        references = [
            Reference(str(item), place) if _is_id(item, frame) else _no_id(context, frame, item, place)
            for item in items
        ]
    context.meter.spend(REFERENCE * len(references), mark)
    return tuple([new(Read, (_result(context, one, frame), one.name, one.mark)) for one in references])


def _is_id(item: object, frame: Frame) -> bool:
    """Whether an expression gives an id: a text, or the number that a step before is called."""
    return isinstance(item, str) or (type(item) is int and frame.find(str(item)) is not None)


def _no_id(context: Context, frame: Frame, item: object, mark: Mark) -> Reference:
    message = f"the expression must give ids, got {str(item)[:_SHOWN]}"
    hint = 'write ids as text in quotes: `$(["a", "b"])`'
    context.fail(Diagnostic(message, mark, hint), frame.body, identity=_no_id)  # one problem for all of its items
    return Reference("", mark)


def _result(context: Context, reference: Reference, frame: Frame) -> Result:
    """What an id refers to: a step, a round, one output of either, or with ``.*`` all of them."""
    name = reference.name
    if name:
        result = frame.find(name)
        if result is not None:
            return result
        base, part = above(name), last(name)
        result = frame.find(base) if part == ALL or part.isdecimal() else None
        if result is not None:
            values = _all(context, result, base, reference.mark, frame)
            return values if part == ALL else _picked(context, result, base, part, reference.mark, frame)
        if not may_be_default(context, name, frame):
            message, hint = _unknown(context, name, frame, reference.mark)
            context.fail(Diagnostic(message, reference.mark, hint), frame.body)
    frame.body.fail()
    return UNKNOWN_RESULT


def _all(context: Context, result: Result, base: str, mark: Mark, frame: Frame) -> Result:
    """The outputs of a step; the results of all rounds of a repeated one."""
    rounds = rounds_of(base, frame)
    context.meter.spend(REFERENCE * len(rounds), mark)
    values = tuple([value for one in rounds for value in one.bare]) if rounds else result.values
    return Result(values, False)


def rounds_of(name: str, frame: Frame) -> list[Result]:
    """The results of the rounds of a repeated step; none of another."""
    found: list[Result] = []
    while (one := frame.find(join(name, str(len(found))))) is not None:
        found.append(one)
    return found


def outputs_base(name: str, frame: Frame) -> str:
    """What stands before the number of a step's output: its id, of a repeated one that of the last round."""
    rounds = rounds_of(name, frame)
    return join(name, str(len(rounds) - 1)) if rounds else name


def _picked(context: Context, result: Result, base: str, index: str, mark: Mark, frame: Frame) -> Result:
    """Output ``index`` of a step."""
    count = len(result.values)
    if None in result.values:
        frame.body.fail()
        return UNKNOWN_RESULT
    rounds = len(rounds_of(base, frame))
    if len(index) < 10 and int(index) < count and not rounds:  # noqa: PLR2004 - it fits
        return Result((result.values[int(index)],), True)
    if rounds:
        message = f"'{base}' has {rounds} round{'s' * (rounds > 1)}, counted from 0"
        hint = f"the last is {base}.{rounds - 1}, or `{base}` alone"
    elif count == 1:
        message, hint = f"'{base}' has one output, counted from 0", f"write `{base}`"
    else:
        message = f"'{base}' has {count} outputs, counted from 0"
        hint = f"they are {base}.0 to {base}.{count - 1}"
    context.fail(Diagnostic(message, mark, hint), frame.body)
    return UNKNOWN_RESULT


def may_be_default(context: Context, name: str, frame: Frame) -> bool:
    """Whether an unknown id may be the default name of a step whose kind is not known, and reported as such."""
    kind, _, number = name.rpartition("_")
    kinds = {name, kind} if number.isdecimal() else {name}
    known = any(kind in REGISTRY or kind in context.spec.blocks for kind in kinds)
    around: Frame | None = frame
    while around is not None:
        if around.unsure and (known or not kinds.isdisjoint(around.unsure)):
            return True
        around = around.outer
    return False


def ids_before(context: Context, frame: Frame, mark: Mark) -> list[str]:
    """The ids that a step here may name, the nearest first."""
    known = list(dict.fromkeys(frame.known()))
    context.meter.spend(len(known), mark)
    return known


def _unknown(context: Context, name: str, frame: Frame, mark: Mark) -> tuple[str, str]:
    """Message and help for an id that is not there."""
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    if name in frame.branches:
        return f"'{shown}' is a branch, not a step", "name the step that joins the branches instead"
    if frame.is_reserved(name):
        return f"'{shown}' is not before this step", "a step can only read steps above it"
    known = ids_before(context, frame, mark)
    if name == "input":
        inputs = [known_name for known_name, result in frame.ids.items() if any((v or 0) < 0 for v in result.values)]
        return "there is no input named 'input'", f"the inputs here are {', '.join(inputs)}" if inputs else ""
    from archcost.spec.helps.ids import id_help

    hint = id_help(name, [step for step in frame.ids if "." not in step])
    top = first(name)
    if not hint and top != name and frame.find(top) is not None:
        inside = "to read a step inside a block, list it in the block's `outputs`"
        hint = f"write `{top}`, or `{top}.0` for one of several outputs; {inside}"
        return f"unknown id '{shown}'", hint
    return f"unknown id '{shown}'", hint or suggestion(name, known, "ids before this step", context.meter.hints)
