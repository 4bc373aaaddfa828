"""Answers about all designs of a space: by going through them where they are few, else by elimination.

Both are exact. What single rows alone decide, a condition that is no sum, or a figure of single analyses, is answered
by going through the designs, and refused where they are too many.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.figures import METRICS
from archcost.sweeping.arrays import np
from archcost.sweeping.asking import BINS
from archcost.sweeping.causes import Invalid, examples_in, grouped
from archcost.sweeping.exact.counting import Histogram, count, distribution
from archcost.sweeping.exact.fronts import best, front
from archcost.sweeping.exact.sampling import Draws
from archcost.sweeping.exact.several import count_within
from archcost.sweeping.listing import Listing, select
from archcost.sweeping.rows import Gathers
from archcost.sweeping.singles import MAX_ANALYSES, PER_ROW, Refusal, Singles, check_device
from archcost.sweeping.tables import SpaceTables
from archcost.sweeping.where import MAX_ROWS, WhereClause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from archcost.hardware.device import Device
    from archcost.sweeping.asking import Objective
    from archcost.sweeping.causes import InvalidCause
    from archcost.sweeping.exact.intervals import Estimate

_FEW = 200_000  # designs that are gone through sooner than they are worked out


class Answers:
    """What is known of the designs of a space that meet a condition."""

    def __init__(
        self, tables: SpaceTables, where: str = "", *, device: Device | None = None, metrics: Iterable[str] = ()
    ) -> None:
        """``metrics`` are those that are asked for, so that their tables are laid out once. Raises ArgumentError."""
        self.tables = tables
        self.space = tables.space
        self.singles = Singles(self.space, device)
        self._device = device
        self.where = WhereClause(self.space, where, tables.metrics, PER_ROW, reference=self._reference)
        wanted = [name for name in (*self.where.metrics, *metrics) if name in tables.metrics]
        check_device({*self.where.metrics, *metrics}, device)
        self.metrics = tuple(dict.fromkeys(metrics))
        self.gathers = Gathers(tables, tuple(dict.fromkeys(wanted)))
        self._invalid = Invalid(self.gathers)
        self._listing: Listing | None = None
        self._designs: int | None = None

    @property
    def goes_through(self) -> bool:
        """Whether the designs are few enough to go through before anything else is tried."""
        return self.space.size <= _FEW

    @property
    def counts_at_once(self) -> bool:
        """Whether a count takes no time beside what is known already."""
        return self.goes_through or self._listing is not None

    # --- all designs --------------------------------------------------------------------------------------------------

    def designs(self) -> int:
        """The valid and distinct designs, whatever the condition: counted exactly."""
        if self._designs is None:
            if self.goes_through:
                self.listing()
            else:
                self._designs = count(self.tables)
        return self._designs or 0

    def invalid(self) -> int:
        """The settings that are no valid design, those that differ in nothing that is read counted once."""
        if not self.tables.valid:
            return 0
        if self._listing is not None or self.goes_through:
            self.listing()
            return self._invalid.designs
        everything = SpaceTables(self.space, self.tables.metrics, (), self.tables.distinct)
        return count(everything) - self.designs()

    def causes(self) -> tuple[InvalidCause, ...]:
        """Why designs are invalid, the most frequent cause first."""
        if not self.tables.valid:
            return ()
        if self._listing is not None or self.goes_through:
            self.listing()
            return self._invalid.causes(self.singles.error)
        return grouped(examples_in(self.gathers, self.space.lengths), self.singles.error)

    def refuse_if_none(self) -> None:
        """Raise the SpecError of a single analysis where no design is valid."""
        if self.tables.valid and not self.designs():
            raise self.singles.error([0] * len(self.space.axes))

    # --- those that meet the condition --------------------------------------------------------------------------------

    def count(self) -> int | Estimate:
        """How many designs meet the condition: exact, or an estimate that says so."""
        if self.where.is_exact and not self.counts_at_once:
            return count_within(self.tables, self.where.bounds, self.where.conditions)
        return len(self.listing()) if self.where.text else self.designs()

    def listing(self) -> Listing:
        """All designs that meet the condition, without one also the invalid ones, in the order of the grid."""
        if self._listing is None:
            if self.space.size > MAX_ROWS:
                raise _too_many(self.space.size, self.where)
            numbers, self._designs = select(self.gathers, self.where, self._invalid)
            self._listing = self._thinned(Listing(self.gathers, self.singles, numbers, self.metrics))
        return self._listing

    def sample(self, number: int, seed: int) -> Listing:
        """Independent draws, each uniform over the designs that meet the condition."""
        if number > MAX_ROWS:
            raise UsageError(f"at most {MAX_ROWS:,} designs are drawn at once, not {number:,}", "`-o DIR` writes more")
        if self.where.late or (self.where.rest and self.goes_through):
            found = self.listing()
            rows = np.random.Generator(np.random.Philox(seed)).integers(0, len(found), number if len(found) else 0)
            return found.chosen(rows)
        draws = Draws(self.tables, self.where.bounds, self.where.conditions)
        return self._listed(draws.draw(number, seed, self.holds_rest))

    @property
    def holds_rest(self) -> Callable[[NDArray[np.int32]], NDArray[np.bool_]] | None:
        """Which designs meet the condition, where bounds and conditions on params are not all of it."""
        return (lambda indices: self.where.holds(self.gathers.chunk(indices))) if self.where.rest else None

    def front(self, objectives: Sequence[Objective]) -> Listing:
        """A design for each of the undominated figures, best in the first objective first."""
        sums = all(name in self.tables.metrics for name, _ in objectives)
        if sums and self.where.is_exact and not self.goes_through:
            found = front(self.tables, objectives, self.where.bounds, self.where.conditions)
            return self._listed(self._as_rows([design.indices for design in found]))
        return self._valid(self.listing()).front(objectives)

    def best(self, objective: Objective) -> Listing:
        """A design with the least, or most, of a metric: one row, or none."""
        if objective[0] in self.tables.metrics and self.where.is_exact and not self.goes_through:
            found = best(self.tables, *objective, self.where.bounds, self.where.conditions)
            return self._listed(self._as_rows([found.indices] if found else []))
        return self._valid(self.listing()).front([objective]).first(1)

    def histogram(self, metric: str, bins: int = BINS) -> Histogram | None:
        """The designs that meet the condition by a metric, each counted exactly; None where there is none."""
        plain = self.where.is_exact and not self.where.bounds and metric in self.tables.metrics
        if plain and not self.goes_through:
            return distribution(self.tables, metric, bins, self.where.conditions)
        return _binned(metric, self._valid(self.listing()).figures([metric])[metric], bins)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _thinned(self, listing: Listing) -> Listing:
        """Those of a listing that meet what single analyses decide."""
        if not self.where.late or not len(listing):
            return listing
        late = tuple([name for name in self.where.metrics if name in PER_ROW])
        if len(listing) > MAX_ANALYSES:
            raise Refusal(len(listing), late).error()
        whole = Listing(self.gathers, self.singles, listing.designs, self.where.metrics)
        return listing.chosen(np.concatenate([self.where.holds_late(chunk) for chunk in whole.chunks()]))

    def _valid(self, listing: Listing) -> Listing:
        return listing if self.where.text or not self.tables.valid else listing.chosen(~listing.invalid())

    def _listed(self, indices: NDArray[np.int32]) -> Listing:
        return Listing(self.gathers, self.singles, indices, self.metrics)

    def _as_rows(self, designs: Sequence[Sequence[int]]) -> NDArray[np.int32]:
        return np.array(designs, np.int32).reshape(len(designs), len(self.space.axes))

    def _reference(self, metric: str) -> int:
        """A metric of the spec under the settings beside the axes."""
        from archcost.analysis.report import analyze

        report = analyze(self.space.spec, self.space.settings)
        if metric in PER_ROW:
            raise UsageError(f"no share of {metric} is known", "give the figure itself")
        figure: int = getattr(report.totals, metric)
        return figure


def _binned(metric: str, figures: NDArray[Any], bins: int) -> Histogram | None:
    """Figures in bins of equal width, to the unit: the last has its upper edge, too."""
    if not len(figures):
        return None
    low, high = int(figures.min()), int(figures.max())
    edges = sorted({low + (high - low) * number // bins for number in range(bins + 1)})
    if len(edges) == 1:
        edges *= 2
    below = [0, *[int((figures < edge).sum()) for edge in edges[1:-1]], len(figures)]
    counts = tuple([after - before for before, after in pairwise(below)])
    return Histogram(metric, tuple(edges), counts)


def _too_many(size: int, where: WhereClause) -> UsageError:
    if not where.is_exact:
        message = f"{size:,} designs are too many to ask each for `{where.text}`: at most {MAX_ROWS:,} are"
        hint = "bounds on metrics, and conditions on few params, are no matter of single designs; `--sample 1000` draws"
        return UsageError(message, f"{hint} some, whatever the condition")
    names = ", ".join([f"`--{name}`" for name in ("count", "pareto", "histogram")])
    message = f"{size:,} designs are too many to list: at most {MAX_ROWS:,} are"
    hint = f"{names} answer for all of them, `--sort -params --top 1` has the best, `--sample 1000` draws some"
    return UsageError(message, f"{hint}, `-o DIR` writes all")


def metric_names(tables: SpaceTables) -> tuple[str, ...]:
    """The metrics that rows may have, in the order of figures."""
    known = (*tables.metrics, *PER_ROW)
    return tuple(sorted(known, key=lambda name: list(METRICS).index(name) if name in METRICS else len(METRICS)))
