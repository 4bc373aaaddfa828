"""How the figures of comparisons are spelt: before, after and the difference, in full and in few digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.figures import BYTES, METRICS
from archcost.phrases import listed
from archcost.quantities import format_bytes, format_count
from archcost.render.cell_text import lower_bound, shape_cell
from archcost.render.document import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.comparing import Comparison, Difference
    from archcost.dims import Shape

_FACTOR = 1.5  # from which a change is also told as "times less"
_WHOLE_TIMES = 100  # from which a factor has no decimals
_MOST_PERCENT = 1000  # from which a growth is told as a factor: nobody reads +11,900.0% as 120 times as much
_MORE, _LESS = "red", "bright_blue"  # by cost, and told apart by everyone; the signs + − ~ say what changed
_SHAPES = 3  # that are told of one side
_SMALL = 1000  # a change of less than this part of the whole has no colour


def figure(value: int, metric: str, *, exact: bool) -> str:
    """A figure of a metric: bytes in IEC units, a count to the unit or in few digits."""
    if METRICS[metric].unit == BYTES:
        return format_bytes(value)
    return f"{value:,}" if exact else format_count(value)


def total_cell(value: int, metric: str, unknown: int) -> Cell:
    """A figure as far as it is known: a lower bound where it is not of so many layers."""
    exact, short = (lower_bound(figure(value, metric, exact=exact), value, unknown) for exact in (True, False))
    return Cell(exact, short, amount=value, binary=METRICS[metric].unit == BYTES)


def before_cell(difference: Difference, metric: str) -> Cell:
    """The figure before, as far as it is known."""
    return total_cell(difference.before, metric, difference.unknown_before)


def after_cell(difference: Difference, metric: str) -> Cell:
    """The figure after, as far as it is known."""
    return total_cell(difference.after, metric, difference.unknown_after)


def delta_cell(difference: Difference, metric: str) -> Cell:
    """The difference with its sign; unknown where one of both figures is."""
    if not difference.known:
        return Cell("unknown")
    exact, short = (signed(difference.delta, metric, exact=exact) for exact in (True, False))
    return Cell(exact, short, amount=difference.delta, binary=METRICS[metric].unit == BYTES)


def signed(value: int, metric: str, *, exact: bool) -> str:
    """A difference with its sign (a true minus), ``±0`` for none."""
    if not value:
        return "±0"
    return ("+" if value > 0 else "−") + figure(abs(value), metric, exact=exact)


def percent(difference: Difference) -> str:
    """The change in percent of before, or how often it holds that; ``new`` and ``gone`` where nothing is to divide."""
    if not difference.delta or not difference.known:
        return ""
    if not difference.before:
        return "new"
    if not difference.after:
        return "gone"
    value = abs(difference.percent or 0.0)
    if value >= _MOST_PERCENT:
        return f"×{difference.after / difference.before:,.1f}"
    if difference.delta < 0 and value >= 99.95:  # noqa: PLR2004 - rounds to all of it, and something is left
        return "≈−100%"  # beside a minus, > is read as an arrow
    sign = "+" if difference.delta > 0 else "−"
    return f"{sign}{value:.1f}%" if value >= 0.05 else f"{sign}<0.1%"  # noqa: PLR2004 - rounds to nothing


def cost_style(difference: Difference, whole: Difference) -> str:
    """The colour of a change: more costs more; none for what is nothing beside the whole models."""
    if not difference.known or abs(difference.delta) * _SMALL < max(whole.before, whole.after):
        return ""
    return _MORE if difference.delta > 0 else _LESS


def factor(difference: Difference) -> str:
    """``9.68× smaller``, for changes of half and more."""
    less, more = difference.times_less, difference.times_more
    if less is not None and difference.before >= _FACTOR * difference.after:
        return f"{_times(less)} smaller"
    return f"{_times(more)} larger" if more is not None and difference.after >= _FACTOR * difference.before else ""


def _times(value: float) -> str:
    """``9.68×``; from a hundred on no more digits than anybody reads: ``1,551×``."""
    return f"{value:,.0f}×" if value >= _WHOLE_TIMES else f"{value:,.2f}×"


def share_of_change(difference: Difference, whole: Difference) -> str:
    """What part of the model's change this is."""
    value = difference.percent_of(whole)
    if value is None:
        return ""
    sign = "−" if value < 0 else ""
    return f"{sign}{abs(value):.1f}%" if abs(value) >= 0.05 else f"{sign}<0.1%"  # noqa: PLR2004 - rounds to nothing


def shape_texts(comparison: Comparison) -> list[tuple[str, str]]:
    """The shapes that go in and come out, ``1×64×56×56 → 1×128×28×28``; nothing where both models have the same."""
    models = comparison.before, comparison.after
    sides = {
        "input": [[tensor.shape for tensor in report.graph.inputs.values()] for report in models],
        "output": [[*report.outputs.values()] for report in models],
    }
    if all(before == after for before, after in sides.values()):
        return []
    changed = {head: f" → {_shapes(after)}" * (after != before) for head, (before, after) in sides.items()}
    return [(head, _shapes(before) + changed[head]) for head, (before, _) in sides.items()]


def _shapes(shapes: Sequence[Shape]) -> str:
    """The first shapes, and how many there are more; a dash for none."""
    return listed([shape_cell((shape,)) for shape in shapes[:_SHAPES]], len(shapes)) or "–"
