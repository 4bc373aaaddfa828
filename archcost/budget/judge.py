"""A report against its limits and its baseline: the findings of one spec."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.expectations import deviations, expected_count
from archcost.budget.baseline import entry_of, layer_changes
from archcost.budget.baseline_state import lacking, staleness
from archcost.budget.contributors import Weights
from archcost.budget.limit_checks import Holding
from archcost.budget.outcomes import Room
from archcost.budget.verdict import Finding, SpecVerdict, Total
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.errors import Diagnostic, Mark, Source
from archcost.figures import LATENCY, telling
from archcost.meter import WorkError
from archcost.settings import AS_IT_STANDS, input_text
from archcost.standard_input import NAME, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.budget.baseline import Baseline, LayerChange, LockEntry
    from archcost.budget.latency import MeasuredPace
    from archcost.hardware.device import Device
    from archcost.settings import Settings
    from archcost.spec.budget_limits import Limit


class Case(NamedTuple):
    """One spec to judge: its report, the limits of the spec and of the configuration, and what it is compared with.

    ``baseline`` is None where there is none at all; ``entry`` None where it has nothing of this spec to compare with,
    for a ``cause`` with its ``detail``. ``before`` is the spec's path there, where it had another. ``strict``: a growth
    limit that has nothing to grow from fails. ``devices`` are those of the configuration, which limits may name.
    """

    path: str
    key: str
    report: Report
    limits: Sequence[Limit] = ()
    settings: Settings = AS_IT_STANDS
    baseline: Baseline | None = None
    entry: LockEntry | None = None
    cause: Cause = Cause.NEW
    detail: str = ""
    before: str = ""
    measured: MeasuredPace | None = None
    expect: bool = False
    strict: bool = False
    devices: Mapping[str, Device] = {}


def judge(case: Case) -> SpecVerdict:
    """Every limit of a spec, the state of its baseline and, where asked, its expected figures."""
    return _Judge(case).verdict()


class _Judge:
    """Judges one case; figures are derived once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.report = case.report
        self.room = Room()
        self.diagnostics: list[Diagnostic] = []
        self.entry = case.entry if self._comparable() else None

    def verdict(self) -> SpecVerdict:
        """The verdict on the spec."""
        case = self.case
        holding = Holding(case, self.entry, Weights(self.report, self.changes), self.room)
        findings: list[Finding] = []
        try:
            for limits, own in ((self.report.spec.budgets, True), (case.limits, False)):
                for limit in limits:
                    findings += holding.findings(limit, own=own)
        except WorkError as error:
            self.diagnostics += error.diagnostics
        findings += self._baseline_state(findings)
        recorded = [self.report.totals.to_dict(), *([self.entry.totals] if self.entry else [])]
        expected = 0 if case.expect else expected_count(self.report)
        findings += self._expectations() if case.expect else self._unasked(expected)
        return SpecVerdict(
            path=case.path,
            name=self.report.name,
            key=case.key,
            totals={metric: self._total(metric) for metric in telling(recorded)},
            findings=tuple(findings),
            changes=self.changes,
            unjudged=tuple(holding.unjudged),
            diagnostics=(*self.diagnostics, *holding.diagnostics),
            warnings=self.report.warnings,
            unmatched=tuple(holding.unmatched),
            batch=self.report.batch,
            expected=expected,
            as_it_stands=self._as_it_stands,
            before=case.before,
        )

    @property
    def growth_limits(self) -> list[Limit]:
        """The limits of the spec and of the configuration that need a baseline."""
        return [limit for limit in (*self.report.spec.budgets, *self.case.limits) if limit.is_growth]

    def _total(self, metric: str) -> Total:
        unknown = self.report.costs.unknown(metric)
        unknown += len(self.entry.unknown(metric)) if self.entry else 0
        before = self.entry.totals.get(metric) if self.entry else None
        return Total(getattr(self.report.totals, metric), before, unknown)

    @cached_property
    def now(self) -> LockEntry:
        """What a baseline would record."""
        return entry_of(self.report, self.case.settings)

    @cached_property
    def changes(self) -> tuple[LayerChange, ...]:
        """The layers that differ from the baseline."""
        return layer_changes(self.entry.rows, self.now.rows) if self.entry else ()

    def _comparable(self) -> bool:
        """Whether the baseline was recorded under the same batch and settings; a problem if growth depends on it."""
        entry = self.case.entry
        if entry is None:
            return False
        now = self.now
        if _given(entry) == _given(now):
            return True
        growth = self.growth_limits
        if growth:
            self.diagnostics.append(_other_settings(entry, now, growth[0].mark))
        return False

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

    @property
    def _as_it_stands(self) -> bool:
        """Whether the analysis is under the settings that expected figures apply to."""
        return self.case.settings.as_it_stands and self.report.batch == 1

    def _expectations(self) -> list[Finding]:
        """The figures under ``expect`` that are not met; one finding where all are."""
        if not expected_count(self.report):
            return []
        ok = Finding(Rule.EXPECT, Status.OK, self.case.path, self.report.name)
        found = deviations(self.report)
        if not found:
            return [ok]
        listed = found[: self.room.take(len(found))]
        told = [
            _with(ok, Status.FAIL, metric=one.metric, path=one.path, mark=one.mark, deviation=one) for one in listed
        ]
        more = len(found) - len(listed)
        return [*told, *([_with(ok, Status.FAIL, count=more, mark=found[-1].mark)] if more else [])]

    def _unasked(self, expected: int) -> list[Finding]:
        """A finding for expected figures that are not met, even if not asked for: such a check cannot pass."""
        found = deviations(self.report) if expected and self._as_it_stands else []
        if not found:
            return []
        first, count = found[0], sum(deviation.figures for deviation in found)
        finding = Finding(Rule.EXPECT, Status.WARN, self.case.path, self.report.name, cause=Cause.NOT_ASKED)
        detail = f"{count:,} of {expected:,}"
        return [replace(finding, metric=first.metric, path=first.path, mark=first.mark, deviation=first, detail=detail)]


