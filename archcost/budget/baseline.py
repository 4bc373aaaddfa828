"""The baseline: the figures that growth is measured from. It is a lock file, or the specs at a git revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.budget.path_lookup import Scopes
from archcost.figures import OF_LAYERS, TOTALS
from archcost.strict_json import plain_data
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.settings import Settings


class LockRow(NamedTuple):
    """A layer in a baseline, and its figures; ``unknown`` names the figures that are not known."""

    path: str
    op: str
    figures: tuple[int, ...]  # OF_LAYERS
    unknown: tuple[str, ...] = ()

    def figure(self, metric: str) -> int:
        """One figure."""
        return self.figures[_PLACES[metric]]


_PLACES = {metric: place for place, metric in enumerate(OF_LAYERS)}
_FIGURES = attrgetter(*OF_LAYERS)


@dataclass(frozen=True)
class LockEntry:
    """What is recorded of one spec: its text's hash, how it was analysed, its totals and layers.

    ``params`` are all params as they were set; ``settings`` those that were given on the command line, ``inputs`` the
    shapes that were, and ``dtypes`` the dtypes, there or in the configuration, by the names of their settings.
    """

    name: str
    sha256: str
    batch: int
    params: dict[str, Any]
    settings: dict[str, Any]
    totals: dict[str, int]
    rows: tuple[LockRow, ...]
    inputs: dict[str, list[int]] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    @cached_property
    def scopes(self) -> Scopes[LockRow]:
        """The layers by scope."""
        return Scopes(self.rows, lambda row: row.path)

    @cached_property
    def _lacking(self) -> Scopes[LockRow]:
        """The layers that have an unknown figure, by scope."""
        return Scopes([row for row in self.rows if row.unknown], lambda row: row.path)

    @cached_property
    def _sums(self) -> dict[tuple[str, str], int | None]:
        """The figures computed so far, by metric and path."""
        return {}

    def figure(self, metric: str, path: str = "") -> int | None:
        """A total, or the sum over the layers at and below a path; None where nothing is there."""
        if not path:
            return self.totals.get(metric)
        key = (metric, path)
        if key not in self._sums:
            inside = self.scopes.at(path)
            self._sums[key] = sum([row.figure(metric) for row in inside]) if inside else None
        return self._sums[key]

    def unknown(self, metric: str, path: str = "") -> list[str]:
        """The layers at and below a path whose figure is unknown."""
        return [row.path for row in self._lacking.at(path) if metric in row.unknown]

    def same_figures(self, other: LockEntry) -> bool:
        """Whether both have the same figures, even if the text of the spec differs or one is older than a metric."""
        both = self.totals.keys() & other.totals.keys()
        return self.rows == other.rows and all(self.totals[metric] == other.totals[metric] for metric in both)


class Pace(NamedTuple):
    """A measured latency, in nanoseconds: median and interquartile range; ``sha256`` is the spec's at that time."""

    median_ns: int
    spread_ns: int
    batch: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The recorded specs by key; ``where`` says what it is, ``lines`` where entries stand in the lock file.

    ``latencies`` are kept apart by machine: device name, then key.
    """

    where: str
    is_lock: bool = True
    version: str = __version__
    entries: dict[str, LockEntry] = field(default_factory=dict)
    latencies: dict[str, dict[str, Pace]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def entry_of(report: Report, settings: Settings) -> LockEntry:
    """What a baseline records of a report that was made under settings."""
    rows = [LockRow(layer.path, layer.op, _FIGURES(layer.costs), layer.unknown) for layer in report.layers]
    return LockEntry(
        str(plain_data(report.name)),
        report.spec.sha256,
        report.batch,
        plain(dict(report.params)),
        plain(dict(settings.params)),
        {metric: getattr(report.totals, metric) for metric in TOTALS},
        tuple(rows),
        report.given_inputs,
        settings.dtypes,
    )


def plain(value: Any) -> Any:
    """A value as it comes back from a lock file, which is strict JSON."""
    if isinstance(value, dict):
        return {plain_data(str(name)): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return plain_data(value if value is None or isinstance(value, (bool, int, float, str)) else str(value))


class LayerChange(NamedTuple):
    """A layer that differs: before, after, or both."""

    before: LockRow | None
    after: LockRow | None

    @property
    def row(self) -> LockRow:
        """The layer as it is, or as it was."""
        row = self.after or self.before
        assert row is not None
        return row

    def figures(self, metric: str) -> tuple[int, int]:
        """A figure before and after; 0 where the layer is missing."""
        before = self.before.figure(metric) if self.before else 0
        return before, self.after.figure(metric) if self.after else 0


def layer_changes(before: Sequence[LockRow], after: Sequence[LockRow]) -> tuple[LayerChange, ...]:
    """The layers that differ, in order, those that are gone last; a layer that was only renamed does not differ."""
    old = {row.path: row for row in before}
    new = {row.path for row in after}
    moved: dict[tuple[object, ...], list[LockRow]] = {}
    for row in before:
        if row.path not in new:
            moved.setdefault(row[1:], []).append(row)
    changes = []
    for row in after:
        same = old.get(row.path)
        if same is not None:
            changes += [LayerChange(same, row)] if same != row else []
        elif moved.get(row[1:]):
            moved[row[1:]].pop(0)
        else:
            changes.append(LayerChange(None, row))
    gone = {row.path for rows in moved.values() for row in rows}
    return (*changes, *[LayerChange(row, None) for row in before if row.path in gone])
