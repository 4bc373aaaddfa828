"""Compares the figures of a report with limits: absolute limits, growth over a baseline, and latency."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archcost.analysis.tree import build_tree
from archcost.budget.baseline_state import exceeded, lacking
from archcost.budget.contributors import named, pattern_meter
from archcost.budget.device_limits import with_room
from archcost.budget.latency import judge_latency
from archcost.budget.outcomes import LISTED, LimitPlace, LimitTally, Outcome, Rest, Room, told
from archcost.budget.predicted import predicted, slowest
from archcost.budget.verdict import Finding
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.errors import Diagnostic, UsageError, close_names
from archcost.figures import LATENCY, ON_CHIP, PREDICTED
from archcost.paths import crossing_help

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.budget.baseline import LockEntry
    from archcost.budget.contributors import Weights
    from archcost.budget.judge import Case
    from archcost.errors import Mark
    from archcost.spec.budget_limits import Limit

_PER_FIGURE = 5  # steps of work to hold a figure against a limit
_HINTS = 20  # patterns that name nothing and get "did you mean"


Places: TypeAlias = "list[tuple[Costs, list[LimitPlace]]]"  # by the costs that they have


class _Matched(NamedTuple):
    """What a pattern names, and the paths that it would name besides if its wildcards crossed dots."""

    pattern: str
    places: Places
    beyond: tuple[str, ...] = ()


class Holding:
    """Holds the figures of one report against limits, one after the other, and collects what prevents it.

    ``entry`` is what growth is measured from, ``weights`` what stands behind the figures. ``unjudged`` are growth
    limits without any baseline, ``unmatched`` those of a configuration whose pattern names nothing here.
    """

    def __init__(self, case: Case, entry: LockEntry | None, weights: Weights, room: Room) -> None:
        self.case = case
        self.entry = entry
        self.unjudged: list[Limit] = []
        self.unmatched: list[Limit] = []
        self._diagnostics: dict[tuple[str, Mark | None], Diagnostic] = {}
        self._weights = weights
        self._room = room
        self._meter = pattern_meter(case.report)
        self._names: dict[tuple[str, str, bool], tuple[str, ...]] = {}
        self._matched = _Matched("", [])  # of the pattern before: metrics of one stand together
        self._narrow: set[tuple[str, bool]] = set()  # patterns that are told to pass over layers

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The problems, each once."""
        return list(self._diagnostics.values())

    @property
    def _report(self) -> Report:
        return self.case.report

    @cached_property
    def _tree(self) -> Tree:
        return build_tree(self._report)

    def findings(self, limit: Limit, *, own: bool) -> Iterator[Finding]:
        """The findings of a limit, which is the spec's ``own`` or the configuration's; raises WorkError."""
        if limit.metric == LATENCY:
            yield from self._latency(limit)
            return
        if limit.metric == PREDICTED:
            yield from self._predicted(limit)
            return
        if limit.device:
            try:
                limit = with_room(limit, self.case.devices)
            except UsageError as error:
                self._problem(Diagnostic(error.message, limit.mark, error.help))
                return
        tally = LimitTally()
        self._hold(limit, self._places(limit, own=own), tally)
        yield from self._passed_over(limit, own=own)
        for listed in tally.listed(self._room):
            yield self._rest(limit, listed) if isinstance(listed, Rest) else self._told(limit, listed)

    def _places(self, limit: Limit, *, own: bool) -> Places:
        """What a limit is for, equal layers together: a model of many layers has few that differ."""
        if not limit.pattern:
            return [(self._report.costs, [LimitPlace(0, "")])]
        if self._matched.pattern != limit.pattern:
            places: dict[int, tuple[Costs, list[LimitPlace]]] = {}
            found = named(self._tree, limit.pattern, self._meter, limit.mark)
            for number, tree in enumerate(found.trees):
                places.setdefault(id(tree.costs), (tree.costs, []))[1].append(LimitPlace(number, tree.path))
            beyond = tuple([tree.path for tree in found.beyond])
            self._matched = _Matched(limit.pattern, list(places.values()), beyond)
        if not self._matched.places:
            self._no_match(limit, own=own)
        return self._matched.places

    def _passed_over(self, limit: Limit, *, own: bool) -> Iterator[Finding]:
        """That a pattern passes over layers below a dot, once; a spec's own that names nothing else is a problem."""
        if not limit.pattern or not self._matched.beyond or (own and not self._matched.places):
            return
        if (limit.pattern, own) not in self._narrow:
            self._narrow.add((limit.pattern, own))
            like = Outcome(Rule.UNUSED, Status.WARN, 0, None, Cause.NARROW)
            yield replace(self._like(limit, like), detail=told(self._matched.beyond))

    def _hold(self, limit: Limit, places: Places, tally: LimitTally) -> None:
        """Hold figures against a limit; of equal layers one stands for all, but for growth, as each has its past."""
        if limit.is_growth and self.entry is None:
            self._cannot_grow(limit, is_for_any=bool(places))
            return
        figure_of = attrgetter(limit.metric)
        for costs, equal in places:
            figure = figure_of(costs) if limit.pattern else self._total(limit.metric)
            unknown = costs.unknown(limit.metric)
            if not limit.is_growth:
                self._meter.spend(_PER_FIGURE, limit.mark)
                tally.add(_maximum(limit, figure, unknown), equal)
                continue
            self._meter.spend(_PER_FIGURE * len(equal), limit.mark)
            for place in equal:
                tally.add(self._growth(limit, place.path, figure, unknown), [place])

    def _total(self, metric: str) -> int:
        if metric in ON_CHIP:
            return self._weights.on_chip(metric)
        total: int = getattr(self._report.totals, metric)
        return total

    def _growth(self, limit: Limit, path: str, figure: int, unknown: int) -> Outcome:
        assert self.entry is not None
        baseline = self.entry.figure(limit.metric, path)
        if baseline is None:
            status = lacking([limit], strict=self.case.strict)
            return Outcome(Rule.GROWTH, status, figure, None, Cause.NEW_LAYER)
        if unknown or self.entry.unknown(limit.metric, path):
            return Outcome(Rule.GROWTH, exceeded(limit), figure, None, Cause.UNKNOWN)
        allowed = limit.allowed(baseline)
        return Outcome(Rule.GROWTH, exceeded(limit) if figure > allowed else Status.OK, figure, allowed)

    def _cannot_grow(self, limit: Limit, *, is_for_any: bool) -> None:
        """A growth limit on something that has no baseline at all; what else prevents it is told of the spec."""
        if is_for_any and self.case.baseline is None:
            self.unjudged.append(limit)

    def _told(self, limit: Limit, outcome: Outcome) -> Finding:
        """An outcome as a finding, with what stands behind it."""
        metric, path, cause = limit.metric, outcome.path, outcome.cause
        is_growth = outcome.rule is Rule.GROWTH
        baseline = self.entry.figure(metric, path) if self.entry and cause is not Cause.UNKNOWN else None
        finding = replace(self._like(limit, outcome), path=path, figure=outcome.figure, allowed=outcome.allowed)
        if cause is Cause.UNKNOWN:
            names = self._unknown(metric, path, is_growth)
            return replace(finding, unknown=names[:LISTED], detail=told(names))
        finding = replace(finding, baseline=baseline)
        if outcome.status is Status.OK or cause is Cause.NEW_LAYER:
            return finding
        behind = self._weights.grown if is_growth else self._weights.heaviest
        return replace(finding, layers=behind(metric, path))

    def _unknown(self, metric: str, path: str, is_growth: bool) -> tuple[str, ...]:  # noqa: FBT001 - part of a key
        """The layers of which a figure is not known, now or in the baseline that growth is measured from."""
        key = (metric, path, is_growth)
        if key not in self._names:
            now = [layer.path for layer in self._weights.layers.at(path) if layer.costs.unknown(metric)]
            before = self.entry.unknown(metric, path) if self.entry and is_growth else ()
            self._names[key] = tuple(dict.fromkeys([*now, *before]))
        return self._names[key]

    def _rest(self, limit: Limit, rest: Rest) -> Finding:
        return replace(self._like(limit, rest.like), count=rest.size)

    def _like(self, limit: Limit, outcome: Outcome) -> Finding:
        """What the findings of a limit with one result have in common."""
        return Finding(
            rule=outcome.rule,
            status=outcome.status,
            spec=self.case.path,
            name=self._report.name,
            metric=limit.metric,
            limit=limit,
            mark=limit.mark,
            cause=outcome.cause,
            before=self.case.before if outcome.rule is Rule.GROWTH else "",
        )

    def _no_match(self, limit: Limit, *, own: bool) -> None:
        """A pattern that matches nothing: a problem in a spec. In a configuration, another spec may match it."""
        if not own:
            self.unmatched.append(limit)
            return
        report = self._report
        close: list[str] = []
        if len(self._diagnostics) < _HINTS:
            paths = [scope.path for scope in report.graph.scopes]
            close = close_names(limit.pattern, [*paths, *(layer.path for layer in report.layers)])
        hint = "did you mean " + " or ".join(f"'{path}'" for path in close) + "?" if close else ""
        hint = crossing_help(limit.pattern) if self._matched.beyond else hint
        hint = hint or f"`archcost analyze {self.case.path} --format tree` shows the paths; `**` crosses dots"
        self._problem(Diagnostic(f"no layer or block of {report.name} matches '{limit.pattern}'", limit.mark, hint))

    def _problem(self, diagnostic: Diagnostic) -> None:
        self._diagnostics.setdefault((diagnostic.message, diagnostic.mark), diagnostic)

    def _predicted(self, limit: Limit) -> Iterator[Finding]:
        """The time on the device of a limit, with how wrong it may be."""
        try:
            prediction, limit = predicted(self._report, limit, self.case.devices)
        except UsageError as error:
            self._problem(Diagnostic(error.message, limit.mark, error.help))
            return
        outcome = _maximum(limit, prediction.nanoseconds, len(prediction.unknown))
        finding = replace(self._like(limit, outcome), figure=outcome.figure, allowed=outcome.allowed)
        if prediction.unknown:
            finding = replace(finding, unknown=tuple(prediction.unknown[:LISTED]), detail=told(prediction.unknown))
        yield finding if outcome.status is Status.OK else replace(finding, layers=slowest(prediction))

    def _latency(self, limit: Limit) -> Iterator[Finding]:
        case = self.case
        lacks_pace = limit.is_growth and case.measured is not None and case.measured.before is None
        if lacks_pace and case.baseline is None:
            self.unjudged.append(limit)
            return
        rule = Rule.GROWTH if limit.is_growth else Rule.MAXIMUM
        finding = Finding(
            rule, Status.NOT_MEASURED, case.path, self._report.name, LATENCY, limit=limit, mark=limit.mark
        )
        yield finding if case.measured is None else judge_latency(finding, limit, case.measured, strict=case.strict)


def _maximum(limit: Limit, figure: int, unknown: int) -> Outcome:
    """An absolute limit: what is not known of some layers may exceed it, and cannot be called met."""
    allowed = limit.allowed(0)
    if figure > allowed:
        return Outcome(Rule.MAXIMUM, exceeded(limit), figure, allowed)
    if unknown:
        return Outcome(Rule.MAXIMUM, exceeded(limit), figure, allowed, Cause.UNKNOWN)
    return Outcome(Rule.MAXIMUM, Status.OK, figure, allowed)
