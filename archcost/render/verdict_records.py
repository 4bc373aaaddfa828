"""Verdicts for sheets: a row for each finding, and for each problem that kept a spec from being judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.budget.data import finding_data
from archcost.budget.verdict_words import Cause
from archcost.render.document import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.budget.verdict import Finding, Verdict
    from archcost.errors import Diagnostic

ERROR = "error"  # the status of what could not be judged
HEADINGS = (
    "status",
    "spec",
    "model",
    "path",
    "metric",
    "unit",
    "figure",
    "limit",
    "allowed",
    "headroom",
    "baseline",
    "percent",
    "spread",
    "expected",
    "source",
    "rule",
    "level",
    "layers",
    "count",
    "cause",
    "file",
    "line",
    "column",
    "message",
    "help",
)


def verdict_records(verdict: Verdict) -> Records:
    """The findings of the specs in their order, then the others; errors stand with their spec.

    ``figure``, ``allowed``, ``headroom``, ``baseline`` and ``spread`` are in ``unit``; ``limit`` is as it was written,
    ``layers`` its pattern. A figure of which a part is unknown is left out, and so are its headroom and percent.
    ``count`` is above 1 where a row stands for so many layers that are not listed.
    """
    return Records(HEADINGS, [[row.get(heading) for heading in HEADINGS] for row in _rows(verdict)])


def _rows(verdict: Verdict) -> Iterator[dict[str, object]]:
    for spec in verdict.specs:
        for diagnostic in spec.diagnostics:
            yield {"spec": spec.path, "model": spec.name, **_problem(diagnostic)}
        for finding in spec.findings:
            yield _finding(finding, verdict)
    for finding in verdict.findings:
        yield _finding(finding, verdict)
    for diagnostic in verdict.diagnostics:
        yield _problem(diagnostic)


def _problem(diagnostic: Diagnostic) -> dict[str, object]:
    return {"status": ERROR, "count": 1, **diagnostic.to_dict()}


def _finding(finding: Finding, verdict: Verdict) -> dict[str, object]:
    """The JSON of a finding, flat."""
    data = finding_data(finding, verdict)
    limit, stated = data["limit"], data.get("expected")
    known = finding.cause is not Cause.UNKNOWN
    return {
        **data,
        "model": data["name"],
        "figure": _value(data["figure"]) if known else None,
        "percent": data["percent"] if known else None,
        "limit": limit["text"] if limit else None,
        "level": limit["level"] if limit else None,
        "layers": limit["layers"] if limit else None,
        "headroom": finding.headroom,
        "expected": _value(stated["value"]) if stated else None,
        "source": stated["source"] if stated else None,
        "count": finding.count,
    }


def _value(value: object) -> object:
    """A figure; a shape as ``1x64x28x28``."""
    return "x".join(map(str, value)) if isinstance(value, (list, tuple)) else value
