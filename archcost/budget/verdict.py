"""The result of a check, as numbers: figures and their limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.verdict_words import NO_BASELINE, Behind, Cause, Rule, Status
from archcost.displays import in_line, in_notebook
from archcost.figures import PEAK, SRAM, SRAM_INPLACE, WHOLE_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.expectations import Deviation
    from archcost.budget.baseline import LayerChange
    from archcost.budget.data import VerdictData
    from archcost.errors import Diagnostic, Mark
    from archcost.spec.budget_limits import Limit


WORKSPACE, INPUT = "workspace", "input"  # of a Weight, in place of an op


class Contributor(NamedTuple):
    """A layer's part in a figure, and in the baseline's where growth is told.

    Of the peak it is a storage by what made it; ``op`` is then ``input`` for an input of the model, and ``workspace``
    for what the layer at ``path`` needs for itself.
    """

    path: str
    op: str
    figure: int
    baseline: int | None = None


class Remedy(NamedTuple):
    """What would save most of a figure: in words, how much, and whether that is enough for the limit.

    ``goal`` is what `archcost suggest` is to be asked for; empty where it is what that takes for granted. ``asked`` are
    the options that give it the model as it was judged.
    """

    words: str
    saves: int
    suffices: bool
    goal: str = ""
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was judged. ``path`` is the layer or scope, empty for the whole model.

    A limit on many layers lists the worst. The others with the same result are one finding without a path and figures,
    whose ``count`` is theirs; it is 1 otherwise.

    ``allowed`` is the largest figure within the limit; ``spread`` belongs to a latency, and ``baseline_spread`` to what
    it is compared with. ``layers`` grew most, weigh most or are alive at the peak (see ``behind``). ``mark`` is the
    place to edit. ``before`` is the spec's path in the baseline, where it had another; ``perhaps`` the path of a spec
    that is gone and that a new one may have been. ``remedy`` would make the figure less.
    """

    rule: Rule
    status: Status
    spec: str
    name: str
    metric: str = ""
    path: str = ""
    limit: Limit | None = None
    figure: int | None = None
    allowed: int | None = None
    baseline: int | None = None
    spread: int = 0
    baseline_spread: int = 0
    layers: tuple[Contributor, ...] = ()
    mark: Mark | None = None
    cause: Cause = Cause.NONE
    deviation: Deviation | None = None
    detail: str = ""  # names the device, the version, layers that are not judged, or what is wrong there
    before: str = ""
    perhaps: str = ""
    unknown: tuple[str, ...] = ()  # the first layers whose figure is unknown
    count: int = 1
    remedy: Remedy | None = None

    def __repr__(self) -> str:
        names = filter(None, [self.spec, self.path, self.metric])
        return in_line(self, *names, rule=self.rule.value, status=self.status.value, figure=self.figure)

    @property
    def is_rest(self) -> bool:
        """Whether this finding is the rest: layers, or expected figures, that are not listed one by one."""
        return self.count > 1

    @property
    def behind(self) -> Behind:
        """What its layers are: figures that do not add up over layers do not grow by them either."""
        if self.metric in (PEAK, SRAM, SRAM_INPLACE):
            return Behind.AT_PEAK
        return Behind.GREW if self.rule is Rule.GROWTH and self.metric not in WHOLE_MODEL else Behind.HEAVIEST

    @property
    def is_judged(self) -> bool:
        """Whether a figure was compared with a limit, a baseline or an expected figure."""
        if self.rule not in (Rule.MAXIMUM, Rule.GROWTH, Rule.EXPECT) or self.status is Status.NOT_MEASURED:
            return False
        return self.cause not in NO_BASELINE and self.cause is not Cause.NOT_ASKED

    @property
    def lacks_baseline(self) -> bool:
        """Whether a growth limit could not be judged for lack of a baseline."""
        return self.cause in NO_BASELINE and self.status in (Status.WARN, Status.FAIL)

    @property
    def guards_nothing(self) -> bool:
        """Whether a limit applies to no spec, or its pattern to no layer."""
        return self.rule is Rule.UNUSED and self.cause is not Cause.NARROW

    @property
    def overshoot(self) -> int:
        """Figure - allowed, where that is positive."""
        return 0 if self.allowed is None else max(0, (self.figure or 0) - self.allowed)

    @property
    def headroom(self) -> int | None:
        """Allowed - figure: negative where the limit is exceeded; None where a part of the figure is unknown."""
        if self.figure is None or self.allowed is None or self.cause is Cause.UNKNOWN:
            return None
        return self.allowed - self.figure

    @property
    def excess(self) -> Fraction | None:
        """The overshoot over what is allowed; None where there is nothing to divide by."""
        return Fraction(self.overshoot, self.allowed) if self.allowed else None

    @property
    def growth(self) -> int | None:
        """Figure - baseline."""
        return None if self.figure is None or self.baseline is None else self.figure - self.baseline

    @property
    def share(self) -> Fraction | None:
        """The overshoot over a maximum, or the growth over the baseline; None where there is nothing to divide by."""
        if self.rule is Rule.GROWTH:
            return Fraction(self.growth, self.baseline) if self.growth is not None and self.baseline else None
        return self.excess


