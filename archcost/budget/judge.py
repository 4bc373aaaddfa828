"""A report against its limits and its baseline: the findings of one spec."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.expectations import deviations, expected_count
from archcost.analysis.tree import build_tree
from archcost.budget.baseline import entry_of, layer_changes, plain
from archcost.budget.latency import Measured, judge_latency
from archcost.budget.state import exceeded, lacking, staleness
from archcost.budget.verdict import Cause, Finding, Rule, SpecVerdict, Status, Total
from archcost.budget.weights import Weights, matching, pattern_meter
from archcost.compare import is_telling
from archcost.errors import Diagnostic, Mark, Source, close_names
from archcost.meter import WorkError
from archcost.spec.limits import LATENCY, TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.budget.baseline import Baseline, Entry, LayerChange
    from archcost.budget.verdict import Weight
    from archcost.spec.limits import Limit


_HINTS = 20  # patterns that name nothing and get "did you mean"


class Case(NamedTuple):
    """One spec to judge: its report, the limits of the spec and of the configuration, and what it is compared with.

    ``baseline`` is None where there is none at all; ``entry`` None where it has nothing of this spec to compare with,
    for a ``cause`` with its ``detail``. ``before`` is the spec's path there, where it had another. ``strict``: a growth
    limit that has nothing to grow from fails.
    """

    path: str
    key: str
    report: Report
    limits: Sequence[Limit] = ()
    settings: Mapping[str, Any] = {}
    baseline: Baseline | None = None
    entry: Entry | None = None
    cause: Cause = Cause.NEW
    detail: str = ""
    before: str = ""
    measured: Measured | None = None
    expect: bool = False
    strict: bool = False
    weights_recorded: bool = True  # the baseline's bytes of weights are of the same dtype


def judge(case: Case) -> SpecVerdict:
    """Every limit of a spec, the state of its baseline and, where asked, its expected figures."""
    return _Judge(case).verdict()


class _Judge:
    """Judges one case; figures are derived once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.report = case.report
        self.unjudged: list[Limit] = []
        self.unmatched: list[Limit] = []
        self.diagnostics: list[Diagnostic] = []
        self.meter = pattern_meter(case.report)
        self.entry = case.entry if self._comparable() else None

    def verdict(self) -> SpecVerdict:
        """What comes of it."""
        case = self.case
        findings: list[Finding] = []
        try:
            for limits, own in ((self.report.spec.budgets, True), (case.limits, False)):
                for limit in limits:
                    findings += self._limit(limit, own=own)
        except WorkError as error:
            self.diagnostics += error.diagnostics
        findings += self._baseline_state(findings)
        recorded = [asdict(self.report.totals), *([self.entry.totals] if self.entry else [])]
        if case.expect:
            findings += self._expectations()
        return SpecVerdict(
            path=case.path,
            name=self.report.name,
            key=case.key,
            totals={metric: self._total(metric) for metric in TOTALS if is_telling(metric, recorded)},
            findings=tuple(findings),
            changes=self.changes,
            unjudged=tuple(self.unjudged),
            diagnostics=tuple(self.diagnostics),
            unmatched=tuple(self.unmatched),
            batch=self.report.batch,
            expected=0 if case.expect else expected_count(self.report.spec),
            before=case.before,
        )

    @property
    def growth_limits(self) -> list[Limit]:
        """The limits of the spec and of the configuration that need a baseline."""
        return [limit for limit in (*self.report.spec.budgets, *self.case.limits) if limit.is_growth]

    def _total(self, metric: str) -> Total:
        unknown = self.report.costs.unknown(metric)
        unknown += len(self.entry.unknown(metric)) if self.entry else 0
        before = self.entry.totals[metric] if self.entry else None
        return Total(getattr(self.report.totals, metric), before, unknown)

    @cached_property
    def tree(self) -> Tree:
        """The report by scopes."""
        return build_tree(self.report)

    @cached_property
    def now(self) -> Entry:
        """What a baseline would record."""
        return entry_of(self.report, self.case.settings)

    @cached_property
    def changes(self) -> tuple[LayerChange, ...]:
        """The layers that differ from the baseline."""
        return layer_changes(self.entry.rows, self.now.rows) if self.entry else ()

    @cached_property
    def weights(self) -> Weights:
        """What stands behind its figures."""
        return Weights(self.report, self.changes)

    def _comparable(self) -> bool:
        """Whether the baseline was recorded under the same batch and settings; a problem if growth depends on it."""
        case, entry = self.case, self.case.entry
        if entry is None:
            return False
        if not case.weights_recorded:
            return False
        if entry.batch == case.report.batch and entry.settings == entry_settings(case.settings):
            return True
        growth = self.growth_limits
        if growth:
            message = f"the baseline of {entry.name} was recorded with {_how(entry.batch, entry.settings)}, "
            message += f"and this is {_how(case.report.batch, case.settings)}: growth cannot be judged"
            hint = "give the same --batch and --set, or compare with a commit: --baseline-ref REF"
            self.diagnostics.append(Diagnostic(message, growth[0].mark, hint))
        return False

    def _limit(self, limit: Limit, *, own: bool) -> Iterator[Finding]:
        if limit.metric == LATENCY:
            yield from self._latency(limit)
        elif not limit.pattern:
            unknown = self.report.costs.unknown(limit.metric)
            yield from self._figure(limit, "", getattr(self.report.totals, limit.metric), unknown)
        else:
            found = matching(self.tree, limit.pattern, self.meter, limit.mark)
            if not found:
                self._no_match(limit, own=own)
            for tree in found:
                unknown = tree.costs.unknown(limit.metric)
                yield from self._figure(limit, tree.path, getattr(tree.costs, limit.metric), unknown)

    def _no_match(self, limit: Limit, *, own: bool) -> None:
        """A pattern that guards nothing: a problem in a spec; elsewhere another spec may have it."""
        if not own:
            self.unmatched.append(limit)
            return
        close: list[str] = []
        if len(self.diagnostics) < _HINTS:
            scopes, layers = self.report.graph.scopes, self.report.layers
            close = close_names(limit.pattern, [*(scope.path for scope in scopes), *(layer.path for layer in layers)])
        hint = "did you mean " + " or ".join(f"'{path}'" for path in close) + "?" if close else ""
        hint = hint or f"`archcost analyze {self.case.path} --format tree` shows the paths; * matches dots as well"
        message = f"no layer or block of {self.report.name} matches '{limit.pattern}'"
        diagnostic = Diagnostic(message, limit.mark, hint)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    def _figure(self, limit: Limit, path: str, figure: int, unknown: int) -> Iterator[Finding]:
        if not limit.is_growth:
            allowed = limit.allowed(0)
            if unknown and figure <= allowed:
                yield self._unknown(Rule.MAXIMUM, limit, path, figure, allowed)
                return
            status = exceeded(limit) if figure > allowed else Status.OK
            layers = self.weights.heaviest(limit.metric, path) if status is not Status.OK else ()
            baseline = self.entry.figure(limit.metric, path) if self.entry else None
            yield self._finding(Rule.MAXIMUM, status, limit, path, figure, allowed, baseline, layers)
            return
        if self.entry is None:
            if not self.case.weights_recorded and self.case.entry is not None:
                message = "a lock file has the bytes of weights in the model's dtype: growth cannot be judged"
                hint = "leave out --weight-dtype, or compare with a commit: --baseline-ref REF"
                self.diagnostics.append(Diagnostic(message, limit.mark, hint))
            if self.case.baseline is None:
                self.unjudged.append(limit)
            return
        baseline = self.entry.figure(limit.metric, path)
        if baseline is None:
            finding = self._finding(
                Rule.GROWTH, lacking([limit], strict=self.case.strict), limit, path, figure, None, None, ()
            )
            yield replace(finding, cause=Cause.NEW_LAYER)
            return
        allowed = limit.allowed(baseline)
        if unknown or self.entry.unknown(limit.metric, path):
            yield self._unknown(Rule.GROWTH, limit, path, figure, None)
            return
        status = exceeded(limit) if figure > allowed else Status.OK
        layers = self.weights.grown(limit.metric, path) if status is not Status.OK else ()
        yield self._finding(Rule.GROWTH, status, limit, path, figure, allowed, baseline, layers)

    def _unknown(self, rule: Rule, limit: Limit, path: str, figure: int, allowed: int | None) -> Finding:
        """A limit on a figure that is not known of some layers, now or in the baseline: it cannot be called met."""
        now = [layer.path for layer in self.weights.layers.at(path) if layer.costs.unknown(limit.metric)]
        before = self.entry.unknown(limit.metric, path) if self.entry and rule is Rule.GROWTH else []
        finding = self._finding(rule, exceeded(limit), limit, path, figure, allowed, None, ())
        return replace(finding, cause=Cause.UNKNOWN, detail=", ".join(dict.fromkeys([*now, *before])))

    def _finding(
        self,
        rule: Rule,
        status: Status,
        limit: Limit,
        path: str,
        figure: int,
        allowed: int | None,
        baseline: int | None,
        layers: tuple[Weight, ...],
    ) -> Finding:
        return Finding(
            rule=rule,
            status=status,
            spec=self.case.path,
            name=self.report.name,
            metric=limit.metric,
            path=path,
            limit=limit,
            figure=figure,
            allowed=allowed,
            baseline=baseline,
            layers=layers,
            mark=limit.mark,
            before=self.case.before if rule is Rule.GROWTH else "",
        )

    def _latency(self, limit: Limit) -> Iterator[Finding]:
        case = self.case
        lacks_pace = limit.is_growth and case.measured is not None and case.measured.before is None
        if lacks_pace and case.baseline is None:
            self.unjudged.append(limit)
            return
        rule = Rule.GROWTH if limit.is_growth else Rule.MAXIMUM
        finding = Finding(rule, Status.NOT_MEASURED, case.path, self.report.name, LATENCY, limit=limit, mark=limit.mark)
        yield finding if case.measured is None else judge_latency(finding, limit, case.measured, strict=case.strict)

    def _baseline_state(self, findings: Sequence[Finding]) -> list[Finding]:
        """Whether the baseline has the spec, and is of the spec as it is."""
        case, baseline = self.case, self.case.baseline
        if baseline is None:
            return []
        where = Finding(
            Rule.BASELINE, Status.NEW, case.path, self.report.name, mark=place(case.path), before=case.before
        )
        if case.entry is None:
            limits = [limit for limit in self.growth_limits if limit.metric != LATENCY]
            status = lacking(limits, strict=case.strict) if limits else Status.NEW
            return [_with(where, status, cause=case.cause, detail=case.detail)]
        if case.before:
            return [_with(where, Status.RENAMED)]
        grown = any(finding.rule is Rule.GROWTH and finding.status is Status.FAIL for finding in findings)
        if not baseline.is_lock or self.entry is None or grown:
            return []  # growth is the news, and its help says how to accept it
        stale = staleness(where, self.entry, self.now, baseline, case.key)
        return [] if stale is None else [stale]

    def _expectations(self) -> list[Finding]:
        """The figures under ``expect`` that are not met; one finding where all are."""
        if not expected_count(self.report.spec):
            return []
        ok = Finding(Rule.EXPECT, Status.OK, self.case.path, self.report.name)
        found = deviations(self.report)
        return [
            _with(
                ok, Status.FAIL, metric=deviation.metric, path=deviation.path, mark=deviation.mark, deviation=deviation
            )
            for deviation in found
        ] or [ok]


def place(path: str) -> Mark:
    """The first line of a file, or of standard input."""
    return Mark(Source("<stdin>" if path == "-" else path, ""), 0, 0)


def entry_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a lock file keeps them."""
    return dict(plain(dict(settings)))


def _with(finding: Finding, status: Status, **values: Any) -> Finding:
    return replace(finding, status=status, **values)


def _how(batch: int, settings: Mapping[str, Any]) -> str:
    given = "".join(f" --set {name}={value}" for name, value in settings.items())
    return f"--batch {batch}{given}"
