"""The figures of a model as polynomials in one of its variables: ``MACs = a·tokens² + b·tokens``.

The sizes of a network are sums, products and quotients rounded down, so that its figures are polynomials in a variable,
or one polynomial for each remainder of the product of its strides. Which ones they are is found from analyses alone, in
exact arithmetic, and every formula is held against further analyses before it is told:

1. **Step.** The values v, v + m, v + 2m … around the variable's value v are those of one remainder. m is 1 if the
   figures at ten such neighbours follow polynomials; else v itself, or what the sizes of the layers are divided by, or
   a small number. It is then divided by its primes for as long as as many figures follow polynomials.
2. **Formula.** Newton's divided differences of the ten. A degree of at most 5 needs six of them, and the others have to
   agree.
3. **Range.** Figures are piecewise: a window may become larger than the input, another moment hold the peak. From v on
   the range grows, twice as far each time, until a value disagrees or is not valid, and bisection finds the edge.
4. **Check.** All values of the range where that takes little time. Else values drawn at random, the same on every run,
   and those that the spec may compare the variable with. One that disagrees cuts the range.

What is told is thereby checked, and not proven; of values outside of the range, or between its steps, nothing is said.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line, in_notebook
from archcost.explaining.equations import BYTES as UNIT
from archcost.explaining.samples import Samples
from archcost.explaining.steps import NEIGHBOURS, fitted
from archcost.explaining.why_no_formula import why_none
from archcost.figures import BYTES, METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archcost.analysis.report import Report
    from archcost.explaining.polynomials import Polynomial
    from archcost.explaining.steps import Fit

RANDOM_CHECKS = 20
_FARTHEST = 16  # times the variable's value; and at least so much of a whole number that adds no layers:
_LEAST_FARTHEST = 1024
_CUTS = 6  # of a range, by checks


class Range(NamedTuple):
    """The values ``low``, ``low + step`` … ``high`` of a variable."""

    low: Fraction
    high: Fraction
    step: Fraction

    def __contains__(self, x: object) -> bool:
        return isinstance(x, (int, Fraction)) and self.low <= x <= self.high and not (x - self.low) % self.step

    @property
    def values(self) -> int:
        """How many values there are."""
        return int((self.high - self.low) / self.step) + 1


class Formula(NamedTuple):
    """A figure, its value where the variable stands, and its polynomial with the values that it holds for.

    ``checks`` is the number of analyses that agree with it and were not needed to find it. Without a polynomial,
    ``reason`` says why there is none; where some layers are unknown, ``value`` is then the known part.
    """

    figure: str
    label: str
    unit: str
    value: int
    polynomial: Polynomial | None = None
    range: Range | None = None
    checks: int = 0
    reason: str = ""
    unknown: int = 0


class VariableFormulas(NamedTuple):
    """The figures of a report, or of its layer or scope at ``path`` with so many ``layers``, as formulas in a variable.

    ``range`` is that of the most formulas. ``below`` and ``above`` say what is wrong, or different, beyond it;
    ``between`` why it has not every value.
    """

    report: Report
    path: str | None
    layers: int
    variable: str
    value: Fraction
    formulas: tuple[Formula, ...]
    range: Range | None
    below: str
    above: str
    between: str

    def __repr__(self) -> str:
        names = filter(None, [self.report.name, self.path])
        return in_line(self, *names, variable=self.variable, formulas=len(self.formulas))

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.explanation/1``."""
        from archcost.explaining.in_variable_data import formulas_data

        return {**formulas_data(self)}


def formulas_in(report: Report, variable: str, path: str | None = None) -> VariableFormulas:
    """The figures of a report, or of a layer or scope, as formulas in ``batch`` or a param.

    Raises UsageError for a variable that is not there or is no number, for a path that is not there, and for a model
    with too many layers to be analysed often enough.
    """
    samples = Samples(report, variable, path)
    step, fits = fitted(samples)
    ladders = _ladders(samples, step) if fits else ([], [])
    formulas = tuple([_formula(samples, name, step, fits.get(name), ladders) for name in samples.figures])
    ranges = [one.range for one in formulas if one.range is not None]
    common = max(ranges, key=ranges.count, default=None)
    below = above = between = ""
    if common is not None:
        below = _beyond(samples, common.low - step, "smaller")
        above = _beyond(samples, common.high + step, "larger")
        between = _between(samples, step) if any(fit.polynomial.degree for fit in fits.values()) else ""
    layers = len(samples.own_layers)
    return VariableFormulas(
        report, samples.path, layers, variable, samples.value, formulas, common, below, above, between
    )


