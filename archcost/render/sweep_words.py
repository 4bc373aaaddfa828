"""A sweep in words: how its space is made, how many designs there are, and why settings are none."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from archcost.figures import METRICS, PREDICTED
from archcost.render.document import Gap, Line
from archcost.render.prediction import caveats, how
from archcost.sweeping.exact.intervals import Estimate
from archcost.sweeping.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.render.document import Block
    from archcost.sweeping.asking import Objective
    from archcost.sweeping.causes import InvalidCause
    from archcost.sweeping.space import Axis
    from archcost.sweeping.sweep import Sweep
    from archcost.timing.prediction import Prediction

_FACTORS = 5  # axes that a headline names
_CAUSES = 10
_NOUNS = (
    "batch",
    "dtype",
    "width",
    "depth",
    "resolution",
    "size",
    "kernel",
    "layer",
    "head",
    "block",
    "channel",
    "group",
    "ratio",
    "rate",
)


def predicted_lines(found: Sequence[Prediction]) -> Iterator[Line]:
    """What times are predicted on, and how wrong they may be."""
    label = METRICS[PREDICTED].label
    yield Line(f"{label}: predicted on {found[0].device.label} ({how(found[0])}), not measured", style="dim")
    for told in dict.fromkeys(text for one in found for text in caveats(one)):
        yield Line(f"  {told}", style="dim")


def headline(sweep: Sweep) -> str:
    """How the space is made, how many designs it has, and how many of them meet the condition."""
    space = sweep.space
    axes = " × ".join([f"{len(axis):,} {_plural(axis, len(axis))}" for axis in space.axes])
    if len(space.axes) > _FACTORS:
        axes = f"{len(space.axes)} axes"
    if not space.axes:
        return "1 design: nothing varies"
    parts = [*_counted(sweep, axes)]
    if sweep.invalid:
        parts.append(f"{sweep.invalid:,} invalid")
    if sweep.meeting is not None and not sweep.ask.counts:
        parts.append(_meeting(sweep, sweep.meeting))
    if sweep.ask.sample is not None and sweep.listing is not None:
        drawn = f"{sweep.ask.sample:,} drawn with seed {sweep.ask.seed}" if sweep.found else "none to draw"
        parts.append(drawn)
    if sweep.ask.pareto and sweep.listing is not None:
        ends = objectives_text(sweep.ask.pareto)
        parts.append(f"front of {sweep.found:,} by {ends}")
    return " · ".join(parts)


def _counted(sweep: Sweep, axes: str) -> Iterator[str]:
    size, designs = sweep.space.size, sweep.designs
    many = len(sweep.space.axes) > _FACTORS
    distinct = bool(sweep.answers.tables.distinct) and designs + sweep.invalid < size
    if distinct:
        yield axes if many else f"{axes} = {size:,} settings"
        yield f"{designs:,} distinct design{'s' * (designs != 1)}"
    elif designs < size:
        yield f"{axes} · {size:,} settings" if many else f"{axes} = {size:,} settings"
        yield f"{_designs(designs)}"
    else:
        yield f"{axes} · {_designs(designs)}" if many else f"{axes} = {_designs(designs)}"


def _designs(count: int) -> str:
    return f"{count:,} design{'s' * (count != 1)}"


def _meeting(sweep: Sweep, found: int | Estimate) -> str:
    where = sweep.answers.where
    only_budgets = bool(where.bounds) and not (where.conditions or where.rest or where.late)
    what = "meet the budgets" if only_budgets else "meet the condition"
    if only_budgets and len(where.bounds) == 1:
        what = "meet the budget"
    if isinstance(found, Estimate):
        return f"about {found.value:,} {what}, an estimate"
    return f"{found:,} {what if found != 1 else what.replace('meet', 'meets', 1)}"


def count_text(sweep: Sweep) -> str:
    """The answer to a count: exact, or an estimate with its interval, said so in words."""
    found = sweep.meeting
    assert found is not None, "there is a condition"
    if isinstance(found, Estimate):
        share = f"{_percent(found.low, sweep.designs)} to {_percent(found.high, sweep.designs)}"
        return f"{sweep.where}: {found} ({share})"
    return f"{sweep.where}: {found:,} ({_percent(found, sweep.designs)}), counted exactly"


def expected_line(sweep: Sweep) -> Line:
    """Whether there are as many designs as the file of the space says are published."""
    assert sweep.expected is not None, "the file says"
    if sweep.as_expected:
        return Line("as many as are published")
    return Line(f"{sweep.expected:,} are published", head="fail ", style="red")


def _percent(part: int, whole: int) -> str:
    """A share to four digits, from integers: ``3.935%``, ``0.00004%``."""
    if not part or not whole:
        return "0%"
    digits = 3
    while part * 10 ** (digits + 2) < whole * 1000 and digits < 40:  # noqa: PLR2004 - four digits, and an end
        digits += 1
    scaled = (2 * part * 10 ** (digits + 2) + whole) // (2 * whole)
    whole_part, rest = divmod(scaled, 10**digits)
    return f"{whole_part}.{rest:0{digits}d}".rstrip("0").rstrip(".") + "%"


def _plural(axis: Axis, count: int) -> str:
    name = axis.name.replace(",", "/")
    if count == 1 or name.rpartition("_")[2] not in _NOUNS:
        return name
    return f"{name}es" if name.endswith("ch") else f"{name}s"


def objectives_text(objectives: Iterable[Objective]) -> str:
    """What a front is about: ``least MACs, most params``."""
    return ", ".join([f"{'least' if sense == 'min' else 'most'} {metric_label(name)}" for name, sense in objectives])


def metric_label(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else metric


# --- what is invalid --------------------------------------------------------------------------------------------------


def cause_blocks(sweep: Sweep) -> Iterator[Block]:
    """Each cause with the message, place and help of a single analysis, and a design that has it."""
    if not sweep.causes:
        return
    if sweep.listing is None and sweep.histogram is None:  # a table has a gap behind it
        yield Gap()
    are = "is" if sweep.invalid == 1 else "are"
    yield Line(f"{sweep.invalid:,} of {sweep.invalid + sweep.designs:,} settings {are} invalid:", style="bold")
    for cause in islice(sweep.causes, _CAUSES):
        yield Line(_cause_text(sweep, cause), head=f"{cause.designs:,}× " if cause.designs else "– ", literal=True)
    if len(sweep.causes) > _CAUSES:
        yield Line(f"and {len(sweep.causes) - _CAUSES:,} more causes: `--format json` has them", style="dim")


def _cause_text(sweep: Sweep, cause: InvalidCause) -> str:
    problem = cause.diagnostic
    values = sweep.space.values_of(cause.example)
    sets = ", ".join([f"{target}={shown(value)}" for target, value in islice(values.items(), _FACTORS)])
    place = f" ({problem.mark})" if problem.mark else ""
    more = ", …" if len(values) > _FACTORS else ""
    return f"{problem.message}{place}, for instance with {sets}{more}" + (
        f"; help: {problem.help}" if problem.help else ""
    )
