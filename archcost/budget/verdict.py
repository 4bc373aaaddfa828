"""What a check finds: figures held against limits, as numbers; what is said about them is the renderers' business."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.expectations import Deviation
    from archcost.budget.baseline import LayerChange
    from archcost.errors import Diagnostic, Mark
    from archcost.spec.limits import Limit


class Status(StrEnum):
    """What is the matter; only ``fail`` fails."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    NEW = "new"
    RENAMED = "renamed"
    GONE = "gone"
    STALE = "stale"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not measured"


class Rule(StrEnum):
    """What was judged: an absolute limit, a growth limit, the baseline's state, an expected figure, a limit's use."""

    MAXIMUM = "maximum"
    GROWTH = "growth"
    BASELINE = "baseline"
    EXPECT = "expect"
    UNUSED = "unused"


class Cause(StrEnum):
    """Why a baseline is stale, or has no figures to compare with."""

    NONE = ""
    CHANGED = "changed"  # the spec's text, and its figures
    TEXT = "text"  # the spec's text, not its figures
    RECOUNTED = "recounted"  # the figures, not the text: another version counted them
    UNKNOWN = "unknown"  # of some layers nobody has declared the figure
    NEW = "new"  # the baseline does not have the spec
    BROKEN = "broken"  # the spec is wrong at the baseline's revision
    SETTINGS = "settings"  # it cannot be analysed there as it is here
    UNREADABLE = "unreadable"  # it is there, and cannot be read: not fetched, a pointer, too large, no file
    OUTSIDE = "outside"  # it is no file of the repository
    ZOO = "zoo"  # it comes with archcost, and is no file of the repository
    STDIN = "standard input"
    NEW_LAYER = "new layer"  # the baseline has the spec, and nothing at this path
    NO_PACE = "no latency"  # no latency is recorded for this machine


NO_BASELINE = frozenset(
    (
        Cause.NEW,
        Cause.BROKEN,
        Cause.SETTINGS,
        Cause.UNREADABLE,
        Cause.OUTSIDE,
        Cause.ZOO,
        Cause.STDIN,
        Cause.NEW_LAYER,
        Cause.NO_PACE,
    )
)


class Weight(NamedTuple):
    """A layer's part in a figure, and in the baseline's where growth is told."""

    path: str
    op: str
    figure: int
    baseline: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was judged. ``path`` is the layer or scope, empty for the whole model.

    ``allowed`` is the largest figure within the limit; ``spread`` belongs to a latency, and ``baseline_spread`` to what
    it is compared with. ``layers`` weigh most (of a maximum) or grew most (of a growth). ``mark`` is the place to edit.
    ``before`` is the spec's path in the baseline, where it had another.
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
    layers: tuple[Weight, ...] = ()
    mark: Mark | None = None
    cause: Cause = Cause.NONE
    deviation: Deviation | None = None
    detail: str = ""  # names the device, the version, the layers whose figure is unknown, or what is wrong there
    before: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether a figure was held against something."""
        if self.rule not in (Rule.MAXIMUM, Rule.GROWTH, Rule.EXPECT) or self.status is Status.NOT_MEASURED:
            return False
        return self.cause not in NO_BASELINE

    @property
    def lacks_baseline(self) -> bool:
        """Whether growth should have been judged, and could not be."""
        return self.cause in NO_BASELINE and self.status in (Status.WARN, Status.FAIL)

    @property
    def overshoot(self) -> int:
        """Figure - allowed, where that is positive."""
        if self.figure is None or self.allowed is None:
            return 0
        return max(0, self.figure - self.allowed)

    @property
    def growth(self) -> int | None:
        """Figure - baseline."""
        return None if self.figure is None or self.baseline is None else self.figure - self.baseline

    @property
    def share(self) -> Fraction | None:
        """The overshoot over a maximum, or the growth over the baseline; None where there is nothing to divide by."""
        if self.rule is Rule.GROWTH:
            return Fraction(self.growth, self.baseline) if self.growth is not None and self.baseline else None
        return Fraction(self.overshoot, self.allowed) if self.allowed else None


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
    """What came of one spec: findings, or the problems that prevent them.

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
    unmatched: tuple[Limit, ...] = ()  # limits of the configuration whose pattern names nothing here
    batch: int = 1
    expected: int = 0
    before: str = ""

    @property
    def changed(self) -> bool:
        """Whether a total or a layer differs from the baseline."""
        return bool(self.changes) or any(total.delta for total in self.totals.values())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check: specs in order, and what concerns none of them (gone specs, unused limits, wrong files).

    ``baseline`` says what growth is measured from, empty for nothing; ``recorded`` that it is a lock file. ``left_out``
    are the files that globs found and that hold only blocks.
    """

    specs: tuple[SpecVerdict, ...]
    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    baseline: str = ""
    recorded: bool = True
    left_out: tuple[str, ...] = ()

    def all_findings(self) -> Iterator[Finding]:
        """Those of the specs, then the others."""
        for spec in self.specs:
            yield from spec.findings
        yield from self.findings

    def all_diagnostics(self) -> Iterator[Diagnostic]:
        """What could not be judged, and why."""
        yield from self.diagnostics
        for spec in self.specs:
            yield from spec.diagnostics

    def count(self, *statuses: Status) -> int:
        """How many findings have one of these statuses."""
        return sum(finding.status in statuses for finding in self.all_findings())

    @property
    def ok(self) -> bool:
        """Whether nothing failed, and nothing kept a spec from being judged."""
        return self.exit_code == 0

    @property
    def judged(self) -> bool:
        """Whether any figure was held against a limit, a baseline or an expected figure."""
        return any(finding.is_judged for finding in self.all_findings())

    @property
    def holds(self) -> bool:
        """Whether limits were judged, all that ask for a baseline have one, and nothing failed."""
        return self.ok and self.judged and not any(finding.lacks_baseline for finding in self.all_findings())

    @property
    def exit_code(self) -> int:
        """2 if something could not be judged, else 1 if something failed, else 0."""
        if any(True for _ in self.all_diagnostics()):
            return 2
        return 1 if self.count(Status.FAIL) else 0