def _formula(
    samples: Samples, name: str, step: Fraction, fit: Fit | None, ladders: tuple[list[int], list[int]]
) -> Formula:
    label, unit = METRICS[name].label, UNIT if METRICS[name].unit == BYTES else ""
    value = samples.at(samples.value).figures[name]
    unknown = samples.unknown(name)
    if unknown:
        return Formula(name, label, unit, value, reason=f"not known for {unknown[0]}", unknown=len(unknown))
    if fit is None:
        return Formula(name, label, unit, value, reason=why_none(samples, name))
    first, last = _checked(samples, name, step, fit, ladders)
    found = Range(samples.value + first * step, samples.value + last * step, step)
    checks = len([x for x in samples.tried() if x in found]) - fit.polynomial.degree - 1
    return Formula(name, label, unit, value, fit.polynomial, found, checks)


# --- ranges ---------------------------------------------------------------------------------------------------------


def _ladders(samples: Samples, step: Fraction) -> tuple[list[int], list[int]]:
    """Steps from the variable's value on, downwards and upwards, as far as values are valid and affordable."""
    farthest = samples.value * _FARTHEST
    if samples.is_whole and samples.has_one_structure():
        farthest = max(farthest, Fraction(_LEAST_FARTHEST))
    down = (samples.value - samples.least) // step
    up = max((farthest - samples.value) // step, NEIGHBOURS)
    return _ladder(samples, step, -1, down), _ladder(samples, step, 1, up)


def _ladder(samples: Samples, step: Fraction, sign: int, most: int) -> list[int]:
    """0, 1, 2, 4 … steps in a direction, to ``most`` or the last valid one."""

    def is_valid(steps: int) -> bool:
        return not samples.at(samples.value + steps * step).problem

    found = [0]
    while abs(found[-1]) < most and (samples.may_grow(3 * RANDOM_CHECKS) or abs(found[-1]) < NEIGHBOURS):
        steps = sign * min(most, max(1, 2 * abs(found[-1])))
        if not is_valid(steps):
            edge = _bisected(is_valid, found[-1], steps)
            return found if edge == found[-1] else [*found, edge]
        found.append(steps)
    return found


def _checked(
    samples: Samples, name: str, step: Fraction, fit: Fit, ladders: tuple[list[int], list[int]]
) -> tuple[int, int]:
    """How many steps from the variable's value a formula goes: the edges of its range, and random values within."""

    def holds(steps: int) -> bool:
        x = samples.value + steps * step
        return samples.at(x).known(name) == fit.polynomial.at(x)

    down, up = ladders
    first = _edge(holds, fit.first, [steps for steps in down if steps < fit.first])
    last = _edge(holds, fit.last, [steps for steps in up if steps > fit.last])
    for _ in range(_CUTS):
        wrong = [steps for steps in _chosen(samples, step, first, last) if not holds(steps)]
        if not wrong:
            return first, last
        first = max([_bisected(holds, fit.first, steps) for steps in wrong if steps < fit.first], default=first)
        last = min([_bisected(holds, fit.last, steps) for steps in wrong if steps > fit.last], default=last)
    return fit.first, fit.last


def _edge(holds: Callable[[int], bool], good: int, ladder: Iterable[int]) -> int:
    """The last steps at which a formula holds, from ``good`` on."""
    for steps in ladder:
        if not holds(steps):
            return _bisected(holds, good, steps)
        good = steps
    return good


def _bisected(holds: Callable[[int], bool], good: int, bad: int) -> int:
    """The last steps from ``good`` at which something holds, before ``bad``, at which it does not."""
    while abs(bad - good) > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good


def _chosen(samples: Samples, step: Fraction, first: int, last: int) -> Iterable[int]:
    """The steps of a range that are looked at: all of them, or some at random and those that may be exceptions."""
    count = last - first + 1
    if count <= RANDOM_CHECKS or samples.is_cheap(count):
        return range(first, last + 1)
    drawn = Random(0)  # noqa: S311 - a sample, no secret
    found = dict.fromkeys([drawn.randint(first, last) for _ in range(RANDOM_CHECKS)])
    for x in samples.turning_points:
        steps = (x - samples.value) / step
        if steps.denominator == 1 and first <= steps <= last:
            found[int(steps)] = None
            if not samples.is_cheap(len(found)):
                break
    return found


# --- what is not in a range -----------------------------------------------------------------------------------------


def _beyond(samples: Samples, x: Fraction, side: str) -> str:
    if x < samples.least:
        return ""
    if x not in samples.tried():
        return f"{side} values were not tried"
    problem = samples.at(x).problem
    return f"at {samples.shown(x)}: {problem}" if problem else f"other formulas hold for {side} values"


def _between(samples: Samples, step: Fraction) -> str:
    if not samples.is_whole:
        return "" if step < 1 else "values between follow other formulas, or none"
    if step == 1:
        return ""
    next_one = samples.value + 1
    problem = samples.at(next_one).problem
    return (
        f"at {samples.shown(next_one)}: {problem}"
        if problem
        else f"other remainders of {int(step):,} have other formulas, or none"
    )