class Total(NamedTuple):
    """A total, and the baseline's."""

    figure: int
    baseline: int | None
    unknown: int = 0  # layers of which it is not known, now or in the baseline

    @property
    def delta(self) -> int:
        """Figure - baseline; 0 without a baseline, or where one of both is not known."""
        return self.figure - self.baseline if self.baseline is not None and not self.unknown else 0


@dataclass(frozen=True, slots=True)
class SpecVerdict:
    """The result of one spec: findings, or the problems that prevent them.

    ``changes`` are the layers that differ from the baseline; ``unjudged`` the growth limits that lack one. ``expected``
    counts the expected figures that nobody asked to judge; ``before`` is as in Finding.
    """

    path: str
    name: str
    key: str = ""
    totals: dict[str, Total] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    changes: tuple[LayerChange, ...] = ()
    unjudged: tuple[Limit, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()  # of the spec
    unmatched: tuple[Limit, ...] = ()  # limits of the configuration whose pattern names nothing here
    batch: int = 1
    expected: int = 0
    before: str = ""
    as_it_stands: bool = True  # so that expected figures are of it

    def __repr__(self) -> str:
        return in_line(self, self.path, findings=len(self.findings), problems=len(self.diagnostics))

    @property
    def changed(self) -> bool:
        """Whether a total or a layer differs from the baseline."""
        return bool(self.changes) or any(total.delta for total in self.totals.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a check: specs in order, and what belongs to none of them (gone specs, unused limits, wrong files).

    ``baseline`` says what growth is measured from, empty for nothing; ``recorded`` that it is a lock file. ``left_out``
    are the files that globs found and that hold only blocks. ``whole``: the specs are all of the configuration.
    ``allow_import``: code of the repository was allowed to run, as the commands that mend it must allow as well.
    """

    specs: tuple[SpecVerdict, ...]
    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    baseline: str = ""
    recorded: bool = True
    left_out: tuple[str, ...] = ()
    whole: bool = True
    allow_import: bool = False

    def __repr__(self) -> str:
        counts = {word.name.lower(): self.count(word) for word in (Status.OK, Status.WARN, Status.FAIL)}
        return in_line(self, exit_code=self.exit_code, specs=len(self.specs), **counts)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> VerdictData:
        """The JSON document, ``archcost.verdict/1``: findings with their sentences, and what would help."""
        from archcost.budget.data import verdict_data

        return verdict_data(self)

    def all_findings(self) -> Iterator[Finding]:
        """The findings of the specs, then those that belong to no spec."""
        for spec in self.specs:
            yield from spec.findings
        yield from self.findings

    def all_diagnostics(self) -> Iterator[Diagnostic]:
        """What could not be judged, and why."""
        yield from self.diagnostics
        for spec in self.specs:
            yield from spec.diagnostics

    def count(self, *statuses: Status) -> int:
        """How many findings have one of these statuses, those that are not listed included."""
        return sum(finding.count for finding in self.all_findings() if finding.status in statuses)

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and nothing kept a spec from being judged."""
        return self.exit_code == 0

    @property
    def judged(self) -> bool:
        """Whether any figure was held against a limit, a baseline or an expected figure."""
        return any(finding.is_judged for finding in self.all_findings())

    @property
    def unlimited(self) -> list[SpecVerdict]:
        """The specs that no limit is for, beside others that have some."""
        found = [spec for spec in self.specs if not spec.findings and not spec.diagnostics]
        return found if len(found) < len(self.specs) else []

    @property
    def holds(self) -> bool:
        """Whether limits were judged and nothing failed.

        All that ask for a baseline must have one, none may guard nothing, and no expected figure may be unmet.
        """
        if not self.ok or not self.judged:
            return False
        return not any(
            finding.lacks_baseline or finding.guards_nothing or finding.cause is Cause.NOT_ASKED
            for finding in self.all_findings()
        )

    @property
    def exit_code(self) -> int:
        """2 if something could not be judged, else 1 if something failed, else 0."""
        if any(True for _ in self.all_diagnostics()):
            return 2
        return 1 if self.count(Status.FAIL) else 0
