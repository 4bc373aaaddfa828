"""A verdict as the JSON that shields.io makes a badge of: https://shields.io/badges/endpoint-badge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.verdict_words import Status
from archcost.phrases import plural
from archcost.render.verdict_headroom import NEAR, percent_of, uses
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from archcost.budget.verdict import Verdict

LABEL = "budgets"


class _Badge(NamedTuple):
    message: str
    color: str


def to_badge(verdict: Verdict) -> str:
    """The label, the message and the colour; the same text for the same verdict, to be committed or served."""
    badge = _badge(verdict)
    document = {"schemaVersion": 1, "label": LABEL, "message": badge.message, "color": badge.color}
    return json_text(document)


def _badge(verdict: Verdict) -> _Badge:
    """Red for what failed, yellow for what warns; what holds says how much of the nearest limit is used."""
    if any(True for _ in verdict.all_diagnostics()):
        return _Badge("not judged", "lightgrey")
    failed, warned = verdict.count(Status.FAIL), verdict.count(Status.WARN)
    if failed:
        return _Badge(f"{plural(failed, 'failure')}", "red")
    if warned:
        return _Badge(f"{plural(warned, 'warning')}", "yellow")
    held = verdict.count(Status.OK)
    if not verdict.holds or not held:
        return _Badge("no limits" if not verdict.judged else "not all judged", "lightgrey")
    nearest = max([use.share for use in uses(verdict)], default=None)
    told = f"{held:,} of {held:,} hold"
    if nearest is None:
        return _Badge(told, "brightgreen")
    return _Badge(f"{told}, {percent_of(nearest)} used", "yellowgreen" if nearest >= NEAR else "brightgreen")
