"""The types of a verdict's JSON: figures are whole numbers, sizes are in bytes, latencies in nanoseconds.

Its sentences, and what would help, are the words of :mod:`archcost.render`, which makes the document.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from archcost.budget.verdict import Cause, Rule, Status
from archcost.documents import AtLeast, Count, Envelope, ErrorData, OneOf, Positive
from archcost.spec.budget_limits import LEVELS

StatusCounts = TypedDict(  # a call, for one of the keys is two words
    "StatusCounts",
    {
        "ok": Count,
        "warn": Count,
        "fail": Count,
        "new": Count,
        "renamed": Count,
        "gone": Count,
        "stale": Count,
        "inconclusive": Count,
        "not measured": Count,
    },
)


class SummaryData(StatusCounts):
    """The verdict in one line, and the number of specs and of findings by status."""

    text: str
    specs: Count


class VerdictTotalData(TypedDict):
    """A total, and that of the baseline; if some layers' figures are unknown, their number."""

    figure: Count
    baseline: Count | None
    unknown_layers: NotRequired[Count]


class WeightData(TypedDict):
    """A layer's part in a figure, and in the baseline's where growth is told."""

    path: str
    op: str
    figure: Count
    baseline: Count | None


class LimitData(TypedDict):
    """A limit as it was written, and what it says: a maximum, or a growth."""

    text: str
    max: Count | None
    increase_percent: Annotated[float, AtLeast(0)] | None
    floor: Count | None
    level: Annotated[str, OneOf(*LEVELS)]
    layers: str | None
    message: str | None


class StatedFigureData(TypedDict):
    """An expected figure of a spec, and its source."""

    value: Any
    source: str | None


class RestData(TypedDict):
    """How many layers a finding stands for."""

    count: NotRequired[
        Annotated[int, AtLeast(1), "Above 1: so many more layers with this result, which are not listed."]
    ]


class UnknownFigureData(TypedDict):
    """What keeps a figure from being known."""

    unknown: NotRequired[Annotated[list[str], "The first layers whose figure is not known."]]


class UnmetData(TypedDict):
    """The expected figure that is not met."""

    expected: NotRequired[StatedFigureData]


class FindingData(RestData, UnknownFigureData, UnmetData):
    """One thing that was judged, its place, and what is said of it; null for what does not apply."""

    rule: Annotated[str, OneOf(*[rule.value for rule in Rule])]
    status: Annotated[str, OneOf(*[status.value for status in Status])]
    spec: str | None
    name: str | None
    metric: str | None
    unit: Annotated[str, OneOf("count", "bytes", "ns")] | None
    path: str | None
    limit: LimitData | None
    figure: Annotated[int | list[int] | None, "A shape for expected outputs."]
    allowed: Count | None
    baseline: Count | None
    overshoot: Count
    percent: float | None
    spread: Count | None
    layers: list[WeightData]
    file: str | None
    line: Positive | None
    column: Positive | None
    cause: Annotated[str, OneOf(*[cause.value for cause in Cause if cause])] | None
    message: str
    help: str | None


class SpecVerdictData(TypedDict):
    """The result of one spec: its totals by metric, its findings, and the problems that prevented judging it."""

    name: str
    path: str
    batch: Positive
    changed: bool
    renamed_from: str | None
    totals: dict[str, VerdictTotalData]
    findings: list[FindingData]
    errors: list[ErrorData]


class VerdictData(Envelope):
    """Everything that a check found: by spec, and what concerns none of them."""

    ok: bool
    judged: Annotated[bool, "Whether any figure was compared with a limit."]
    exit_code: Annotated[int, OneOf(0, 1, 2)]
    baseline: str | None
    summary: SummaryData
    specs: list[SpecVerdictData]
    left_out: Annotated[list[str], "Files found by globs that hold only blocks."]
    findings: list[FindingData]
    errors: list[ErrorData]