def place(path: str) -> Mark:
    """The first line of a file, or of standard input."""
    return Mark(Source(NAME if path == WRITTEN else path, ""), 0, 0)


def _with(finding: Finding, status: Status, **values: Any) -> Finding:
    return replace(finding, status=status, **values)


def _given(entry: LockEntry) -> tuple[object, ...]:
    """What a spec was analysed under."""
    return entry.batch, entry.settings, entry.inputs, entry.dtypes


def _other_settings(entry: LockEntry, now: LockEntry, mark: Mark) -> Diagnostic:
    """That the baseline is of other settings: what it has besides, what this run has, and what would judge growth."""
    recorded, given = _words(entry), _words(now)
    lacks = " ".join(word for word in recorded if word not in given)
    more = " ".join(word for word in given if word not in recorded)
    if not lacks:
        told, way = f"without {more}", f"leave {more} out"
    elif not more:
        told, way = f"with {lacks}, and this is without", f"give {lacks}"
    else:
        told, way = f"with {lacks}, and this is with {more}", f"give {lacks} in place of {more}"
    hint = f"{way}; or `--baseline-ref REF` judges growth since a commit, with the settings of this run"
    return Diagnostic(f"the baseline of {entry.name} was recorded {told}: growth cannot be judged", mark, hint)


def _words(entry: LockEntry) -> list[str]:
    """The settings of an entry as options have them."""
    given = [f"--set {name}={value}" for name, value in entry.settings.items()]
    shapes = [f"--input {input_text(name, shape)}" for name, shape in entry.inputs.items()]
    dtypes = [f"--{name.replace('_', '-')} {dtype}" for name, dtype in entry.dtypes.items()]
    return [f"--batch {entry.batch}", *given, *shapes, *dtypes]
